"""Replay of drives as one HTML file: each moves along the route while its cells appear.

Without a script the file shows the end of the chosen drive: its cells, table and diagram.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.engines.pavement.measuring import onroute
from contado.engines.pavement.measuring.processing import process, trace_drive
from contado.engines.pavement.quantiles import Z_90
from contado.engines.pavement.reports import maps
from contado.engines.pavement.reports.diagram import WIDTHS
from contado.engines.pavement.views import canvas, grading, page, reading
from contado.engines.pavement.views.model import Cell, Road, RoadState, Spot
from contado.kernel import labels
from contado.kernel.errors import DataError
from contado.kernel.progress import track
from contado.kernel.publish.strip import axis_ends
from contado.kernel.publish.words import Lang, Words, long_date, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.engines.pavement.measuring.measure import Trace
    from contado.engines.pavement.telemetry.drive import DriveSet
    from contado.kernel.errors import Finding
    from contado.kernel.progress import Progress
    from contado.kernel.publish.words import Words as Text
    from contado.kernel.territory import Network, Route

    Floats = NDArray[np.float64]

__all__ = ["TITLE", "Played", "play", "render"]

TITLE: Final[Text] = Words("Un passaggio sulla strada", "A drive along the road")


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A drive second by second, and the road as it alone felt it.

    ``chainage_m`` and ``speed_m_s`` have one value a second from the first moment on the route, NaN off it.
    """

    name: str
    vehicle: str
    start_utc: str | None
    chainage_m: Floats
    speed_m_s: Floats
    state: RoadState


def play(
    drives: DriveSet,
    network: Network,
    route: Route,
    *,
    cell_m: float = 100.0,
    section_id: str = "route",
    progress: Progress | None = None,
) -> tuple[list[Played], tuple[Finding, ...]]:
    """Return the drives that were on the route, in the order of their start, and what processing found.

    Raises
    ------
    DataError
        Rule ``unmatched``: no drive was ever on the route; and the rules of `process`.
    """
    frame = onroute.frame_of(network, route)
    traces = {d.name: trace_drive(d, frame) for d in track(drives.drives, "drives", progress)}
    result = process(drives, network, route, cell_m=cell_m, section_id=section_id, traced=traces)
    line = reading.route_line(network, route)
    cells, spots = _by_drive(result.cell_obs, _cell), _by_drive(result.anomaly_obs, _spot)
    played = []
    for drive in sorted(drives.drives, key=lambda d: (d.start_utc or "", d.name)):
        seconds = _seconds(traces[drive.name], frame.start_m)
        if seconds is None or drive.name not in cells:
            continue
        road = Road(
            name=section_id,
            line=line,
            cells=tuple(sorted(cells[drive.name], key=lambda c: c.from_m)),
            spots=reading.in_order(spots.get(drive.name, ())),
        )
        state = RoadState(roads=(road,), label=labels.joint({drive.label}), on=road.cells[0].last_on)
        played.append(
            Played(
                name=drive.name,
                vehicle=drive.vehicle,
                start_utc=drive.start_utc,
                chainage_m=seconds[0],
                speed_m_s=seconds[1],
                state=state,
            )
        )
    if not played:
        raise DataError(
            f"None of {len(drives.drives)} drives was on the route.",
            rule="unmatched",
            hint="check that route and drives belong together and have the same direction",
            field="route",
        )
    return played, result.findings


