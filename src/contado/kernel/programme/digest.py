"""What a programme of the workspace says, read once for reports: works, budgets, prices, worksites, equity."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from contado.kernel import labels
from contado.kernel.errors import TableNotFound
from contado.kernel.portfolio.told import in_names
from contado.kernel.programme.naming import intervention_name
from contado.kernel.publish.words import LANGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from contado.kernel.labels import Label
    from contado.kernel.publish.words import Lang, Words
    from contado.kernel.workspace import WorkspaceView

__all__ = ["BudgetRow", "Digest", "Effect", "Joint", "Unit", "Work", "read"]

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A candidate and what the programme decided about it; ``paid`` is EUR by name of the source."""

    id: str
    name: str
    name_en: str
    practice: str
    municipality: str | None
    cost_eur: float
    cost_low_eur: float | None
    cost_high_eur: float | None
    start_year: int | None
    paid: Mapping[str, float]
    value_eur: float | None
    yield_ratio: float | None
    reason_it: str
    reason_en: str
    selection_frequency: float | None
    robustness: str | None
    label: Label | None

    @property
    def chosen(self) -> bool:
        """Whether it is in the programme."""
        return self.start_year is not None

    @property
    def spent_eur(self) -> float:
        """What all sources pay."""
        return sum(self.paid.values())

    @property
    def mark(self) -> Literal["floor", "excluded"] | None:
        """The sign of an exception: in although it yields less than one, or out although it yields more."""
        if self.yield_ratio is None or math.isclose(self.yield_ratio, 1.0, rel_tol=1e-6):
            return None
        if self.chosen:
            return "floor" if self.yield_ratio < 1 else None
        return "excluded" if self.yield_ratio > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRow:
    """A source in a year: budget, payments, what one more euro would bring (None: no price known)."""

    source: str
    year: int
    budget_eur: float
    spent_eur: float
    price: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """Two works that start on one worksite in one year, and what that saves."""

    a: Words
    b: Words
    year: int
    saving_eur: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The sum of an indicator over the chosen works; no interval when one of them has none."""

    indicator: str
    unit: str
    value: float
    low: float | None
    high: float | None
    works: int
    label: Label | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A municipality: name and residents."""

    name: str
    residents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A programme ready to be told; works in the order of their yield."""

    territory: str
    body: str
    works: tuple[Work, ...]
    budgets: tuple[BudgetRow, ...]
    sources: tuple[Row, ...]
    """Rows of ``funding_source`` that have a budget or pay."""
    joints: tuple[Joint, ...] | None
    """None: the record of the run is not there."""
    floors: tuple[tuple[str, float, float | None], ...]
    """Municipality, least spend [EUR], price (None: not known)."""
    effects: tuple[Effect, ...]
    units: Mapping[str, Unit]
    run: Row
    settings: Row
    origins: tuple[Row, ...]
    """Rows of ``source`` that the candidates and effects name."""

    @property
    def chosen(self) -> tuple[Work, ...]:
        """The works of the programme."""
        return tuple(work for work in self.works if work.chosen)

    @property
    def years(self) -> tuple[int, ...]:
        """Years of the budgets."""
        return tuple(sorted({row.year for row in self.budgets}))

    def robust(self) -> dict[str, int]:
        """Return how many of the works chosen in some draw or in the plan are core, borderline, exterior."""
        kinds = [w.robustness for w in self.works if w.robustness and (w.chosen or w.selection_frequency)]
        return {k: kinds.count(k) for k in ("core", "borderline", "exterior")} if kinds else {}

    def never_chosen(self) -> int:
        """Return how many works have a sturdiness and are chosen neither in the plan nor in any draw."""
        known = sum(w.robustness is not None for w in self.works)
        return known - sum(self.robust().values())

    def label(self) -> Label | None:
        """Return the weakest way in which the numbers of the candidates were born."""
        return labels.weakest(w.label for w in self.works)


def read(view: WorkspaceView, types: Mapping[str, Words] | None = None) -> Digest:
    """Read the programme that stands in a workspace.

    Parameters
    ----------
    types
        Names of the types of intervention by code, by which works have an English name; else they keep the given one.

    Raises
    ------
    TableNotFound
        There is none yet.
    """
    decided = _grouped(_rows(view, "programme"), "intervention_id")
    runs = [r for r in _rows(view, "run") if r["verb"] == "plan"]
    if not runs:
        raise TableNotFound("The workspace has no programme yet.", hint="run `contado plan` first")
    found, named = _rows(view, "intervention"), _source_names(view)
    units = _units(view)
    titles = {str(r["id"]): intervention_name(r, types or {}) for r in found}
    told = {lang: {key: title.of(lang) for key, title in titles.items()} for lang in LANGS}
    works = [_work(r, decided.get(str(r["id"]), []), told, named, units) for r in found]
    works.sort(key=lambda w: (w.yield_ratio is None, -(w.yield_ratio or 0.0), w.id))
    budgets = _budgets(_rows(view, "budget"), decided, _rows(view, "price"), named)
    kept = {w.id for w in works if w.chosen}
    effects = [r for r in _rows(view, "effect") if r["intervention_id"] in kept]
    return Digest(
        territory=view.settings.territory.name or view.settings.workspace.name,
        body=view.settings.body.name,
        works=tuple(works),
        budgets=budgets,
        sources=tuple(_paying(view, budgets)),
        joints=_joints(view, runs[-1], works, titles),
        floors=_floors(_rows(view, "floor"), _rows(view, "price"), units),
        effects=tuple(_effects(effects)),
        units=units,
        run=runs[-1],
        settings=json.loads(runs[-1]["settings_json"] or "{}"),
        origins=_origins(view, [*found, *effects]),
    )


def _rows(view: WorkspaceView, name: str) -> list[Row]:
    table = view.read(name)
    found: list[Row] = (
        table.drop_columns(["geometry"]) if "geometry" in table.column_names else table
    ).to_pylist()
    return found


def _grouped(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    out: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        out[str(row[column])].append(row)
    return dict(out)


def _source_names(view: WorkspaceView) -> dict[str, str]:
    return {str(r["source"]): str(r["name"] or r["source"]) for r in _rows(view, "funding_source")}


def _units(view: WorkspaceView) -> dict[str, Unit]:
    rows = [r for r in _rows(view, "territory_unit") if r["kind"] == "municipality" and not r["valid_to"]]
    return {str(r["istat6"]): Unit(name=str(r["name_it"]), residents=r["pop"]) for r in rows}


def _work(
    row: Row,
    decided: Sequence[Row],
    titles: Mapping[Lang, Mapping[str, str]],
    named: Mapping[str, str],
    units: Mapping[str, Unit],
) -> Work:
    head: Row = decided[0] if decided else {}
    paid: dict[str, float] = defaultdict(float)
    for payment in decided:
        if payment["source"]:
            paid[named.get(payment["source"], payment["source"])] += payment["amount_eur"] or 0.0
    key, code = str(row["id"]), row["municipality"]
    return Work(
        id=key,
        name=titles["it"][key],
        name_en=titles["en"][key],
        practice=str(row["practice"]),
        municipality=units[code].name if code in units else code,
        cost_eur=float(row["cost_eur"]),
        cost_low_eur=row["cost_low_eur"],
        cost_high_eur=row["cost_high_eur"],
        start_year=head.get("start_year"),
        paid=dict(paid),
        value_eur=head.get("value_eur"),
        yield_ratio=head.get("yield_ratio"),
        reason_it=in_names(head.get("reason_it"), head.get("reason_code"), titles["it"], named) or "",
        reason_en=in_names(head.get("reason_en"), head.get("reason_code"), titles["en"], named) or "",
        selection_frequency=head.get("selection_frequency"),
        robustness=head.get("robustness"),
        label=row["label"],
    )


def _budgets(
    budgets: Sequence[Row],
    decided: Mapping[str, Sequence[Row]],
    prices: Sequence[Row],
    named: Mapping[str, str],
) -> tuple[BudgetRow, ...]:
    there: dict[tuple[str, int], float] = defaultdict(float)
    for row in budgets:
        there[row["source"], row["year"]] += row["budget_eur"]
    spent: dict[tuple[str, int], float] = defaultdict(float)
    for payments in decided.values():
        for row in payments:
            if row["source"]:
                spent[row["source"], row["year"]] += row["amount_eur"] or 0.0
    priced = {(r["key"], r["year"]): r["price"] for r in prices if r["kind"] == "budget"}
    return tuple(
        BudgetRow(
            source=named.get(source, source),
            year=year,
            budget_eur=amount,
            spent_eur=spent[source, year],
            price=priced.get((source, year)),
        )
        for (source, year), amount in sorted(there.items())
    )


def _paying(view: WorkspaceView, budgets: Sequence[BudgetRow]) -> list[Row]:
    """Return the sources of the budgets with name, type of resource and act, the unnamed ones too."""
    known = {str(r["name"] or r["source"]): r for r in _rows(view, "funding_source")}
    blank = {"resource_type": None, "law": None}
    return [{**blank, **known.get(name, {}), "name": name} for name in sorted({b.source for b in budgets})]


def _joints(
    view: WorkspaceView, run: Row, works: Sequence[Work], titles: Mapping[str, Words]
) -> tuple[Joint, ...] | None:
    """Return the pairs of the run's record that start together; None where the record is not there."""
    import pyarrow.parquet as pq

    file = view.path / "runs" / str(run["run_id"]) / "inputs" / "relation.parquet"
    if not file.is_file():
        return None
    starts = {w.id: w.start_year for w in works if w.start_year is not None}
    pairs = [r for r in pq.read_table(file).to_pylist() if r["kind"] == "joint_worksite"]
    return tuple(
        Joint(a=titles[r["a"]], b=titles[r["b"]], year=starts[r["a"]], saving_eur=r["saving_eur"] or 0.0)
        for r in pairs
        if r["a"] in starts and starts[r["a"]] == starts.get(r["b"])
    )


