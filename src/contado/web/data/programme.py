"""The programme of the workspace: what it buys, how near to the best, how sturdy, and why."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from contado.kernel.portfolio.details import Details
from contado.kernel.portfolio.joint import pairs_of
from contado.kernel.portfolio.told import in_names
from contado.kernel.programme.naming import intervention_name
from contado.practices.names import type_names
from contado.web.data import runs
from contado.web.data.equity import Band, Floor, Spend, bands, floors, spends
from contado.web.data.view import real, rows, text
from contado.web.i18n import LANGS, Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.kernel.portfolio.breakeven import Explanation
    from contado.kernel.portfolio.details import SitePair
    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.territory import Territory
    from contado.web.data.view import Row
    from contado.web.i18n import Lang

__all__ = ["Candidate", "Cell", "Programme", "Proposed", "Run", "by_intervention", "load", "proposed"]

Robustness = Literal["core", "borderline", "exterior"]
_WEAK = {"simulated", "estimated", "to_confirm"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An intervention and what the programme decided about it; ``payments``: source, year, EUR.

    ``eligible`` is the cost of which a funding rule pays a share, before what a shared worksite saves [EUR].
    ``yield_`` is value per euro at the budgets' prices: 1 on the line. ``mark`` tells an exception: in by a
    floor, or out because another excludes it.
    """

    id: str
    name: Words
    practice: str
    type: str
    code: str | None
    municipality: str | None
    cost: float
    cost_low: float | None
    cost_high: float | None
    eligible: float
    year: int | None
    sources: tuple[str, ...]
    paid: float
    value: float | None
    margin: float | None
    yield_: float | None
    chosen: bool
    mark: Literal["floor", "excluded"] | None
    reason: Words | None
    reason_code: str | None
    benefit: float | None
    payments: tuple[tuple[str, int, float], ...]
    frequency: float | None
    robustness: str | None
    label: str | None
    site: str | None
    asset: str | None

    @property
    def spent(self) -> float:
        """What is paid for it, shared worksites taken off; its cost where no payments are known."""
        return self.paid or self.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A budget of a source in a year: what there is, what is spent, what one more euro would bring."""

    source: str
    year: int
    budget: float
    spent: float
    price: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How the programme was calculated."""

    id: str
    status: str
    value: float | None
    bound: float | None
    gap: float | None
    proof: str | None
    verified: bool | None
    method: str | None
    solver: str | None
    seed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """Candidates in the order of their yield, budgets, equity, run."""

    candidates: tuple[Candidate, ...] = ()
    cells: tuple[Cell, ...] = ()
    floors: tuple[Floor, ...] = ()
    spends: tuple[Spend, ...] = ()
    run: Run | None = None
    details: Details = field(default_factory=Details)
    pairs: tuple[SitePair, ...] = ()
    """Interventions that can share a worksite: found by the plan between practices, or handed in by one."""
    on: str | None = None

    @property
    def exists(self) -> bool:
        """Whether anything was decided."""
        return any(c.chosen for c in self.candidates) or self.run is not None

    @property
    def chosen(self) -> tuple[Candidate, ...]:
        """The interventions of the programme."""
        return tuple(c for c in self.candidates if c.chosen)

    @property
    def years(self) -> tuple[int, ...]:
        """Years of the budgets, else of the starts."""
        budgeted = {c.year for c in self.cells} or {c.year for c in self.candidates if c.year}
        return tuple(sorted(budgeted))

    @property
    def sources(self) -> tuple[str, ...]:
        """Who pays, by name."""
        return tuple(sorted({c.source for c in self.cells}))

    @property
    def spent(self) -> float:
        """Payments of the chosen ones."""
        return sum(c.spent for c in self.chosen)

    @property
    def budget(self) -> float:
        """All budgets together."""
        return sum(c.budget for c in self.cells)

    @property
    def weak_share(self) -> float | None:
        """Share of the value that rests on simulated, estimated or unconfirmed inputs."""
        total = sum(c.value or 0.0 for c in self.chosen)
        weak = sum(c.value or 0.0 for c in self.chosen if c.label in _WEAK)
        return weak / total if total else None

    @property
    def simulated(self) -> bool:
        """Whether any candidate rests on simulated data."""
        return any(c.label == "simulated" for c in self.candidates)

    def robust(self) -> dict[str, int]:
        """Return how many of the chosen and borderline interventions are core, borderline, exterior."""
        kinds = [c.robustness for c in self.candidates if c.robustness and (c.chosen or c.frequency)]
        return {k: kinds.count(k) for k in ("core", "borderline", "exterior")} if kinds else {}

    @property
    def never_chosen(self) -> int:
        """How many candidates have a sturdiness and are chosen neither in the plan nor in any draw."""
        return sum(c.robustness is not None for c in self.candidates) - sum(self.robust().values())

    @property
    def label(self) -> str:
        """How the weakest of the candidates was born."""
        present = {c.label for c in self.candidates}
        return next((k for k in ("simulated", "estimated", "measured") if k in present), "estimated")

    @property
    def bands(self) -> tuple[Band, ...]:
        """Municipalities by spend for each resident; none where nothing was decided."""
        return bands(self.spends) if any(s.spend for s in self.spends) else ()

    def around(self, n: int = 4) -> tuple[list[Candidate], list[Candidate]]:
        """Return the last ``n`` to enter and the first ``n`` left out, the exceptions after the others."""
        known = [c for c in self.candidates if c.yield_ is not None]
        return _nearest([c for c in known if c.chosen], n), _nearest([c for c in known if not c.chosen], n)

    def a_yes(self) -> Candidate | None:
        """Return the last that enters by its own yield, one with exact figures before the others."""
        inside = [c for c in self.candidates if c.chosen and c.yield_ is not None]
        exact = [c for c in inside if self.exact(c)]
        above = [c for c in inside if c.yield_ is not None and c.yield_ > 1 + 1e-6]
        return next(iter([*exact, *above[::-1], *inside]), None)

    def a_no(self) -> Candidate | None:
        """Return the first that is left out by its own yield, one with exact figures before the others."""
        outside = [c for c in self.candidates if not c.chosen and c.yield_ is not None]
        exact = [c for c in outside if self.exact(c)]
        below = [c for c in outside if c.mark is None and c.reason_code != "excluded_by"]
        return next(iter([*exact, *below, *outside]), None)

    def exact(self, candidate: Candidate) -> Explanation | None:
        """Return the figures of a re-solve, where there are any and the best plan decides the same."""
        found = self.details.explanation(candidate.id)
        return found if found is not None and found.chosen == candidate.chosen else None

    def by_id(self, intervention_id: str) -> Candidate | None:
        """Return a candidate."""
        return next((c for c in self.candidates if c.id == intervention_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """Interventions of one type that a practice proposes."""

    type: str
    n: int
    cost: float
    cost_low: float | None
    cost_high: float | None
    chosen: int
    effect: float | None
    effect_unit: str | None
    label: str | None


def load(view: View, territory: Territory) -> Programme:
    """Read interventions, programme, prices, budgets and the latest run of `plan`."""
    named = {str(r["source"]): text(r, "name") or str(r["source"]) for r in rows(view, "funding_source")}
    payments = [_with_name(r, "source", named) for r in rows(view, "programme")]
    names = {u.code: u.name for u in territory.units}
    found = rows(view, "intervention")
    types = type_names(view)
    titles = {str(r["id"]): intervention_name(r, types) for r in found}
    told = {lang: {key: title.of(lang) for key, title in titles.items()} for lang in LANGS}
    payments = [r | _told(r, told, named) for r in payments]
    decided = by_intervention(payments)
    candidates = [_candidate(r, titles[str(r["id"])], decided.get(str(r["id"]), []), names) for r in found]
    candidates.sort(key=lambda c: (-(c.yield_ if c.yield_ is not None else -1.0), c.id))
    prices = [_with_name(r, "key", named) for r in rows(view, "price")]
    run = _run(rows(view, "run"))
    budgets = [_with_name(r, "source", named) for r in rows(view, "budget")]
    details = runs.details_of(view, run.id if run else None)
    return Programme(
        candidates=tuple(candidates),
        cells=_cells(budgets, payments, prices),
        floors=floors(view, _floor_prices(prices), candidates, territory),
        spends=tuple(spends(candidates, territory)),
        run=run,
        details=details,
        pairs=tuple(pairs_of(details.worksites, _relations(view, run))),
        on=_written_on(view, run),
    )


def _relations(view: View, run: Run | None) -> list[Row]:
    """Return the relations as the run read them; the workspace's where it left no record."""
    if run is not None and runs.record_of(view, run.id):
        return runs.inputs_of(view, run.id, "relation")
    return rows(view, "relation")


def _floor_prices(prices: Sequence[Row]) -> dict[str, float]:
    return {str(r["key"]): float(r["price"]) for r in prices if r.get("kind") == "floor"}


def _written_on(view: View, run: Run | None) -> str | None:
    """Return the day of the programme: of its layer, else of its record."""
    layer = next((i.updated_at for i in view.layers() if i.id == "programme"), None)
    if layer:
        return layer
    return next((r.on.isoformat() for r in runs.stored(view) if run and r.id == run.id), None)


def _nearest(found: Sequence[Candidate], n: int) -> list[Candidate]:
    """Return those nearest to the line, by yield: ``n - 1`` that follow it, and an exception where there is one."""

    def odd(c: Candidate) -> bool:
        return c.mark is not None or c.reason_code == "excluded_by"

    near = sorted(found, key=lambda c: (abs((c.yield_ or 0.0) - 1), c.id))
    kept = [c for c in near if not odd(c)][: n - 1]
    others = sorted((c for c in near if c not in kept), key=odd, reverse=True)
    return sorted([*kept, *others[: n - len(kept)]], key=lambda c: (odd(c), -(c.yield_ or 0.0)))


def proposed(programme: Programme, view: View, practice: str) -> list[Proposed]:
    """Return what a practice proposes, by type, with cost interval and effect summed over the options."""
    own = sorted((c for c in programme.candidates if c.practice == practice), key=lambda c: c.type)
    effects = by_intervention(rows(view, "effect"))
    return [_type_row(kind, list(group), effects) for kind, group in itertools.groupby(own, lambda c: c.type)]


def _type_row(kind: str, group: list[Candidate], effects: Mapping[str, list[Row]]) -> Proposed:
    own = [e for c in group for e in effects.get(c.id, [])]
    main = text(own[0], "indicator") if own else None
    known = [v for e in own if e.get("indicator") == main and (v := real(e, "value")) is not None]
    bounded = all(c.cost_low is not None and c.cost_high is not None for c in group)
    labels = {c.label for c in group}
    return Proposed(
        type=kind,
        n=len(group),
        cost=sum(c.cost for c in group),
        cost_low=sum(c.cost_low or 0.0 for c in group) if bounded else None,
        cost_high=sum(c.cost_high or 0.0 for c in group) if bounded else None,
        chosen=sum(c.chosen for c in group),
        effect=sum(known) if known else None,
        effect_unit=text(own[0], "unit") if own else None,
        label=next((name for name in ("simulated", "estimated", "measured") if name in labels), None),
    )


def by_intervention(found: Sequence[Row]) -> dict[str, list[Row]]:
    """Return rows by the intervention that they belong to."""
    out: dict[str, list[Row]] = {}
    for row in found:
        out.setdefault(str(row["intervention_id"]), []).append(row)
    return out


def _told(row: Row, names: Mapping[Lang, Mapping[str, str]], named: Mapping[str, str]) -> Row:
    """Return the reasons with the names of interventions (by language) and sources in place of their keys."""
    return {
        f"reason_{lang}": in_names(text(row, f"reason_{lang}"), text(row, "reason_code"), names[lang], named)
        for lang in LANGS
    }


def _with_name(row: Row, column: str, named: Mapping[str, str]) -> Row:
    """Return the row with the source's name in place of its key."""
    return row | {column: named.get(str(row.get(column)), row.get(column))}


def _candidate(row: Row, title: Words, decided: list[Row], names: Mapping[str, str]) -> Candidate:
    code = text(row, "municipality")
    head = decided[0] if decided else {}
    chosen = any(
        bool(d["chosen"]) if d.get("chosen") is not None else d.get("start_year") is not None for d in decided
    )
    value, margin = real(head, "value_eur") or real(row, "benefit_eur"), real(head, "margin_eur")
    reason_it, reason_en = text(head, "reason_it"), text(head, "reason_en")
    return Candidate(
        id=str(row["id"]),
        name=title,
        practice=str(row["practice"]),
        type=str(row["type"]),
        code=code,
        municipality=names.get(code or "") or code,
        cost=(cost := real(row, "cost_eur") or 0.0),
        cost_low=real(row, "cost_low_eur"),
        cost_high=real(row, "cost_high_eur"),
        eligible=cost if (base := real(row, "eligible_cost_eur")) is None else base,
        year=_whole(head, "start_year") if chosen else None,
        sources=tuple(sorted({str(d["source"]) for d in decided if d.get("source")})) if chosen else (),
        paid=sum(real(d, "amount_eur") or 0.0 for d in decided) if chosen else 0.0,
        value=value,
        margin=margin,
        yield_=_yield(head, value, margin),
        chosen=chosen,
        mark=_mark(_yield(head, value, margin), chosen=chosen),
        reason=Words(reason_it, reason_en or reason_it) if reason_it else None,
        reason_code=text(head, "reason_code"),
        benefit=real(row, "benefit_eur"),
        payments=tuple(
            (str(d["source"]), int(d["year"]), real(d, "amount_eur") or 0.0)
            for d in decided
            if chosen and d.get("source") and d.get("year") is not None
        ),
        frequency=real(head, "selection_frequency"),
        robustness=text(head, "robustness"),
        label=text(row, "label"),
        site=text(row, "site_id"),
        asset=text(row, "asset_id"),
    )


def _yield(head: Row, value: float | None, margin: float | None) -> float | None:
    """Value per euro at the budgets' prices: as `plan` wrote it, else value over (value less margin)."""
    ratio = real(head, "yield_ratio")
    if ratio is not None:
        return ratio
    if value is None or margin is None or value - margin <= 0:
        return None
    return value / (value - margin)


def _mark(yield_: float | None, *, chosen: bool) -> Literal["floor", "excluded"] | None:
    """Return the sign of an exception: in below the line, or out above it."""
    if yield_ is None or math.isclose(yield_, 1.0, rel_tol=1e-6):
        return None
    if chosen:
        return "floor" if yield_ < 1 else None
    return "excluded" if yield_ > 1 else None


def _cells(budgets: Sequence[Row], payments: Sequence[Row], prices: Sequence[Row]) -> tuple[Cell, ...]:
    spent: dict[tuple[str, int], float] = {}
    for row in payments:
        year = _whole(row, "year", "start_year")
        if text(row, "source") and year is not None:
            key = (str(row["source"]), year)
            spent[key] = spent.get(key, 0.0) + (real(row, "amount_eur") or 0.0)
    priced = {
        (str(r.get("key") or r.get("source")), _whole(r, "year")): real(r, "price")
        for r in prices
        if r.get("kind", "budget") == "budget"
    }
    there: dict[tuple[str, int], float] = {}
    for row in budgets:
        key = (str(row["source"]), int(row["year"]))
        there[key] = there.get(key, 0.0) + (real(row, "budget_eur", "amount_eur") or 0.0)
    return tuple(
        Cell(source=s, year=y, budget=b, spent=spent.get((s, y), 0.0), price=priced.get((s, y)))
        for (s, y), b in sorted(there.items())
    )


def _run(found: Sequence[Row]) -> Run | None:
    plans = [r for r in found if r.get("verb") in {None, "plan"}]
    if not plans:
        return None
    row = plans[-1]
    verdict = row.get("verified")
    if verdict is None and row.get("verdict") is not None:
        verdict = row["verdict"] in {"ok", "verified", True}
    return Run(
        id=str(row["run_id"]),
        status=str(row.get("status")),
        value=real(row, "value_eur"),
        bound=real(row, "bound_eur"),
        gap=real(row, "gap", "gap_share"),
        proof=text(row, "proof"),
        verified=verdict,
        method=text(row, "method"),
        solver=text(row, "solver"),
        seed=_whole(row, "seed"),
    )


def _whole(row: Row, *names: str) -> int | None:
    value = real(row, *names)
    return None if value is None else round(value)
