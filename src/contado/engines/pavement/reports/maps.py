"""The map of a state of roads as one HTML file: map, legend as filter, table, strip diagrams, anomalies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from contado.engines.pavement.reports.diagram import KINDS, diagram
from contado.engines.pavement.views import canvas, grading, page
from contado.engines.pavement.views.model import NOT_DRIVEN_D, SIMULATED
from contado.kernel.dates import today
from contado.kernel.publish import strip as strips
from contado.kernel.publish.words import Lang, Words, date_text, km_digits, long_date, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.engines.pavement.reports.diagram import Diagram
    from contado.engines.pavement.views.grading import Piece
    from contado.engines.pavement.views.model import Road, RoadState, Work
    from contado.kernel.territory import Network

__all__ = [
    "TITLE",
    "attribution",
    "common",
    "driven_words",
    "key_words",
    "marked",
    "render",
    "road_diagram",
    "works_km",
    "works_of",
]

NOTES: Final[dict[str, Words]] = {
    "no_geometry": Words(
        "Strade senza tracciato: stanno nella tabella; la mappa le disegna dritte o non le disegna",
        "Roads without a course: they are in the table; the map draws them straight or not at all",
    ),
    "unmatched": Words(
        "Passaggio fuori dal percorso o in senso contrario: non è stato usato",
        "Drive off the route, or the other way: it was not used",
    ),
    "unmatched_span": Words(
        "Passaggio in parte fuori dal percorso: quelle parti non sono state usate",
        "Drive partly off the route: those parts were not used",
    ),
    "ambiguous_match": Words(
        "Tratti in cui un’altra strada è altrettanto probabile: non sono stati usati",
        "Parts on which another road fits as well: they were not used",
    ),
    "duplicate_drive": Words(
        "Lo stesso passaggio con due nomi: è stato usato una volta",
        "The same drive under two names: it was used once",
    ),
}
"""What findings say in a file, by rule; the others keep their English sentence."""
MOST_STRIPS: Final = 40
"""Diagrams of more roads would make a file of many megabytes."""
TITLE: Final = Words("Stato delle strade", "State of the roads")


def render(
    state: RoadState,
    *,
    lang: Lang = "it",
    network: Network | None = None,
    fonts: Mapping[int, bytes] | None = None,
) -> bytes:
    """Return the file; the same state gives the same bytes.

    Parameters
    ----------
    state
        What `contado.engines.pavement.views.reading.read_state` returned.
    network
        Streets drawn behind the roads, where they are at hand.
    fonts
        Titillium Web as WOFF2 by weight.
    """
    from markupsafe import Markup

    pieces = [p for road in state.roads for p in grading.pieces(road, state.on)]
    frame = canvas.frame_of(state.roads)
    words = Words(
        "Mappa delle strade; le stesse righe sono nella tabella",
        "Map of the roads; the same rows are in the table",
    ).of(lang)
    found = canvas.layer(frame, canvas.shapes(state.roads, pieces, frame), state.roads, lang=lang)
    streets = canvas.streets_path(network, frame) if network is not None else ""
    drawn = canvas.draw(frame, found, label=words, streets=streets)
    return page.render(
        "map.html",
        ["map.js"],
        page.map_data(frame),
        lang=lang,
        fonts=fonts,
        title=TITLE.of(lang),
        subtitle=driven_words(state, pieces, lang),
        map=Markup(drawn),  # noqa: S704 - drawn by our own code, texts escaped
        map_words=words,
        attribution=attribution(frame, state, lang),
        strips=_strips(state, lang),
        without_strips=sum(map(_measured, state.roads)) > MOST_STRIPS,
        unmeasured=[road.title for road in state.roads if not _measured(road)],
        defects=sum(len(road.defects) for road in state.roads),
        spots=[(road, spot) for road in state.roads for spot in road.spots],
        **common(state, pieces, lang),
    )


def _strips(state: RoadState, lang: Lang) -> list[tuple[str, dict[str, Any]]]:
    """Return the diagrams of the measured roads; of very many none, and the page says how to see one."""
    measured = [road for road in state.roads if _measured(road)]
    if len(measured) > MOST_STRIPS:
        return []
    return [
        (road.title, {**marked(road_diagram(road, state, lang)), "works": works_km(road, lang)})
        for road in measured
    ]


def _measured(road: Road) -> bool:
    return any(cell.iri is not None for cell in road.cells)


def common(state: RoadState, pieces: Sequence[Piece], lang: Lang) -> dict[str, Any]:
    """Return what the pages of a state share: label, legend, key, rows, notes."""
    return {
        **key_words(state.roads, pieces, lang),
        "born": state.label,
        "simulated": SIMULATED.of(lang) if state.label == "simulated" else "",
        "pieces": pieces,
        "totals": grading.totals(pieces),
        "stale": sum(p.stale_d is not None for p in pieces),
        "limit": NOT_DRIVEN_D,
        "many": len(state.roads) > 1,
        "scale": (
            1.0,
            float(max(6, min(20, math.ceil(max((p.high or p.iri or 0 for p in pieces), default=6))))),
        ),
        "notes": [
            (NOTES[f.rule].of(lang), f.row) if f.rule in NOTES else (f.message, None)
            for f in state.findings
            if f.severity != "note"
        ],
    }


def key_words(roads: Sequence[Road], pieces: Sequence[Piece], lang: Lang) -> dict[str, Any]:
    """Return what the small key of a map says: how many pieces are uncertain, which signs mean what."""
    kinds = [k for k in KINDS if any(s.kind == k for road in roads for s in road.spots)]
    full = Words("piena = confermata", "full = confirmed").of(lang)
    return {
        "uncertain": sum(p.uncertain for p in pieces),
        "kinds": kinds,
        "kinds_words": f"{', '.join(KINDS[k].of(lang) for k in kinds)}; {full}" if kinds else "",
    }


def driven_words(state: RoadState, pieces: Sequence[Piece], lang: Lang) -> str:
    """Return the day of the state and how much of the roads was driven lately, by cells."""
    length = sum(p.length_m for p in pieces) / 1000
    late = sum(p.late_m for p in pieces) / 1000
    digits = km_digits(length)
    of = number(length, lang, digits)
    if state.on is None:
        km = number(sum(p.measured_m for p in pieces) / 1000, lang, digits)
        return Words(f"{km} di {of} km misurati", f"{km} of {of} km measured").of(lang)
    day, km = long_date(state.on, lang), number(length - late, lang, digits)
    return Words(
        f"al {day} · {km} di {of} km percorsi negli ultimi {NOT_DRIVEN_D} giorni",
        f"on {day} · {km} of {of} km driven in the last {NOT_DRIVEN_D} days",
    ).of(lang)


def attribution(frame: canvas.Frame, state: RoadState, lang: Lang) -> str:
    """Return what the map is drawn in, and by what."""
    born = Words("simulati", "simulated") if state.label == "simulated" else Words("stimati", "estimated")
    pieces = Words(f"Tratti: {born.it}, contado", f"Pieces: {born.en}, contado").of(lang)
    if frame.epsg is None:
        straight = Words(
            "Tracciato non noto: strade disegnate dritte, per progressiva",
            "Course not known: roads drawn straight, by chainage",
        )
        return f"{straight.of(lang)} · {pieces}"
    return f"EPSG:{frame.epsg} · {pieces}"


def road_diagram(road: Road, state: RoadState, lang: Lang) -> Diagram:
    """Return the strip diagram of a road: its cells, anomalies and works."""
    cells = [strips.Cell(c.from_m, c.to_m, c.iri, c.low, c.high) for c in road.cells]
    marks = [strips.Mark(s.at_m, s.kind, s.confirmed, canvas.spot_words(s, road, lang)) for s in road.spots]
    works = works_of(road, lang)
    return diagram(road.name, cells, marks, works, lang=lang, on=state.on or today(), posts=road.posts)


def works_of(road: Road, lang: Lang) -> list[strips.Stretch]:
    """Return the works on a road, done and planned, with their words."""
    return [strips.Stretch(w.from_m, w.to_m, _work_words(w, lang), w.year is not None) for w in road.works]


def works_km(road: Road, lang: Lang) -> list[tuple[str, float, float]]:
    """Return the words of the works on a road, and the kilometres they begin and end at."""
    return [(w.words, *road.posts.span(w.from_m, w.to_m)) for w in works_of(road, lang)]


def _work_words(work: Work, lang: Lang) -> str:
    """Return what was done when, or what is planned for which year."""
    name = work.name.of(lang) if work.name else work.treatment
    planned = "" if work.year is None else Words(f"previsti {work.year}", f"planned {work.year}").of(lang)
    return ", ".join(filter(None, (name, date_text(work.day, lang), planned)))


def marked(found: Diagram) -> dict[str, Any]:
    """Return a diagram whose drawings a template writes as they are."""
    from markupsafe import Markup

    return {
        "wide": Markup(found.wide),  # noqa: S704 - drawn by our own code, texts escaped
        "narrow": Markup(found.narrow),  # noqa: S704 - idem
        "sentence": found.sentence,
    }
