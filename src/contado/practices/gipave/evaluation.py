"""Trials of a workspace on a day: what their measures show, what their mixes cost over their life."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec import structs

from contado.engines.pavement import trial
from contado.engines.pavement.assessment import cam, lifecycle
from contado.engines.pavement.trial.records import panel_table
from contado.kernel import labels, tables
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from contado.engines.pavement.assessment.cam import LayerCheck
    from contado.engines.pavement.assessment.lifecycle import Alternative, Assessed
    from contado.engines.pavement.trial import Metric, Panel, TrialResult
    from contado.kernel.labels import Label
    from contado.kernel.workspace import WorkspaceView

__all__ = ["Measured", "Mix", "Row", "Trial", "trials"]

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """One mix of a trial: its row, its figures, their spread, its check against the criteria."""

    row: Row
    alternative: Alternative
    assessed: Assessed
    check: LayerCheck | None
    """None where the layer is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One metric that a trial measures: its panel and what it shows."""

    panel: Panel
    result: TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One trial: rows of its tables, what each metric shows, its mixes."""

    row: Row
    sections: tuple[Row, ...]
    label: Label
    last_of: Mapping[str, date]
    """Day of the last measure of each section that has one."""
    measured: Mapping[str, Measured]
    """By metric, in the order of `METRICS`; empty where nothing is measured yet."""
    mixes: tuple[Mix, ...]
    notes: tuple[Finding, ...]
    """What must be known beside the findings of each metric."""
    rate: float
    rule_version: str | None

    @property
    def id(self) -> str:
        """Identifier of the trial."""
        return str(self.row["trial_id"])

    @property
    def metric(self) -> Metric:
        """The metric on which the trial is judged; roughness where its row names none that exists."""
        return trial.METRICS.get(self.row["metric"], trial.METRICS[trial.ROUGHNESS])

    @property
    def result(self) -> TrialResult | None:
        """What the trial's own metric shows; None where it is not measured yet."""
        return self.result_of(self.metric.name)

    def result_of(self, metric: str) -> TrialResult | None:
        """Return what a metric shows; None where it is not measured yet."""
        return self.measured[metric].result if metric in self.measured else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings of every metric, then those of the trial."""
        return (*(f for m in self.measured.values() for f in _named(m)), *self.notes)

    @property
    def last_on(self) -> date | None:
        """Day of the last measure."""
        return max(self.last_of.values(), default=None)

    def mix_of(self, arm: str) -> Mix | None:
        """Return the first mix of an arm."""
        return next((m for m in self.mixes if m.row["arm"] == arm), None)


def trials(workspace: WorkspaceView, on: date, seed: int) -> tuple[Trial, ...]:
    """Return the trials of the workspace as they are known on the day ``on``, in the order of their ids."""
    sections = _by_trial(workspace, "pavement_trial_section")
    measures = _by_trial(workspace, "pavement_trial_obs")
    mixes = _by_trial(workspace, "pavement_trial_mix")
    found = tables.sort("pavement_trial", workspace.read("pavement_trial")).to_pylist()
    rate = workspace.settings.planning.discount_rate_share
    return tuple(
        _trial(
            row,
            sections[row["trial_id"]],
            [m for m in measures[row["trial_id"]] if m["date"] <= on],
            mixes[row["trial_id"]],
            on=on,
            seed=seed,
            rate=rate,
        )
        for row in found
    )


def _by_trial(workspace: WorkspaceView, name: str) -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in tables.sort(name, workspace.read(name)).to_pylist():
        found[row["trial_id"]].append(row)
    return found


def _trial(
    row: Row,
    sections: Sequence[Row],
    measures: Sequence[Row],
    mixes: Sequence[Row],
    *,
    on: date,
    seed: int,
    rate: float,
) -> Trial:
    measured = _measured(row, sections, measures, on=on, seed=seed)
    found, assumed = _mixes(mixes, on=on, seed=seed, rate=rate)
    minima = cam.minima_on(on)
    told = cam.notes(minima, on) if any(m.check for m in found) else []
    return Trial(
        row=row,
        sections=tuple(sections),
        label=labels.weakest(r["label"] for r in (*sections, *measures)) or "estimated",
        last_of=_last_of(measures),
        measured=measured,
        mixes=found,
        notes=(*_unread(row, measures), *assumed, *told),
        rate=rate,
        rule_version=next((m.rule_version for m in minima.values()), None),
    )


def _measured(
    row: Row, sections: Sequence[Row], measures: Sequence[Row], *, on: date, seed: int
) -> dict[str, Measured]:
    """Evaluate each metric of which the trial has a measure."""
    found = {}
    for metric in trial.METRICS:
        table = panel_table(row, sections, measures, on=on, metric=metric)
        if table.num_rows:
            panel = trial.of_table(table, metric=metric, name=f"trial {row['trial_id']}")
            found[metric] = Measured(panel=panel, result=trial.evaluate_trial(panel, seed=seed))
    return found


def _named(measured: Measured) -> list[Finding]:
    """Return the findings of a metric; all but roughness are named in front."""
    metric = measured.result.metric
    if metric.name == trial.ROUGHNESS:
        return list(measured.result.findings)
    return [structs.replace(f, message=f"{metric.name}: {f.message}") for f in measured.result.findings]


def _unread(row: Row, measures: Sequence[Row]) -> list[Finding]:
    """Say which measures of the trial are of no known metric."""
    counts = Counter(m["metric"] for m in measures if m["metric"] not in trial.METRICS)
    if not counts:
        return []
    return [
        Finding(
            severity="warning",
            rule="unknown_metric",
            table="pavement_trial_obs",
            row=row["trial_id"],
            message="Rows of metrics that are not known are not evaluated: "
            + ", ".join(f"{name} ({n})" for name, n in sorted(counts.items()))
            + ".",
            hint=f"metrics are {', '.join(trial.METRICS)}",
        )
    ]


def _last_of(measures: Sequence[Row]) -> dict[str, date]:
    last: dict[str, date] = {}
    for m in measures:
        last[m["section"]] = max(m["date"], last.get(m["section"], m["date"]))
    return last


def _mixes(rows: Sequence[Row], *, on: date, seed: int, rate: float) -> tuple[tuple[Mix, ...], list[Finding]]:
    """Return the mixes, the ordinary one first: the others must break even with it."""
    import pyarrow as pa

    ordered = sorted(rows, key=lambda r: (r["arm"] != "control", r["name"]))
    if not ordered:
        return (), []
    columns = {
        name: [r[name] for r in ordered] for name in ("name", *lifecycle.NUMBERS) if name in ordered[0]
    }
    table = pa.table(
        {n: pa.array(v, pa.string() if n == "name" else pa.float64()) for n, v in columns.items()}
    )
    given, findings = lifecycle.alternatives_of(table, name="pavement_trial_mix")
    minima = cam.minima_on(on)
    assessed = lifecycle.assess(given, rate=rate, seed=seed)
    found = [
        Mix(row=row, alternative=own, assessed=figures, check=_check(row, minima))
        for row, own, figures in zip(ordered, given, assessed, strict=True)
    ]
    return tuple(found), findings


def _check(row: Row, minima: dict[str, cam.Minimum]) -> LayerCheck | None:
    layer = cam.layer_of(row["layer"] or "")
    return None if layer is None else cam.check(layer, row["recycled_share"], minima)
