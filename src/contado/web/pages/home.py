"""Home: for everybody, in ten seconds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.web import i18n, style
from contado.web.data.practices import COLUMNS
from contado.web.pages.drawings import MapView, Scale, choropleth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.responses import Response

    from contado.web.data.practices import Card
    from contado.web.i18n import Words
    from contado.web.page import Page

__all__ = ["columns", "home", "works_map"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A key figure of the home page."""

    number: str
    unit: str
    meaning: str
    label: str | None
    when: str


def home(page: Page) -> Response:
    """Render the home page."""
    page.query()
    site = page.site
    figures = list(_figures(page))[:4]
    works = works_map(page)
    labels = {f.label for f in figures} | {works.label} | {c.label for c in site.cards}
    dates = [d.updated for d in site.datasets if d.updated]
    return page.render(
        "home.html",
        simulated="simulated" in labels,
        n_units=len(site.territory.units),
        units=site.territory.units,
        figures=figures,
        map=works,
        columns=columns(page),
        datasets=site.datasets[:5],
        updated=max(dates, default=None),
    )


def columns(page: Page) -> list[tuple[Words, Words, list[Card]]]:
    """Return the three columns of good practices."""
    cards = page.site.cards
    return [
        (title, line, [c for c in cards if c.entry.column == i]) for i, (title, line) in enumerate(COLUMNS)
    ]


def _figures(page: Page) -> Iterator[Figure]:
    """Yield what is known, the most telling first; what has no data leaves its place to the next."""
    say, lang, site = page.say, page.lang, page.site
    roads, programme, territory = site.roads, site.programme, site.territory
    when = i18n.date_text(roads.last, lang)[:5]
    if roads.sections:
        yield Figure(
            number=i18n.number(roads.driven_km, lang),
            unit=say("km su ", "km of ") + i18n.number(roads.km, lang),
            meaning=say("di strade percorse dai sensori", "of roads driven by the sensors"),
            label=roads.label,
            when=when,
        )
    if programme.chosen:
        places = len({c.code for c in programme.chosen if c.code})
        millions = i18n.number(programme.spent / 1e6, lang, i18n.million_digits(programme.spent))
        yield Figure(
            number=i18n.number(len(programme.chosen), lang),
            unit=say("interventi", "interventions")
            if len(programme.chosen) != 1
            else say("intervento", "intervention"),
            meaning=say(
                f"in {places} comuni, {millions} milioni di €",
                f"in {places} municipalities, EUR {millions} million",
            ),
            label="simulated" if programme.simulated else "estimated",
            when="",
        )
    if roads.sections:
        critical = next(t for t in roads.totals() if t.class_id == "D")
        yield Figure(
            number=i18n.number(critical.km, lang, 1),
            unit="km",
            meaning=say("di strade in classe D, critica", "of roads in class D, critical"),
            label=roads.label,
            when=when,
        )
    if roads.anomalies:
        kinds = Counter(a.kind for a in roads.anomalies)
        yield Figure(
            number=i18n.number(len(roads.anomalies), lang),
            unit=say("anomalie", "anomalies"),
            meaning=say(
                f"di {len(kinds)} tipi, da verificare sul posto",
                f"of {len(kinds)} kinds, to be checked on site",
            ),
            label="simulated" if roads.simulated else "estimated",
            when=when,
        )
    if territory.units:
        yield Figure(
            number=i18n.number(territory.residents / 1e6, lang, 2),
            unit=say("milioni di residenti", "million residents"),
            meaning=say(f"in {len(territory.units)} comuni", f"in {len(territory.units)} municipalities"),
            label="measured",
            when="",
        )
        yield Figure(
            number=i18n.number(territory.area_km2, lang),
            unit="km²",
            meaning=say("di territorio", "of territory"),
            label="measured",
            when="",
        )


def works_map(page: Page) -> MapView:
    """Draw the interventions of the programme by municipality; without a programme all are unknown."""
    programme, say = page.site.programme, page.say
    counts = Counter(c.code for c in programme.chosen if c.code)
    values = {u.code: float(counts[u.code]) for u in page.site.territory.units} if programme.exists else {}
    years = programme.years
    period = f" {years[0]}–{years[-1]}" if years else ""
    scale = Scale(
        breaks=style.load().count_breaks["works"],
        names=[say("nessuno", "none"), "1", "2–3", "4–9", say("10 o più", "10 or more")],
        ramp="fill",
        text=lambda v: say(f"{v:.0f} interventi", f"{v:.0f} interventions"),
    )
    if programme.exists:
        sentence = say(
            f"Interventi in programma per comune: {len(counts)} comuni ne hanno almeno uno.",
            f"Interventions in the programme: {len(counts)} municipalities have at least one.",
        )
    else:
        sentence = say(
            "Interventi per comune: non c’è ancora un programma.",
            "Interventions by municipality: there is no programme yet.",
        )
    return choropleth(
        page,
        values,
        scale,
        title=say(
            f"Interventi in programma{period} per comune",
            f"Interventions in the programme{period} by municipality",
        ),
        sentence=sentence,
        label=("simulated" if programme.simulated else "estimated") if programme.exists else None,
    )
