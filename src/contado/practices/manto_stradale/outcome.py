"""What came of it: roughness before and after the works of a programme, and what treatments did."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.engines.pavement import condition, treatments
from contado.engines.pavement.fusion import fuse
from contado.kernel import tables
from contado.kernel.errors import Finding
from contado.practices.manto_stradale.ids import CATALOGUE, DRIVES, NAME, asset_id
from contado.practices.manto_stradale.state import fuse_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import pyarrow as pa

    from contado.kernel.practice import Programme
    from contado.kernel.workspace import WorkspaceView

__all__ = ["outcomes"]

Row = dict[str, Any]
Interval = tuple[float, float, float]


def outcomes(
    workspace: WorkspaceView, programme: Programme, on: date
) -> tuple[dict[str, pa.Table], list[Finding]]:
    """Return tables ``observation`` and ``pavement_treatment`` for the works that were done.

    Works are those of table ``pavement_works`` that name a chosen intervention, or that lie on the section
    of one and ended in or after its first year. Before is the state on the day before the works, after the
    state on the day ``on``.
    """
    chosen = programme.works_of(workspace, NAME)
    works = [w for w in workspace.read("pavement_works").to_pylist() if w["date"] <= on]
    pairs = [(w, i) for w in sorted(works, key=_work_key) if (i := _intervention_of(w, chosen)) is not None]
    if not pairs:
        return {"observation": tables.empty("observation")}, _waiting(chosen)
    rows: list[Row] = []
    findings: list[Finding] = []
    learnt: dict[str, list[tuple[float, float | None]]] = defaultdict(list)
    for work, intervention in pairs:
        before = _state(workspace, work, work["date"] - timedelta(days=1))
        after = _state(workspace, work, on)
        if before is None or after is None:
            findings.append(_not_comparable(work, before is None))
            continue
        rows += _observations(work, intervention, before, after, on)
        findings.append(_told(intervention, before, after))
        learnt[work["treatment"] or intervention["type"]].append((after[0], _unit_cost(work, workspace)))
    observed = tables.sort("observation", tables.from_rows("observation", rows))
    catalogue = _learnt(workspace, learnt)
    findings += [_unlisted(code) for code in sorted(set(learnt) - set(catalogue["code"].to_pylist()))]
    return {"observation": observed, "pavement_treatment": catalogue}, findings


def _work_key(work: Row) -> tuple[Any, ...]:
    return work["date"], work["section_id"], work["from_m"]


def _intervention_of(work: Row, chosen: Sequence[Row]) -> Row | None:
    for row in chosen:
        if row["id"] == work["intervention_id"]:
            return row
    for row in chosen:
        start = float(row["choice_group"].rpartition(":")[2])
        near = work["from_m"] - 50.0 <= start < work["to_m"]
        if (
            row["asset_id"] == asset_id(work["section_id"])
            and near
            and work["date"].year >= row["start_year"]
        ):
            return row
    return None


def _state(workspace: WorkspaceView, work: Row, day: date) -> Interval | None:
    """Return mean, low and high of the IRI on the stretch of the works; None where nothing is known."""
    works = workspace.read("pavement_works")
    fused = fuse(
        [workspace.read("pavement_cell_obs")], on=day, works=works, settings=fuse_settings(workspace)
    )
    cells = [
        c
        for c in fused.cells.drop_columns(["observations"]).to_pylist()
        if c["section_id"] == work["section_id"]
        and c["iri_m_km"] is not None
        and work["from_m"] - 1e-6 <= c["from_m"]
        and c["to_m"] <= work["to_m"] + 1e-6
    ]
    if not cells:
        return None
    value, low, high = (float(np.mean([c[n] for c in cells])) for n in ("iri_m_km", "low_m_km", "high_m_km"))
    return value, low, high


def _observations(work: Row, intervention: Row, before: Interval, after: Interval, on: date) -> list[Row]:
    model = condition.model(on)
    rows = []
    for day, state, what in ((work["date"] - timedelta(days=1), before, "before"), (on, after, "after")):
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
                "method": f"mean of the cells of the works, {what} them; interval as if all errors went together",
                "label": intervention["label"],
                "source_id": DRIVES,
            }
            for indicator, (unit, value, low, high) in values.items()
        ]
    return rows


def _unit_cost(work: Row, workspace: WorkspaceView) -> float | None:
    """Return what the works cost a square metre; None where cost or width is unknown."""
    widths = workspace.read("pavement_lrs_section").to_pylist()
    width = next((s["width_m"] for s in widths if s["section_id"] == work["section_id"]), None)
    if work["cost_eur"] is None or not width:
        return None
    return float(work["cost_eur"] / (width * (work["to_m"] - work["from_m"])))


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


def _not_comparable(work: Row, before: bool) -> Finding:
    when = "before" if before else "after"
    return Finding(
        severity="warning",
        rule="not_comparable",
        table="pavement_works",
        row=f"{work['section_id']} {work['from_m']:g}",
        message=f"No drive measured the works of {work['date']} on {work['section_id']} {when} they were done.",
        hint="let a car pass",
    )


def _told(intervention: Row, before: Interval, after: Interval) -> Finding:
    apart = after[2] < before[1]
    return Finding(
        severity="note",
        rule="before_after",
        table="observation",
        row=intervention["id"],
        message=f"IRI {before[0]:.2f} m/km before, {after[0]:.2f} after"
        + ("." if apart else ": the intervals overlap, so the drop is not demonstrated."),
        hint="more passes narrow the intervals",
    )
