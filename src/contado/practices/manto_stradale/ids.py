"""Names that the practice gives: ids begin with its name, sources say where rows come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel import tables

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CATALOGUE", "DRIVES", "NAME", "asset_id", "intervention_id", "segment_id", "sources"]

NAME = "manto_stradale"
DRIVES = "manto_stradale_drives"
"""Source of what follows from drives."""
CATALOGUE = "manto_stradale_catalogue"
"""Source of what follows from the catalogue of treatments."""


def asset_id(section: str) -> str:
    """Return the id of a section as an asset.

    Examples
    --------
    >>> asset_id("SP35-12"), segment_id("SP35-12", 240.0)
    ('manto_stradale:SP35-12', 'manto_stradale:SP35-12:000240')
    """
    return f"{NAME}:{section}"


def segment_id(section: str, from_m: float) -> str:
    """Return the id of a segment: section and metre at which it begins."""
    return f"{NAME}:{section}:{round(from_m):06d}"


def intervention_id(segment: str, treatment: str) -> str:
    """Return the id of a treatment of a segment."""
    return f"{segment}:{treatment}"


def sources(treatments: pa.Table) -> pa.Table:
    """Return the sources of the practice's rows.

    Parameters
    ----------
    treatments
        Table ``pavement_treatment`` of the workspace: its rows replace the illustrative catalogue, unless they are a
        copy of it that works were written to.
    """
    own = any(status != "illustrative" for status in treatments["status"].to_pylist())
    kind = "of the workspace" if own else "(illustrative until replaced)"
    rows = [
        {"source_id": DRIVES, "title": "Road condition estimated from drives (accelerometer and GNSS)"},
        {"source_id": CATALOGUE, "title": f"Catalogue of road treatments {kind}"},
    ]
    return tables.from_rows("source", rows)
