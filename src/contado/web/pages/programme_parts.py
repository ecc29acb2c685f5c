"""Parts of the programme: budgets with their prices and the value curve, equity, method."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contado.kernel.errors import DataError
from contado.kernel.portfolio.increments import Step
from contado.kernel.portfolio.reprice import reprice
from contado.kernel.publish import charts
from contado.web import i18n, style
from contado.web.data import runs
from contado.web.data.equity import BANDS, BREAKS
from contado.web.data.view import rows, text
from contado.web.pages.drawings import Scale, choropleth
from contado.web.pages.programme import TABS, context
from contado.web.pages.tablepages import slice_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from contado.kernel.portfolio.reprice import Estimate
    from contado.web.data.equity import Spend
    from contado.web.data.programme import Cell, Programme
    from contado.web.page import Page
    from contado.web.pages.drawings import MapView
    from contado.web.site import Site

__all__ = [
    "CurveRow",
    "Input",
    "Share",
    "budgets",
    "curve",
    "equity",
    "estimate",
    "euros",
    "inputs",
    "method",
    "rules",
    "shares",
]

_PRICE_NAMES = ("zero", "< 1", "1–1,5", "1,5–2", "≥ 2")


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveRow:
    """A step of the value curve with what changes from the step before [EUR, counts]."""

    scale: float
    budget: float
    value: float | None
    bound: float | None
    gap: float | None
    chosen: int
    euro: float | None
    """Value of each euro more than the step before."""
    entered: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How much of the programme rests on data born in one way."""

    label: str | None
    candidates: int
    chosen: int
    value: float
    share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A table that the run read: rows and the sha256 of its content."""

    table: str
    rows: int | None
    sha256: str


def budgets(page: Page) -> Response:
    """Render budgets, prices, what more or less money would buy, and a word on budgets of one's own."""
    programme = page.site.programme
    query = page.query(*(_field(c) for c in programme.cells))
    asked = {k: v for k, v in query.items() if euros(v) is not None}
    found = curve(programme)
    breaks = style.load().breaks["budget_price"]
    classes = {
        (c.source, c.year): style.classify(c.price, breaks) for c in programme.cells if c.price is not None
    }
    names = [n if page.lang == "it" else n.replace(",", ".") for n in _PRICE_NAMES]
    counts = Counter(classes.values())
    return page.render(
        "budgets.html",
        **context(page, dict(TABS)["budgets"]),
        classes=classes,
        legend=[(i, name, counts[i]) for i, name in enumerate(names)],
        unpriced=len(programme.cells) - len(classes),
        curve=found,
        field=_field,
        asked=asked,
        cell_of={(c.source, c.year): c for c in programme.cells},
        wrong=sorted(query.keys() - asked.keys()),
        estimate=estimate(programme, asked),
        nested=all(row.left == 0 for row in found),
        wide=_drawn(page, found, 740, 300),
        narrow=_drawn(page, found, 340, 250),
    )


def _field(cell: Cell) -> str:
    """Return the parameter that holds a budget of one's own."""
    return f"{cell.source} {cell.year}"


def euros(written: str) -> float | None:
    """Read an amount as Italian and English readers write it: 390000, 390.000, 390,000.50, 390.000,50."""
    text = re.sub(r"[\s€]", "", written)
    if re.fullmatch(r"\d{1,3}([.,]\d{3})+", text) or not re.search(r"[.,]\d{1,2}$", text):
        digits = re.sub(r"[.,](?=\d{3})", "", text)
    else:
        head, cents = re.split(r"[.,](?=\d{1,2}$)", text)
        digits = re.sub(r"[.,]", "", head) + "." + cents
    return float(digits) if re.fullmatch(r"\d+(\.\d{1,2})?", digits) else None


def estimate(programme: Programme, asked: Mapping[str, str]) -> Estimate | DataError | None:
    """Return what today's prices say of the budgets asked for, or why they say nothing; None = nothing asked."""
    run, cells = programme.run, {(c.source, c.year): c for c in programme.cells}
    edited = {k: e for k, c in cells.items() if (e := euros(asked.get(_field(c), ""))) is not None}
    edited = {k: e for k, e in edited.items() if e != cells[k].budget}
    if run is None or run.value is None or run.bound is None or not edited:
        return None
    try:
        return reprice(
            value_eur=run.value,
            bound_eur=run.bound,
            proof=run.proof or "none",
            budgets={k: c.budget for k, c in cells.items()},
            spent={k: c.spent for k, c in cells.items()},
            prices={k: c.price for k, c in cells.items() if c.price is not None},
            edited=edited,
        )
    except DataError as error:
        return error


def curve(programme: Programme) -> list[CurveRow]:
    """Return the value curve that the run stored; without one there are no rows.

    At today's budgets the row is the programme itself: the curve plans anew, and another plan may be as good
    within the gap.
    """
    increments = programme.details.increments
    out: list[CurveRow] = []
    before: set[str] = set()
    for planned in increments.steps if increments else ():
        step = _today(programme, planned) if planned.scale == 1 else planned
        budget, chosen = step.scale * programme.budget, set(step.chosen)
        last = out[-1] if out else None
        euro = None
        if last and last.value is not None and step.value is not None and budget > last.budget:
            euro = (step.value - last.value) / (budget - last.budget)
        out.append(
            CurveRow(
                scale=step.scale,
                budget=budget,
                value=step.value,
                bound=step.bound,
                gap=step.gap,
                chosen=len(chosen),
                euro=euro,
                entered=len(chosen - before) if last else 0,
                left=len(before - chosen) if last else 0,
            )
        )
        before = chosen
    return out


