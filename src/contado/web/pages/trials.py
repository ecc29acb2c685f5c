"""The page of one trial pavement: verdict, campaigns, chance, power, mixes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from contado.kernel.publish.comparison import Line, Point, before_after, histogram
from contado.web import i18n
from contado.web.data.trials import VERDICTS
from contado.web.i18n import Words
from contado.web.page import NotFound
from contado.web.pages.drawings import Drawing
from contado.web.pages.practices import card_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from contado.web.data.trials import Event, Metric, Trial, Warned
    from contado.web.page import Page

__all__ = ["trial"]

_OWNERS: Final = ("gipave", "manto_stradale")
"""Practices below whose address a trial is found; the first is the one that keeps it."""
_WARNINGS: Final = {
    "not_identifiable": Words(
        "Troppo pochi tratti: la differenza può venire dal tratto e non dall’asfalto.",
        "Too few sections: the difference may come from the section and not from the asphalt.",
    ),
    "unequal_campaigns": Words(
        "I tratti non sono stati misurati nelle stesse campagne: contano quelle comuni.",
        "The sections were not measured in the same campaigns: the common ones count.",
    ),
    "campaigns_not_used": Words(
        "I tratti non sono stati stesi lo stesso giorno: contano le campagne dopo l’ultima stesa, che tutti hanno.",
        "The sections were not laid on the same day: the campaigns after the last laying count, which all have.",
    ),
    "section_without_growth": Words(
        "Alcuni tratti hanno meno di due campagne e non contano.",
        "Some sections have fewer than two campaigns and do not count.",
    ),
    "sampled_placebo": Words(
        "Le combinazioni di controllo sono troppe: ne sono state estratte 100.000 a caso.",
        "There are too many control tuples: 100,000 were drawn at random.",
    ),
    "no_placebo": Words(
        "Con così pochi tratti di controllo il caso non si può escludere.",
        "With so few control sections chance cannot be ruled out.",
    ),
    "covariates_not_used": Words(
        "I tratti di controllo non bastano a tener conto di traffico e base.",
        "The control sections are too few to allow for traffic and base.",
    ),
    "covariates_disagree": Words(
        "Tenendo conto di traffico e base l’esito sarebbe l’altro.",
        "Once traffic and base are allowed for, the verdict would be the other one.",
    ),
    "assumed_value": Words(
        "Gli intervalli di costo, durata o gas serra non sono dichiarati: sono supposti.",
        "The intervals of cost, life or gases are not stated: they are assumed.",
    ),
    "to_confirm": Words(
        "I minimi dei CAM sono letti in fonti secondarie: da confermare sul testo.",
        "The minima of the CAM were read in secondary sources: to be confirmed against the text.",
    ),
}

_OF_MIXES: Final = frozenset({"assumed_value", "to_confirm"})
"""Warnings that stand beside the mixes; the others beside the measures."""


def trial(page: Page) -> Response:
    """Render the page of one trial; without data, say so."""
    query = page.query("metric")
    owner = card_of(page).entry.practice
    found = next((t for t in page.site.trials if t.id == page.parts["trial_id"]), None)
    if owner not in _OWNERS or found is None:
        raise NotFound(page.parts["trial_id"])
    every = (found, *found.others)
    wanted = query.get("metric", found.metric)
    found = next((t for t in every if t.metric == wanted), found)
    card = next(c for c in page.site.cards if c.entry.practice == _OWNERS[0])
    own = f"{_OWNERS[0]}:{found.id}:"
    return page.render(
        "trial.html",
        simulated=found.label == "simulated",
        crumbs=[
            (page.say("Buone pratiche", "Good practices"), page.url("practices")),
            (card.entry.plain.of(page.lang), page.url("practice", practice=_OWNERS[0])),
            (found.name.of(page.lang), None),
        ],
        trial=found,
        every=every,
        verdicts=VERDICTS,
        verdict=VERDICTS[found.verdict],
        sentence=_sentence(page, found),
        events=_events(page, found),
        chance=_chance(page, found),
        warnings=[_warning(page, w) for w in found.details.warnings if w.rule not in _OF_MIXES],
        cautions=[_warning(page, w) for w in found.details.warnings if w.rule in _OF_MIXES],
        options=[c for c in page.site.programme.candidates if c.id.startswith(own)],
    )


def _warning(page: Page, told: Warned) -> str:
    return _WARNINGS[told.rule].of(page.lang) if told.rule in _WARNINGS else told.message


def _sentence(page: Page, found: Trial) -> str:
    """Return the verdict in a sentence, with what more sections and years would show."""
    if found.verdict is None:
        return page.say(
            "Nessuna campagna è ancora caricata: non c’è un esito.",
            "No campaign is loaded yet: there is no verdict.",
        )
    if found.verdict == "not_identifiable":
        return page.say(
            f"Effetto non identificabile: con {_sections(found.treated, page)} in prova e {found.control} di controllo il tratto non si distingue dal suo asfalto.",
            f"Effect not identifiable: with {_sections(found.treated, page)} on trial and {found.control} control a section cannot be told from its asphalt.",
        )
    if found.verdict == "demonstrated":
        return page.say(
            "Effetto dimostrato: il caso non basta a spiegarlo e l’intervallo non tocca lo zero.",
            "Effect demonstrated: chance is not enough to explain it and the interval does not touch zero.",
        )
    return _not_demonstrated(page, found)


def _not_demonstrated(page: Page, found: Trial) -> str:
    touches = found.effect[2] is not None and found.effect[2] >= 0
    why = (
        page.say("l’intervallo tocca lo zero", "the interval touches zero")
        if touches
        else page.say("il caso basta a spiegarlo", "chance is enough to explain it")
    )
    told = page.say(f"Effetto non dimostrato: {why}.", f"Effect not demonstrated: {why}.")
    enough = next(
        (y for y in found.details.years_needed if y.years is not None and y.treated > found.treated), None
    )
    if enough is None or enough.years is None:
        return told
    years = page.say(
        "basterebbe un anno" if enough.years == 1 else f"basterebbero {enough.years} anni",
        "one year would do" if enough.years == 1 else f"{enough.years} years would do",
    )
    return f"{told} " + page.say(
        f"Con {enough.treated} tratti invece di {found.treated} {years}.",
        f"With {enough.treated} sections instead of {found.treated}, {years}.",
    )


def _sections(n: int, page: Page) -> str:
    return page.say(f"{n} tratto" if n == 1 else f"{n} tratti", f"{n} section" if n == 1 else f"{n} sections")


def _events(page: Page, found: Trial) -> Drawing | None:
    """Draw both arms since the first campaign that counts, with the band of chance about the controls."""
    seen, metric = found.details.events, found.details.metric
    if len(seen) < 2:
        return None
    treated, control = _paths(seen, metric)
    digits = 0 if metric.relative else metric.decimals
    last = (i18n.number(points[-1].value, page.lang, digits) for points in (treated, control))
    what = metric.name.of(page.lang)
    start = (
        page.say("prima campagna = 100", "first campaign = 100")
        if metric.relative
        else page.say(
            f"variazione dalla prima campagna, {metric.unit}",
            f"change since the first campaign, {metric.unit}",
        )
    )
    told = page.say(
        "{}, {}: alla fine {} i tratti in prova, {} quelli di controllo.",
        "{}, {}: {} at the end for the sections on trial, {} for the control ones.",
    ).format(what[:1].upper() + what[1:], start, *last)
    lines = (
        Line(page.say(f"in prova ({found.treated})", f"on trial ({found.treated})"), treated),
        Line(page.say(f"controllo ({found.control})", f"control ({found.control})"), control),
    )
    words = (
        page.say("anni dalla stesa", "years since laying"),
        f"{what}, {start}",
        page.say("lavori", "works"),
    )
    wide, narrow = (
        before_after(*lines, label=told, words=words, number=lambda v: _axis(v, page), width=w, height=h)
        for w, h in ((740.0, 300.0), (340.0, 250.0))
    )
    return Drawing(wide=wide, narrow=narrow, sentence=told)


def _paths(seen: Sequence[Event], metric: Metric) -> tuple[list[Point], list[Point]]:
    """Return both arms since the first campaign that counts: as 100 of it, or as the change in the unit."""
    base = next((e for e in seen if e.counted and e.age_years >= 0), seen[0])
    if metric.relative:
        treated = [Point(e.age_years, 100 * e.treated_value / base.treated_value) for e in seen]
        levels = [100 * e.control_value / base.control_value for e in seen]
    else:
        treated = [Point(e.age_years, e.treated_value - base.treated_value) for e in seen]
        levels = [e.control_value - base.control_value for e in seen]
    return treated, [_band(e, level, metric) for e, level in zip(seen, levels, strict=True)]


def _band(e: Event, value: float, metric: Metric) -> Point:
    """Return a control's point with the band in which treated sections would lie by chance."""
    if e.low95 is None or e.high95 is None:
        return Point(e.age_years, value)
    if metric.relative:
        return Point(e.age_years, value, value * math.exp(e.low95), value * math.exp(e.high95))
    if metric.higher_is_better:
        return Point(e.age_years, value, value - e.high95, value - e.low95)
    return Point(e.age_years, value, value + e.low95, value + e.high95)


