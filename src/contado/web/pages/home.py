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
    roads, programme = page.site.roads, page.site.programme
    if roads.sections:
        yield _driven(page)
    if programme.chosen:
        yield _planned(page)
    if roads.sections:
        yield _critical(page)
    if roads.anomalies:
        yield _anomalies(page)
    if page.site.territory.units:
        yield from _place(page)


def _last(page: Page) -> str:
    return i18n.date_text(page.site.roads.on or page.site.roads.last, page.lang)[:5]


def _driven(page: Page) -> Figure:
    roads = page.site.roads
    return Figure(
        number=i18n.number(roads.driven_km, page.lang, i18n.km_digits(roads.km)),
        unit=page.say("km su ", "km of ") + i18n.number(roads.km, page.lang, i18n.km_digits(roads.km)),
        meaning=page.say("di strade percorse dai sensori", "of roads driven by the sensors"),
        label=roads.label,
        when=_last(page),
    )


def _planned(page: Page) -> Figure:
    programme = page.site.programme
    places = len({c.code for c in programme.chosen if c.code})
    millions = i18n.number(programme.spent / 1e6, page.lang, i18n.million_digits(programme.spent))
    one = len(programme.chosen) == 1
    return Figure(
        number=i18n.number(len(programme.chosen), page.lang),
        unit=page.say(*(("intervento", "intervention") if one else ("interventi", "interventions"))),
        meaning=page.say(
            f"in {places} {'comune' if places == 1 else 'comuni'}, {millions} milioni di €",
            f"in {places} {'municipality' if places == 1 else 'municipalities'}, EUR {millions} million",
        ),
        label="simulated" if programme.simulated else "estimated",
        when=i18n.date_text(programme.on, page.lang)[:5],
    )


def _critical(page: Page) -> Figure:
    critical = next(t for t in page.site.roads.totals() if t.class_id == "D")
    return Figure(
        number=i18n.number(critical.km, page.lang, 1),
        unit="km",
        meaning=page.say("di strade in classe D, critica", "of roads in class D, critical"),
        label=page.site.roads.label,
        when=_last(page),
    )


def _anomalies(page: Page) -> Figure:
    roads = page.site.roads
    return Figure(
        number=i18n.number(len(roads.anomalies), page.lang),
        unit=page.say("anomalie", "anomalies"),
        meaning=page.say("su strada, da verificare sul posto", "on the roads, to be checked on site"),
        label="simulated" if roads.simulated else "estimated",
        when=_last(page),
    )


def _place(page: Page) -> Iterator[Figure]:
    place, n = page.site.territory, len(page.site.territory.units)
    yield Figure(
        number=i18n.number(place.residents, page.lang),
        unit=page.say("residenti", "residents"),
        meaning=page.say(f"in {n} comuni", f"in {n} municipalities"),
        label=page.borders_label,
        when="",
    )
    yield Figure(
        number=i18n.number(place.area_km2, page.lang),
        unit="km²",
        meaning=page.say("di territorio", "of territory"),
        label=page.borders_label,
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
