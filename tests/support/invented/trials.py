"""Simulated trial pavements of the invented city: one not demonstrated, one demonstrated, one of two sections."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from contado.engines.pavement.simulate import TrialPlan, trial_rows
from contado.kernel import tables
from contado.practices.gipave import Gipave

if TYPE_CHECKING:
    from contado.kernel.workspace import Workspace

ON = date(2026, 10, 31)
LAID = date(2021, 9, 15)
PLANS = (
    TrialPlan(trial_id="SP35", laid_on=LAID, effect=-0.015, cells=3, source_id="test"),
    TrialPlan(trial_id="SP40", laid_on=LAID, treated=4, control=14, effect=-0.05, cells=3, source_id="test"),
    TrialPlan(trial_id="SP3", laid_on=LAID, treated=1, control=1, cells=3, source_id="test"),
)


def add_trials(workspace: Workspace) -> None:
    """Write the trials and what the practice finds of them; ``SP99`` has no campaign yet."""
    made = [trial_rows(plan, seed=k) for k, plan in enumerate(PLANS)]
    names = [(p.trial_id, p.laid_on) for p in PLANS] + [("SP99", date(2026, 9, 1))]
    rows = {
        "pavement_trial": [
            {
                "trial_id": name,
                "name_it": f"Asfalto con grafene, {name}",
                "name_en": f"Asphalt with graphene, {name}",
                "mix": "grafene e plastiche dure",
                "laid_on": laid,
                "metric": "iri_m_km",
                "source_id": "test",
            }
            for name, laid in names
        ],
        "pavement_trial_section": [row for own, _ in made for row in own],
        "pavement_trial_obs": [row for _, own in made for row in own],
        "pavement_trial_mix": [row for name in ("SP35", "SP40") for row in _mixes(name)],
    }
    with workspace.commit() as c:
        for name, own in rows.items():
            c.table(name, tables.from_rows(name, own))
    found = Gipave().diagnose(workspace, on=ON).tables
    with workspace.commit() as c:
        for name in ("pavement_trial_result", "pavement_trial_lifecycle"):
            c.table(name, found[name])
        c.table("indicator_value", found["indicator_value"], practice="gipave")


def _mixes(trial: str) -> list[dict]:
    common = {"trial_id": trial, "layer": "wearing", "label": "simulated", "source_id": "test"}
    plain = {"name": "tradizionale", "arm": "control", "cost_eur_m2": 14.0, "life_y": 10.0, "gwp_kg_m2": 6.5}
    new = {
        "name": "con grafene",
        "arm": "treated",
        "cost_eur_m2": 16.8,
        "life_y": 13.0,
        "recycled_share": 0.12,
    }
    return [{**common, **plain}, {**common, **new}]
