"""An invented trial pavement of the demonstration: two sections with a new mix against forty without.

Nothing about it is measured: the sections lie on the invented streets, growth and mixes are made up. As with real
trials of two sections, chance usually suffices to explain what is seen, and the pages say so.
"""

from __future__ import annotations

from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contado.kernel.workspace import Workspace

__all__ = ["bring_trial"]

_SOURCE: Final = "demo_trial"
_TRIAL: Final = "PROVA"
_LAID_ON: Final = date(2021, 9, 15)
_EFFECT, _SPREAD = -0.01, 0.018
"""What the mix adds to the growth a year, and the spread of growth between sections."""


def bring_trial(workspace: Workspace, seed: int) -> None:
    """Write a simulated trial with its sections, campaigns and mixes."""
    from contado.engines.pavement.simulate import TrialPlan, trial_rows
    from contado.kernel import tables

    plan = TrialPlan(
        trial_id=_TRIAL, laid_on=_LAID_ON, effect=_EFFECT, growth_sd=_SPREAD, cells=3, source_id=_SOURCE
    )
    sections, measures = trial_rows(plan, seed=seed)
    places = [*islice(_places(workspace, plan.cells * plan.cell_m), len(sections))]
    places += [{}] * (len(sections) - len(places))  # a small town holds fewer; the others have no line
    sections = [{**row, **place} for row, place in zip(sections, places, strict=True)]
    trial = {
        "trial_id": _TRIAL,
        "name_it": "Asfalto in prova (inventato)",
        "name_en": "Asphalt on trial (invented)",
        "mix": "grafene e plastiche dure",
        "laid_on": _LAID_ON,
        "metric": "iri_m_km",
        "source_id": _SOURCE,
    }
    source = {
        "source_id": _SOURCE,
        "title": "Invented trial pavement of the demonstration",
        "licence": "CC0-1.0",
    }
    rows = {
        "pavement_trial": [trial],
        "pavement_trial_section": sections,
        "pavement_trial_obs": measures,
        "pavement_trial_mix": _mixes(),
    }
    with workspace.commit() as commit:
        for name, own in rows.items():
            commit.table(name, tables.from_rows(name, own))
        commit.table("source", tables.from_rows("source", [source]), practice=_SOURCE)


def _places(workspace: Workspace, length_m: float) -> Iterator[dict[str, Any]]:
    """Yield stretches of the invented streets, one after the other."""
    from contado.engines.pavement.road.lines import Line

    streets = workspace.read("pavement_lrs_section").to_pylist()
    for street in sorted(streets, key=lambda s: s["section_id"]):
        line = Line.of(street["geometry"], street["length_m"])
        for k in range(int(street["length_m"] // length_m)):
            yield {
                "road_code": street["road_code"],
                "road_name": street["road_name"],
                "municipality": street["municipality"],
                "geometry": line.part(k * length_m, (k + 1) * length_m),
            }


def _mixes() -> list[dict[str, Any]]:
    common = {
        "trial_id": _TRIAL,
        "layer": "wearing",
        "price_year": 2026,
        "status": "illustrative",
        "label": "simulated",
        "source_id": _SOURCE,
    }
    ordinary = {"cost_eur_m2": 14.0, "life_y": 10.0, "gwp_kg_m2": 6.5, "recycled_share": 0.15}
    new = {"cost_eur_m2": 16.8, "life_y": 13.0, "gwp_kg_m2": 6.8, "recycled_share": 0.20}
    return [
        {**common, "name": "usura tradizionale", "arm": "control", **ordinary},
        {**common, "name": "usura con grafene", "arm": "treated", **new},
    ]
