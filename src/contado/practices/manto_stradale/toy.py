"""The practice's part of the toy territory: three short roads, two of them driven by two cars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.kernel import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contado.kernel.workspace import Workspace

__all__ = ["write"]

_SOURCE = "toy"
_CELL_M = 20.0
_LENGTH_M = 600.0
_FIRST_PASS = datetime(2026, 4, 20, 9, tzinfo=UTC)
_ROADS: tuple[tuple[str, str, float, tuple[float, ...]], ...] = (
    ("T1", "999001", 9.05, (2.0, 4.6)),
    ("T2", "999002", 9.15, (7.5, 7.5)),
    ("T3", "999002", 9.17, ()),
)
"""Section, municipality, longitude, IRI of its two halves (none: never driven)."""


def write(workspace: Workspace) -> None:
    """Write sections, links, observations and works of the toy roads."""
    with workspace.commit() as commit:
        commit.table(
            "road_link", tables.from_rows("road_link", [row for r in _ROADS for row in _links(*r[:3])])
        )
        commit.table(
            "pavement_lrs_section",
            tables.from_rows("pavement_lrs_section", [_section(*r[:3]) for r in _ROADS]),
        )
        commit.table("pavement_cell_obs", tables.from_rows("pavement_cell_obs", list(_cells())))
        commit.table("pavement_anomaly_obs", tables.from_rows("pavement_anomaly_obs", list(_felt())))
        commit.table("pavement_works", tables.from_rows("pavement_works", [_work()]))


def _line(lon: float, from_m: float, to_m: float) -> Any:
    import shapely

    return shapely.LineString([(lon, 45.02 + m / 111_195.0) for m in (from_m, to_m)])


def _links(section: str, municipality: str, lon: float) -> Iterator[dict[str, Any]]:  # noqa: ARG001 - one row of _ROADS
    half = _LENGTH_M / 2
    way = 1 + [r[0] for r in _ROADS].index(section)
    for k in range(2):
        yield {
            "link_id": f"{section}-{k}",
            "source": "toy",
            "way_id": way,
            "from_node": 10 * way + k,
            "to_node": 10 * way + k + 1,
            "geometry": _line(lon, k * half, (k + 1) * half),
            "length_m": half,
            "direction": "forward",
            "highway": "secondary",
            "name": f"Via {section}",
            "source_id": _SOURCE,
        }


def _section(section: str, municipality: str, lon: float) -> dict[str, Any]:
    return {
        "section_id": section,
        "road_code": "SP1",
        "road_name": f"Via {section}",
        "length_m": _LENGTH_M,
        "municipality": municipality,
        "width_m": 7.0,
        "aadt": 8000.0 if section != "T2" else None,
        "heavy_share": 0.06,
        "accident_rate": 0.4,
        "hydro_risk": 0.25,
        "links": [f"{section}-0", f"{section}-1"],
        "geometry": _line(lon, 0.0, _LENGTH_M),
        "label": "simulated",
        "source_id": _SOURCE,
    }


def _passes() -> Iterator[tuple[str, str, datetime]]:
    for k in range(4):
        yield f"drive{k}", f"car{k % 2}", _FIRST_PASS + timedelta(days=10 * k)


def _cells() -> Iterator[dict[str, Any]]:
    chance = np.random.default_rng(20260601)
    count = int(_LENGTH_M / _CELL_M)
    for section, _, _, levels in _ROADS:
        for drive, vehicle, moment in _passes() if levels else ():
            noise = chance.normal(0.0, 0.08, count)
            for cell in range(count):
                level = levels[cell * len(levels) // count]
                yield {
                    "section_id": section,
                    "cell": cell,
                    "drive_id": drive,
                    "t_utc": moment + timedelta(seconds=2 * cell),
                    "iri_m_km": float(level * np.exp(noise[cell])),
                    "sd_log": 0.08,
                    "speed_m_s": 12.0,
                    "coverage": 1.0,
                    "label": "simulated",
                    "vehicle_id": vehicle,
                    "sd_cal_log": 0.05,
                    "cell_m": _CELL_M,
                }


def _felt() -> Iterator[dict[str, Any]]:
    for drive, _, moment in _passes():
        yield {
            "section_id": "T1",
            "drive_id": drive,
            "chainage_m": 411.0,
            "t_utc": moment + timedelta(seconds=41),
            "kind": "pothole",
            "height_mm": -42.0,
            "length_m": 0.7,
            "severity": 48.0,
            "criticality": "arancione",
            "p_exists": 0.99,
            "position_sd_m": 0.6,
            "passes": 4,
            "passes_possible": 4,
            "lon": 9.05,
            "lat": 45.0237,
            "source": "car",
            "label": "simulated",
        }


def _work() -> dict[str, Any]:
    return {
        "section_id": "T2",
        "from_m": 0.0,
        "to_m": 100.0,
        "date": datetime(2025, 9, 1, tzinfo=UTC).date(),
        "treatment": "wearing_4cm",
        "cost_eur": 9800.0,
        "label": "simulated",
        "source_id": _SOURCE,
    }
