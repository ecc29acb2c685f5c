"""How the rows of a table that a person wrote were born."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from contado.engines.pavement.profile_file import label_beside

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

__all__ = ["Label", "label_of_file", "weakest"]

Label = Literal["measured", "estimated", "simulated"]
_ORDER: tuple[Label, ...] = ("simulated", "estimated", "measured")


def weakest(words: set[str | None]) -> Label:
    """Return the least sure of some labels; estimated where none is told.

    Examples
    --------
    >>> weakest({"measured", "simulated"}), weakest({None})
    ('simulated', 'estimated')
    """
    return next((word for word in _ORDER if word in words), "estimated")


def label_of_file(table: pa.Table, path: Path) -> Label:
    """Return the least sure label of the column ``label``, else what meta.json beside the file says, else estimated."""
    if "label" in table.column_names:
        return weakest(set(table["label"].unique().to_pylist()))
    return "simulated" if label_beside(path) == "simulated" else "estimated"
