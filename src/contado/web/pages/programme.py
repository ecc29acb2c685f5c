"""The programme: in brief, candidates, budgets, equity, method, one intervention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.kernel.publish import charts
from contado.web import i18n
from contado.web.i18n import Words
from contado.web.page import NotFound
from contado.web.pages.tablepages import slice_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from contado.web.data.programme import Candidate, Programme
    from contado.web.page import Page

__all__ = ["brief", "candidates", "intervention", "part"]

TABS: tuple[tuple[str, Words], ...] = (
    ("programme", Words("In breve", "In brief")),
    ("candidates", Words("Candidati", "Candidates")),
    ("budgets", Words("Bilanci", "Budgets")),
    ("equity", Words("Equità", "Equity")),
    ("method", Words("Come è stato calcolato", "How it was calculated")),
)
_SORTS: dict[str, Callable[[Candidate], Any]] = {
    "yield": lambda c: (c.yield_ is None, -(c.yield_ or 0.0), c.id),
    "cost": lambda c: (-c.cost, c.id),
    "name": lambda c: (c.name, c.id),
    "municipality": lambda c: (c.municipality is None, c.municipality or "", c.id),
    "year": lambda c: (c.year is None, c.year or 0, c.id),
}


def _title(page: Page, programme: Programme) -> str:
    years = programme.years
    span = f" {years[0]}–{years[-1]}" if years else ""
    return page.say("Programma", "Programme") + span


def _context(page: Page, crumb: Words | None) -> dict[str, Any]:
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
    }


def brief(page: Page) -> Response:
    """Render the programme in brief."""
    page.query()
    programme = page.site.programme
    inside, outside = programme.around()
    draws = programme.robust()
    return page.render(
        "programme.html",
        **_context(page, None),
        inside=inside,
        outside=outside,
        yes=programme.a_yes(),
        no=outside[0] if outside else None,
        wide=_cut(page, programme, 740, 300),
        narrow=_cut(page, programme, 340, 250),
        marks={m: sum(c.mark == m for c in programme.candidates) for m in ("floor", "excluded")},
        unpriced=sum(c.yield_ is None for c in programme.candidates),
        draws=draws,
        robust_svg=_robust(page, draws),
        price=max((c.price or 0.0 for c in programme.cells), default=0.0),
    )


def _robust(page: Page, draws: dict[str, int]) -> str:
    if not draws:
        return ""
    label = page.say(
        f"{draws['core']} sicuri, {draws['borderline']} in bilico, {draws['exterior']} fragili",
        f"{draws['core']} safe, {draws['borderline']} borderline, {draws['exterior']} fragile",
    )
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


def candidates(page: Page) -> Response:
    """Render all candidates with filters."""
    query = page.query("q", "unit", "practice", "state", "sort", "page")
    programme = page.site.programme
    key = query.get("q", "").casefold()
    unit = page.site.territory.find(query["unit"]) if query.get("unit") else None
    found = [
        c
        for c in programme.candidates
        if (not key or key in c.name.casefold() or key in c.id.casefold())
        and (unit is None or c.code == unit.code)
        and (not query.get("practice") or c.practice == query["practice"])
        and (query.get("state") not in {"in", "out"} or c.chosen == (query["state"] == "in"))
    ]
    sort = query.get("sort", "yield") if query.get("sort") in _SORTS else "yield"
    found.sort(key=_SORTS[sort])
    codes = {c.code for c in programme.candidates}
    return page.render(
        "candidates.html",
        **_context(page, TABS[1][1]),
        table=slice_rows(page, found, query, "candidates"),
        query=query,
        sort=sort,
        units=[u for u in page.site.territory.units if u.code in codes],
    )


def part(name: str) -> Callable[[Page], Response]:
    """Return the page function of a tab that needs nothing more."""

    def page_function(page: Page) -> Response:
        page.query()
        crumb = dict(TABS)[name]
        return page.render(f"{name}.html", **_context(page, crumb))

    return page_function


def intervention(page: Page) -> Response:
    """Render one intervention and why it is in or out."""
    page.query()
    found = page.site.programme.by_id(page.parts["intervention_id"])
    if found is None:
        raise NotFound(page.parts["intervention_id"])
    context = _context(page, Words(found.name, found.name))
    rivals = [
        c
        for c in page.site.programme.candidates
        if found.asset and c.asset == found.asset and c.id != found.id
    ]
    return page.render(
        "intervention.html", **context | {"simulated": found.label == "simulated"}, c=found, rivals=rivals
    )
