"""What came of it: roughness before and after the works of a programme, and what treatments did."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.engines.pavement.maintenance import condition, treatments
from contado.kernel import tables
from contado.kernel.errors import Finding
from contado.practices.manto_stradale.done import ROUNDED_M, done
from contado.practices.manto_stradale.ids import CATALOGUE, DRIVES, NAME
from contado.practices.manto_stradale.state import level, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    import pyarrow as pa

    from contado.kernel.practice import Programme
    from contado.kernel.workspace import WorkspaceView
    from contado.practices.manto_stradale.done import Done
    from contado.practices.manto_stradale.state import Told

__all__ = ["outcomes"]

Row = dict[str, Any]
Interval = tuple[float, float, float]
Cell = tuple[str, float, float]
"""Section and ends [m]."""
_NEW = timedelta(days=365)
"""For so long the state after works tells what they left."""
_ALL = 0.95
"""Share of the works that counts as the whole of them: cells seldom end where works do."""


def outcomes(
    workspace: WorkspaceView, programme: Programme, on: date
) -> tuple[dict[str, pa.Table], list[Finding]]:
    """Return tables ``observation`` and ``pavement_treatment`` for the works that were done.

    Works are those of table ``pavement_works`` that belong to chosen interventions (`done.done`). Before is the state
    on the day before an intervention's first works, after the state on the day ``on``, both of the same cells: those
    on what the works have in common with its segment that are known on both days.
    """
    chosen = programme.works_of(workspace, NAME)
    works = [w for w in workspace.read("pavement_works").to_pylist() if w["date"] <= on]
    works.sort(key=_work_key)
    parts = done(workspace, chosen, works)
    findings = _of_nothing_chosen(works, parts, chosen)
    if not parts:
        return {"observation": tables.empty("observation")}, [*_waiting(chosen), *findings]
    states = _States(workspace)
    rows: list[Row] = []
    compared: list[Done] = []
    for own in _by_intervention(parts):
        cells, later = states.cells(_eve(own), own), states.cells(on, own)
        both = cells.keys() & later.keys()
        if not both:
            findings.append(_not_comparable(own[0].work, bool(cells), bool(later)))
            continue
        before = states.mean(_eve(own), [cells[key] for key in sorted(both)])
        after = states.mean(on, [later[key] for key in sorted(both)])
        rows += _observations(own, before, after, on)
        findings.append(_told(own[0].intervention, before, after, _share(both, own)))
        compared += own
    observed = tables.sort("observation", tables.from_rows("observation", rows))
    learnt = _measured(compared, states, on, _widths(workspace))
    catalogue = _learnt(workspace, learnt)
    findings += [_unlisted(code) for code in sorted(set(learnt) - set(catalogue["code"].to_pylist()))]
    return {"observation": observed, "pavement_treatment": catalogue}, findings


def _work_key(work: Row) -> tuple[Any, ...]:
    return work["date"], work["section_id"], work["from_m"], work["to_m"], work["treatment"] or ""


def _by_intervention(parts: Sequence[Done]) -> list[list[Done]]:
    """Return what was done of each intervention, the first works first, in the order of the first ones."""
    found: dict[str, list[Done]] = defaultdict(list)
    for part in parts:
        found[part.intervention["id"]].append(part)
    return list(found.values())


def _eve(parts: Sequence[Done]) -> date:
    """Return the day before the first works."""
    eve: date = parts[0].work["date"] - timedelta(days=1)
    return eve


class _States:
    """Roughness of some sections on days, bumps left out; each day is fused once."""

    def __init__(self, workspace: WorkspaceView) -> None:
        self._workspace = workspace
        self._days: dict[date, Told] = {}

    def cells(self, day: date, parts: Sequence[Done]) -> dict[Cell, Row]:
        """Return each cell within these parts whose IRI is known."""
        known = self._of_day(day).cells
        return {
            (part.work["section_id"], cell["from_m"], cell["to_m"]): cell
            for part in parts
            for cell in known.get(part.work["section_id"], ())
            if cell["iri_m_km"] is not None
            and not cell["explained_by"]
            and part.from_m - ROUNDED_M <= cell["from_m"]
            and cell["to_m"] <= part.to_m + ROUNDED_M
        }

    def mean(self, day: date, cells: Sequence[Row]) -> Interval:
        """Return mean, low and high of the IRI of some of that day's cells."""
        found = level(self._of_day(day).errors, cells, day)
        return (found.iri_m_km, *found.interval())

    def _of_day(self, day: date) -> Told:
        if day not in self._days:
            self._days[day] = told(self._workspace, day)
        return self._days[day]


def _share(cells: Iterable[Cell], parts: Sequence[Done]) -> float:
    """Return how much of the length of these parts the cells are; stages on the same stretch count once."""
    whole, section, reached = 0.0, None, 0.0
    for name, from_m, to_m in sorted((p.work["section_id"], p.from_m, p.to_m) for p in parts):
        begin = max(from_m, reached) if name == section else from_m
        whole += max(0.0, to_m - begin)
        section, reached = name, max(to_m, begin)
    return min(1.0, sum(to_m - from_m for _, from_m, to_m in cells) / whole)


