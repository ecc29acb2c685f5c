"""The map of a file as SVG: pieces by class, uncertain and not driven ones, anomalies, a scale bar.

Widths, colours and signs are those of `contado.kernel.publish.style`, as the web map draws them. Lines are
drawn in pixels of the frame; a page may keep their widths while it zooms (custom properties ``--w-A`` ...).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.diagram import KINDS, SIDES
from contado.kernel.publish import style
from contado.kernel.publish.charts import INK
from contado.kernel.publish.words import Lang, number
from contado.kernel.territory import crs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.views.grading import Piece
    from contado.engines.pavement.views.model import Road, Spot
    from contado.kernel.publish.style import RoadClass
    from contado.kernel.territory import Network

    Floats = NDArray[np.float64]

__all__ = [
    "ZOOMS",
    "Frame",
    "Shape",
    "draw",
    "frame_of",
    "layer",
    "mark_svg",
    "shapes",
    "spot_words",
    "streets_path",
    "width_at",
]

ZOOMS: Final = (8.0, 10.0, 12.0, 15.0)
"""Zooms of the widths in the style file; one tile has 512 px."""
CASING_PX: Final = 1.6
DOTS_FROM: Final = 10.5
DOT_ZOOMS: Final = (DOTS_FROM, 15.0)
DOT_PX: Final = (0.9, 3.4)
"""Width of the dots of an uncertain class at those zooms."""
DOT_DASH: Final = (0.1, 2.4)
LETTERS_FROM: Final = 13.0
LETTER_ROOM_PX: Final = 26.0
"""A run of one class that is shorter has no letter; its colour and width still tell."""
_M_PX: Final = 78271.51696
"""Metres a pixel at zoom 0 on the equator, tiles of 512 px."""
_PAD: Final = 44.0
_ROW_PX: Final = 56.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A drawing of ``width`` x ``height`` px that shows ``scale`` px a metre of the measure CRS ``epsg``.

    ``epsg`` None: the roads have no line and are drawn straight, one below the other.
    """

    width: float
    height: float
    scale: float
    west_m: float
    north_m: float
    epsg: int | None
    zoom: float

    def xy(self, x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
        """Return pixels of places in the measure CRS."""
        return (x_m - self.west_m) * self.scale, (self.north_m - y_m) * self.scale

    def place(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Return pixels of places in degrees."""
        assert self.epsg is not None
        return self.xy(*crs.to_measure(lon, lat, self.epsg))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A piece on the map: its number in the table, its path, the place of its letter [px]."""

    number: int
    piece: Piece
    path: str
    middle: tuple[float, float]


def frame_of(
    roads: Sequence[Road], *, width: float = 1000.0, heights: tuple[float, float] = (320.0, 640.0)
) -> Frame:
    """Return the frame that holds all roads, in the UTM zone of their middle."""
    lines = [road.line for road in roads if road.line is not None]
    if not lines:
        return _straight(roads, width)
    lon, lat = np.concatenate([line.lon for line in lines]), np.concatenate([line.lat for line in lines])
    middle = float((lon.min() + lon.max()) / 2), float((lat.min() + lat.max()) / 2)
    epsg = crs.utm_epsg(*middle)
    x, y = crs.to_measure(lon, lat, epsg)
    wide, high = max(float(np.ptp(x)), 1.0), max(float(np.ptp(y)), 1.0)
    height = min(heights[1], max(heights[0], 2 * _PAD + (width - 2 * _PAD) * high / wide))
    scale = min((width - 2 * _PAD) / wide, (height - 2 * _PAD) / high, 2.0)
    return Frame(
        width=width,
        height=height,
        scale=scale,
        west_m=float(x.min() + x.max()) / 2 - width / 2 / scale,
        north_m=float(y.min() + y.max()) / 2 + height / 2 / scale,
        epsg=epsg,
        zoom=math.log2(_M_PX * math.cos(math.radians(middle[1])) * scale),
    )


def _straight(roads: Sequence[Road], width: float) -> Frame:
    longest = max((road.cells[-1].to_m for road in roads if road.cells), default=1.0)
    scale = (width - 2 * _PAD) / max(longest, 1.0)
    return Frame(
        width=width,
        height=2 * _PAD + _ROW_PX * max(1, len(roads)),
        scale=scale,
        west_m=-_PAD / scale,
        north_m=0.0,
        epsg=None,
        zoom=math.log2(_M_PX * scale),
    )


def shapes(roads: Sequence[Road], pieces: Sequence[Piece], frame: Frame, first: int = 0) -> list[Shape]:
    """Return the pieces that can be drawn, numbered from ``first`` as in the table."""
    rows = {road.name: (k, road) for k, road in enumerate(roads)}
    found = []
    for n, piece in enumerate(pieces, first):
        row, road = rows[piece.road]
        if frame.epsg is None:
            x = (np.array([piece.from_m, piece.to_m]) - frame.west_m) * frame.scale
            y = np.full(2, _PAD + _ROW_PX * (row + 0.5))
        elif road.line is None:
            continue
        else:
            lon, lat = np.array(road.line.part(piece.from_m, piece.to_m).coords).T
            x, y = frame.place(lon, lat)
        found.append(Shape(number=n, piece=piece, path=_path(x, y), middle=_middle(x, y)))
    return found


def _middle(x: Floats, y: Floats) -> tuple[float, float]:
    along = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))
    return float(np.interp(along[-1] / 2, along, x)), float(np.interp(along[-1] / 2, along, y))


