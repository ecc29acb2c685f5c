"""A set of units as tables and a layer of a workspace.

``territory_unit`` is the master: one row a municipality, and one closed row for each code that was merged
into one of them. Layer ``municipalities`` is made from it.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import contado
from contado.kernel import tables
from contado.kernel.provenance import Provenance
from contado.kernel.territory import codes

if TYPE_CHECKING:
    from contado.kernel.territory.boundaries import Units
    from contado.kernel.workspace import Commit

__all__ = ["LAYER", "territory_unit", "write"]

LAYER: Final = "municipalities"
_FURTHER: Final = ("belfiore", "province_code", "province_short", "region_code", "pop_f", "pop_m")
"""Columns kept beside those of the schema."""


def write(commit: Commit, units: Units) -> None:
    """Write tables ``territory_unit``, ``residents``, ``source`` and layer ``municipalities``."""
    source = units.source or {"source_id": "units", "title": units.name}
    made = Provenance(
        function="contado.kernel.territory.boundaries.load",
        version=contado.__version__,
        inputs={source["title"]: source["sha256"]} if "sha256" in source else {},
    )
    commit.table("territory_unit", territory_unit(units, source["source_id"]), provenance=made)
    commit.table("residents", tables.empty("residents") if units.residents is None else units.residents)
    commit.table("source", tables.from_rows("source", [source]))
    commit.layer(
        LAYER,
        units.gdf[["istat", "name", "pop", "geometry"]],
        title_it="Comuni",
        title_en="Municipalities",
        label="measured",
        licence=source.get("licence"),
        source_id=source["source_id"],
        updated_at=f"{source['date']}T00:00:00Z" if "date" in source else None,
        provenance=made,
    )


def territory_unit(units: Units, source_id: str) -> Any:
    """Return table ``territory_unit``: current municipalities, then codes that ceased."""
    present = set(units.codes)
    ceased = [c for c in codes.changes() if c.successor in present and c.code not in present]
    since = {c.successor: c.since for c in ceased}
    rows = [_current(row, source_id, since.get(row["istat"])) for row in units.gdf.to_dict("records")]
    rows += [_ceased(change, source_id) for change in ceased]
    return tables.from_rows("territory_unit", rows)


def _current(row: dict[str, Any], source_id: str, since: str | None) -> dict[str, Any]:
    import pandas as pd

    unknown_as_none = {k: None if pd.isna(row[k]) else row[k] for k in (*_FURTHER, "pop")}
    return {
        "id": row["istat"],
        "kind": "municipality",
        "istat6": row["istat"],
        "name_it": row["name"],
        "area_km2": row["area_km2"],
        "geom_ref": LAYER,
        "valid_from": since,
        "source_id": source_id,
        **unknown_as_none,
    }


def _ceased(change: codes.Change, source_id: str) -> dict[str, Any]:
    last = date.fromisoformat(change.since) - timedelta(days=1)
    return {
        "id": change.code,
        "kind": "municipality",
        "istat6": change.code,
        "name_it": change.name,
        "valid_to": last,
        "successor_id": change.successor,
        "belfiore": change.belfiore,
        "source_id": source_id,
    }
