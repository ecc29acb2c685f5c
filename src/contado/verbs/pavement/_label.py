"""What a table of the road engine says of the birth of its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["label_of"]


def label_of(table: pa.Table) -> Literal["simulated", "estimated"]:
    """Return simulated where a row of column ``label`` says so, else estimated."""
    words = set(table["label"].to_pylist()) if "label" in table.column_names else set()
    return "simulated" if "simulated" in words else "estimated"
