"""What happened on the invented roads: two days of drives, their cars, segments, works, what one work did."""

from __future__ import annotations

import datetime as dt
import json
import math
import random
from typing import TYPE_CHECKING

from contado.kernel import tables
from invented.roads import condition_class

if TYPE_CHECKING:
    from contado.kernel.workspace import Commit

DAYS = (dt.date(2026, 8, 31), dt.date(2026, 10, 31))
WORDS = {"A": "verde", "B": "giallo", "C": "arancione", "D": "rosso"}
CARS = (
    ("4dcf93d37788eb2f", 0.94, 0.013, 0.004, "learnt", dt.date(2025, 8, 31)),
    ("a45c2bd97f7fac56", 1.0, 0.2, -0.16, "quarter", None),
)
"""Pseudonym, scale, its spread, offset from the fleet, model, day of its calibration if any."""


def add_past(commit: Commit, sections, anomalies) -> None:
    """Write the state of both days, the segments, the works and the cars."""
    rng = random.Random(11)
    rows = sections.drop(columns="geometry").to_dict("records")
    told = {
        "pavement_section_history": [_state(row, day, rng) for row in rows for day in DAYS],
        "pavement_anomaly_history": [_anomaly(a, day, rng) for a in anomalies.itertuples() for day in DAYS],
        "pavement_segment": [
            _segment(row, i) for i, row in enumerate(rows) if row["iri_m_km"] == row["iri_m_km"]
        ],
        "pavement_works": [
            {
                "section_id": "S001-04",
                "from_m": 100.0,
                "to_m": 400.0,
                "date": dt.date(2026, 9, 20),
                "treatment": "wearing_4cm",
                "cost_eur": 48_000.0,
                "label": "simulated",
            }
        ],
        "pavement_vehicle": [_car(*car) for car in CARS],
        "pavement_drive": [_drive(car[0], day, i) for i, day in enumerate(DAYS) for car in CARS],
    }
    for name, found in told.items():
        commit.table(name, tables.from_rows(name, found))


def _state(row: dict, day: dt.date, rng: random.Random) -> dict:
    then = 1.0 if day == DAYS[-1] else rng.choice((0.6, 0.95, 1.0, 1.05, 1.7))
    iri, low, high = (row[name] * then for name in ("iri_m_km", "iri_low_m_km", "iri_high_m_km"))
    known = not math.isnan(iri)
    index, worst, best = (
        100 * math.exp(-0.26 * max(0.0, v - 1)) if known else None for v in (iri, high, low)
    )
    letter = condition_class(index)
    return {
        "section_id": row["section_id"],
        "date": day,
        "class": letter,
        "criticality": WORDS.get(letter),
        "uncertain": known and condition_class(worst) != condition_class(best),
        "condition_index": index,
        "condition_low": worst,
        "condition_high": best,
        "iri_m_km": iri if known else None,
        "low_m_km": low if known else None,
        "high_m_km": high if known else None,
        "anomalies": rng.randint(0, 4) if known else 0,
        "passes": 4 if known else 0,
        "vehicles": 2 if known else 0,
        "last_on": day if known else None,
        "label": "simulated",
        "source_id": "test",
    }


def _anomaly(anomaly, day: dt.date, rng: random.Random) -> dict:
    state = "confirmed" if day == DAYS[0] or rng.random() > 0.1 else "repaired"
    facts = (
        "anomaly_id",
        "section_id",
        "kind",
        "severity",
        "criticality",
        "p_exists",
        "height_mm",
        "first_seen",
    )
    return {
        **{name: getattr(anomaly, name) for name in facts},
        "date": day,
        "chainage_m": 100.0,
        "state": state,
        "open": state == "confirmed",
        "last_seen": day,
        "geometry": anomaly.geometry,
        "label": "simulated",
        "source_id": "test",
    }


def _segment(row: dict, i: int) -> dict:
    terms = [{"term": "condition", "contribution": 0.3}, {"term": "network", "contribution": None}]
    return {
        "segment_id": f"manto_stradale:{row['section_id']}:000000",
        "section_id": row["section_id"],
        "from_m": 0.0,
        "to_m": 600.0,
        "iri_m_km": row["iri_m_km"],
        "low_m_km": row["iri_low_m_km"],
        "high_m_km": row["iri_high_m_km"],
        "condition_index": row["condition_index"],
        "condition_low": row["condition_low"],
        "condition_high": row["condition_high"],
        "criticality": WORDS[row["class"]],
        "severity_per_100m": 3.0,
        "priority": row["priority"],
        "rank": i + 1,
        "why": json.dumps({"terms": terms, "overtakes_at_condition_index": 12.0}),
        "passes": 4,
        "on": DAYS[-1],
        "label": "simulated",
        "source_id": "test",
    }


def _car(name: str, scale: float, spread: float, bias: float, model: str, on: dt.date | None) -> dict:
    return {
        "vehicle_id": name,
        "model": model,
        "scale": scale,
        "sd_log": spread,
        "bias_log": bias,
        "calibrated": on is not None,
        "calibrated_on": on,
        "label": "simulated",
        "source_id": "test",
    }


def _drive(car: str, day: dt.date, i: int) -> dict:
    start = dt.datetime(day.year, day.month, day.day, 9, tzinfo=dt.UTC)
    return {
        "drive_id": f"{car[:4]}{i}",
        "vehicle_id": car,
        "sha256": f"{i}{car}",
        "start_utc": start,
        "end_utc": start + dt.timedelta(hours=2),
        "cells": 1500,
        "retention_until": day + dt.timedelta(days=180),
        "label": "simulated",
        "source_id": "test",
    }


def add_outcome(commit: Commit, interventions: list[dict]) -> None:
    """Write what the first road work of a municipality did."""
    work = next(
        i for i in interventions if i["practice"] == "manto_stradale" and i["municipality"] == "015002"
    )
    rows = [
        {
            "subject_id": work["id"],
            "intervention_id": work["id"],
            "indicator": "iri_m_km",
            "period": day.isoformat(),
            "value": iri,
            "unit": "m_km",
            "low": iri * 0.9,
            "high": iri * 1.1,
            "method": "mean of the cells of the works",
            "label": "simulated",
            "source_id": "test",
        }
        for day, iri in zip(DAYS, (6.2, 1.9), strict=True)
    ]
    commit.table("observation", tables.from_rows("observation", rows), practice="manto_stradale")
