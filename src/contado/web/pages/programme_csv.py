"""Every table of the programme's pages as CSV, with the filters of its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.web.data import worksites
from contado.web.files import csv_answer
from contado.web.page import NotFound
from contado.web.pages import (
    programme_candidates,
    programme_compare,
    programme_intervention,
    programme_parts,
    programme_sites,
)
from contado.web.pages.programme import otherwise
from contado.web.security import principal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from contado.web.data.programme import Candidate
    from contado.web.site import Site

__all__ = ["TABLES", "table"]


_DRAFTS = "drafts"
"""Parameter that says whether drafts are there for the reader."""


def table(request: Request, site: Site) -> Response:
    """Return one table as CSV; parameters that it does not know are of no account."""
    name = request.path_params["table"]
    if name not in TABLES:
        raise NotFound(name)
    header, make = TABLES[name]
    planner = principal(request).scope.may("programme.planned")
    query = {**request.query_params, _DRAFTS: "yes" if planner else ""}  # ours last: nobody claims it
    return csv_answer(request, header.split(), make(site, query), f"{name}.csv")


def _one(site: Site, query: Mapping[str, str]) -> Candidate:
    found = site.programme.by_id(query.get("id", ""))
    if found is None:
        raise NotFound(query.get("id"))
    return found


def _candidates(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    for c in programme_candidates.selected(site, query):
        facts = (c.id, c.name.it, c.practice, c.type, c.code, c.municipality, c.label)
        money = (c.cost, c.cost_low, c.cost_high, c.value, c.margin, c.yield_)
        reason = (c.reason_code, c.reason.it, c.reason.en) if c.reason else (c.reason_code, None, None)
        yield (*facts, *money, c.chosen, c.year, ";".join(c.sources), c.frequency, c.robustness, *reason)


def _budgets(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:  # noqa: ARG001 - one signature
    for c in site.programme.cells:
        yield c.source, c.year, c.budget, c.spent, c.budget - c.spent, c.price


def _curve(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:  # noqa: ARG001 - one signature
    for r in programme_parts.curve(site.programme):
        yield r.scale, r.budget, r.value, r.bound, r.gap, r.chosen, r.euro, r.entered, r.left


def _worksites(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    for w in programme_sites.selected(site, query):
        ids, names = ";".join(c.id for c in w.members), ";".join(c.name.it for c in w.members)
        yield w.id, w.year, w.code, w.head.municipality, ids, names, ";".join(w.sources), w.paid, w.saving


def _apart(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:  # noqa: ARG001 - one signature
    for p in worksites.apart(site.programme):
        yield p.a.id, p.b.id, p.a.year, p.b.year, p.saving, p.off


def _equity(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:  # noqa: ARG001 - one signature
    for s in site.programme.spends:
        yield s.unit.code, s.unit.name, s.unit.residents, s.works, s.spend, s.head


def _bands(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:  # noqa: ARG001 - one signature
    for b in site.programme.bands:
        yield b.name.it, b.name.en, b.units, b.residents


def _floors(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:  # noqa: ARG001 - one signature
    for f in site.programme.floors:
        yield f.kind, f.key, f.name, f.least, f.spent, f.price


def _shares(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:  # noqa: ARG001 - one signature
    for s in programme_parts.shares(site.programme):
        yield s.label, s.candidates, s.chosen, s.value, s.share


def _inputs(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:  # noqa: ARG001 - one signature
    for i in programme_parts.inputs(site):
        yield i.table, i.rows, i.sha256


_RULE = (
    "source",
    "name",
    "max_rate",
    "max_eur_per_intervention",
    "cumulable",
    "article",
    "status",
    "valid_from",
    "valid_to",
    "source_id",
)


def _rules(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:  # noqa: ARG001 - one signature
    for r in programme_parts.rules(site):
        yield *(r.get(c) for c in _RULE), ";".join(r.get("domains") or ())


def _payments(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    for p in programme_intervention.mix(site, _one(site, query)):
        formula = p.formula.en if p.formula else None
        yield p.source, p.year, p.eur, p.share, p.eligible_share, p.article, formula, p.status


def _otherwise(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    c = _one(site, query)
    if (o := otherwise(site.programme, c)) is not None:
        yield c.id, c.chosen, o.exact, o.loss, o.cost, o.benefit, c.cost, c.benefit


def _effects(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    for e in programme_intervention.effects(site, _one(site, query)):
        yield tuple(e.get(c) for c in ("indicator", "value", "low", "high", "unit", "method", "label"))


def _chain(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    for s in programme_intervention.chain(site, _one(site, query).id):
        yield s.table, s.id, s.column, s.value, s.function, s.method, s.source


def _changes(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    found = programme_compare.chosen(site, query, drafts=bool(query.get(_DRAFTS)))
    names = programme_compare.titles(site)
    for c in found.changes if found else ():
        sources = ";".join(c.from_sources), ";".join(c.to_sources)
        yield (
            c.id,
            names[c.id].it if c.id in names else None,
            c.kind,
            c.from_year,
            c.to_year,
            *sources,
            c.from_eur,
            c.to_eur,
        )


def _differences(site: Site, query: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    found = programme_compare.chosen(site, query, drafts=bool(query.get(_DRAFTS)))
    for by in ("municipality", "practice", "source") if found else ():
        for d in getattr(found, f"by_{by}"):
            yield by, d.key, d.a, d.b, d.b - d.a


_MONEY = "cost_eur cost_low_eur cost_high_eur value_eur margin_eur yield"
_DECIDED = "chosen start_year sources selection_frequency robustness reason_code reason_it reason_en"

TABLES: dict[str, tuple[str, Callable[[Site, Mapping[str, str]], Iterator[tuple[Any, ...]]]]] = {
    "candidates": (
        f"id name practice type istat municipality label {_MONEY} {_DECIDED}",
        _candidates,
    ),
    "budgets": ("source year budget_eur spent_eur left_eur price", _budgets),
    "value-curve": (
        "scale budget_eur value_eur bound_eur gap_share chosen value_per_euro_more entered left",
        _curve,
    ),
    "worksites": ("site_id year istat municipality ids names sources paid_eur saving_eur", _worksites),
    "apart": ("a b year_a year_b saving_eur switched_off", _apart),
    "equity": ("istat municipality residents interventions spend_eur spend_eur_per_resident", _equity),
    "bands": ("band_it band_en municipalities residents", _bands),
    "floors": ("kind key name min_spend_eur spent_eur price", _floors),
    "labels": ("label candidates chosen value_eur value_share", _shares),
    "inputs": ("table rows sha256", _inputs),
    "rules": (" ".join((*_RULE, "domains")), _rules),
    "payments": ("source year amount_eur share eligible_share article formula status", _payments),
    "otherwise": (
        "id chosen exact loss_eur break_even_cost_eur break_even_benefit_eur cost_eur benefit_eur",
        _otherwise,
    ),
    "effects": ("indicator value low high unit method label", _effects),
    "provenance": ("table id column value function method source_id", _chain),
    "changes": ("id name kind from_year to_year from_sources to_sources from_eur to_eur", _changes),
    "differences": ("by key a_eur b_eur difference_eur", _differences),
}
"""Table -> its columns and what makes its rows."""
