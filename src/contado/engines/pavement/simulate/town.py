"""A small invented town: a grid of streets, roundabouts, a dual carriageway and an overpass over it."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.simulate.path import Edge, snap
from contado.kernel.territory import crs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Section", "Town", "build"]

_COLUMNS: Final = 6
_ROWS: Final = 5
_BLOCK_M: Final = 250.0
_JITTER_M: Final = 22.0
_RADIUS_M: Final = 18.0
_BYPASS_Y_M: Final = 720.0
_WEST, _EAST, _HAMLET = 91, 92, 93

_STREETS: Final = (
    ("Via Roma", "Via Garibaldi", "Corso Vittoria", "Via Manzoni", "Via Verdi"),
    ("Via dei Tigli", "Via Cavour", "Via Matteotti", "Via Mazzini", "Via Dante", "Via del Naviglio"),
)
"""Streets from west to east (south first) and from south to north (west first)."""

_MAIN_ROW, _MAIN_COLUMN = 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A road section to survey: its id, road, attributes of a road cadastre, and its edges in driving order."""

    section_id: str
    road_code: str
    name: str
    highway: str
    width_m: float
    aadt: int
    heavy_share: float
    accident_rate: float
    hydro_risk: float
    built_on: str
    edges: tuple[Edge, ...]

    @property
    def length_m(self) -> float:
        """Length [m]."""
        return float(sum(e.length_m for e in self.edges))


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """The streets as drawn (each once), the sections to survey, and the CRS of the coordinates."""

    edges: tuple[Edge, ...]
    sections: tuple[Section, ...]
    epsg: int
    tour_stops: tuple[int, ...] = field(repr=False)

    @property
    def streets_km(self) -> float:
        """Length of the streets, each once [km]."""
        return sum(e.length_m for e in self.edges) / 1000

    def tour(self, length_m: float) -> list[Edge]:
        """Return a drive through the town until ``length_m`` is reached or all its streets are driven.

        It begins over the overpass, passes the roundabouts and the dual carriageway, then the other streets.
        """
        chain: list[Edge] = []
        graph = _directed(self.edges)
        for start, end in pairwise(self.tour_stops):
            chain += _shortest(graph, start, end)
            if sum(e.length_m for e in chain) >= length_m:
                break
        return chain


def build(centre: tuple[float, float], rng: np.random.Generator) -> Town:
    """Return the town around a centre (lon, lat) [deg]; about 16 km of streets."""
    epsg = crs.utm_epsg(*centre)
    origin = np.concatenate(crs.to_measure([centre[0]], [centre[1]], epsg))
    nodes = _nodes(rng)
    drawn = _numbered(_grid(nodes) + _bypass(nodes))
    for node in (_grid_node(_MAIN_COLUMN, _MAIN_ROW), _WEST, _EAST):
        drawn = _roundabout(drawn, node, nodes[node])
    edges = tuple(replace(e, xy=snap(e.xy + origin, epsg)) for e in drawn)
    return Town(edges=edges, sections=_sections(edges, rng), epsg=epsg, tour_stops=_tour_stops(edges))


def _grid_node(column: int, row: int) -> int:
    return 1 + column + _COLUMNS * row


def _nodes(rng: np.random.Generator) -> dict[int, Array]:
    """Junctions in metres from the centre: a grid a little out of true, and three outside it."""
    places = {
        _grid_node(c, r): np.array([(c - 2.5) * _BLOCK_M, (r - 2) * _BLOCK_M])
        + rng.uniform(-1, 1, 2) * _JITTER_M
        for r in range(_ROWS)
        for c in range(_COLUMNS)
    }
    half = 3.1 * _BLOCK_M
    places[_WEST], places[_EAST] = np.array([-half, _BYPASS_Y_M]), np.array([half, _BYPASS_Y_M])
    places[_HAMLET] = np.array([places[_grid_node(_MAIN_COLUMN, _ROWS - 1)][0] + 30, _BYPASS_Y_M + 320])
    return places


def _line(*points: Array) -> Array:
    """A line with a point at least every 25 m."""
    parts = [points[0][None]]
    for a, b in pairwise(points):
        steps = max(1, int(np.ceil(np.hypot(*(b - a)) / 25)))
        parts.append(a + (b - a) * (np.arange(1, steps + 1) / steps)[:, None])
    return np.concatenate(parts)


