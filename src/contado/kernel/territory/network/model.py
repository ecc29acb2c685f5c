"""The street network: nodes, directed edges and their geometry as flat arrays.

Edge ``e`` runs from node ``edge_from[e]`` to ``edge_to[e]`` along the vertices
``geometry_offsets[e]:geometry_offsets[e + 1]``. All lengths are planar in the measure CRS ``epsg``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas
    import pyarrow as pa
    from numpy.typing import ArrayLike, NDArray

    from contado.kernel.errors import Finding
    from contado.kernel.progress import Progress
    from contado.kernel.scale import Engine
    from contado.kernel.territory.matching.result import MatchResult
    from contado.kernel.territory.matching.settings import MatchSettings
    from contado.kernel.territory.network.grid import SegmentIndex
    from contado.kernel.workspace import WorkspaceView

__all__ = ["Network"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Network:
    """A directed street network in metres.

    `link_id` is unique; (way, from, to) is not in real data (parallel pieces, loops).
    """

    epsg: int
    profile: str
    node_id: NDArray[np.int64]
    node_x: NDArray[np.float64]
    node_y: NDArray[np.float64]
    edge_from: NDArray[np.int32]
    """Index of the node where the edge starts."""
    edge_to: NDArray[np.int32]
    edge_way: NDArray[np.int64]
    edge_seq: NDArray[np.int32]
    """Number of the piece along its way, from 0."""
    edge_forward: NDArray[np.bool_]
    """Whether the edge runs in the direction its way is drawn."""
    geometry_offsets: NDArray[np.int64]
    geometry_x: NDArray[np.float64]
    geometry_y: NDArray[np.float64]
    edge_class: NDArray[np.object_]
    """Value of ``highway``."""
    edge_name: NDArray[np.object_]
    """Street name, None where unknown."""
    edge_maxspeed: NDArray[np.float64]
    """[km/h], NaN where unknown."""
    edge_lanes: NDArray[np.float64]
    """NaN where unknown."""
    findings: tuple[Finding, ...] = ()
    """What was met and answered while reading."""

    def __repr__(self) -> str:
        return f"Network({self.nodes} nodes, {self.edges} edges, {self.profile or 'no profile'}, EPSG:{self.epsg})"

    @classmethod
    def from_file(cls, path: str | Path, profile: str = "drive", epsg: int | None = None) -> Network:
        """Read a network by the ending of its file: .osm.pbf, .osm, .gpkg, .geojson, .parquet.

        Raises
        ------
        DataError
            Rule ``network_unreadable``: no such file, cut, or no network.
        UsageError
            Rule ``unknown_choice``: no such profile.
        """
        from contado.kernel.territory.network import readers

        return readers.read(Path(path), profile=profile, epsg=epsg)

    @classmethod
    def from_osm(cls, path: str | Path, profile: str = "drive", epsg: int | None = None) -> Network:
        """Read an OpenStreetMap extract (.osm.pbf, .osm); errors as `from_file`."""
        from contado.kernel.territory.network import from_osm

        return from_osm.read(Path(path), profile=profile, epsg=epsg)

    @classmethod
    def from_ways(cls, path: str | Path, profile: str = "drive", epsg: int | None = None) -> Network:
        """Read a GeoParquet file of ways with node lists; errors as `from_file`."""
        from contado.kernel.territory.network import from_ways

        return from_ways.read(Path(path), profile=profile, epsg=epsg)

    @classmethod
    def from_gpkg(
        cls,
        path: str | Path,
        profile: str = "drive",
        epsg: int | None = None,
        columns: Mapping[str, str] | Path | None = None,
    ) -> Network:
        """Read a GeoPackage of links; ``columns`` maps our names to the file's; errors as `from_file`."""
        from contado.kernel.territory.network import from_gpkg

        return from_gpkg.read(Path(path), profile=profile, epsg=epsg, columns=columns)

    @classmethod
    def from_geojson(
        cls,
        path: str | Path,
        profile: str = "drive",
        epsg: int | None = None,
        columns: Mapping[str, str] | Path | None = None,
    ) -> Network:
        """Read a GeoJSON file of links; ``columns`` maps our names to the file's; errors as `from_file`."""
        from contado.kernel.territory.network import from_geojson

        return from_geojson.read(Path(path), profile=profile, epsg=epsg, columns=columns)

    @classmethod
    def from_links(cls, links: pa.Table, epsg: int | None = None) -> Network:
        """Rebuild a network from rows of the table ``road_link``.

        Raises
        ------
        ColumnNotFound
            A column of the key or the geometry is missing.
        DataError
            Rule ``network_unreadable``: there is no row.
        """
        from contado.kernel.territory.network import links as road_link

        return road_link.read(links, epsg=epsg)

    @classmethod
    def from_workspace(cls, view: WorkspaceView, epsg: int | None = None) -> Network:
        """Rebuild the network of a workspace from its table ``road_link``; errors as `from_links`."""
        return cls.from_links(view.read("road_link"), epsg)

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_id)

    @property
    def edges(self) -> int:
        """Number of directed edges."""
        return len(self.edge_from)

    @cached_property
    def vertex_chainage_m(self) -> NDArray[np.float64]:
        """Distance of each vertex from the start of its edge [m]."""
        steps = np.hypot(np.diff(self.geometry_x, prepend=0.0), np.diff(self.geometry_y, prepend=0.0))
        steps[self.geometry_offsets[:-1]] = 0.0
        return _cumulative(steps, self.geometry_offsets)

    @cached_property
    def edge_length_m(self) -> NDArray[np.float64]:
        """Planar length of each edge [m]."""
        return self.vertex_chainage_m[self.geometry_offsets[1:] - 1]

    @cached_property
    def edge_reverse(self) -> NDArray[np.int32]:
        """Index of the opposite edge of the same piece, -1 where the piece is one-way."""
        order = np.lexsort((self.edge_seq, self.edge_way))
        way, seq = self.edge_way[order], self.edge_seq[order]
        twin = np.flatnonzero((way[1:] == way[:-1]) & (seq[1:] == seq[:-1]))
        result = np.full(self.edges, -1, dtype=np.int32)
        result[order[twin]], result[order[twin + 1]] = order[twin + 1], order[twin]
        return result

    @cached_property
    def first_of_piece(self) -> NDArray[np.int64]:
        """Edges that stand for their piece: each piece once."""
        return np.flatnonzero((self.edge_reverse < 0) | (np.arange(self.edges) < self.edge_reverse))

    @property
    def length_km(self) -> float:
        """Length of all directed edges [km]."""
        return float(self.edge_length_m.sum()) / 1000.0

    @property
    def ways_km(self) -> float:
        """Length of the network with each piece once [km]."""
        return float(self.edge_length_m[self.first_of_piece].sum()) / 1000.0

    @cached_property
    def components(self) -> int:
        """Number of weakly connected parts."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        ones = np.ones(self.edges, dtype=np.int8)
        graph = coo_array((ones, (self.edge_from, self.edge_to)), shape=(self.nodes, self.nodes))
        count, _ = connected_components(graph, directed=False)
        return int(count)

    def km_by_class(self) -> dict[str, float]:
        """Return the length of directed edges by class [km], the longest first."""
        classes, inverse = np.unique(self.edge_class.astype(str), return_inverse=True)
        km = np.bincount(inverse, weights=self.edge_length_m) / 1000.0
        order = np.argsort(-km, kind="stable")
        return {str(classes[i]): float(km[i]) for i in order}

    @cached_property
    def outgoing(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Edges by the node they leave: (offsets by node, edges)."""
        order = np.argsort(self.edge_from, kind="stable").astype(np.int32)
        counts = np.bincount(self.edge_from, minlength=self.nodes)
        return np.concatenate(([0], np.cumsum(counts))).astype(np.int32), order

    @cached_property
    def link_id(self) -> NDArray[np.str_]:
        """Unique id of each edge: ``way:from:to:piece:f`` along the way, ``...:b`` against it."""
        side = np.where(self.edge_forward, "f", "b")
        ends = zip(self.node_id[self.edge_from], self.node_id[self.edge_to], strict=True)
        parts = zip(self.edge_way, ends, self.edge_seq, side, strict=True)
        return np.array([f"{way}:{a}:{b}:{seq}:{s}" for way, (a, b), seq, s in parts], dtype=np.str_)

    @cached_property
    def index(self) -> SegmentIndex:
        """Grid over the segments of the pieces; a two-way piece is indexed once."""
        from contado.kernel.territory.network import grid

        return grid.of_network(self)

    def nearest(
        self, x: ArrayLike, y: ArrayLike, radius_m: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Return the nearest place of the network for each point.

        Parameters
        ----------
        x, y
            Points in the measure CRS [m].
        radius_m
            Places beyond this are not looked for.

        Returns
        -------
        edge, offset_m, distance_m
            Edge (the one along its way where the piece is two-way), place along it [m], distance [m];
            -1, NaN, NaN where nothing lies within the radius.
        """
        return self.index.nearest(x, y, radius_m)

    def point(self, edge: ArrayLike, offset_m: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return x, y [m] of places given as edge and offset from its start [m]."""
        edges = np.asarray(edge, dtype=np.int64)
        offset = np.clip(np.asarray(offset_m, dtype=np.float64), 0.0, self.edge_length_m[edges])
        base = self._vertex_place[self.geometry_offsets[edges]]
        place = base + offset
        last = self.geometry_offsets[edges + 1] - 1
        right = np.searchsorted(self._vertex_place, place, side="left")
        right = np.clip(right, self.geometry_offsets[edges] + 1, last)
        left = right - 1
        step = self.vertex_chainage_m[right] - self.vertex_chainage_m[left]
        share = np.divide(
            offset - self.vertex_chainage_m[left], step, out=np.zeros_like(offset), where=step > 0
        )
        x = self.geometry_x[left] + share * (self.geometry_x[right] - self.geometry_x[left])
        y = self.geometry_y[left] + share * (self.geometry_y[right] - self.geometry_y[left])
        return x, y

    @cached_property
    def _vertex_place(self) -> NDArray[np.float64]:
        """Vertex chainage with all edges laid end to end, one metre apart: increasing, so searchable."""
        gaps = np.concatenate(([0.0], np.cumsum(self.edge_length_m + 1.0)[:-1]))
        places: NDArray[np.float64] = self.vertex_chainage_m + np.repeat(gaps, np.diff(self.geometry_offsets))
        return places

    def links(self, source: str = "osm", source_id: str | None = None) -> pa.Table:
        """Return the edges as rows of the table ``road_link`` (geometry WKB in EPSG:4326)."""
        from contado.kernel.territory.network import links

        return links.table(self, source=source, source_id=source_id)

    def to_geodataframe(self) -> geopandas.GeoDataFrame:
        """Return one row a piece with from_node, to_node, way_id, highway, oneway ... in EPSG:4326."""
        from contado.kernel.territory.network import writers

        return writers.geodataframe(self)

    def to_gpkg(self, path: str | Path) -> None:
        """Write the pieces as a GeoPackage that `from_gpkg` reads back to the same arrays."""
        from contado.kernel.territory.network import writers

        writers.write(self, Path(path), driver="GPKG")

    def to_geojson(self, path: str | Path) -> None:
        """Write the pieces as GeoJSON that `from_geojson` reads back to the same arrays."""
        from contado.kernel.territory.network import writers

        writers.write(self, Path(path), driver="GeoJSON")

    def match(
        self,
        fixes: Any,
        lat: ArrayLike | None = None,
        t_s: ArrayLike | None = None,
        *,
        settings: MatchSettings | None = None,
        drop_bad: bool = False,
        engine: Engine = "local",
        progress: Progress | None = None,
        **options: Any,
    ) -> MatchResult:
        """Match GNSS traces to the network; see `contado.kernel.territory.matching.match`."""
        from contado.kernel.territory import matching

        return matching.match(
            self,
            fixes,
            lat,
            t_s,
            settings=settings,
            drop_bad=drop_bad,
            engine=engine,
            progress=progress,
            **options,
        )


def _cumulative(steps: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum ``steps`` within each group; each group starts anew, so that sums stay short and exact."""
    total = np.cumsum(steps)
    result: NDArray[np.float64] = total - np.repeat(total[offsets[:-1]], np.diff(offsets))
    return result
