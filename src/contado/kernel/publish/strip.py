"""The strip diagram of a road section: anomalies, roughness with its band, classes, works along the chainage."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from contado.kernel.publish.charts import INK, svg

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Band", "Cell", "Mark", "Stretch", "Texts", "axis_ends", "strip"]

HEIGHT = 176.0
_LEFT, _MARGIN, _TRACK, _TOP, _BOTTOM, _WORKS, _AXIS = 64.0, 150.0, 12.0, 30.0, 130.0, 139.0, 168.0
_BAND_COLOUR = "#12344D"
_SHAPES = {
    "pothole": "M{0} 5l7 13h-14z",
    "depression": "M{1} 6h12v12h-12z",
    "manhole": "M{0} 6a6 6 0 1 0 .1 0z",
}
_OTHER = "M{1} 16a6 6 0 0 1 12 0z"


class Cell(NamedTuple):
    """Roughness of a piece of the section with its interval [m, m/km]; None where nobody drove."""

    from_m: float
    to_m: float
    iri: float | None
    low: float | None
    high: float | None


class Band(NamedTuple):
    """A class on the axis of the roughness: from the value up [m/km], tint, words at the right end."""

    from_iri: float
    tint: str
    name: str


class Mark(NamedTuple):
    """An anomaly: where [m], kind, whether it is confirmed, its words; ``meant`` where it was put there on purpose."""

    at_m: float
    kind: str
    confirmed: bool
    words: str
    meant: bool = False


class Stretch(NamedTuple):
    """Works on a part of the section [m] with their words; planned ones are drawn dashed."""

    from_m: float
    to_m: float
    words: str
    planned: bool = False


class Texts(NamedTuple):
    """Words of the drawing: the sentence for who does not see it, names of the tracks, the decimal sign."""

    label: str
    anomalies: str
    works: str
    confirmed: str
    decimal: str = ","


class _Frame(NamedTuple):
    first: float
    last: float
    top_iri: float
    width: float

    @property
    def right(self) -> float:
        return self.width - _MARGIN

    def x(self, metres: float) -> float:
        share = (metres - self.first) / ((self.last - self.first) or 1.0)
        return _LEFT + (self.right - _LEFT) * min(1.0, max(0.0, share))

    def y(self, iri: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * min(1.0, max(0.0, iri / self.top_iri))


def strip(
    cells: Sequence[Cell],
    bands: Sequence[Band],
    marks: Sequence[Mark] = (),
    works: Sequence[Stretch] = (),
    *,
    texts: Texts,
    start_m: float = 0.0,
    step: float = 1.0,
    width: float = 1232.0,
) -> str:
    """Draw a section, 176 px high; 720 px is the width for a phone, where it scrolls sideways.

    Parameters
    ----------
    cells
        In the order of the chainage; a cell without a value breaks the line.
    bands
        Classes from the lowest roughness up.
    texts
        Words of the drawing.
    start_m, step
        Chainage of the beginning of the section along its road [m], and by how many metres it changes in one of the
        section: less than zero where it falls.

    Examples
    --------
    >>> texts = Texts("Roughness", "anomalies", "works", "full = confirmed")
    >>> drawn = strip([Cell(0, 20, 2.0, 1.8, 2.2)], [Band(0, "#FFF", "A")], texts=texts)
    >>> drawn.count("<svg"), "Roughness" in drawn
    (1, True)
    """
    frame = _frame(cells, width)
    body = _bands(bands, frame) + _axis(frame, start_m, step, texts.decimal)
    body += "".join(_run(run, frame) for run in _runs(cells))
    body += _marks(marks, frame, texts) + _works(works, frame, texts.works)
    return svg(width, HEIGHT, body, name="strip", label=texts.label)


def axis_ends(width: float) -> tuple[float, float]:
    """Return where the axis of the chainage begins and ends in a drawing of that width [px].

    Examples
    --------
    >>> axis_ends(720.0)
    (64.0, 570.0)
    """
    return _LEFT, width - _MARGIN


def _frame(cells: Sequence[Cell], width: float) -> _Frame:
    highest = max((c.high or c.iri or 0.0 for c in cells), default=0.0)
    top = 4.0 * max(2, math.ceil(highest / 4))
    return _Frame(
        min((c.from_m for c in cells), default=0.0), max((c.to_m for c in cells), default=1.0), top, width
    )


def _bands(bands: Sequence[Band], frame: _Frame) -> str:
    out, last = "", _BOTTOM + 20
    for i, band in enumerate(bands):
        if band.from_iri >= frame.top_iri:
            continue
        upper = bands[i + 1].from_iri if i + 1 < len(bands) else frame.top_iri
        top, bottom = frame.y(upper), frame.y(band.from_iri)
        out += f'<path d="M{_LEFT:.0f} {top:.1f}H{frame.right:.0f}V{bottom:.1f}H{_LEFT:.0f}z" fill="{band.tint}"/>'
        last = min(last - 14, (top + bottom) / 2 + 4)
        out += f'<text x="{frame.right + 8:.0f}" y="{last:.0f}" class="ct-text">{escape(band.name)}</text>'
    return out


def _axis(frame: _Frame, start_m: float, step: float, number: str) -> str:
    out = ""
    rise = frame.top_iri / 3 if frame.top_iri % 3 == 0 else 4.0
    for i in range(int(frame.top_iri / rise) + 1):
        y = frame.y(i * rise)
        out += f'<path d="M{_LEFT:.0f} {y:.1f}H{frame.right:.0f}" stroke="#FFF" stroke-width="1.5"/>'
        out += f'<text x="{_LEFT - 8:.0f}" y="{y + 4:.0f}" text-anchor="end" class="ct-text">{i * rise:.0f}</text>'
    out += '<text x="0" y="46" class="ct-text">IRI</text><text x="0" y="62" class="ct-text">m/km</text>'
    out += f'<text x="0" y="{_AXIS + 5:.0f}" class="ct-text">km</text>'
    first, last = sorted(start_m + step * end for end in (frame.first, frame.last))
    gap = _gap((last - first) * 160 / frame.width)
    at = math.ceil(first / gap) * gap
    while at <= last:
        text = f"{at / 1000:.{1 if gap >= 100 else 2}f}".replace(".", number)
        x = frame.x((at - start_m) / step)
        out += f'<text x="{x:.0f}" y="{_AXIS + 5:.0f}" text-anchor="middle" class="ct-text">{text}</text>'
        at += gap
    return out


def _gap(wanted: float) -> float:
    """Return a round distance of at least 20 m: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(max(wanted, 20.0)))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= wanted)