def _by_drive(table: pa.Table, made: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in table.to_pylist():
        found[row["drive_id"]].append(made(row))
    return found


def _cell(row: dict[str, Any]) -> Cell:
    """Return what one pass says of a cell; its interval holds the calibration too."""
    iri, width = row["iri_m_km"], 1.0
    if iri is not None:
        width = math.exp(Z_90 * math.hypot(row["sd_log"], row["sd_cal_log"] or 0.0))
    known = iri is not None
    return Cell(
        from_m=row["cell"] * row["cell_m"],
        to_m=(row["cell"] + 1) * row["cell_m"],
        iri=iri,
        low=iri / width if known else None,
        high=iri * width if known else None,
        passes=1 if known else 0,
        vehicles=1 if known else 0,
        last_on=row["t_utc"].date() if row["t_utc"] else None,
        state="measured" if known else "not_measurable",
    )


def _spot(row: dict[str, Any]) -> Spot:
    return Spot(
        at_m=row["chainage_m"],
        kind=row["kind"],
        height_mm=row["height_mm"],
        severity=row["severity"],
        p_exists=row["p_exists"],
        confirmed=row["passes"] >= 2 and row["p_exists"] >= reading.CONFIRMED_P,
        passes=row["passes"],
        passes_possible=row["passes_possible"],
        lonlat=(row["lon"], row["lat"]),
        side=row.get("side"),
    )


def _seconds(trace: Trace, start_m: float) -> tuple[Floats, Floats] | None:
    """Return chainage and speed once a second between the first and the last moment on the route."""
    step = max(1, round(trace.even.fs_hz))
    chainage, speed = trace.chainage_m[::step] + start_m, trace.speed_m_s[::step]
    there = np.flatnonzero(np.isfinite(chainage))
    if len(there) < 2:
        return None
    return chainage[there[0] : there[-1] + 1], speed[there[0] : there[-1] + 1]


def render(
    played: Sequence[Played],
    *,
    lang: Lang = "it",
    speedup: float = 20.0,
    network: Network | None = None,
    findings: Sequence[Finding] = (),
    fonts: Mapping[int, bytes] | None = None,
) -> bytes:
    """Return the file; the same drives give the same bytes.

    Parameters
    ----------
    played
        What `play` returned.
    speedup
        How many seconds of the drive pass in one second.
    network
        Streets drawn behind the route.
    """
    from markupsafe import Markup

    roads = [p.state.roads[0] for p in played]
    frame = canvas.frame_of(roads)
    pieces = [grading.pieces(road, p.state.on) for road, p in zip(roads, played, strict=True)]
    firsts = np.cumsum([0, *(len(part) for part in pieces)]).tolist()
    layers = _layers(roads, pieces, firsts, frame, lang)
    streets = canvas.streets_path(network, frame) if network is not None else ""
    words = Words(
        "Mappa del passaggio; le stesse righe sono nella tabella",
        "Map of the drive; the same rows are in the table",
    ).of(lang)
    whole = RoadState(
        roads=(roads[0],),
        label=labels.joint({p.state.label for p in played}),
        on=played[-1].state.on,
        findings=tuple(findings),
    )
    context = maps.common(whole, [piece for part in pieces for piece in part], lang)
    return page.render(
        "replay.html",
        ["map.js", "replay.js"],
        {
            **page.map_data(frame),
            "replay": _data(played, pieces, frame, speedup),
            "words": _script_words(lang),
        },
        lang=lang,
        fonts=fonts,
        css=_chosen_css(len(played)),
        title=TITLE.of(lang),
        subtitle=_subtitle(roads[0], played, lang),
        map=Markup(canvas.draw(frame, layers + _car(played[0], frame), label=words, streets=streets)),  # noqa: S704 - our own drawing
        map_words=words,
        attribution=maps.attribution(frame, whole, lang),
        drives=[
            _shown(p, part, first, lang) for p, part, first in zip(played, pieces, firsts[:-1], strict=True)
        ],
        speedup=speedup,
        **context,
    )


def _layers(
    roads: Sequence[Road],
    pieces: Sequence[Sequence[grading.Piece]],
    firsts: Sequence[int],
    frame: canvas.Frame,
    lang: Lang,
) -> str:
    """Return a group of shapes for each drive, of which one is shown; ``firsts`` number the shapes of each."""
    return "".join(
        f'<g class="rv-d rv-d{k}">'
        + canvas.layer(frame, canvas.shapes([road], part, frame, first), [road], lang=lang)
        + "</g>"
        for k, (road, part, first) in enumerate(zip(roads, pieces, firsts[:-1], strict=True))
    )


def _chosen_css(n: int) -> str:
    """Return the rules by which the drive chosen by its radio button is shown, without a script."""
    return "".join(f"body:has(#d-{k}:checked) .rv-d:not(.rv-d{k}){{display:none}}" for k in range(n))


def _subtitle(road: Road, played: Sequence[Played], lang: Lang) -> str:
    km = number((road.cells[-1].to_m - road.cells[0].from_m) / 1000, lang, 1)
    return Words(
        f"{road.name}, {km} km · passaggi: {len(played)}", f"{road.name}, {km} km · drives: {len(played)}"
    ).of(lang)


def _car(first: Played, frame: canvas.Frame) -> str:
    """Draw the car where the first drive ends."""
    last = first.chainage_m[np.isfinite(first.chainage_m)][-1]
    line = first.state.roads[0].line
    assert line is not None
    lon, lat = line.lonlat([last])
    (x,), (y,) = frame.place(lon, lat)
    sign = '<circle r="11" fill="#FFF"/><circle r="8.5" fill="#0058B3"/><circle r="3" fill="#FFF"/>'
    return f'<g class="rv-car" transform="translate({x:.1f} {y:.1f})"><g class="rv-u">{sign}</g></g>'


def _shown(played: Played, pieces: Sequence[grading.Piece], first: int, lang: Lang) -> dict[str, Any]:
    return {
        **maps.key_words(played.state.roads, pieces, lang),
        "name": played.name,
        "day": long_date(played.start_utc, lang),
        "minutes": len(played.chainage_m) / 60,
        "pieces": pieces,
        "first": first,
        "totals": grading.totals(pieces),
        "strip": maps.marked(maps.road_diagram(played.state.roads[0], played.state, lang)),
        "spots": [(played.state.roads[0], s) for s in played.state.roads[0].spots],
    }


def _data(
    played: Sequence[Played], pieces: Sequence[Sequence[grading.Piece]], frame: canvas.Frame, speedup: float
) -> dict[str, Any]:
    """Return what the script moves: the route in pixels by chainage, each drive second by second."""
    line = played[0].state.roads[0].line
    assert line is not None
    x, y = frame.place(line.lon, line.lat)
    cells = played[0].state.roads[0].cells
    return {
        "speedup": speedup,
        "line": [[round(float(v), 1) for v in place] for place in zip(x, y, line.chainage_m, strict=True)],
        "drives": [
            {
                "at": [None if np.isnan(c) else round(float(c), 1) for c in p.chainage_m],
                "v": [None if np.isnan(v) else round(3.6 * float(v)) for v in p.speed_m_s],
                "ends": [piece.to_m for piece in part],
            }
            for p, part in zip(played, pieces, strict=True)
        ],
        "strips": [[*axis_ends(width), width] for width in WIDTHS],
        "from": cells[0].from_m,
        "to": cells[-1].to_m,
    }


def _script_words(lang: Lang) -> dict[str, str]:
    return {
        "play": Words("Avvia", "Play").of(lang),
        "pause": Words("Pausa", "Pause").of(lang),
        "off": Words("fuori dal percorso", "off the route").of(lang),
        "decimal": Words(",", ".").of(lang),
    }
