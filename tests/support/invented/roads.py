"""Invented road sections, anomalies and indicators of municipalities."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

KINDS = ("pothole", "depression", "manhole")


def condition_class(index: float | None) -> str | None:
    if index is None:
        return None
    return "A" if index >= 70 else "B" if index >= 50 else "C" if index >= 30 else "D"


def make_sections(units, rng: random.Random, n: int):
    """Invented sections: short polylines inside municipalities, five of them on a road."""
    import geopandas as gpd
    from shapely import LineString

    rows = []
    centres = [(r.istat, r.geometry.representative_point()) for r in units.itertuples()]
    for i in range(n):
        road, part = divmod(i, 5)
        istat, centre = centres[(road * 37 + part) % len(centres)]
        angle, points = rng.uniform(0, math.tau), []
        x, y = centre.x, centre.y
        for _ in range(6):
            points.append((x, y))
            angle += rng.uniform(-0.5, 0.5)
            x, y = x + 0.0032 * math.cos(angle), y + 0.0022 * math.sin(angle)
        driven = rng.random() > 0.08
        iri = rng.lognormvariate(0.95, 0.45) if driven else None
        index = 100 * math.exp(-0.26 * max(0.0, iri - 1)) if iri else None
        spread = rng.uniform(0.06, 0.25)
        low, high = (iri * (1 - spread), iri * (1 + spread)) if iri else (None, None)
        worst, best = (100 * math.exp(-0.26 * max(0.0, v - 1)) if v else None for v in (high, low))
        rows.append(
            {
                "section_id": f"S{road + 1:03d}-{part + 1:02d}",
                "road_code": f"SP{road + 1}",
                "municipality": istat,
                "class": condition_class(index),
                "condition_index": index,
                "condition_low": worst,
                "condition_high": best,
                "iri_m_km": iri,
                "iri_low_m_km": low,
                "iri_high_m_km": high,
                "passes": rng.randint(3, 14) if driven else None,
                "vehicles": (1 if part % 2 else 3) if driven else None,
                "last_on": dt.date(2026, 10, rng.randint(1, 31)) if driven else None,
                "priority": (1 - index / 100) * rng.uniform(0.85, 1.0) if index else None,
                "length_km": rng.uniform(0.7, 1.6),
                "uncertain": bool(iri) and condition_class(worst) != condition_class(best),
                "why": json.dumps(
                    {
                        "terms": [
                            {"term": t, "value": 1.0, "contribution": c}
                            for t, c in (("condition", 0.3), ("traffic", 0.1), ("accidents", None))
                        ]
                    }
                ),
                "label": "simulated",
                "geometry": LineString(points),
            }
        )
    return gpd.GeoDataFrame(rows, crs="EPSG:4326")


def make_anomalies(sections, rng: random.Random, n: int):
    import geopandas as gpd

    rows = []
    for i in range(n):
        section = sections.iloc[rng.randrange(len(sections))]
        rows.append(
            {
                "anomaly_id": f"A{i + 1:04d}",
                "section_id": section["section_id"],
                "kind": rng.choice(KINDS),
                "severity": rng.uniform(1, 10),
                "criticality": rng.choice(("giallo", "arancione", "rosso")),
                "p_exists": rng.uniform(0.5, 0.99),
                "height_mm": rng.uniform(15, 60),
                "state": rng.choice(("open", "confirmed")),
                "first_seen": dt.date(2026, 9, rng.randint(1, 30)),
                "last_seen": dt.date(2026, 10, rng.randint(1, 31)),
                "label": "simulated",
                "geometry": section.geometry.interpolate(rng.random(), normalized=True),
            }
        )
    return gpd.GeoDataFrame(rows, crs="EPSG:4326")


def make_indicators(units, rng: random.Random) -> list[dict]:
    rows = []
    for unit in units.itertuples():
        for indicator, middle, unit_name, method, label in (
            ("iri_m_km", 2.9, "m_km", "fusion of passes", "simulated"),
            ("anomalies_per_km", 0.8, "count_km", "no_interval: a count", "simulated"),
            ("trees_alive_count", 900.0, "count", "exact count", "measured"),
        ):
            value = middle * rng.uniform(0.4, 1.9)
            known = not (indicator == "anomalies_per_km" and unit.istat == "015002")
            bounded = indicator == "iri_m_km"
            rows.append(
                {
                    "subject_id": unit.istat,
                    "indicator": indicator,
                    "period": "2026-10",
                    "value": value if known else None,
                    "unit": unit_name,
                    "low": value * 0.85 if bounded and known else None,
                    "high": value * 1.15 if bounded and known else None,
                    "method": method if known else "no_interval: 7 edifici senza bollette",
                    "label": label,
                    "source_id": "test",
                }
            )
    return rows