def _runs(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Return the cells that follow each other without a hole."""
    runs: list[list[Cell]] = []
    before: Cell | None = None
    for cell in cells:
        if cell.iri is not None:
            if before is None or before.iri is None or cell.from_m > before.to_m + 1.0:
                runs.append([])
            runs[-1].append(cell)
        before = cell
    return runs


def _run(run: Sequence[Cell], frame: _Frame) -> str:
    ends = [frame.x(run[0].from_m), *(frame.x((c.from_m + c.to_m) / 2) for c in run[1:-1])]
    ends = [*ends, frame.x(run[-1].to_m)] if len(run) > 1 else [*ends, frame.x(run[0].to_m)]
    cells = run if len(run) > 1 else [run[0], run[0]]
    line = "L".join(f"{x:.0f} {frame.y(c.iri or 0.0):.1f}" for x, c in zip(ends, cells, strict=True))
    out = ""
    if all(c.low is not None and c.high is not None for c in cells):
        upper = [f"{x:.0f} {frame.y(c.high or 0.0):.1f}" for x, c in zip(ends, cells, strict=True)]
        lower = [f"{x:.0f} {frame.y(c.low or 0.0):.1f}" for x, c in zip(ends, cells, strict=True)]
        area = "L".join([*upper, *reversed(lower)])
        out = f'<path class="ct-band" d="M{area}z" fill="{_BAND_COLOUR}" fill-opacity=".22"/>'
    return f'{out}<path class="ct-iri" d="M{line}" fill="none" stroke="{_BAND_COLOUR}" stroke-width="2"/>'


def _marks(marks: Sequence[Mark], frame: _Frame, texts: Texts) -> str:
    out = f'<text x="0" y="{_TRACK + 4:.0f}" class="ct-text">{escape(texts.anomalies)}</text>'
    out += f'<path class="ct-axis" d="M{_LEFT:.0f} {_TRACK}H{frame.right:.0f}" stroke="#D5DADD"/>'
    for mark in marks:
        x = frame.x(mark.at_m)
        shape = _SHAPES.get(mark.kind, _OTHER).format(f"{x:.1f}", f"{x - 6:.1f}")
        fill = "ct-mark" if mark.confirmed else "ct-hollow"
        colour = INK if mark.confirmed else "#FFF"
        out += f'<path class="{fill}" d="{shape}" fill="{colour}" stroke="{INK}" stroke-width="1.6"><title>{escape(mark.words)}</title></path>'
    if marks:
        out += f'<text x="{frame.right + 8:.0f}" y="{_TRACK + 4:.0f}" class="ct-text">{escape(texts.confirmed)}</text>'
    return out


def _works(works: Sequence[Stretch], frame: _Frame, name: str) -> str:
    if not works:
        return ""
    out, free = f'<text x="0" y="{_WORKS + 10:.0f}" class="ct-text">{escape(name)}</text>', 0.0
    for work in works:
        x, end = frame.x(work.from_m), frame.x(work.to_m)
        words = f"<title>{escape(work.words)}</title>"
        dash = ' stroke-dasharray="5 3"' if work.planned else ""
        out += f'<path class="ct-work ct-ink" d="M{x:.1f} {_WORKS}H{max(end, x + 3):.1f}v12H{x:.1f}z" fill="none" stroke="{INK}" stroke-width="2"{dash}>{words}</path>'
        room = 7.0 * len(work.words)
        if end >= free and end + 6 + room <= frame.width:
            following = min((frame.x(w.from_m) for w in works if w.from_m >= work.to_m), default=frame.width)
            if end + 6 + room <= following:
                out += f'<text x="{end + 6:.0f}" y="{_WORKS + 10:.0f}" class="ct-text">{escape(work.words)}</text>'
                free = end + 6 + room
    return out