def _today(programme: Programme, planned: Step) -> Step:
    """Return the programme as a step of the curve; what was planned anew where the run's value is not known."""
    run = programme.run
    if run is None or run.value is None:
        return planned
    chosen = [c.id for c in programme.chosen]
    return Step(scale=planned.scale, value=run.value, bound=run.bound, gap=run.gap, chosen=chosen)


def _drawn(page: Page, found: Sequence[CurveRow], width: float, height: float) -> str:
    steps = [
        charts.Step(r.budget, r.value, max(r.bound or r.value, r.value), r.scale == 1)
        for r in found
        if r.value is not None
    ]
    if len(steps) < 2:
        return ""
    say, digits = page.say, i18n.million_digits(steps[-1].budget)

    def axis(value: float) -> str:
        return i18n.number(value / 1e6, page.lang, digits)

    first, last = (f"{axis(s.budget)} → {axis(s.value)}" for s in (steps[0], steps[-1]))
    return charts.value_curve(
        steps,
        label=say(
            f"Valore del programma al crescere dei bilanci, milioni di euro: da {first} a {last}",
            f"Value of the programme as budgets grow, million euros: from {first} to {last}",
        ),
        words=(
            say("tutti i bilanci, milioni di €", "all budgets, million €"),
            say("valore, milioni di € (da zero)", "value, million € (from zero)"),
            say("oggi", "today"),
        ),
        axis=axis,
        width=width,
        height=height,
    )


def equity(page: Page) -> Response:
    """Render who gets how much, and what floors cost."""
    query = page.query("sort", "page")
    found = page.site.programme.spends
    sorts = {
        "head": lambda s: (-(s.head or 0.0), s.unit.name),
        "name": lambda s: s.unit.name,
        "spend": lambda s: (-s.spend, s.unit.name),
        "residents": lambda s: (-(s.unit.residents or 0), s.unit.name),
    }
    sort = query["sort"] if query.get("sort") in sorts else "head"
    return page.render(
        "equity.html",
        **context(page, dict(TABS)["equity"]),
        map=_head_map(page, found),
        table=slice_rows(page, sorted(found, key=sorts[sort]), query, "equity"),
        query=query,
        sort=sort,
        borders=page.borders_label or "measured",
    )


def _head_map(page: Page, found: Sequence[Spend]) -> MapView:
    say = page.say

    def told(value: float) -> str:
        return say(
            f"{i18n.number(value, 'it', 1)} € per residente", f"€{i18n.number(value, 'en', 1)} a resident"
        )

    return choropleth(
        page,
        {s.unit.code: s.head for s in found if s.head is not None},
        Scale(breaks=BREAKS, names=[b.of(page.lang) for b in BANDS], ramp="fill", text=told),
        title=say("Spesa del programma per residente", "Spend of the programme per resident"),
        sentence=say(
            "Spesa del programma per residente nei comuni",
            "Spend of the programme per resident in the municipalities",
        ),
        label=page.site.programme.label,
    )


def method(page: Page) -> Response:
    """Render how the programme was calculated: gap, proof, what it rests on, inputs, rules."""
    page.query()
    programme = page.site.programme
    record = runs.record_of(page.site.view, programme.run.id if programme.run else None)
    return page.render(
        "method.html",
        **context(page, dict(TABS)["method"]),
        shares=shares(programme),
        inputs=inputs(page.site),
        rules=rules(page.site),
        asked=record.get("settings", {}),
        versions=record.get("versions", {}),
        own=page.site.view.settings.planning,
    )


def shares(programme: Programme) -> list[Share]:
    """Return how candidates, chosen ones and value split by the way their data were born."""
    total = sum(c.value or 0.0 for c in programme.chosen)
    out = []
    for label in ("measured", "estimated", "to_confirm", "simulated", None):
        mine = [c for c in programme.candidates if c.label == label]
        if mine:
            value = sum(c.value or 0.0 for c in mine if c.chosen)
            out.append(
                Share(
                    label=label,
                    candidates=len(mine),
                    chosen=sum(c.chosen for c in mine),
                    value=value,
                    share=value / total if total else None,
                )
            )
    return out


def inputs(site: Site) -> list[Input]:
    """Return the tables that the run read, as its record or the table of runs names them."""
    run = site.programme.run
    if run is None:
        return []
    hashes: dict[str, str] = runs.record_of(site.view, run.id).get("inputs", {})
    if not hashes:
        row = next((r for r in rows(site.view, "run") if r["run_id"] == run.id), {})
        hashes = json.loads(text(row, "inputs_json") or "{}")
    counted = {name: len(runs.inputs_of(site.view, run.id, name)) for name in hashes}
    folder = site.view.path / "runs" / run.id / "inputs"
    return [
        Input(table=name, rows=counted[name] if folder.is_dir() else None, sha256=digest)
        for name, digest in sorted(hashes.items())
    ]


def rules(site: Site) -> list[Mapping[str, Any]]:
    """Return the funding rules that the run applied, as it read them, with the names of the sources."""
    run = site.programme.run
    named = {str(r["source"]): text(r, "name") or str(r["source"]) for r in rows(site.view, "funding_source")}
    found = runs.inputs_of(site.view, run.id, "funding_rule") if run else []
    found = found or rows(site.view, "funding_rule")
    return [r | {"name": named.get(str(r["source"]), str(r["source"]))} for r in found]