def _grid(nodes: dict[int, Array]) -> list[Edge]:
    rows = [[_grid_node(c, r) for c in range(_COLUMNS)] for r in range(_ROWS)]
    columns = [[_grid_node(c, r) for r in range(_ROWS)] for c in range(_COLUMNS)]
    edges = []
    for group, streets, main, main_class in (
        (rows, _STREETS[0], _MAIN_ROW, "secondary"),
        (columns, _STREETS[1], _MAIN_COLUMN, "tertiary"),
    ):
        for number, (chain, name) in enumerate(zip(group, streets, strict=True)):
            highway = main_class if number == main else "residential"
            for a, b in pairwise(chain):
                line = _line(nodes[a], nodes[b])
                edges.append(Edge(way_id=0, from_node=a, to_node=b, xy=line, highway=highway, name=name))
    return edges


def _bypass(nodes: dict[int, Array]) -> list[Edge]:
    """Dual carriageway between two roundabouts, links to the grid, and the overpass to the hamlet."""
    west, east, hamlet = nodes[_WEST], nodes[_EAST], nodes[_HAMLET]
    south, north = np.array([40.0, -7.0]), np.array([40.0, 7.0])
    flip = np.array([-1.0, 1.0])
    top = _ROWS - 1
    corner_w, corner_e = _grid_node(0, top), _grid_node(_COLUMNS - 1, top)
    over = _grid_node(_MAIN_COLUMN, top)
    eastbound = _line(west, west + south, east + south * flip, east)
    westbound = _line(east, east + north * flip, west + north, west)
    return [
        _carriageway(_WEST, _EAST, eastbound, "Tangenziale Nord est"),
        _carriageway(_EAST, _WEST, westbound, "Tangenziale Nord ovest"),
        _street(_WEST, corner_w, _line(west, nodes[corner_w]), "Via Raccordo Ovest"),
        _street(_EAST, corner_e, _line(east, nodes[corner_e]), "Via Raccordo Est"),
        replace(_street(over, _HAMLET, _line(nodes[over], hamlet), "Via Cascina Nuova"), bridge=True),
    ]


def _carriageway(from_node: int, to_node: int, xy: Array, name: str) -> Edge:
    return replace(_street(from_node, to_node, xy, name), highway="primary", oneway=True)


def _street(from_node: int, to_node: int, xy: Array, name: str) -> Edge:
    return Edge(way_id=0, from_node=from_node, to_node=to_node, xy=xy, highway="tertiary", name=name)


def _numbered(edges: list[Edge]) -> list[Edge]:
    """Give each street its way and each piece its place along it."""
    ways: dict[str, int] = {}
    count: dict[int, int] = {}
    numbered = []
    for edge in edges:
        way = ways.setdefault(str(edge.name), 2001 + len(ways))
        count[way] = count.get(way, -1) + 1
        numbered.append(replace(edge, way_id=way, piece=count[way]))
    return numbered


def _roundabout(edges: list[Edge], node: int, centre: Array) -> list[Edge]:
    """Replace a junction by a circle driven counter-clockwise; its streets end on the circle."""
    kept: list[Edge] = []
    ends: list[Array] = []
    for edge in edges:
        trimmed = edge
        if edge.from_node == node:
            trimmed = replace(trimmed, xy=_trimmed(trimmed.xy, centre), from_node=_ring_node(node, len(ends)))
            ends.append(trimmed.xy[0])
        if edge.to_node == node:
            inward = _trimmed(trimmed.xy[::-1], centre)[::-1]
            trimmed = replace(trimmed, xy=inward, to_node=_ring_node(node, len(ends)))
            ends.append(trimmed.xy[-1])
        kept.append(trimmed)
    return kept + _ring(node, centre, np.array(ends))


def _ring_node(node: int, place: int) -> int:
    return 1000 + 10 * node + place


def _trimmed(xy: Array, centre: Array) -> Array:
    """The line from where it leaves the circle on."""
    outside = np.flatnonzero(np.hypot(*(xy - centre).T) > _RADIUS_M + 1)[0]
    toward = xy[outside] - centre
    on_circle = centre + toward * (_RADIUS_M / np.hypot(*toward))
    return np.concatenate([on_circle[None], xy[outside:]])


def _ring(node: int, centre: Array, ends: Array) -> list[Edge]:
    angles = np.arctan2(*(ends - centre).T[::-1])
    order = np.argsort(angles)
    arcs = []
    for piece, (a, b) in enumerate(zip(order, np.roll(order, -1), strict=True)):
        sweep = (angles[b] - angles[a]) % (2 * np.pi) or 2 * np.pi
        steps = angles[a] + sweep * np.linspace(0, 1, max(2, int(np.ceil(sweep / 0.35)) + 1))
        xy = centre + _RADIUS_M * np.column_stack([np.cos(steps), np.sin(steps)])
        xy[0], xy[-1] = ends[a], ends[b]
        arc = Edge(
            way_id=3000 + node,
            piece=piece,
            from_node=_ring_node(node, int(a)),
            to_node=_ring_node(node, int(b)),
            xy=xy,
            highway="secondary",
            oneway=True,
            junction="roundabout",
        )
        arcs.append(arc)
    return arcs


