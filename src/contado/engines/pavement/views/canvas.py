"""The map of a file as SVG: pieces by class, uncertain and not driven ones, anomalies, a scale bar.

Widths, colours and signs are those of `contado.kernel.publish.style`, as the web map draws them. Lines are
drawn in pixels of the frame; a page may keep their widths while it zooms (custom properties ``--w-A`` ...).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.reports.diagram import KINDS, SIDES
from contado.engines.pavement.road.beside import beside
from contado.engines.pavement.views.aside import aside_px, at_share, clear_share, right_at, shifted
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
LETTER_ASIDE_PX: Final = 10.0
SIGN_ASIDE_PX: Final = 9.0
"""How far the letter and the signs of a road beside another one stand from the middle of both."""
SIGN_ROOM_PX: Final = 20.0
"""From the middle of a sign to that of a letter."""
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
    """A piece on the map: its number in the table, where it runs [px], whether it stands beside another road."""

    number: int
    piece: Piece
    x: Floats = field(repr=False)
    y: Floats = field(repr=False)
    beside: bool = False

    @property
    def path(self) -> str:
        """Where it runs."""
        return _path(self.x, self.y)

    def drawn(self, width: float) -> str:
        """Return its path as a line of a width [px] is drawn, to the right of another road's."""
        return _path(*shifted(self.x, self.y, aside_px(width))) if self.beside else self.path


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
    doubled = _doubled(roads) if frame.epsg is not None else frozenset()
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
        found.append(Shape(number=n, piece=piece, x=x, y=y, beside=road.name in doubled))
    return found


def _doubled(roads: Sequence[Road]) -> frozenset[str]:
    """Return the roads that lie on another one."""
    import shapely

    lines = {r.name: r.line for r in roads if r.line is not None}
    return beside({n: shapely.LineString(np.column_stack([a.lon, a.lat])) for n, a in lines.items()})


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
    doubled = {s.piece.road for s in found if s.beside}
    signs = [
        (_place(spot, road, row, frame, aside=road.name in doubled), road, spot)
        for row, road in enumerate(roads)
        for spot in road.spots
    ]
    taken = [(at.x + at.right[0], at.y + at.right[1]) for at, _, _ in signs if at is not None]
    spots = "".join(_spot(spot, road, at, lang) for at, road, spot in signs if at is not None)
    return body + spots + _letters(found, frame, taken) + _names(roads, frame)


def _class_group(look: RoadClass, found: Sequence[Shape], zoom: float) -> str:
    """Draw a class: white casing, lines, what is under a stale line, dots over an uncertain one."""
    if not found:
        return ""
    width = width_at(look.widths, zoom)
    casing = f' fill="none" stroke="#FFF" stroke-width="{width + CASING_PX:.1f}"'
    out = _paths(f"rv-case rv-w{look.id}", found, width, casing)
    grey = style.load().by_id("none").light
    under = f' fill="none" stroke="{grey}" stroke-width="{max(1.2, width / 3):.1f}"'
    out += _paths("rv-under rv-keep", [s for s in found if s.piece.stale_d is not None], width, under)
    out += "".join(_line(s, look, width) for s in found)
    dot = float(np.interp(zoom, DOT_ZOOMS, DOT_PX))
    on, off = (part * dot for part in DOT_DASH)
    shown = "" if zoom >= DOTS_FROM else ' visibility="hidden"'
    dots = f' fill="none" stroke="#FFF" stroke-linecap="round" stroke-width="{dot:.1f}" stroke-dasharray="{on:.2f} {off:.2f}"{shown}'
    out += _paths("rv-dots", [s for s in found if s.piece.uncertain], width, dots)
    return f'<g class="k-{look.id}">{out}</g>'


def _paths(name: str, found: Sequence[Shape], width: float, look: str) -> str:
    """Draw shapes as one path, and as another those beside a road, whose middle a page needs to move them anew."""
    out = ""
    for aside in (False, True):
        own = [s for s in found if s.beside == aside]
        if own:
            middle = f' data-d="{"".join(s.path for s in own)}"' if aside else ""
            kind = f"{name} rv-beside" if aside else name
            out += f'<path class="{kind}" d="{"".join(s.drawn(width) for s in own)}"{middle}{look}/>'
    return out


