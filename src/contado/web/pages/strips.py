"""The strip diagram of a section on a page, and its values as rows."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.kernel.publish.strip import Band, Cell, Mark, Stretch, Texts, strip
from contado.web import i18n, style
from contado.web.data.view import real, rows
from contado.web.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.web.data.roads import Anomaly, Section
    from contado.web.data.view import Row
    from contado.web.page import Page

__all__ = ["KINDS", "Drawing", "drawing"]

KINDS: dict[str, Words] = {
    "pothole": Words("buca", "pothole"),
    "depression": Words("avvallamento", "depression"),
    "manhole": Words("tombino", "manhole"),
    "speed_bump": Words("dosso", "speed bump"),
    "raised": Words("rialzo", "raised spot"),
    "longitudinal_crack": Words("fessura longitudinale", "longitudinal crack"),
    "transverse_crack": Words("fessura trasversale", "transverse crack"),
    "alligator_crack": Words("fessure a ragnatela", "alligator cracking"),
    "unknown": Words("tipo non noto", "kind not known"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The diagram for a screen and for a phone, its sentence, and the same values as rows."""

    wide: str
    narrow: str
    sentence: str
    cells: Sequence[Cell]
    works: Sequence[Stretch]


def drawing(page: Page, section: Section, anomalies: Sequence[Anomaly]) -> Drawing | None:
    """Return the strip diagram of a section; None where its cells are not known."""
    cells = _cells(page).get(section.id)
    if not cells:
        return None
    known = [c.iri for c in cells if c.iri is not None]
    marks = [_mark(page, a) for a in anomalies if a.chainage_m is not None]
    works = _works(page, section)
    sentence = _sentence(page, section, known, len(marks), len(works))
    texts = Texts(
        sentence,
        page.say("Anomalie", "Anomalies"),
        page.say("Lavori", "Works"),
        page.say("piena = confermata", "full = confirmed"),
        page.say(",", "."),
    )
    start = 1000 * (section.from_km or 0.0)
    wide, narrow = (
        strip(cells, _bands(page), marks, works, texts=texts, start_m=start, width=width)
        for width in (1232.0, 720.0)
    )
    return Drawing(wide=wide, narrow=narrow, sentence=sentence, cells=cells, works=works)


def _cells(page: Page) -> Mapping[str, list[Cell]]:
    return page.site.cached("cells", lambda: _by_section(rows(page.site.view, "pavement_cell_state")))


def _by_section(found: Sequence[Row]) -> dict[str, list[Cell]]:
    cells: dict[str, list[Cell]] = defaultdict(list)
    for row in found:
        values = (real(row, name) for name in ("iri_m_km", "low_m_km", "high_m_km"))
        cells[str(row["section_id"])].append(Cell(float(row["from_m"]), float(row["to_m"]), *values))
    return {section: sorted(own) for section, own in cells.items()}


def _bands(page: Page) -> list[Band]:
    """Return the classes on the axis of the roughness, where a road has no anomalies."""
    from contado.engines.pavement import condition

    model = condition.model(dt.datetime.now(dt.UTC).date())
    starts = [0.0] + [model.iri_free_m_km - math.log(b / 100) / model.iri_rate_km_m for b in model.breaks]
    classes = [c for c in style.load().classes if c.id != "none"]
    return [
        Band(start, c.tint, f"{c.id} {page.say(c.it, c.en)}")
        for start, c in zip(starts, classes, strict=True)
    ]


def _mark(page: Page, a: Anomaly) -> Mark:
    kind = KINDS[a.kind].of(page.lang) if a.kind in KINDS else a.kind
    seen = f", {i18n.date_text(a.last_seen, page.lang)}" if a.last_seen else ""
    return Mark(a.chainage_m or 0.0, a.kind, a.state == "confirmed", f"{kind}{seen}")


def _works(page: Page, section: Section) -> list[Stretch]:
    """Return the works done on the section, then those of the programme."""
    done = [
        Stretch(
            float(r["from_m"]),
            _end(r, section),
            f"{r.get('treatment') or ''} {i18n.date_text(r['date'], page.lang)}".strip(),
        )
        for r in rows(page.site.view, "pavement_works")
        if r["section_id"] == section.id
    ]
    extents = page.site.cached("extents", lambda: _extents(rows(page.site.view, "pavement_segment")))
    planned = [
        Stretch(
            *extents[key],
            f"{page.site.type_names[c.type].of(page.lang) if c.type in page.site.type_names else c.type}, {c.year}",
        )
        for c in page.site.programme.chosen
        if (key := c.id.rpartition(":")[0]) in extents and key.split(":")[1] == section.id
    ]
    return sorted([*done, *planned])


def _end(row: Row, section: Section) -> float:
    return real(row, "to_m") or 1000 * section.length_km


def _extents(found: Sequence[Row]) -> dict[str, tuple[float, float]]:
    return {str(r["segment_id"]): (float(r["from_m"]), float(r["to_m"])) for r in found}


def _sentence(page: Page, section: Section, known: Sequence[float], marks: int, works: int) -> str:
    if not known:
        return page.say(
            f"Sezione {section.id}: nessun tratto misurato.", f"Section {section.id}: no piece was measured."
        )
    low, high = (i18n.number(v, page.lang, 1) for v in (min(known), max(known)))
    return page.say(
        f"Irregolarità lungo la sezione {section.id}: da {low} a {high} m/km; {marks} anomalie, {works} lavori.",
        f"Roughness along section {section.id}: {low} to {high} m/km; {marks} anomalies, {works} works.",
    )
