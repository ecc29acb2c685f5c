"""What the types of intervention are called in the two languages of the product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from contado.kernel.errors import DataError
from contado.kernel.publish.words import Words

if TYPE_CHECKING:
    from contado.kernel.workspace import WorkspaceView

__all__ = ["type_names"]

_TYPES: Final = {
    "trial_mix": Words("Miscela in prova", "Mix on trial"),
    "cycle_lane": Words("Corsia ciclabile", "Cycle lane"),
    "tree_row": Words("Filare alberato", "Tree row"),
}
"""Types of intervention that no catalogue of treatments names."""


def type_names(view: WorkspaceView) -> dict[str, Words]:
    """Return the names of intervention types: the workspace's own catalogue, else the one that ships."""
    from contado.engines.pavement.maintenance import treatments

    try:
        own = view.read("pavement_treatment")
    except DataError:
        own = None
    return _TYPES | treatments.names(own)
