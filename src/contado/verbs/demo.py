"""contado demo: the whole pipeline on simulated drives over an invented town in the real territory.

The town, its roads and its drives are simulated; borders and residents are real. Everything that rests on
them is labelled simulated, in the workspace and on every page.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from contado import verbs
from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.errors import WorkspaceError
from contado.kernel.provenance import sha256_of_bytes
from contado.verbs._demo_streets import bring_street_works
from contado.verbs._demo_trial import bring_trial

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.kernel.workspace import Workspace, WorkspaceView
    from contado.verbs._plans import JointWorksite

_MARK = "demo.json"
_START, _ON = date(2026, 8, 3), date(2026, 10, 31)
"""First simulated drive; day of the states and of the plan."""
_PRACTICE, _TRIALS = "manto_stradale", "gipave"
_YEARS = (2027, 2028, 2029)
_CHECKED = 3
"""Streets on either side of the one that calibrates, in the order of roughness, on which a survey only checks."""
_BUDGET_SHARE = 0.4
"""Budgets of all years together, as a share of the dearest option of every segment."""
_GAP = 1e-2
"""So near the prices prove a programme by themselves; nearer, a solver would have to be waited for, and believed."""


class DemoRequest(Request, frozen=True, kw_only=True):
    """Where, and which invented town."""

    folder: Annotated[
        Path, argument("folder of the demonstration: absent, empty, or an earlier demonstration")
    ]
    seed: Annotated[int, option("seed of the invented town, its roads and drives", ge=0)] = 7


class RoadClass(msgspec.Struct, frozen=True, kw_only=True):
    """Streets whose mean is of one class, and kilometres of segments of it; null where no sensor has measured."""

    road_class: str | None
    sections: int
    length_km: float


class Accuracy(msgspec.Struct, frozen=True, kw_only=True):
    """Estimates against the simulated truth: an upper bound, never a field accuracy."""

    sections: int
    median_error_pct: float
    within_interval_share: float


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """The programme in brief."""

    candidates: int
    chosen: int
    budget_eur: float
    spent_eur: float
    value_eur: float
    gap_share: float
    proof: str
    verified: bool


class Joint(msgspec.Struct, frozen=True, kw_only=True):
    """Pairs of works that start on one worksite, and what that saves; ``across``: those of two domains alone."""

    pairs: int
    saving_eur: float
    across_pairs: int
    across_saving_eur: float


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """One intervention and why it is in or out."""

    id: str
    name: str
    cost_eur: float
    start_year: int | None
    yield_ratio: float | None
    reason_it: str
    reason_en: str
    selection_frequency: float | None
    robustness: str | None


class DemoAnswer(LabelledAnswer, kw_only=True):
    """What was built and what it says."""

    workspace: str
    layers: dict[str, int]
    practices: list[str]
    drives: int
    anomalies: int
    classes: list[RoadClass]
    accuracy: Accuracy
    programme: Money
    joint: Joint
    accepted: Explained
    rejected: Explained | None
    seconds: float


def _run(request: DemoRequest, context: Context) -> DemoAnswer:
    started = time.perf_counter()
    _free(request.folder)
    request.folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=request.folder.absolute().parent, prefix=".contado-demo-"
    ) as scratch:
        built, season = Path(scratch) / "workspace", Path(scratch) / "season"
        loaded, planned = _build(built, season, request.seed, context)
        answer = _tell(built, season, loaded, planned, request.folder)
        answer.seconds = time.perf_counter() - started
        (built / _MARK).write_bytes(msgspec.json.encode({"seed": request.seed, "label": "simulated"}))
        _put(built, request.folder)
    return answer


def _free(folder: Path) -> None:
    """Refuse a folder that holds something else than an earlier demonstration."""
    if folder.exists() and (
        not folder.is_dir() or (any(folder.iterdir()) and not (folder / _MARK).is_file())
    ):
        raise WorkspaceError(
            f"{folder} holds something that is no demonstration.",
            rule="workspace_not_empty",
            hint="give a folder that is absent or empty",
            field="folder",
        )


def _put(built: Path, folder: Path) -> None:
    """Put the finished workspace in place; an earlier demonstration goes in the same moment."""
    if folder.exists():
        old = Path(tempfile.mkdtemp(dir=built.parent)) / "old"
        folder.rename(old)
    built.rename(folder)


def _build(built: Path, season: Path, seed: int, context: Context) -> tuple[Any, Any]:
    """Run the pipeline: territory, drives, condition, candidates, budgets, programme."""
    from contado.engines.pavement import simulate
    from contado.kernel.workspace import Workspace

    _do("init", context, folder=built)
    _settle(Workspace.open(built), seed)
    simulate.city_drives(season, seed=seed, start=_START, progress=context.progress)
    _leave_out_a_street(season)
    here = _at(context, built)
    loaded = _do(
        "pavement load",
        here,
        folder=season / "drives",
        network=season / "network.geojson",
        routes=season / "routes.csv",
        sections=season / "sections.csv",
        survey=_survey_streets(season),
        on=_ON,
    )
    _do("diagnose", here, practice=_PRACTICE, on=_ON)
    _do("propose", here, practice=_PRACTICE, on=_ON)
    bring_trial(Workspace.open(built), seed)
    _do("diagnose", here, practice=_TRIALS, on=_ON)
    _do("propose", here, practice=_TRIALS, on=_ON)
    bring_street_works(Workspace.open(built))
    _bring_budgets(Workspace.open(built))
    return loaded, _do("plan", here, gap=_GAP, increments=True)


def _settle(workspace: Workspace, seed: int) -> None:
    """Name the body as a demonstration; make the key of pseudonyms of the seed, so that it can be repeated."""
    before, replace = workspace.settings, msgspec.structs.replace
    key = sha256_of_bytes(f"demonstration {seed}".encode())
    body = replace(before.body, name=f"{before.workspace.name} (dimostrazione)", ipa_code="dimostrazione")
    with workspace.commit() as commit:
        commit.settings(replace(before, workspace=replace(before.workspace, key=key), body=body))


def _at(context: Context, workspace: Path) -> Context:
    """Return the context of a step; what is invented has gaps on purpose, so no step is strict."""
    return Context(
        workspace=workspace,
        lang=context.lang,
        progress=context.progress,
        cancel=context.cancel,
    )


def _do(name: str, context: Context, **values: Any) -> Any:
    """Run another verb as a user would."""
    verb = verbs.load(name)
    return verb(verb.request(**values), context)


def _leave_out_a_street(season: Path) -> None:
    """No round passed one of the streets: the map must show what is not known."""
    shutil.rmtree(max((season / "drives").iterdir()))


def _survey_streets(season: Path) -> Path:
    """A profilometer went on the first day: the street of middling roughness calibrates, those about it check."""
    from contado.kernel import tables

    truth = tables.read(season / "truth_iri_100m.csv").table.to_pylist()
    first = min(str(r["date"]) for r in truth)
    streets: dict[str, list[dict[str, Any]]] = {}
    for row in truth:
        if str(row["date"]) == first:
            streets.setdefault(str(row["section_id"]), []).append(row)
    ordered = sorted(streets, key=lambda s: (_mean([r["iri_m_km"] for r in streets[s]]), s))
    middle = len(ordered) // 2
    roles = dict.fromkeys(ordered[max(0, middle - _CHECKED) : middle + _CHECKED + 1], "validation")
    roles[ordered[middle]] = "calibration"
    columns = ("section_id", "from_m", "to_m", "iri_m_km")
    facts = {"date": first, "instrument": "profilometro simulato", "label": "simulated"}
    rows = [
        {c: r[c] for c in columns} | facts | {"role": role} for s, role in roles.items() for r in streets[s]
    ]
    path = season / "survey.csv"
    tables.write_csv(tables.from_rows("pavement_survey", rows), path)
    return path


def _bring_budgets(workspace: Workspace) -> None:
    """Invent two sources: own money in each year, and regional money for at most 60 % of a work."""
    from contado.kernel import tables

    dearest: dict[str, float] = {}
    for row in workspace.read("intervention").to_pylist():
        group = row["choice_group"] or row["id"]
        dearest[group] = max(dearest.get(group, 0.0), row["cost_eur"])
    a_year = sum(dearest.values()) * _BUDGET_SHARE / len(_YEARS)
    shares = {"own": 0.7, "regional": 0.3}
    budgets = [
        {"source": source, "year": year, "budget_eur": round(a_year * share, -4), "source_id": "demo"}
        for source, share in shares.items()
        for year in _YEARS
    ]
    rules = [
        {"source": "own", "domains": ["*"], "max_rate": 1.0, "cumulable": True, "source_id": "demo"},
        {"source": "regional", "domains": ["*"], "max_rate": 0.6, "cumulable": True, "source_id": "demo"},
    ]
    source = {
        "source_id": "demo",
        "title": "Invented budgets and rules of the demonstration",
        "licence": "CC0-1.0",
    }
    names = [
        {"source": "own", "name": "Fondi propri", "resource_type": "stanziamenti di bilancio"},
        {"source": "regional", "name": "Regione (inventata)", "resource_type": "altra tipologia"},
    ]
    with workspace.commit() as commit:
        commit.table("budget", tables.from_rows("budget", budgets))
        commit.table("funding_rule", tables.from_rows("funding_rule", rules))
        commit.table("funding_source", tables.from_rows("funding_source", names))
        commit.table("source", tables.from_rows("source", [source]), practice="demo")


def _tell(built: Path, season: Path, loaded: Any, planned: Any, folder: Path) -> DemoAnswer:
    """Read the summary from the finished workspace."""
    from contado.kernel import practice as practices
    from contado.kernel.workspace import WorkspaceView

    view = WorkspaceView(built)
    sections = view.layer("manto_stradale_sections").drop_columns(["geometry"]).to_pylist()
    accepted, rejected = _explained(view)
    return DemoAnswer(
        label="simulated",
        workspace=str(folder),
        layers={info.id: info.n for info in view.layers()},
        practices=sorted(practices.registered()),
        drives=loaded.loaded,
        anomalies=view.layer("manto_stradale_anomalies").num_rows,
        classes=_classes(sections, view.read("pavement_segment").to_pylist()),
        accuracy=_accuracy(sections, season / "truth_iri_100m.csv"),
        programme=_money(view),
        joint=_joint(view, planned.joint_worksites),
        accepted=accepted,
        rejected=rejected,
        seconds=0.0,
    )


def _joint(view: WorkspaceView, pairs: Sequence[JointWorksite]) -> Joint:
    """Count the pairs and sum their savings, all of them and those of works of different domains."""
    works = view.read("intervention").select(["id", "practice"]).to_pylist()
    domain = {w["id"]: w["practice"] for w in works}
    across = [pair for pair in pairs if domain[pair.a] != domain[pair.b]]
    return Joint(
        pairs=len(pairs),
        saving_eur=sum(pair.saving_eur for pair in pairs),
        across_pairs=len(across),
        across_saving_eur=sum(pair.saving_eur for pair in across),
    )


def _classes(sections: Sequence[dict[str, Any]], segments: Sequence[dict[str, Any]]) -> list[RoadClass]:
    """Count streets by the class of their mean, and kilometres by that of their segments, as pages and reports do."""
    from contado.engines.pavement.maintenance import condition

    graded = [(condition.LETTERS[s["criticality"]], s["measured_m"] / 1000) for s in segments]
    rest = sum(s["length_km"] for s in sections) - sum(km for _, km in graded)
    return [
        RoadClass(
            road_class=None if name == "none" else name,
            sections=sum((s["class"] or "none") == name for s in sections),
            length_km=km,
        )
        for name, km in condition.lengths([*graded, ("none", rest)]).items()
    ]


def _accuracy(sections: Sequence[dict[str, Any]], truth_file: Path) -> Accuracy:
    """Compare each section's estimate with its true roughness on the last simulated day."""
    from contado.kernel import tables

    by_day: dict[str, dict[str, list[float]]] = {}
    for row in tables.read(truth_file).table.to_pylist():
        by_day.setdefault(str(row["section_id"]), {}).setdefault(str(row["date"]), []).append(row["iri_m_km"])
    truth = {section: _mean(days[max(days)]) for section, days in by_day.items()}
    driven = [s for s in sections if s["iri_m_km"] is not None]
    errors = sorted(abs(s["iri_m_km"] / truth[s["section_id"]] - 1) for s in driven)
    inside = [s["iri_low_m_km"] <= truth[s["section_id"]] <= s["iri_high_m_km"] for s in driven]
    return Accuracy(
        sections=len(driven),
        median_error_pct=100 * errors[len(errors) // 2],
        within_interval_share=_mean(inside),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _money(view: Any) -> Money:
    run = view.read("run").to_pylist()[0]
    rows = view.read("programme").to_pylist()
    chosen = {r["intervention_id"] for r in rows if r["start_year"] is not None}
    return Money(
        candidates=len({r["intervention_id"] for r in rows}),
        chosen=len(chosen),
        budget_eur=sum(view.read("budget")["budget_eur"].to_pylist()),
        spent_eur=sum(r["amount_eur"] or 0.0 for r in rows),
        value_eur=run["value_eur"],
        gap_share=run["gap"],
        proof=run["proof"],
        verified=run["verified"],
    )


def _explained(view: Any) -> tuple[Explained, Explained | None]:
    """Return the best of what is in, and the best of what money alone kept out."""
    works = {r["id"]: r for r in view.read("intervention").drop_columns(["geometry"]).to_pylist()}
    rows = view.read("programme").to_pylist()
    inside = [r for r in rows if r["start_year"] is not None]
    outside = [r for r in rows if r["reason_code"] == "outranked"]
    out = max(outside, key=_margin, default=None)
    named = {r["source"]: r["name"] for r in view.read("funding_source").to_pylist()}
    return _one(works, max(inside, key=_margin), named), None if out is None else _one(works, out, named)


def _margin(row: dict[str, Any]) -> tuple[float, str]:
    margin = row["margin_eur"]
    return (float("-inf") if margin is None else margin, row["intervention_id"])


def _one(works: dict[str, Any], row: dict[str, Any], sources: Mapping[str, str]) -> Explained:
    from contado.kernel.portfolio.told import in_names

    work, titles = works[row["intervention_id"]], {key: one["name"] for key, one in works.items()}
    reasons = (
        in_names(row[name], row["reason_code"], titles, sources) for name in ("reason_it", "reason_en")
    )
    reason_it, reason_en = (reason or "" for reason in reasons)
    return Explained(
        id=work["id"],
        name=work["name"],
        cost_eur=work["cost_eur"],
        start_year=row["start_year"],
        yield_ratio=row["yield_ratio"],
        reason_it=reason_it,
        reason_en=reason_en,
        selection_frequency=row["selection_frequency"],
        robustness=row["robustness"],
    )


def _text(answer: DemoAnswer, lang: Literal["it", "en"]) -> str:
    """Write the summary that `make demo` ends with."""
    from contado.verbs._demo_text import summary

    return summary(answer, lang)


VERB = Verb(
    name="demo",
    help="Build the demonstration workspace",
    request=DemoRequest,
    answer=DemoAnswer,
    run=_run,
    extra="roads",
    needs=("numba", "osmium"),
    text=_text,
    examples=("contado demo demo",),
)
