"""The toy territory: two invented municipalities, six assets, one source.

It is what a practice is checked on. A practice that needs more brings it by its function ``toy``.
"""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING, Any, Final

from contado.kernel import tables
from contado.kernel.practice import Programme, ToyMaker
from contado.kernel.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from contado.kernel.practice import Proposal

__all__ = ["ASSETS", "SOURCE_ID", "UNITS", "copy", "emptied", "programme", "shuffled", "toy_territory"]

SOURCE_ID: Final = "toy"
UNITS: Final = {"999001": "Primo", "999002": "Secondo"}
"""Invented municipalities, by code."""
ASSETS: Final = ("A1", "A2", "A3", "A4", "A5", "A6")
_WEST, _SOUTH, _SIDE = 9.0, 45.0, 0.1


def toy_territory(path: Path, practice: Any) -> Workspace:
    """Create the toy territory in ``path`` and let ``practice`` add what it needs.

    Parameters
    ----------
    path
        A folder that is absent or empty.
    practice
        The practice: its name stands in the assets, its function ``toy`` adds layers and tables.
    """
    from contado.kernel.settings import Settings, TerritorySettings, WorkspaceSettings

    settings = Settings(
        workspace=WorkspaceSettings(name="toy", key="0" * 32),  # a fixed key: pseudonyms are comparable
        territory=TerritorySettings(name="Toy territory", epsg=32632),
    )
    workspace = Workspace.create(path, settings)
    with workspace.commit() as commit:
        commit.table("source", tables.from_rows("source", [{"source_id": SOURCE_ID, "title": "Toy data"}]))
        commit.table("territory_unit", tables.from_rows("territory_unit", _units()))
        commit.table("asset", tables.from_rows("asset", _assets(practice.name)), practice="toy")
        commit.layer("municipalities", _borders(), source_id=SOURCE_ID, updated_at="2026-01-01T00:00:00Z")
    if isinstance(practice, ToyMaker):
        practice.toy(workspace)
    return workspace


def _units() -> list[dict[str, Any]]:
    return [
        {
            "id": code,
            "kind": "municipality",
            "istat6": code,
            "name_it": name,
            "pop": 1000 * (k + 1),
            "area_km2": 87.6,
            "geom_ref": "municipalities",
            "source_id": SOURCE_ID,
        }
        for k, (code, name) in enumerate(UNITS.items())
    ]


def _borders() -> Any:
    import geopandas as gpd
    import shapely

    boxes = [
        shapely.box(_WEST + k * _SIDE, _SOUTH, _WEST + (k + 1) * _SIDE, _SOUTH + _SIDE)
        for k in range(len(UNITS))
    ]
    data = {"istat": list(UNITS), "name": list(UNITS.values()), "pop": [1000, 2000]}
    return gpd.GeoDataFrame(data, geometry=boxes, crs=4326)


def _assets(practice: str) -> list[dict[str, Any]]:
    import shapely

    codes = list(UNITS)
    return [
        {
            "id": asset,
            "practice": practice,
            "kind": "toy",
            "municipality": codes[k % 2],
            "name": f"Asset {k + 1}",
            "geometry": shapely.Point(_WEST + _SIDE * (k % 2 + 0.5), _SOUTH + 0.01 * (k + 1)),
            "attributes": "{}",
            "label": "simulated",
            "source_id": SOURCE_ID,
        }
        for k, asset in enumerate(ASSETS)
    ]


def copy(source: Path, target: Path) -> Path:
    """Return ``target``, a fresh copy of the workspace ``source``."""
    shutil.copytree(source, target)
    return target


def shuffled(path: Path, seed: int) -> Path:
    """Bring the rows of every table and layer of the workspace ``path`` into another order."""
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret

    def order(table: pa.Table) -> pa.Table:
        rows = list(range(table.num_rows))
        chance.shuffle(rows)
        return table.take(rows)

    for file in sorted((path / "tables").rglob("*.parquet")):
        tables.write_parquet(order(tables.read(file).table), file)
    _rewrite_layers(path, order)
    return path


def emptied(path: Path) -> Path:
    """Take all rows out of every table (but ``source``) and layer of the workspace ``path``."""
    for file in sorted((path / "tables").rglob("*.parquet")):
        if file.stem != "source":
            tables.write_parquet(tables.read(file).table.slice(0, 0), file)
    _rewrite_layers(path, lambda table: table.slice(0, 0))
    return path


def _rewrite_layers(path: Path, change: Any) -> None:
    workspace = Workspace.open(path)
    with workspace.commit() as commit:
        for info in workspace.layers():
            table = change(workspace.layer(info.id))
            commit.layer(info.id, table, crs=info.crs, updated_at=info.updated_at, **info.facts())


def programme(proposal: Proposal | None) -> Programme:
    """Return a programme that starts every proposed intervention in its earliest year, one source paying."""
    rows = []
    if proposal is not None and "intervention" in proposal.tables:
        proposed = tables.conform("intervention", proposal.tables["intervention"])
        rows = [_chosen(row) for row in tables.sort("intervention", proposed).to_pylist()]
    run = {
        "run_id": "toy",
        "verb": "plan",
        "status": "feasible",
        "verified": True,
        "method": "toy",
        "seed": 0,
    }
    return Programme(
        {
            "programme": tables.from_rows("programme", rows),
            "price": tables.empty("price"),
            "run": tables.from_rows("run", [run]),
        }
    )


def _chosen(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "intervention_id": row["id"],
        "source": "own",
        "year": row["earliest_year"],
        "start_year": row["earliest_year"],
        "amount_eur": row["cost_eur"],
        "reason_code": "chosen",
        "site_id": row["site_id"],
    }
