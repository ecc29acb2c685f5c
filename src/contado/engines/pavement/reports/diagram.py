"""The strip diagram of a road: what pages, single files and reports say and draw along the chainage."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contado.engines.pavement.maintenance import condition
from contado.engines.pavement.road.posts import Posts
from contado.kernel.publish import style
from contado.kernel.publish.strip import Band, Texts, strip
from contado.kernel.publish.words import Lang, Words, number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from contado.kernel.publish.strip import Cell, Mark, Stretch

__all__ = ["KINDS", "SIDES", "WIDTHS", "Diagram", "bands", "diagram"]

KINDS: Final[dict[str, Words]] = {
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
SIDES: Final[dict[str, Words]] = {
    "left": Words("ruote a sinistra", "left wheels"),
    "right": Words("ruote a destra", "right wheels"),
    "both": Words("tutte le ruote", "all wheels"),
}
"""Wheel track of an anomaly, in the direction of the section."""
WIDTHS: Final = (1232.0, 720.0)
"""Widths of the drawing for a screen and for a phone, where it scrolls sideways [px]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """The diagram for a screen and for a phone, and its sentence for who does not see it."""

    wide: str
    narrow: str
    sentence: str


def diagram(
    name: str,
    cells: Sequence[Cell],
    marks: Sequence[Mark] = (),
    works: Sequence[Stretch] = (),
    *,
    lang: Lang,
    on: date,
    posts: Posts | None = None,
) -> Diagram:
    """Draw roughness with its band, classes, anomalies and works along a road.

    Parameters
    ----------
    name
        Name of the road or section.
    cells
        In the order of the chainage; unknown ones break the line.
    on
        Day whose class breaks count.
    posts
        Official kilometres along the road; None: those from its own start.

    Examples
    --------
    >>> from datetime import date
    >>> from contado.kernel.publish.strip import Cell
    >>> drawn = diagram("SP35", [Cell(0, 100, 2.0, 1.8, 2.2)], lang="en", on=date(2026, 1, 1))
    >>> drawn.sentence
    'Roughness along SP35: 2.0 to 2.0 m/km; anomalies: 0, works: 0.'
    """
    sentence = _sentence(name, cells, marks, len(works), lang)
    texts = Texts(
        sentence,
        Words("Anomalie", "Anomalies").of(lang),
        Words("Lavori", "Works").of(lang),
        Words("piena = confermata", "full = confirmed").of(lang),
        Words(",", ".").of(lang),
    )
    known = posts or Posts()
    axis = {"start_m": 1000 * known.start_km, "step": 1000 * known.km_per_m}
    wide, narrow = (
        strip(cells, bands(on, lang), marks, works, texts=texts, **axis, width=width) for width in WIDTHS
    )
    return Diagram(wide=wide, narrow=narrow, sentence=sentence)


def bands(on: date, lang: Lang) -> list[Band]:
    """Return the classes on the axis of the roughness, where a road has no anomalies."""
    model = condition.model(on)
    starts = [0.0] + [model.iri_free_m_km - math.log(b / 100) / model.iri_rate_km_m for b in model.breaks]
    classes = [c for c in style.load().classes if c.id != "none"]
    return [
        Band(start, c.tint, f"{c.id} {Words(c.it, c.en).of(lang)}")
        for start, c in zip(starts, classes, strict=True)
    ]


def _sentence(name: str, cells: Sequence[Cell], marks: Sequence[Mark], works: int, lang: Lang) -> str:
    known = [c.iri for c in cells if c.iri is not None]
    if not known:
        return Words(f"{name}: nessun tratto misurato.", f"{name}: no piece was measured.").of(lang)
    low, high = (number(v, lang, 1) for v in (min(known), max(known)))
    bumps = sum(m.kind == "speed_bump" for m in marks)
    it, en = (f"dossi: {bumps}, ", f"speed bumps: {bumps}, ") if bumps else ("", "")
    defects = sum(m.kind != "speed_bump" and not m.meant for m in marks)
    return Words(
        f"Irregolarità lungo {name}: da {low} a {high} m/km; anomalie: {defects}, {it}lavori: {works}.",
        f"Roughness along {name}: {low} to {high} m/km; anomalies: {defects}, {en}works: {works}.",
    ).of(lang)
