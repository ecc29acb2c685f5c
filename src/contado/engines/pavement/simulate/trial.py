"""A simulated trial: treated and control sections whose growth is known, measured in several campaigns.

``log IRI = section + cell + growth x age + season of the campaign + noise``; growth differs between sections, and the
treated have the effect on top. Everything is labelled simulated.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.engines.pavement.simulate.random import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TrialPlan", "trial_rows"]

_YEAR_D = 365.25
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPlan:
    """What is laid and measured.

    Attributes
    ----------
    growth, effect, growth_sd
        Growth of log IRI a year of the controls, what the treatment adds (negative is better), spread between
        sections.
    campaigns_y
        Times of the campaigns after the works [y].
    cells, cell_m
        Cells of a section and their length [m].
    """

    trial_id: str
    laid_on: date
    treated: int = 2
    control: int = 40
    growth: float = 0.075
    effect: float = -0.035
    growth_sd: float = 0.012
    campaigns_y: tuple[float, ...] = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0)
    cells: int = 5
    cell_m: float = 20.0
    width_m: float = 7.0
    source_id: str = "simulated_trial"


def trial_rows(plan: TrialPlan, *, seed: int = 0) -> tuple[list[Row], list[Row]]:
    """Return rows of ``pavement_trial_section`` and ``pavement_trial_obs``; the same seed gives the same rows."""
    chance = stream(seed, "trial")
    arms = ["treated"] * plan.treated + ["control"] * plan.control
    growth = chance.normal(plan.growth, plan.growth_sd, len(arms))
    growth += np.where(np.array(arms) == "treated", plan.effect, 0.0)
    level = chance.normal(0.2, 0.1, len(arms))
    season = chance.normal(0.0, 0.01, len(plan.campaigns_y))
    names = [f"{arm[0].upper()}{k:02d}" for k, arm in enumerate(arms, start=1)]
    sections = [_section(plan, name, arm) for name, arm in zip(names, arms, strict=True)]
    measured: list[Row] = []
    for name, first, rate in zip(names, level, growth, strict=True):
        cells = first + chance.normal(0.0, 0.15, plan.cells)
        for k, age in enumerate(plan.campaigns_y):
            log = cells + rate * age + season[k] + chance.normal(0.0, 0.03, plan.cells)
            measured += _campaign(plan, name, k, age, np.exp(log))
    return sections, measured


def _section(plan: TrialPlan, name: str, arm: str) -> Row:
    return {
        "trial_id": plan.trial_id,
        "section": name,
        "arm": arm,
        "length_m": plan.cells * plan.cell_m,
        "width_m": plan.width_m,
        "label": "simulated",
        "source_id": plan.source_id,
    }


def _campaign(plan: TrialPlan, section: str, k: int, age_y: float, iri: NDArray[np.float64]) -> list[Row]:
    return [
        {
            "trial_id": plan.trial_id,
            "section": section,
            "campaign": f"{k + 1:02d}",
            "from_m": cell * plan.cell_m,
            "to_m": (cell + 1) * plan.cell_m,
            "date": plan.laid_on + timedelta(days=round(age_y * _YEAR_D)),
            "instrument": "simulated",
            "metric": "iri_m_km",
            "value": float(value),
            "label": "simulated",
            "source_id": plan.source_id,
        }
        for cell, value in enumerate(iri)
    ]
