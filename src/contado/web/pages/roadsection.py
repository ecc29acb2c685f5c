"""The page of one road section: values, diagram, history, why it stands where it stands, works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contado.engines.pavement.reports.diagram import bands
from contado.kernel.publish import timeline as lines
from contado.kernel.publish.timeline import Event, Point, Run, timeline
from contado.web import i18n
from contado.web.data import photos
from contado.web.data.roads import class_of_word
from contado.web.data.view import day, real
from contado.web.i18n import Words
from contado.web.page import NotFound
from contado.web.pages import sketch, strips
from contado.web.pages.drawings import Drawing
from contado.web.pages.practices import card_of
from contado.web.pages.roads import CONTRIBUTIONS, iri_scale, whole_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from starlette.responses import Response

    from contado.web.data.photos import Photo
    from contado.web.data.programme import Candidate
    from contado.web.data.roads import Section
    from contado.web.data.stretches import Segment, Work
    from contado.web.data.view import Row
    from contado.web.page import Page

__all__ = ["STATES", "Moment", "Past", "place_of", "section"]

STATES: dict[str, Words] = {
    "new": Words("nuova, da confermare", "new, to be confirmed"),
    "open": Words("da verificare", "to be checked"),
    "confirmed": Words("confermata", "confirmed"),
    "worse": Words("peggiorata", "worse"),
    "repaired": Words("riparata", "repaired"),
    "closed": Words("chiusa", "closed"),
    "fixture": Words("elemento noto della strada", "known fixture of the road"),
}
"""States of an anomaly, as pages say them."""
_SOURCES: Final = {
    "inspector": Words("da un’ispezione", "by an inspector"),
    "citizen": Words("da una segnalazione", "from a report"),
    "camera": Words("da una telecamera", "by a camera"),
}
"""Who took a photograph."""
MOST_PHOTOS: Final = 12
"""Photographs that a sheet shows."""
_INK = "#12344D"
"""Colour of the roughness, as in the strip diagram."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The state of a section on a day on which cars drove; ``driven`` where it was passed on that day."""

    on: dt.date
    class_id: str
    iri: tuple[float, float | None, float | None] | None
    anomalies: int | None
    driven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Past(Drawing):
    """The history of a section, and the same values as rows."""

    moments: Sequence[Moment]


def section(page: Page) -> Response:
    """Render the page of one section."""
    card = card_of(page)
    page.query()
    site = page.site
    roads = site.roads
    found = roads.by_id(page.parts["section_id"])
    if card.entry.practice != "manto_stradale" or found is None:
        raise NotFound(page.parts["section_id"])
    plain = card.entry.plain.of(page.lang)
    done = [w for w in site.works if w.section_id == found.id]
    anomalies = roads.anomalies_of(found.id)
    return page.render(
        "section.html",
        simulated=found.label == "simulated",
        crumbs=[
            (page.say("Buone pratiche", "Good practices"), page.url("practices")),
            (plain, page.url("practice", practice="manto_stradale")),
            (page.say("Mappa", "Map"), page.url("map", practice="manto_stradale")),
            (found.id, None),
        ],
        section=found,
        place=_place(page, found),
        rank=1 + next(i for i, s in enumerate(roads.sections) if s.id == found.id),
        n=len(roads.sections),
        place_of=lambda place, n: place_of(page, place, n),
        state_on=roads.on,
        anomalies=sorted(anomalies, key=lambda a: (a.chainage_m is None, a.chainage_m, a.id)),
        photos=(pictures := _photos(page, found))[:MOST_PHOTOS],
        n_photos=len(pictures),
        sources=_SOURCES,
        kinds=strips.KINDS,
        sides=strips.SIDES,
        states=STATES,
        contributions=CONTRIBUTIONS,
        whole=whole_of(page, roads),
        segments=(own := [s for s in site.segments if s.section_id == found.id]),
        foremost=_foremost(own),
        n_segments=len(site.segments),
        past=_past(page, found, done),
        done=done,
        options=[(o, _option_name(page, found, o, own)) for o in _options(page, found)],
        sketch=sketch.section_svg(page, found),
        strip=strips.drawing(page, found, anomalies),
        scale=iri_scale(roads.sections),
        neighbours=[s for s in roads.sections if s.road_code and s.road_code == found.road_code],
    )