def _line(shape: Shape, look: RoadClass, width: float) -> str:
    dash = look.dash or (style.load().by_id("none").dash if shape.piece.stale_d is not None else None)
    lines = f' stroke-dasharray="{dash[0] * width:.1f} {dash[1] * width:.1f}"' if dash else ""
    kind = "rv-line rv-dashed" if dash else "rv-line"
    cap = "butt" if dash else "round"
    kind, middle = (f"{kind} rv-beside", f' data-d="{shape.path}"') if shape.beside else (kind, "")
    return f'<path class="{kind} rv-w{look.id}" id="p{shape.number}" data-p="{shape.number}" d="{shape.drawn(width)}"{middle} fill="none" stroke="{look.light}" stroke-width="{width:.1f}" stroke-linecap="{cap}" stroke-linejoin="round"{lines}/>'


def _letters(found: Sequence[Shape], frame: Frame, taken: Sequence[tuple[float, float]]) -> str:
    """Write the letter of each run of one class near its middle, off the signs; the web map does from zoom 13."""
    runs = groupby(found, key=lambda s: (s.piece.road, s.piece.class_id))
    out = ""
    for (_, name), run in runs:
        shapes_of_run = list(run)
        if name == "none":
            continue
        middle = shapes_of_run[len(shapes_of_run) // 2]
        share = clear_share(middle.x, middle.y, taken, SIGN_ROOM_PX)
        x, y = at_share(middle.x, middle.y, share)
        right, down = right_at(middle.x, middle.y, share) if middle.beside else (0.0, 0.0)
        text = f'<text class="rv-u" text-anchor="middle" x="{LETTER_ASIDE_PX * right:.1f}" y="{4.5 + LETTER_ASIDE_PX * down:.1f}" font-size="13" font-weight="700" fill="{INK}" stroke="#FFF" stroke-width="3" paint-order="stroke">{name}</text>'
        run_end = middle.piece.to_m
        room = sum(s.piece.length_m for s in shapes_of_run) * frame.scale
        hidden = "" if room >= LETTER_ROOM_PX else ' visibility="hidden"'
        out += f'<g class="k-{name}" data-at="{run_end:.1f}" data-room="{room:.1f}" transform="translate({x:.1f} {y:.1f})"{hidden}>{text}</g>'
    shown = "" if frame.zoom >= LETTERS_FROM else ' display="none"'
    return f'<g class="rv-letters" aria-hidden="true"{shown}>{out}</g>'


@dataclass(frozen=True, slots=True)
class _At:
    """Where a sign is drawn, and how far from there whatever the zoom [px]."""

    x: float
    y: float
    right: tuple[float, float] = (0.0, 0.0)


def _place(spot: Spot, road: Road, row: int, frame: Frame, *, aside: bool) -> _At | None:
    """Return where an anomaly is drawn; None where its place is not known."""
    if frame.epsg is None:
        return _At((spot.at_m - frame.west_m) * frame.scale, _PAD + _ROW_PX * (row + 0.5))
    if spot.lonlat is None:
        return None
    (x,), (y,) = frame.place(*(np.array([v]) for v in spot.lonlat))
    if not aside or road.line is None:
        return _At(x, y)
    around = frame.place(*road.line.lonlat([spot.at_m - 5.0, spot.at_m + 5.0]))
    right, down = right_at(*around, 0.5)
    return _At(x, y, (SIGN_ASIDE_PX * right, SIGN_ASIDE_PX * down))


def _spot(spot: Spot, road: Road, at: _At, lang: Lang) -> str:
    """Draw an anomaly: its kind by the shape, full where it is confirmed."""
    mark = mark_svg(spot.kind, full=spot.confirmed)
    if any(at.right):
        mark = f'<g transform="translate({at.right[0]:.1f} {at.right[1]:.1f})">{mark}</g>'
    sign = f'<g class="rv-u">{mark}</g>'
    words = escape(f"{road.name}: {spot_words(spot, road, lang)}")
    return f'<g class="rv-spot" data-at="{spot.at_m:.1f}" transform="translate({at.x:.1f} {at.y:.1f})"><title>{words}</title>{sign}</g>'


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