def _path(x: Floats, y: Floats) -> str:
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))


def streets_path(network: Network, frame: Frame) -> str:
    """Return the path of the streets of a network that reach into the frame, each piece once."""
    if frame.epsg is None:
        return ""
    first = np.unique(network.first_of_piece)
    out = []
    for edge in first:
        part = slice(network.geometry_offsets[edge], network.geometry_offsets[edge + 1])
        x, y = network.geometry_x[part], network.geometry_y[part]
        if network.epsg != frame.epsg:
            x, y = crs.to_measure(*crs.to_lonlat(x, y, network.epsg), frame.epsg)
        px, py = frame.xy(x, y)
        if px.max() >= 0 and px.min() <= frame.width and py.max() >= 0 and py.min() <= frame.height:
            out.append(_path(px, py))
    return "".join(out)


def width_at(widths: Sequence[float], zoom: float) -> float:
    """Return a width between the zooms of the style file [px], the ends beyond them."""
    return float(np.interp(zoom, ZOOMS, widths))


def draw(frame: Frame, body: str, *, label: str, streets: str = "") -> str:
    """Return the map as one ``<svg>``.

    Parameters
    ----------
    body
        What `layer` returned, once or several times.
    label
        The sentence for who does not see it.
    streets
        Path of the other streets, behind everything.
    """
    base = style.load().map["light"]
    behind = (
        f'<rect class="rv-land" width="{frame.width:.0f}" height="{frame.height:.0f}" fill="{base["land"]}"/>'
    )
    if streets:
        behind += f'<path class="rv-streets" d="{streets}" fill="none" stroke="{base["boundary"]}" stroke-width="1.2"/>'
    behind += '<g class="rv-chosen"></g>'
    box = f'viewBox="0 0 {frame.width:.0f} {frame.height:.0f}"'
    whole = behind + body + _scale_bar(frame)
    return (
        f'<svg class="rv-map" {box} role="img" aria-label="{escape(label)}" focusable="false">{whole}</svg>'
    )


def layer(frame: Frame, found: Sequence[Shape], roads: Sequence[Road], *, lang: Lang) -> str:
    """Draw pieces by class, the worse on top, the letters of their runs, and the anomalies of the roads."""
    classes = {c.id: c for c in style.load().classes}
    body = ""
    for name in ("none", "A", "B", "C", "D"):
        body += _class_group(classes[name], [s for s in found if s.piece.class_id == name], frame.zoom)
    body += _letters(found, frame.zoom, frame.scale)
    spots = (_spot(spot, road, row, frame, lang) for row, road in enumerate(roads) for spot in road.spots)
    return body + "".join(spots) + _names(roads, frame)


def _class_group(look: RoadClass, found: Sequence[Shape], zoom: float) -> str:
    """Draw a class: white casing, lines, what is under a stale line, dots over an uncertain one."""
    if not found:
        return ""
    width = width_at(look.widths, zoom)
    whole = "".join(s.path for s in found)
    out = f'<path class="rv-case rv-w{look.id}" d="{whole}" fill="none" stroke="#FFF" stroke-width="{width + CASING_PX:.1f}"/>'
    stale = "".join(s.path for s in found if s.piece.stale_d is not None)
    if stale:
        grey = style.load().by_id("none").light
        out += f'<path class="rv-under rv-keep" d="{stale}" fill="none" stroke="{grey}" stroke-width="{max(1.2, width / 3):.1f}"/>'
    out += "".join(_line(s, look, width) for s in found)
    dotted = "".join(s.path for s in found if s.piece.uncertain)
    if dotted:
        dot = float(np.interp(zoom, DOT_ZOOMS, DOT_PX))
        on, off = (part * dot for part in DOT_DASH)
        shown = "" if zoom >= DOTS_FROM else ' visibility="hidden"'
        out += f'<path class="rv-dots" d="{dotted}" fill="none" stroke="#FFF" stroke-linecap="round" stroke-width="{dot:.1f}" stroke-dasharray="{on:.2f} {off:.2f}"{shown}/>'
    return f'<g class="k-{look.id}">{out}</g>'