def place_of(page: Page, place: int, n: int) -> str:
    """Return a place in a list: 3ª di 42, 3rd of 42."""
    teen = place % 100 in {11, 12, 13}
    ending = "th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    number, of = i18n.number(place, page.lang), i18n.number(n, page.lang)
    return page.say(f"{number}ª su {of}", f"{number}{ending} of {of}")


def _options(page: Page, found: Section) -> list[Candidate]:
    """Return the interventions proposed for the section, the chosen ones first."""
    own = {found.id, f"manto_stradale:{found.id}"}
    options = [c for c in page.site.programme.candidates if c.asset in own]
    return sorted(options, key=lambda c: (not c.chosen, -(c.yield_ or 0.0), c.id))


def _option_name(page: Page, found: Section, option: Candidate, segments: Sequence[Segment]) -> str:
    """Return treatment and stretch of a proposal in the page's language; else the name that it was given."""
    own = next((s for s in segments if s.id == option.id.rpartition(":")[0]), None)
    treatment = page.site.type_names.get(option.type)
    if own is None or treatment is None:
        return option.name.of(page.lang)
    return f"{treatment.of(page.lang)}, {found.posts.stretch(own.from_m, own.to_m, page.lang)}"


def _photos(page: Page, found: Section) -> list[Photo]:
    """Return the photographs of the section that the reader may see, the latest first."""
    kept = page.site.photos.get(found.id, ())
    return photos.seen(page.keeper.store, page.principal.scope, kept) if kept else []


def _foremost(segments: Sequence[Segment]) -> Segment | None:
    """Return the segment of the section that stands first in the list."""
    return min((s for s in segments if s.rank is not None), key=lambda s: s.rank or 0, default=None)


def _place(page: Page, found: Section) -> str:
    """Return road, municipality and chainage, where they are known."""
    parts = [
        found.road_code or "",
        found.municipality or page.say("comune non noto", "municipality not known"),
    ]
    if found.from_km is not None and found.to_km is not None:
        parts.append("km " + i18n.interval_text(found.from_km, found.to_km, page.lang, 2))
    return " · ".join(p for p in parts if p)


def _past(page: Page, found: Section, done: Sequence[Work]) -> Past | None:
    """Return the history of the section; None where no day of it is known."""
    moments = [_moment(row) for row in page.site.history.states.get(found.id, ())]
    known = [m for m in moments if m.iri is not None]
    if not known:
        return None
    cuts = sorted({w.on for w in done if w.on and known[0].on <= w.on <= known[-1].on})
    runs = [Run(points, colour=_INK) for points in _between(known, cuts)]
    events = [Event(cut, page.say("lavori", "works")) for cut in cuts]
    first, last = (i18n.number(m.iri[0] if m.iri else None, page.lang, 1) for m in (known[0], known[-1]))
    a, b = (i18n.long_date(m.on, page.lang) for m in (known[0], known[-1]))
    sentence = page.say(
        f"Irregolarità della sezione {found.id}: {first} m/km il {a}, {last} il {b}.",
        f"Roughness of section {found.id}: {first} m/km on {a}, {last} on {b}.",
    )
    words = lines.Words(
        sentence,
        "IRI, m/km",
        lambda v: i18n.number(v, page.lang),
        lambda d: i18n.date_text(d, page.lang),
    )
    tints = bands(known[-1].on, page.lang)
    wide, narrow = (
        timeline(runs, events, tints, words=words, width=width, margin=margin)
        for width, margin in ((590, 100), (330, 84))
    )
    return Past(wide=wide, narrow=narrow, sentence=sentence, moments=moments)


def _moment(row: Row) -> Moment:
    iri, anomalies = real(row, "iri_m_km"), real(row, "anomalies")
    on = row["date"]
    return Moment(
        on=on,
        class_id=class_of_word(row.get("class")),
        iri=None if iri is None else (iri, real(row, "low_m_km"), real(row, "high_m_km")),
        anomalies=None if anomalies is None else round(anomalies),
        driven=day(row, "last_on") == on,
    )


def _between(known: Sequence[Moment], cuts: Sequence[dt.date]) -> list[list[Point]]:
    """Return the points of each life of the surface: works end one."""
    runs: list[list[Point]] = [[] for _ in range(len(cuts) + 1)]
    for moment in known:
        if moment.iri is not None:
            life = sum(cut <= moment.on for cut in cuts)
            runs[life].append(Point(moment.on, *moment.iri, full=moment.driven))
    return [run for run in runs if run]
