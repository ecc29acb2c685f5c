"""The practice's part of the toy territory: one trial that shows an effect, one that cannot."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from contado.engines.pavement.simulate import TrialPlan, trial_rows
from contado.kernel import tables

if TYPE_CHECKING:
    from contado.kernel.workspace import Workspace

__all__ = ["write"]

_SOURCE = "toy"
_LAID_ON = date(2021, 9, 1)
_CAMPAIGNS_Y = (0.0, 1.0, 2.0, 3.0, 4.0)
_PLANS = (
    TrialPlan(
        trial_id="STRONG",
        laid_on=_LAID_ON,
        treated=3,
        control=12,
        effect=-0.06,
        cells=4,
        campaigns_y=_CAMPAIGNS_Y,
        source_id=_SOURCE,
    ),
    TrialPlan(
        trial_id="ALONE",
        laid_on=_LAID_ON,
        treated=1,
        control=1,
        cells=4,
        campaigns_y=_CAMPAIGNS_Y,
        source_id=_SOURCE,
    ),
)


def write(workspace: Workspace) -> None:
    """Write the trials with their sections, measures and mixes."""
    made = [trial_rows(plan, seed=k) for k, plan in enumerate(_PLANS)]
    rows = {
        "pavement_trial": [_trial(plan) for plan in _PLANS],
        "pavement_trial_section": [_placed(row, k) for own, _ in made for k, row in enumerate(own)],
        "pavement_trial_obs": [row for _, own in made for row in own],
        "pavement_trial_mix": [row for plan in _PLANS for row in _mixes(plan)],
    }
    with workspace.commit() as commit:
        for name, own in rows.items():
            commit.table(name, tables.from_rows(name, own))


def _trial(plan: TrialPlan) -> dict[str, Any]:
    return {
        "trial_id": plan.trial_id,
        "name_it": f"Prova {plan.trial_id}",
        "name_en": f"Trial {plan.trial_id}",
        "mix": "graphene and hard recycled plastics",
        "laid_on": plan.laid_on,
        "metric": "iri_m_km",
        "source_id": _SOURCE,
    }


def _placed(row: dict[str, Any], k: int) -> dict[str, Any]:
    import shapely

    lon, lat = 9.02 + 0.01 * (k % 8), 45.03 + 0.004 * (k // 8)
    line = shapely.LineString([(lon, lat), (lon, lat + 0.001)])
    return {**row, "municipality": "999001", "road_name": "Via Prova", "geometry": line}


def _mixes(plan: TrialPlan) -> list[dict[str, Any]]:
    common = {
        "trial_id": plan.trial_id,
        "layer": "wearing",
        "price_year": 2026,
        "status": "illustrative",
        "label": "simulated",
        "source_id": _SOURCE,
    }
    plain = {
        "name": "ordinary",
        "arm": "control",
        "cost_eur_m2": 14.0,
        "life_y": 7.0,
        "gwp_kg_m2": 6.5,
        "recycled_share": 0.15,
    }
    new = {
        "name": "trial",
        "arm": "treated",
        "cost_eur_m2": 16.8,
        "life_y": 10.0,
        "gwp_kg_m2": 6.8,
        "recycled_share": 0.2,
    }
    return [{**common, **plain}, {**common, **new}]
