"""What a simulation knows and a pipeline must find: true roughness, anomalies and route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from contado.engines.pavement.profile.roughness_index import START_LENGTH_M, iri
from contado.engines.pavement.simulate.files import write_csv

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path as FilePath

    from contado.engines.pavement.simulate.path import Path
    from contado.engines.pavement.simulate.road import Anomaly, Road

__all__ = ["ROUTE_COLUMNS", "iri_rows", "write_truth"]

CELL_M = 100.0
ROUTE_COLUMNS = ("seq", "way_id", "from_node", "to_node", "from_m", "to_m")
IRI_COLUMNS = ("from_m", "to_m", "iri_m_km", "lon", "lat")
ANOMALY_COLUMNS = ("kind", "chainage_m", "length_m", "height_mm", "side", "lon", "lat")


def iri_rows(tracks: Sequence[Road], path: Path) -> list[dict[str, Any]]:
    """IRI (ASTM E1926, with averaging) of the complete cells of 100 m, mean of the wheel paths."""
    if tracks[0].length_m < START_LENGTH_M:
        return []
    results = [iri(road.x_m, road.elevation_m(), segment_m=CELL_M) for road in tracks]
    values = np.mean([r.iri_m_km for r in results], axis=0)
    lon, lat = path.lonlat(results[0].from_m)
    columns = (results[0].from_m, results[0].to_m, values, np.round(lon, 7), np.round(lat, 7))
    return [
        dict(zip(IRI_COLUMNS, row, strict=True)) for row in zip(*(c.tolist() for c in columns), strict=True)
    ]


def anomaly_rows(anomalies: Sequence[Anomaly], path: Path) -> list[dict[str, Any]]:
    """Anomalies with their place."""
    lon, lat = path.lonlat(np.array([a.chainage_m for a in anomalies]))
    return [
        {
            "kind": a.kind,
            "chainage_m": a.chainage_m,
            "length_m": a.length_m,
            "height_mm": a.height_mm,
            "side": a.side,
            "lon": round(float(x), 7),
            "lat": round(float(y), 7),
        }
        for a, x, y in zip(anomalies, lon, lat, strict=True)
    ]


def write_truth(
    folder: FilePath, tracks: Sequence[Road], anomalies: Sequence[Anomaly], path: Path
) -> list[float]:
    """Write truth_iri_100m.csv, truth_anomalies.csv and truth_route.csv; return the IRI of the cells."""
    cells = iri_rows(tracks, path)
    write_csv(folder / "truth_iri_100m.csv", IRI_COLUMNS, cells)
    write_csv(folder / "truth_anomalies.csv", ANOMALY_COLUMNS, anomaly_rows(anomalies, path))
    write_csv(folder / "truth_route.csv", ROUTE_COLUMNS, path.route)
    return [row["iri_m_km"] for row in cells]
