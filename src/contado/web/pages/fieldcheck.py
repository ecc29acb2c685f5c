"""The field check: what the cars estimated against what a profiler measured, and which campaign is missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from contado.kernel.publish.agreement import MOST_DRAWN, Agreement, agreement
from contado.web import i18n
from contado.web.data.fieldcheck import HALF_ALIKE, campaigns_for
from contado.web.i18n import Words
from contado.web.page import NotFound
from contado.web.pages.drawings import Drawing
from contado.web.pages.practices import card_of
from contado.web.pages.tablepages import slice_rows

if TYPE_CHECKING:
    from starlette.responses import Response

    from contado.web.data.fieldcheck import Check
    from contado.web.page import Page

__all__ = ["field_check"]

_OWNER: Final = "manto_stradale"
_LEADS: Final = {
    "measured": Words(
        "Quanto si sono scostate le auto da un profilometro, su tratti che non le avevano tarate.",
        "How far the cars were from a profiler, on stretches that had not calibrated them.",
    ),
    "estimated": Words(
        "Un confronto con un rilievo che non dice strumento e giorno: non vale come accuratezza misurata.",
        "A comparison with a survey that names no instrument and day: it does not count as measured accuracy.",
    ),
    "simulated": Words(
        "Un confronto simulato: mostra che cosa dirà questa pagina, non quanto le auto sbagliano sul campo.",
        "A simulated comparison: it shows what this page will say, not how far the cars are off in the field.",
    ),
    None: Words(
        "Nessun rilievo ha ancora messo alla prova le auto: la loro accuratezza sul campo non è nota.",
        "No survey has put the cars to the test yet: their accuracy in the field is not known.",
    ),
}
_FINDINGS: Final = {
    "few_stretches": Words(
        "I tratti sono meno di dieci: R² e correlazione dei ranghi non si dicono.",
        "There are fewer than ten stretches: R² and rank correlation are not told.",
    ),
    "interval_joined": Words(
        "Un tratto rilevato unisce più celle: il suo intervallo è la media dei loro, il più largo possibile.",
        "A surveyed stretch joins several cells: its interval is the mean of theirs, as wide as it can be.",
    ),
    "days_apart": Words(
        "Su alcuni tratti fra rilievo e ultimo passaggio passano più di 90 giorni: la strada può essere cambiata.",
        "On some stretches more than 90 days lie between survey and last drive: the road may have changed.",
    ),
    "errors_alike": Words(
        "Gli errori di tratti vicini si somigliano: valgono meno tratti di quanti se ne contano.",
        "Errors of neighbouring stretches are alike: they are worth fewer stretches than one counts.",
    ),
    "survey_not_stated": Words(
        "Il rilievo non dice strumento e giorno: nulla qui si chiama misurato.",
        "The survey names no instrument and day: nothing here is called measured.",
    ),
}
_GROUPS: Final = {
    "speed_kmh": Words("Velocità, km/h", "Speed, km/h"),
    "iri_m_km": Words("IRI rilevato, m/km", "Surveyed IRI, m/km"),
    "passes": Words("Passaggi", "Drives"),
    "vehicle": Words("Auto, da sola", "Car, alone"),
}
_SOURCES: Final = {
    "repeats": Words("da passaggi ripetuti dello strumento", "from repeated runs of the instrument"),
    "stated": Words("dichiarato con il rilievo", "stated with the survey"),
    "assumed": Words("supposto: 1 % per uno strumento di classe 1", "assumed: 1 % for a class 1 instrument"),
}


def field_check(page: Page) -> Response:
    """Render the newest check, or the one whose ``date`` is asked for; without any, what is missing."""
    card = card_of(page)
    if card.entry.practice != _OWNER:
        raise NotFound(card.entry.practice)
    query = page.query("date", "page")
    found = page.site.field_checks
    check = next((c for c in found.checks if c.id == query.get("date")), None)
    if check is None:
        page.unknown += [f"date={query['date']}"] if "date" in query else []
        check = next(iter(found.checks), None)
    alike = max(0.0, check.alike) if check and check.alike is not None else HALF_ALIKE
    return page.render(
        "fieldcheck.html",
        simulated=check is not None and check.label == "simulated",
        crumbs=[
            (page.say("Buone pratiche", "Good practices"), page.url("practices")),
            (card.entry.plain.of(page.lang), page.url("practice", practice=_OWNER)),
            (page.say("Verifica sul campo", "Field check"), None),
        ],
        check=check,
        others=[c for c in found.checks if c is not check],
        waiting=found.waiting,
        lead=_LEADS[check.label if check else None],
        drawing=_drawing(page, check) if check else None,
        table=slice_rows(page, check.stretches if check else (), query, "field_check", practice=_OWNER),
        warnings=[_FINDINGS[f.rule] for f in check.findings if f.rule in _FINDINGS] if check else [],
        known={s.id for s in page.site.roads.sections},
        groups=_GROUPS,
        bounds=lambda name: _bounds(page, name),
        source=_SOURCES.get(check.noise_source) if check else None,
        plans=campaigns_for(min(alike, 0.9)),
        alike=alike,
        seen_alike=check is not None and check.alike is not None,
    )


def _bounds(page: Page, name: str) -> str:
    """Return the name of a class of figures, ``2 - 3.5`` or ``>= 5``, as the page's language writes it."""
    text = re.sub(r"\d+\.\d+", lambda found: found[0].replace(".", page.say(",", ".")), name)
    return text.replace(" - ", "–").replace(">=", "≥")


def _drawing(page: Page, check: Check) -> Drawing | None:
    """Draw the estimates with their intervals against the survey."""
    points = [
        Agreement(s.surveyed, s.iri.value, s.iri.low, s.iri.high)
        for s in check.stretches
        if s.iri.value is not None
    ]
    if not points:
        return None
    told = _sentence(page, check, len(points))
    f = check.figures
    limits = None if f.limit_low is None or f.limit_high is None else (f.limit_low, f.limit_high)
    words = (
        page.say("IRI rilevato, m/km", "surveyed IRI, m/km"),
        page.say("IRI stimato, m/km", "estimated IRI, m/km"),
        page.say("uguali", "equal"),
    )
    wide, narrow = (
        agreement(
            points,
            label=told,
            words=words,
            number=lambda v: i18n.number(v, page.lang, 0 if float(v).is_integer() else 1),
            limits=limits,
            width=w,
            height=h,
        )
        for w, h in ((560.0, 440.0), (340.0, 300.0))
    )
    return Drawing(wide=wide, narrow=narrow, sentence=told)


def _sentence(page: Page, check: Check, n: int) -> str:
    f = check.figures
    median = i18n.number(100 * f.median_error, page.lang, 1)
    told = page.say(
        f"Su {f.stretches} tratti la stima si scosta dal rilievo in mediana del {median} %.",
        f"On {f.stretches} stretches the estimate is off the survey by {median} % in the median.",
    )
    if f.inside is not None:
        told += page.say(
            f" In {f.inside} il valore rilevato sta nell’intervallo.",
            f" In {f.inside} the surveyed value lies in the interval.",
        )
    every = -(-n // MOST_DRAWN)
    if every > 1:
        told += page.say(f" Si disegna un tratto ogni {every}.", f" One stretch in {every} is drawn.")
    return told
