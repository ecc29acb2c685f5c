"""The catalogue of a workspace, with what the practices say about their layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contado.kernel.catalogue.datasets import Catalogue
    from contado.kernel.workspace import WorkspaceView

__all__ = ["catalogue_of"]


def catalogue_of(view: WorkspaceView, address: str = "") -> Catalogue:
    """Return the catalogue of the workspace's public layers; ``address`` is where the site answers."""
    from contado.kernel import practice
    from contado.kernel.catalogue.datasets import Description, of_workspace

    said = {
        spec.id: Description(*(getattr(spec, name) for name in Description._fields))
        for registration in practice.registered().values()
        for spec in registration.layers
    }
    return of_workspace(view, said, address)