def _floors(
    floors: Sequence[Row], prices: Sequence[Row], units: Mapping[str, Unit]
) -> tuple[tuple[str, float, float | None], ...]:
    priced = {r["key"]: r["price"] for r in prices if r["kind"] == "floor"}
    return tuple(
        (units[r["key"]].name if r["key"] in units else r["key"], r["min_spend_eur"], priced.get(r["key"]))
        for r in floors
        if r["kind"] == "municipality"
    )


def _effects(rows: Sequence[Row]) -> list[Effect]:
    """Sum each indicator over the chosen works, where the registry says that it adds up."""
    from contado.kernel.tables.schema import indicators

    registry = indicators()
    found = []
    for name, group in sorted(_grouped(rows, "indicator").items()):
        known = [r for r in group if r["value"] is not None]
        if not known or name not in registry or registry[name].aggregation != "sum":
            continue
        bounded = all(r["low"] is not None and r["high"] is not None for r in known)
        found.append(
            Effect(
                indicator=name,
                unit=str(known[0]["unit"]),
                value=sum(r["value"] for r in known),
                low=sum(r["low"] for r in known) if bounded else None,
                high=sum(r["high"] for r in known) if bounded else None,
                works=len({r["intervention_id"] for r in known}),
                label=labels.weakest(r["label"] for r in known),
            )
        )
    return found


def _origins(view: WorkspaceView, rows: Iterable[Row]) -> tuple[Row, ...]:
    budgets, rules = _rows(view, "budget"), _rows(view, "funding_rule")
    named = {r.get("source_id") for r in (*rows, *budgets, *rules)}
    return tuple(r for r in _rows(view, "source") if r["source_id"] in named)