def _line(shape: Shape, look: RoadClass, width: float) -> str:
    dash = look.dash or (style.load().by_id("none").dash if shape.piece.stale_d is not None else None)
    lines = f' stroke-dasharray="{dash[0] * width:.1f} {dash[1] * width:.1f}"' if dash else ""
    kind = "rv-line rv-dashed" if dash else "rv-line"
    cap = "butt" if dash else "round"
    return f'<path class="{kind} rv-w{look.id}" id="p{shape.number}" data-p="{shape.number}" d="{shape.path}" fill="none" stroke="{look.light}" stroke-width="{width:.1f}" stroke-linecap="{cap}" stroke-linejoin="round"{lines}/>'


def _letters(found: Sequence[Shape], zoom: float, scale: float) -> str:
    """Write the letter of each run of one class at its middle; the web map does from zoom 13."""
    runs = groupby(found, key=lambda s: (s.piece.road, s.piece.class_id))
    out = ""
    for (_, name), run in runs:
        shapes_of_run = list(run)
        if name == "none":
            continue
        x, y = shapes_of_run[len(shapes_of_run) // 2].middle
        text = f'<text class="rv-u" text-anchor="middle" y="4.5" font-size="13" font-weight="700" fill="{INK}" stroke="#FFF" stroke-width="3" paint-order="stroke">{name}</text>'
        run_end = shapes_of_run[len(shapes_of_run) // 2].piece.to_m
        room = sum(s.piece.length_m for s in shapes_of_run) * scale
        hidden = "" if room >= LETTER_ROOM_PX else ' visibility="hidden"'
        out += f'<g class="k-{name}" data-at="{run_end:.1f}" data-room="{room:.1f}" transform="translate({x:.1f} {y:.1f})"{hidden}>{text}</g>'
    shown = "" if zoom >= LETTERS_FROM else ' display="none"'
    return f'<g class="rv-letters" aria-hidden="true"{shown}>{out}</g>'


def _spot(spot: Spot, road: Road, row: int, frame: Frame, lang: Lang) -> str:
    """Draw an anomaly: its kind by the shape, full where it is confirmed."""
    if frame.epsg is None:
        x, y = (spot.at_m - frame.west_m) * frame.scale, _PAD + _ROW_PX * (row + 0.5)
    elif spot.lonlat is not None:
        (x,), (y,) = frame.place(*(np.array([v]) for v in spot.lonlat))
    else:
        return ""
    sign = f'<g class="rv-u">{mark_svg(spot.kind, full=spot.confirmed)}</g>'
    words = escape(f"{road.name}: {spot_words(spot, road, lang)}")
    return f'<g class="rv-spot" data-at="{spot.at_m:.1f}" transform="translate({x:.1f} {y:.1f})"><title>{words}</title>{sign}</g>'


def mark_svg(kind: str, *, full: bool, size: float = 16.0) -> str:
    """Return the sign of an anomaly about the origin: ink with a white edge."""
    look = style.load()
    path = look.mark[look.mark_of.get(kind, "dome")]
    fill = INK if full else "#FFF"
    edge = f'<path class="rv-edge" d="{path}" fill="#FFF" stroke="#FFF" stroke-width="12" stroke-linejoin="round"/>'
    shape = f'<path class="{"rv-full" if full else "rv-hollow"}" d="{path}" fill="{fill}" stroke="{INK}" stroke-width="4"/>'
    return f'<g transform="scale({size / 40:g}) translate(-20 -20)">{edge}{shape}</g>'


def spot_words(spot: Spot, road: Road, lang: Lang) -> str:
    """Return kind, height or depth, wheel track and place of an anomaly."""
    kind = KINDS[spot.kind if spot.kind in KINDS else "unknown"].of(lang)
    height = "" if spot.height_mm is None else f", {number(spot.height_mm, lang)} mm"
    side = f", {SIDES[spot.side].of(lang)}" if spot.side in SIDES else ""
    return f"{kind}{height}{side}, km {number(road.posts.km(spot.at_m), lang, 2)}"


def _names(roads: Sequence[Road], frame: Frame) -> str:
    if frame.epsg is not None:
        return ""
    return "".join(
        f'<text x="{_PAD:.0f}" y="{_PAD + _ROW_PX * (row + 0.5) - 14:.0f}" font-size="13" fill="{INK}">{escape(road.name)}</text>'
        for row, road in enumerate(roads)
    )


def _scale_bar(frame: Frame) -> str:
    metres = _round_length(160 / frame.scale)
    text = f"{metres:g} m" if metres < 1000 else f"{metres / 1000:g} km"
    right, low = frame.width - 16, frame.height - 16
    left = right - metres * frame.scale
    line = (
        f'<path d="M{left:.1f} {low - 6:.0f}v6H{right:.0f}v-6" fill="none" stroke="{INK}" stroke-width="2"/>'
    )
    return f'<g class="rv-scalebar" aria-hidden="true">{line}<text x="{left:.1f}" y="{low - 10:.0f}" font-size="13" fill="{INK}">{text}</text></g>'


def _round_length(most: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(most))
    return next(power * m for m in (5, 2, 1) if power * m <= most)
