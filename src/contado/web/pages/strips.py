"""The strip diagram of a section on a page, and its values as rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.engines.pavement.anomalies.explained import explaining, on_purpose
from contado.engines.pavement.reports import diagram
from contado.engines.pavement.reports.diagram import KINDS, SIDES
from contado.kernel.publish.strip import Cell, Mark, Stretch
from contado.web import i18n
from contado.web.data.view import real, rows
from contado.web.pages.drawings import Drawing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.engines.pavement.road.posts import Posts
    from contado.web.data.roads import Anomaly, Section
    from contado.web.data.view import Row
    from contado.web.i18n import Words
    from contado.web.page import Page

__all__ = ["KINDS", "SIDES", "Strip", "drawing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip(Drawing):
    """The diagram, and the same values as rows."""

    cells: Sequence[Cell]
    works: Sequence[Stretch]
    posts: Posts
    left_out: Sequence[tuple[Cell, Mark]]
    """Cells whose roughness counts in no class, and the thing on purpose that explains each."""


def drawing(page: Page, section: Section, anomalies: Sequence[Anomaly]) -> Strip | None:
    """Return the strip diagram of a section; None where its cells are not known."""
    cells = _cells(page).get(section.id)
    if not cells:
        return None
    marks = [_mark(page, a) for a in anomalies if a.chainage_m is not None]
    works = _works(page, section)
    left_out = [(cell, _bump(page, section, cause)) for cell, cause in _left_out(page, section, cells)]
    marks += dict.fromkeys(mark for _, mark in left_out)
    drawn = diagram.diagram(
        page.say(f"la sezione {section.id}", f"section {section.id}"),
        cells,
        marks,
        works,
        lang=page.lang,
        on=page.site.today(),
        posts=section.posts,
    )
    return Strip(
        wide=drawn.wide,
        narrow=drawn.narrow,
        sentence=drawn.sentence,
        cells=cells,
        works=works,
        posts=section.posts,
        left_out=left_out,
    )


def _cells(page: Page) -> Mapping[str, list[Cell]]:
    return page.site.cached("cells", lambda: _by_section(rows(page.site.view, "pavement_cell_state")))


def _by_section(found: Sequence[Row]) -> dict[str, list[Cell]]:
    cells: dict[str, list[Cell]] = defaultdict(list)
    for row in found:
        values = (real(row, name) for name in ("iri_m_km", "low_m_km", "high_m_km"))
        cells[str(row["section_id"])].append(Cell(float(row["from_m"]), float(row["to_m"]), *values))
    return {section: sorted(own) for section, own in cells.items()}


def _mark(page: Page, a: Anomaly) -> Mark:
    kind = KINDS[a.kind].of(page.lang) if a.kind in KINDS else a.kind
    seen = f", {i18n.date_text(a.last_seen, page.lang)}" if a.last_seen else ""
    return Mark(a.chainage_m or 0.0, a.kind, a.state == "confirmed", f"{kind}{seen}")


def _left_out(page: Page, section: Section, cells: Sequence[Cell]) -> list[tuple[Cell, Row]]:
    """Return the measured cells that bumps and known fixtures explain, each with what explains it."""
    bumps = [
        row
        for row in page.site.cached("on_purpose", lambda: _on_purpose(page))
        if row["section_id"] == section.id
    ]
    known = [c for c in cells if c.iri is not None]
    if not bumps or not known:
        return []
    start, end = (np.array([getattr(c, name) for c in known], np.float64) for name in ("from_m", "to_m"))
    causes = explaining(start, end, bumps)
    return [(cell, dict(cause)) for cell, cause in zip(known, causes, strict=True) if cause is not None]


def _on_purpose(page: Page) -> list[Row]:
    return [row for row in rows(page.site.view, "pavement_anomaly") if on_purpose(row)]


def _bump(page: Page, section: Section, row: Row) -> Mark:
    kind = KINDS[row["kind"]].of(page.lang) if row["kind"] in KINDS else str(row["kind"])
    place = f"{kind} {page.say('a', 'at')} {section.posts.where(row['chainage_m'], page.lang)}"
    return Mark(float(row["chainage_m"]), str(row["kind"]), True, place, meant=True)


def _works(page: Page, section: Section) -> list[Stretch]:
    """Return the works done on the section, then those of the programme."""
    names = page.site.type_names
    done = [
        Stretch(
            w.from_m, w.to_m, f"{_name(names, w.treatment, page)} {i18n.date_text(w.on, page.lang)}".strip()
        )
        for w in page.site.works
        if w.section_id == section.id
    ]
    extents = {s.id: (s.from_m, s.to_m) for s in page.site.segments if s.section_id == section.id}
    planned = [
        Stretch(*extents[key], f"{_name(names, c.type, page)}, {_planned(page, c.year)}", planned=True)
        for c in page.site.programme.chosen
        if (key := c.id.rpartition(":")[0]) in extents
    ]
    return sorted([*done, *planned])


def _planned(page: Page, year: int | None) -> str:
    return f"{page.say('in programma', 'in the programme')} {year or ''}".strip()


def _name(names: Mapping[str, Words], code: str | None, page: Page) -> str:
    return names[code].of(page.lang) if code and code in names else code or ""
