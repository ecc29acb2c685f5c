"""How the rows of a table of roads were born."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.engines.pavement.profile.profile_file import label_beside
from contado.kernel import labels

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from contado.kernel.labels import Label

__all__ = ["label_of", "label_of_file"]


def label_of(table: pa.Table) -> Label:
    """Return simulated where a row of column ``label`` says so, else estimated."""
    return labels.joint(table["label"].unique().to_pylist() if "label" in table.column_names else ())


def label_of_file(table: pa.Table, path: Path) -> Label:
    """Return the least sure label of the column ``label``, else what meta.json beside the file says, else estimated."""
    if "label" in table.column_names:
        return labels.weakest(table["label"].unique().to_pylist()) or "estimated"
    return labels.joint({label_beside(path)})