def _observations(parts: Sequence[Done], before: Interval, after: Interval, on: date) -> list[Row]:
    model, intervention = condition.model(on), parts[0].intervention
    rows = []
    for day, state, what in ((_eve(parts), before, "before"), (on, after, "after")):
        index = [float(model.index(v, 0.0)) for v in state]
        values = {"iri_m_km": ("m_km", *state), "condition_index": ("1", index[0], index[2], index[1])}
        rows += [
            {
                "subject_id": intervention["id"],
                "intervention_id": intervention["id"],
                "indicator": indicator,
                "period": day.isoformat(),
                "value": value,
                "unit": unit,
                "low": low,
                "high": high,
                "method": f"mean of the cells of the works in the segment, {what} them; errors of the cells average out, those of the cars do not",
                "label": intervention["label"],
                "source_id": DRIVES,
            }
            for indicator, (unit, value, low, high) in values.items()
        ]
    return rows


def _widths(workspace: WorkspaceView) -> dict[str, float | None]:
    """Return the width of each section; None = unknown."""
    sections = workspace.read("pavement_lrs_section")
    return dict(zip(sections["section_id"].to_pylist(), sections["width_m"].to_pylist(), strict=True))


def _measured(
    parts: Sequence[Done], states: _States, on: date, widths: Mapping[str, float | None]
) -> dict[str, list[tuple[float, float | None]]]:
    """Return roughness after and cost a square metre of each of the works, by treatment.

    Works over several interventions count once, with their cost spread evenly along them. What a treatment leaves is
    the state within a year of the works: a later one has aged, whenever it is asked for.
    """
    own: dict[tuple[str, tuple[Any, ...]], list[Done]] = defaultdict(list)
    for part in parts:
        own[part.work["treatment"] or part.intervention["type"], _work_key(part.work)].append(part)
    found: dict[str, list[tuple[float, float | None]]] = defaultdict(list)
    for (code, _), of_work in own.items():
        work = of_work[0].work
        after = states.cells(min(on, work["date"] + _NEW), of_work)
        if after:
            iri = float(np.mean([cell["iri_m_km"] for cell in after.values()]))
            found[code].append((iri, _unit_cost(work, widths.get(work["section_id"]))))
    return found


def _unit_cost(work: Row, width_m: float | None) -> float | None:
    """Return what the works cost a square metre; None where cost or width is unknown."""
    area_m2 = (width_m or 0.0) * (work["to_m"] - work["from_m"])
    return None if work["cost_eur"] is None or area_m2 <= 0 else float(work["cost_eur"] / area_m2)


def _learnt(workspace: WorkspaceView, learnt: Mapping[str, Sequence[tuple[float, float | None]]]) -> pa.Table:
    """Return the catalogue with what the works measured: roughness after, cost, number of works."""
    rows = workspace.read("pavement_treatment").to_pylist()
    if not rows:
        rows = [{**asdict(t), "source_id": CATALOGUE} for t in treatments.catalogue()]
    for row in rows:
        measured = learnt.get(row["code"])
        if measured:
            costs = [cost for _, cost in measured if cost is not None]
            row["works"] = len(measured)
            row["iri_after_measured_m_km"] = float(np.mean([iri for iri, _ in measured]))
            row["cost_measured_eur_m2"] = float(np.mean(costs)) if costs else None
    return tables.sort("pavement_treatment", tables.from_rows("pavement_treatment", rows))


def _unlisted(code: str) -> Finding:
    return Finding(
        severity="warning",
        rule="unknown_choice",
        table="pavement_works",
        message=f"Works were done as {code!r}, which is not in the catalogue: nothing was learnt of it.",
        hint="add it to table pavement_treatment, or correct the works",
    )


def _waiting(chosen: Sequence[Row]) -> list[Finding]:
    if not chosen:
        return []
    return [
        Finding(
            severity="note",
            rule="no_works_yet",
            table="pavement_works",
            message=f"None of the {len(chosen)} chosen interventions has works that ended.",
            hint="record ended works in table pavement_works",
        )
    ]


def _of_nothing_chosen(works: Sequence[Row], parts: Sequence[Done], chosen: Sequence[Row]) -> list[Finding]:
    """Tell the works of the programme's years that belong to no chosen intervention."""
    known = {_work_key(part.work) for part in parts}
    since = min((row["start_year"] for row in chosen), default=None)
    if since is None:
        return []
    others = [w for w in works if w["date"].year >= since and _work_key(w) not in known]
    if not others:
        return []
    first = others[0]
    where = f"{first['section_id']} {first['from_m']:g}-{first['to_m']:g} m"
    return [
        Finding(
            severity="note",
            rule="works_not_chosen",
            table="pavement_works",
            row=f"{first['section_id']} {first['from_m']:g}",
            message=f"{len(others)} works since {since} belong to no chosen intervention, the first on {where}.",
            hint="name the intervention in intervention_id if they do; else nothing is learnt of them",
        )
    ]


def _not_comparable(work: Row, before: bool, after: bool) -> Finding:
    """Say why works have no before and after; what was measured on both sides were other cells."""
    where = f"the works of {work['date']} on {work['section_id']}"
    told = f"No drive measured {where} {'after' if before else 'before'} they were done."
    if before and after:
        told = f"Drives before and after {where} measured other cells."
    return Finding(
        severity="warning",
        rule="not_comparable",
        table="pavement_works",
        row=f"{work['section_id']} {work['from_m']:g}",
        message=told,
        hint="let a car pass on the same stretch",
    )


def _told(intervention: Row, before: Interval, after: Interval, share: float) -> Finding:
    apart = after[2] < before[1]
    where = "" if share >= _ALL else f" on the {share:.0%} of the works that were driven before and after"
    return Finding(
        severity="note",
        rule="before_after",
        table="observation",
        row=intervention["id"],
        message=f"IRI {before[0]:.2f} m/km before, {after[0]:.2f} after{where}"
        + ("." if apart else ": the intervals overlap, so the drop is not demonstrated."),
        hint="more passes narrow the intervals",
    )