def _directed(edges: Iterable[Edge]) -> dict[int, list[Edge]]:
    graph: dict[int, list[Edge]] = {}
    for edge in edges:
        for way in (edge,) if edge.oneway else (edge, edge.reversed()):
            graph.setdefault(way.from_node, []).append(way)
    return graph


def _shortest(graph: dict[int, list[Edge]], start: int, end: int) -> list[Edge]:
    """Shortest chain of edges from a node to a node (Dijkstra)."""
    best: dict[int, float] = {start: 0.0}
    via: dict[int, Edge] = {}
    queue = [(0.0, start)]
    while queue:
        cost, node = heapq.heappop(queue)
        if node == end:
            break
        for edge in graph.get(node, []) if cost <= best[node] else []:
            further = cost + edge.length_m
            if further < best.get(edge.to_node, np.inf):
                best[edge.to_node], via[edge.to_node] = further, edge
                heapq.heappush(queue, (further, edge.to_node))
    chain: list[Edge] = []
    while end != start:
        chain.append(via[end])
        end = via[end].from_node
    return chain[::-1]


def _joined(pieces: Sequence[Edge], graph: dict[int, list[Edge]]) -> tuple[Edge, ...]:
    """Chain the pieces of one street; where a roundabout lies between two, drive through it."""
    chain = [pieces[0]]
    for piece in pieces[1:]:
        if chain[-1].to_node != piece.from_node:
            chain += _shortest(graph, chain[-1].to_node, piece.from_node)
        chain.append(piece)
    return tuple(chain)


_TRAFFIC: Final = {
    "primary": (16_000, 0.14, 10.5),
    "secondary": (8_500, 0.08, 9.0),
    "tertiary": (4_200, 0.05, 7.5),
    "residential": (900, 0.02, 6.0),
}
"""Class -> vehicles a day, share of heavy ones, width [m] of an invented street."""


def _sections(edges: Sequence[Edge], rng: np.random.Generator) -> tuple[Section, ...]:
    graph = _directed(edges)
    by_name: dict[str, list[Edge]] = {}
    for edge in edges:
        if edge.name is not None:
            by_name.setdefault(edge.name, []).append(edge)
    return tuple(
        _section(number, name, _joined(pieces, graph), rng)
        for number, (name, pieces) in enumerate(by_name.items(), start=1)
    )


def _section(number: int, name: str, chain: tuple[Edge, ...], rng: np.random.Generator) -> Section:
    highway = chain[0].highway
    aadt, heavy, width = _TRAFFIC[highway]
    provincial = highway in {"primary", "secondary"}
    return Section(
        section_id=f"S{number:02d}",
        road_code=f"SP{100 + number}" if provincial else f"C{number:03d}",
        name=name,
        highway=highway,
        width_m=round(width * float(rng.uniform(0.9, 1.1)), 1),
        aadt=10 * round(aadt * float(rng.uniform(0.7, 1.4)) / 10),
        heavy_share=round(heavy * float(rng.uniform(0.7, 1.4)), 3),
        accident_rate=round(float(rng.gamma(2.0, 0.25)), 2),
        hydro_risk=float(rng.choice([0.0, 0.0, 0.25, 0.5, 1.0])),
        built_on=f"{2026 - int(rng.integers(1, 22))}-06-01",
        edges=chain,
    )


def _tour_stops(edges: Sequence[Edge]) -> tuple[int, ...]:
    """Nodes of the tour: the overpass, the town's middle, its east, the dual carriageway, then every street."""
    top = _ROWS - 1
    first = [
        _HAMLET,
        _grid_node(_MAIN_COLUMN, top),
        _grid_node(_MAIN_COLUMN, _MAIN_ROW + 1),
        _grid_node(_MAIN_COLUMN + 1, _MAIN_ROW),
        _grid_node(_COLUMNS - 1, _MAIN_ROW),
        _grid_node(_COLUMNS - 1, top),
    ]
    westbound = next(e for e in edges if e.name == "Tangenziale Nord ovest")
    stops = [*first, westbound.from_node, westbound.to_node, _grid_node(0, top)]
    for row in range(_ROWS - 1, -1, -1):
        ends = [_grid_node(0, row), _grid_node(_COLUMNS - 1, row)]
        stops += ends if (top - row) % 2 == 0 else ends[::-1]
    for column in range(_COLUMNS - 1, -1, -1):
        ends = [_grid_node(column, 0), _grid_node(column, top)]
        stops += ends if (_COLUMNS - 1 - column) % 2 == 0 else ends[::-1]
    return tuple(b for a, b in zip([None, *stops], stops, strict=False) if a != b)