def _axis(value: float, page: Page) -> str:
    near = 0.05 if abs(value) > 0.5 else 0.0045
    digits = next((d for d in (0, 1, 2) if abs(value - round(value, d)) < near), 3)
    return i18n.number(value, page.lang, digits)


def _chance(page: Page, found: Trial) -> Drawing | None:
    """Draw how large an effect chance alone gives among the controls."""
    placebo, effect = found.details.placebo, found.effect[0]
    if placebo is None or effect is None or found.p is None:
        return None
    hits = round(found.p * (1 + found.permutations)) - 1
    told = page.say(
        f"In {i18n.number(hits, 'it')} combinazioni di controllo su {i18n.number(found.permutations, 'it')} il caso dà un effetto almeno così buono.",
        f"In {i18n.number(hits, 'en')} of {i18n.number(found.permutations, 'en')} control tuples chance gives an effect at least as good.",
    )
    words = (
        page.say("differenza di crescita, ", "difference of growth, ")
        + found.details.metric.per_year.of(page.lang),
        page.say("combinazioni", "tuples"),
        page.say("questa prova", "this trial"),
    )
    wide, narrow = (
        histogram(
            [found.details.metric.scale * e for e in placebo.edges],
            placebo.counts,
            effect,
            label=told,
            words=words,
            number=lambda v: i18n.number(v, page.lang, found.details.metric.digits),
            width=w,
            height=h,
        )
        for w, h in ((740.0, 220.0), (340.0, 220.0))
    )
    return Drawing(wide=wide, narrow=narrow, sentence=told)
