"""The programme in brief, and what all its pages share: tabs, title, the estimate behind a yes or a no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from contado.kernel.portfolio.told import counted, never_chosen
from contado.kernel.publish import charts
from contado.web import i18n
from contado.web.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from contado.web.data.programme import Candidate, Programme
    from contado.web.page import Page

__all__ = ["TABS", "Otherwise", "brief", "context", "otherwise"]

TABS: tuple[tuple[str, Words], ...] = (
    ("programme", Words("In breve", "In brief")),
    ("candidates", Words("Candidati", "Candidates")),
    ("budgets", Words("Bilanci", "Budgets")),
    ("worksites", Words("Mappa dei cantieri", "Map of worksites")),
    ("equity", Words("Equità", "Equity")),
    ("method", Words("Come è stato calcolato", "How it was calculated")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Otherwise:
    """What it would cost to decide otherwise [EUR]; ``exact``: by a re-solve, else at the budgets' prices.

    An exact figure that is None does not exist, unless ``unfinished``: then the time did not suffice for it.
    """

    exact: bool
    loss: float | None
    cost: float | None
    benefit: float | None
    unfinished: frozenset[str] = frozenset()


def otherwise(programme: Programme, c: Candidate) -> Otherwise | None:
    """Return the figures of a re-solve where the run stored them, else what today's prices say.

    At the prices a euro of cost takes ``value / (yield x cost)`` of value elsewhere, so the margin is what
    deciding otherwise costs, and cost times yield, benefit over yield are where the margin is zero. An
    intervention kept out by another one, or that nothing can pay, has no such estimate.
    """
    if (found := programme.exact(c)) is not None:
        loss = found.loss_if_removed_eur if c.chosen else found.loss_if_forced_eur
        return Otherwise(
            exact=True,
            loss=loss,
            cost=found.break_even_cost_eur,
            benefit=found.break_even_benefit_eur,
            unfinished=frozenset(
                name.removeprefix("break_even_").partition("_")[0] for name in found.unfinished
            ),
        )
    if c.margin is None or not c.yield_ or c.mark is not None or c.reason_code == "excluded_by":
        return None
    benefit = c.benefit / c.yield_ if c.benefit is not None else None
    return Otherwise(exact=False, loss=abs(c.margin), cost=c.cost * c.yield_, benefit=benefit)


def _title(page: Page, programme: Programme) -> str:
    years = programme.years
    span = f" {years[0]}–{years[-1]}" if years else ""
    return page.say("Programma", "Programme") + span


def context(page: Page, crumb: Words | None) -> dict[str, Any]:
    """Return what the frame of every page of the programme needs."""
    programme = page.site.programme
    title = _title(page, programme)
    crumbs: list[tuple[str, str | None]] = [(title, None)]
    if crumb is not None:
        crumbs = [(title, page.url("programme")), (crumb.of(page.lang), None)]
    plain = {c.entry.practice: c.entry.plain.of(page.lang) for c in page.site.cards}
    return {
        "simulated": programme.simulated,
        "crumbs": crumbs,
        "programme": programme,
        "heading": title,
        "tabs": TABS,
        "plain": plain,
        "planner": page.principal.scope.may("programme.planned"),
        "otherwise": otherwise,
        "csv": lambda table, query=None: _csv(table, query),
    }


def _csv(table: str, query: Mapping[str, object] | None) -> str:
    """Return the address of a table as CSV, with the same query as the page."""
    kept = {k: v for k, v in (query or {}).items() if v not in {None, ""} and k not in {"page", "sort"}}
    return f"/programma/{table}.csv" + (f"?{urlencode(kept)}" if kept else "")


def brief(page: Page) -> Response:
    """Render the programme in brief."""
    page.query()
    programme = page.site.programme
    inside, outside = programme.around()
    draws, draws_told = programme.robust(), programme.details.sturdiness
    return page.render(
        "programme.html",
        **context(page, None),
        inside=inside,
        outside=outside,
        yes=programme.a_yes(),
        no=programme.a_no(),
        wide=_cut(page, programme, 740, 300),
        narrow=_cut(page, programme, 340, 250),
        marks={m: sum(c.mark == m for c in programme.candidates) for m in ("floor", "excluded")},
        unpriced=sum(c.yield_ is None for c in programme.candidates),
        draws=draws,
        sturdy=[(kind, counted(kind, n, page.lang)) for kind, n in draws.items()],
        never_chosen=never_chosen(programme.never_chosen, page.lang) if draws else None,
        robust_svg=_robust(page, draws),
        tight=max(programme.cells, key=lambda c: c.price or 0.0, default=None),
        value_low=draws_told.value_low_eur if draws_told else None,
        value_high=draws_told.value_high_eur if draws_told else None,
    )


def _robust(page: Page, draws: dict[str, int]) -> str:
    if not draws:
        return ""
    label = ", ".join(counted(kind, n, page.lang) for kind, n in draws.items())
    return charts.robustness(draws["core"], draws["borderline"], draws["exterior"], label)


def _cut(page: Page, programme: Programme, width: float, height: float) -> str:
    """Draw the cut line of the candidates whose yield is known."""
    known = [c for c in programme.candidates if c.yield_ is not None]
    if not known or not programme.exists:
        return ""
    bars = [charts.Bar(c.cost, c.yield_ or 0.0, c.chosen, c.mark) for c in _thinned(known)]
    say = page.say
    millions = i18n.number(programme.spent / 1e6, page.lang, i18n.million_digits(programme.spent))
    big = sum(c.cost for c in known) >= 4e6
    unit = say("milioni di €", "million €") if big else say("mila €", "thousand €")
    words = (
        say("costo cumulato, ", "cumulated cost, ") + unit,
        say("linea di taglio = 1", "cut line = 1"),
        say(f"in programma: {millions} mln €", f"in the programme: {millions} m €"),
        say("fuori", "out"),
    )
    label = say(
        f"{len(programme.chosen)} interventi in programma per {millions} milioni di euro, ordinati per resa; {len(known) - sum(c.chosen for c in known)} restano fuori",
        f"{len(programme.chosen)} interventions in the programme for {millions} million euros, ordered by yield; {len(known) - sum(c.chosen for c in known)} stay out",
    )
    return charts.cut_line(
        bars,
        label=label,
        words=words,
        axis=lambda v: i18n.number(v / (1e6 if big else 1e3), page.lang),
        width=width,
        height=height,
    )


def _thinned(known: list[Candidate], most: int = 700) -> list[Candidate]:
    """Return at most about ``most`` bars: of a long list, every k-th beside all the marked ones."""
    step = -(-len(known) // most)
    return [c for i, c in enumerate(known) if i % step == 0 or c.mark]
