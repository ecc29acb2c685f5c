"""A simulated field check of the invented city: 60 stretches of three sections, one campaign of two runs."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from contado.engines.pavement.measuring.campaigns import survey_of
from contado.engines.pavement.validation import validate
from contado.engines.pavement.validation.alignment import Cells
from contado.engines.pavement.validation.of_workspace import FieldCheck, tables_of

if TYPE_CHECKING:
    from contado.engines.pavement.validation import Check
    from contado.kernel.workspace import Commit

DAY = dt.date(2026, 10, 12)
SECTIONS = ("S001-04", "S002-01", "S003-02")
STRETCHES = 20


def check(*, seed: int = 4, label: str = "simulated", day: dt.date = DAY) -> Check:
    """The check of noisy estimates against a simulated survey; the first two stretches calibrated."""
    rng = np.random.default_rng(seed)
    n = len(SECTIONS) * STRETCHES
    section = np.repeat(SECTIONS, STRETCHES)
    start = np.tile(100.0 * np.arange(STRETCHES), len(SECTIONS))
    true = np.exp(rng.normal(1.0, 0.4, n))
    facts = {"date": day, "instrument": "profilometro laser, classe 1", "label": label}
    rows = [
        {
            "section_id": s,
            "from_m": a,
            "to_m": a + 100,
            "iri_m_km": t * np.exp(rng.normal(0, 0.015)),
            "run": r,
        }
        | facts
        for s, a, t in zip(section.tolist(), start.tolist(), true.tolist(), strict=True)
        for r in (1, 2)
    ]
    read = true * np.exp(rng.normal(0.01, 0.05, n))
    cells = Cells(
        section=section,
        from_m=start,
        to_m=start + 100,
        iri_m_km=read,
        low_m_km=read / 1.1,
        high_m_km=read * 1.1,
        passes=rng.integers(1, 9, n).astype(float),
        speed_m_s=rng.uniform(6, 22, n),
        day=np.full(n, float(day.toordinal() + 3)),
        label="simulated" if label == "simulated" else "estimated",
    )
    return validate(
        cells,
        survey_of(rows),
        calibrated_on=[(SECTIONS[0], 0.0, 200.0)],
        vehicles={"4dcf93d37788eb2f": cells},
    )


def add_field_check(commit: Commit) -> None:
    """Write the check as a diagnosis does."""
    found = FieldCheck(id=DAY.isoformat(), state_on=dt.date(2026, 10, 31), check=check())
    for name, table in tables_of([found], "test").items():
        commit.table(name, table)
