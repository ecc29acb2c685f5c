"""One intervention: why it is in or out, what would change that, who pays by which rule, where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contado.web import i18n
from contado.web.data import runs
from contado.web.data.indicators import registry
from contado.web.data.programme import by_intervention
from contado.web.data.view import real, rows, text
from contado.web.i18n import Words
from contado.web.page import NotFound
from contado.web.pages.programme import context
from contado.web.pages.programme_sites import worksites_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from contado.kernel.provenance import Step
    from contado.web.data.programme import Candidate, Cell
    from contado.web.data.view import Row
    from contado.web.i18n import Lang
    from contado.web.page import Page
    from contado.web.site import Site

__all__ = ["Payment", "chain", "effects", "intervention", "mix"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What one source pays in one year [EUR], by which article and formula; ``status`` of the rule.

    ``share`` is of all that is paid, ``eligible_share`` of the eligible cost, which a rule limits.
    """

    source: str
    year: int
    eur: float
    share: float
    eligible_share: float | None
    article: str | None
    formula: Words | None
    status: str | None


def intervention(page: Page) -> Response:
    """Render one intervention and why it is in or out."""
    page.query()
    site, programme = page.site, page.site.programme
    c = programme.by_id(page.parts["intervention_id"])
    if c is None:
        raise NotFound(page.parts["intervention_id"])
    others = [o for o in programme.candidates if o.id != c.id]
    sites = worksites_of(site)
    return page.render(
        "intervention.html",
        **context(page, c.name) | {"simulated": c.label == "simulated"},
        c=c,
        rivals=[o for o in others if c.asset and o.asset == c.asset],
        together=[o for w in sites if c in w.members for o in w.members if o is not c],
        payments=mix(site, c),
        binding=_binding(site, c),
        effects=effects(site, c),
        indicator_names={name: i.name.of(page.lang) for name, i in registry(site.view).items()},
        unit_sign=lambda unit: i18n.unit_sign(unit, page.lang),
        chain=[s for s in chain(site, c.id) if s.column != page.say("name_en", "name_it")],
        draws=programme.details.sturdiness.draws if programme.details.sturdiness else None,
    )


def effects(site: Site, c: Candidate) -> list[Row]:
    """Return the expected effects of an intervention."""
    by_id = site.cached("effects", lambda: by_intervention(rows(site.view, "effect")))
    return by_id.get(c.id, [])


def _binding(site: Site, c: Candidate) -> list[Cell]:
    """Return the budgets that could pay it and have a price, the dearest first."""
    run = site.programme.run
    row = (
        next((r for r in runs.inputs_of(site.view, run.id, "intervention") if r["id"] == c.id), None)
        if run
        else None
    )
    years = range(int(row["earliest_year"]), int(row["latest_year"]) + 1) if row else site.programme.years
    cells = [b for b in site.programme.cells if b.price and b.year in years]
    return sorted(cells, key=lambda b: -(b.price or 0.0))


def mix(site: Site, c: Candidate) -> list[Payment]:
    """Return who pays, with the article and the formula of the amount or of the rule."""
    named = {str(r["source"]): text(r, "name") or str(r["source"]) for r in rows(site.view, "funding_source")}
    amounts = {
        named.get(str(r["source"]), str(r["source"])): r
        for r in rows(site.view, "funding_amount")
        if r["intervention_id"] == c.id
    }
    ruled = {named.get(str(r["source"]), str(r["source"])): r for r in rows(site.view, "funding_rule")}
    total = sum(eur for _, _, eur in c.payments) or 1.0
    return [
        Payment(
            source=source,
            year=year,
            eur=eur,
            share=eur / total,
            eligible_share=eur / c.eligible if c.eligible else None,
            article=text(amounts.get(source) or ruled.get(source, {}), "article"),
            formula=_formula(amounts.get(source), ruled.get(source), c),
            status=text(amounts.get(source) or ruled.get(source, {}), "status"),
        )
        for source, year, eur in sorted(c.payments, key=lambda p: (p[1], -p[2]))
    ]


def _formula(amount: dict[str, Any] | None, rule: dict[str, Any] | None, c: Candidate) -> Words | None:
    """Return the formula that an engine wrote, else the cap that the rule sets on the eligible cost."""
    if amount is not None and (written := text(amount, "formula")):
        return Words(written, written)
    rate = real(rule, "max_rate") if rule else None
    if rate is None or rule is None:
        return None
    most = real(rule, "max_eur_per_intervention")
    cap = min(rate * c.eligible, most) if most is not None else rate * c.eligible
    it = _cap_text(rate, c.eligible, most, cap, "it", "al massimo", "quota del costo ammissibile")
    en = _cap_text(rate, c.eligible, most, cap, "en", "at most", "share of the eligible cost")
    return Words(f"al massimo {it}", f"at most {en}")


def _cap_text(
    rate: float, base: float, most: float | None, cap: float, lang: Lang, word: str, of: str
) -> str:
    limit = f", {word} {i18n.number(most, lang)} €" if most is not None else ""
    amounts = [i18n.number(v, lang) for v in (100 * rate, base, cap)]
    return f"{amounts[0]} % × {amounts[1]} €{limit} = {amounts[2]} € ({of})"


def chain(site: Site, key: str) -> Sequence[Step]:
    """Return the links from the programme down to sources and norms, as `contado why` tells them."""
    from contado.kernel.declare import Context
    from contado.kernel.errors import ContadoError
    from contado.verbs.why import VERB

    def ask() -> Sequence[Step]:
        try:
            answer = VERB(VERB.request(id=key), Context(workspace=site.view.path))
        except ContadoError:
            return ()
        found: Sequence[Step] = answer.chain
        return found

    return site.cached(f"why:{key}", ask)
