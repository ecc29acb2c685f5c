"""What came of it: the effect that a trial shows once works of the programme have been measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel import tables
from contado.kernel.errors import Finding
from contado.practices.gipave.ids import MEASURES, NAME, section_asset_id
from contado.practices.gipave.results import effect_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import pyarrow as pa

    from contado.kernel.practice import Programme
    from contado.kernel.workspace import WorkspaceView
    from contado.practices.gipave.evaluation import Row, Trial

__all__ = ["outcomes"]


def outcomes(
    workspace: WorkspaceView, programme: Programme, found: Sequence[Trial], on: date
) -> tuple[dict[str, pa.Table], list[Finding]]:
    """Return table ``observation``: what the trial shows now, for each chosen work that was measured since."""
    places = {section_asset_id(t.id, s["section"]): (t, s["section"]) for t in found for s in t.sections}
    rows = []
    waiting = []
    for work in programme.works_of(workspace, NAME):
        t, section = places.get(work["asset_id"], (None, ""))
        last = None if t is None else t.last_of.get(section)
        if t is None or last is None or last.year < work["start_year"]:
            waiting.append(work["id"])
            continue
        rows.append(_observation(work, t, on))
    table = tables.sort("observation", tables.from_rows("observation", rows))
    return {"observation": table}, [_no_works(waiting)] if waiting else []


def _observation(work: Mapping[str, object], t: Trial, on: date) -> Row:
    return {
        "subject_id": work["id"],
        "intervention_id": work["id"],
        "indicator": "trial_growth_effect_pct_y",
        "period": on.isoformat(),
        "unit": "pct_y",
        "label": t.label,
        "source_id": MEASURES,
        **effect_interval(t),
    }


def _no_works(waiting: Sequence[str]) -> Finding:
    return Finding(
        severity="note",
        rule="no_works_yet",
        table="pavement_trial_obs",
        row=waiting[0],
        message=f"{len(waiting)} chosen interventions have no campaign since they began.",
        hint="measure treated and control sections together after the works",
    )
