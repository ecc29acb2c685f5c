"""Names that the practice gives: ids begin with its name, sources say where rows come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel import tables

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CRITERIA", "MEASURES", "NAME", "asset_id", "intervention_id", "section_asset_id", "sources"]

NAME = "gipave"
MEASURES = "gipave_measures"
"""Source of what follows from the measures of the trial."""
CRITERIA = "gipave_criteria"
"""Source of what follows from mixes, prices and minimum criteria."""


def asset_id(trial: str) -> str:
    """Return the id of a trial as an asset.

    Examples
    --------
    >>> asset_id("SP35"), section_asset_id("SP35", "C03"), intervention_id("SP35", "C03")
    ('gipave:SP35', 'gipave:SP35:C03', 'gipave:SP35:C03:trial_mix')
    """
    return f"{NAME}:{trial}"


def section_asset_id(trial: str, section: str) -> str:
    """Return the id of a section of a trial as an asset."""
    return f"{asset_id(trial)}:{section}"


def intervention_id(trial: str, section: str) -> str:
    """Return the id of laying the mix of a trial on one of its control sections."""
    return f"{section_asset_id(trial, section)}:trial_mix"


def sources() -> pa.Table:
    """Return the sources of the practice's rows."""
    rows = [
        {"source_id": MEASURES, "title": "Trial pavement: measures of treated and control sections"},
        {
            "source_id": CRITERIA,
            "title": "Mixes of the trial (cost, life, gases) and minimum environmental criteria for roads",
        },
    ]
    return tables.from_rows("source", rows)
