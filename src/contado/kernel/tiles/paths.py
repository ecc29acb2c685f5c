"""Shapes as flat arrays: vertices, the paths they form, the features the paths form.

A path is a ring (stored open, its first vertex not repeated), a line, or all points of a feature.
Exterior rings run with positive area by the surveyor's formula (y down), interior ones with negative area.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
import shapely

from contado.kernel.errors import GeometryError
from contado.kernel.tiles import ragged

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pyarrow import ChunkedArray

_EXACT: Final = 2.0**24
"""Coordinates up to which the products of an area are summed without rounding."""

_HEADER: Final = 128
"""Bytes of a file before its first item."""
_ONE_RING: Final = np.frombuffer(bytes([1, 3, 0, 0, 0, 1, 0, 0, 0]), np.uint8)
"""Well-known binary of a polygon with one ring: byte order, type, count of rings; that of its vertices follows."""
_WKB_HEAD: Final = 13

__all__ = [
    "Shapes",
    "doubled_areas",
    "following",
    "from_geometries",
    "mapped",
    "plain_polygons",
    "to_polygons",
    "turned",
]


class Shapes(NamedTuple):
    """Vertices ``x, y``; path p has vertices ``paths[p]:paths[p + 1]``, feature f paths ``features[f]:...``."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    paths: NDArray[np.int64]
    features: NDArray[np.int64]
    hole: NDArray[np.bool_]

    def take(self, which: NDArray[np.int64]) -> Shapes:
        """Return the shapes of some features, in the order given; of a run of them as views."""
        if len(which) and (np.diff(which) == 1).all():
            return self.span(int(which[0]), int(which[-1]) + 1)
        paths, features = ragged.take(self.features, which)
        vertices, starts = ragged.take(self.paths, paths)
        return Shapes(self.x[vertices], self.y[vertices], starts, features, self.hole[paths])

    def span(self, first: int, last: int) -> Shapes:
        """Return the features from ``first`` up to before ``last``, as views."""
        paths = slice(self.features[first], self.features[last] + 1)
        starts = self.paths[paths]
        vertices = slice(starts[0], starts[-1])
        return Shapes(
            self.x[vertices],
            self.y[vertices],
            starts - starts[0],
            self.features[first : last + 1] - self.features[first],
            self.hole[paths.start : paths.stop - 1],
        )

    def pick(self, paths: NDArray[np.int64]) -> Shapes:
        """Return the same features with some of their paths, in order."""
        vertices, starts = ragged.take(self.paths, paths)
        owner = self.owner()[paths]
        features = np.searchsorted(owner, np.arange(len(self.features)))
        return Shapes(self.x[vertices], self.y[vertices], starts, features, self.hole[paths])

    def followed(self, by: Shapes) -> Shapes:
        """Return these features, then those of ``by``."""
        return Shapes(
            np.concatenate([self.x, by.x]),
            np.concatenate([self.y, by.y]),
            np.concatenate([self.paths, by.paths[1:] + self.paths[-1]]),
            np.concatenate([self.features, by.features[1:] + self.features[-1]]),
            np.concatenate([self.hole, by.hole]),
        )

    def replaced(self, which: NDArray[np.int64], by: Shapes) -> Shapes:
        """Return the shapes with those of the features ``which`` exchanged for those of ``by``."""
        order = np.arange(len(self.features) - 1)
        order[which] = len(order) + np.arange(len(which))
        return self.followed(by).take(order)

    def owner(self) -> NDArray[np.int64]:
        """Return the feature of each path."""
        return np.repeat(np.arange(len(self.features) - 1), np.diff(self.features))

    def boxes(self) -> NDArray[np.float64]:
        """Return west, north, east, south of every feature, shape (4, n)."""
        starts = self.paths[self.features[:-1]]
        if not len(starts):
            return np.empty((4, 0))
        low = [np.minimum.reduceat(v, starts) for v in (self.x, self.y)]
        return np.array([*low, *(np.maximum.reduceat(v, starts) for v in (self.x, self.y))])

    def save(self, folder: Path, name: str) -> None:
        """Write the arrays into ``folder``."""
        for field in self._fields:
            np.save(folder / f"{name}-{field}.npy", getattr(self, field))

    @classmethod
    def load(cls, folder: Path, name: str) -> Shapes:
        """Read what `save` wrote, memory-mapped."""
        return cls(*(mapped(folder / f"{name}-{field}.npy") for field in cls._fields))


def mapped(file: Path) -> NDArray[Any]:
    """Return an array as it stands in its file; one without items cannot be mapped."""
    found = np.load(file, mmap_mode="r" if file.stat().st_size > _HEADER else None)
    return np.asarray(found).view(np.ndarray)  # a plain array: those that know their file are slow to index


def following(values: NDArray[Any], starts: NDArray[np.int64]) -> NDArray[Any]:
    """Return what stands after each item of a ring, its first after its last."""
    out = np.empty_like(values)
    out[:-1] = values[1:]
    filled = starts[1:] > starts[:-1]
    out[starts[1:][filled] - 1] = values[starts[:-1][filled]]
    return out


def doubled_areas(shapes: Shapes) -> NDArray[np.float64]:
    """Return twice the signed area of each ring, exact for whole coordinates; no ring is empty."""
    x, y, starts = shapes.x, shapes.y, shapes.paths
    if not len(x):
        return np.empty(0)
    if max(-x.min(), x.max(), -y.min(), y.max()) > _EXACT:
        first = np.repeat(starts[:-1], np.diff(starts))
        x, y = x - x[first], y - y[first]
    areas: NDArray[np.float64] = np.add.reduceat(
        x * following(y, starts) - following(x, starts) * y, starts[:-1]
    )
    return areas


def plain_polygons(column: ChunkedArray) -> Shapes | None:
    """Return the shapes of a WKB column of polygons of one ring each, None where it holds anything else.

    So are buildings and parcels, the layers of most features; their vertices are read off the bytes.
    """
    import pyarrow as pa

    wkb = column.combine_chunks()
    if wkb.type != pa.binary() or wkb.null_count or not len(wkb) or not isinstance(wkb, pa.Array):
        return None
    _, offsets, data = wkb.buffers()
    starts = np.frombuffer(offsets, np.int32)[wkb.offset : wkb.offset + len(wkb) + 1].astype(np.int64)
    content = np.frombuffer(data, np.uint8)[starts[0] : starts[-1]]
    starts -= starts[0]
    sizes = np.diff(starts)
    if sizes.min() <= _WKB_HEAD:
        return None
    places = starts[:-1, None] + np.arange(_WKB_HEAD)
    heads = content[places]
    vertices = heads[:, 9:].copy().view("<u4")[:, 0].astype(np.int64)
    if (heads[:, :9] != _ONE_RING).any() or (sizes != _WKB_HEAD + 16 * vertices).any():
        return None
    keep = np.ones(len(content), bool)
    keep[places] = False
    x, y = np.ascontiguousarray(content[keep].view("<f8").reshape(-1, 2).T)
    n = len(vertices)
    return _wound(_opened(Shapes(x, y, ragged.to_starts(vertices), np.arange(n + 1), np.zeros(n, bool))))


def from_geometries(geometries: NDArray[Any]) -> tuple[Literal["point", "line", "polygon"], Shapes]:
    """Return the kind of all geometries and their shapes.

    Raises
    ------
    GeometryError
        They are not all points, all lines or all polygons (rule ``mixed_geometry``).
    """
    if not len(geometries):
        empty = np.empty(0)
        return "polygon", Shapes(empty, empty, np.zeros(1, int), np.zeros(1, int), np.zeros(0, bool))
    dimension = np.unique(shapely.get_dimensions(geometries))
    collections = (shapely.get_type_id(geometries) == shapely.GeometryType.GEOMETRYCOLLECTION).any()
    if len(dimension) > 1 or collections:
        raise GeometryError(
            "Tiles are made of layers of points, of lines or of polygons; this one mixes them.",
            rule="mixed_geometry",
            hint="split the layer by type",
        )
    points, offsets = _ragged(geometries)
    x, y = np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])
    kind: Literal["point", "line", "polygon"] = _KINDS[int(dimension[0])]
    if len(offsets) == int(dimension[0]):  # all have one part
        offsets.append(np.arange(len(geometries) + 1))
    if kind != "polygon":
        paths, features = offsets if kind == "line" else (offsets[0], np.arange(len(geometries) + 1))
        return kind, _filled(Shapes(x, y, paths, features, np.zeros(len(paths) - 1, bool)))
    rings, parts, features = offsets
    hole = np.ones(len(rings) - 1, bool)
    hole[parts[:-1][parts[1:] > parts[:-1]]] = False
    return kind, _wound(_opened(_filled(Shapes(x, y, rings, parts[features], hole))))


def _ragged(geometries: NDArray[Any]) -> tuple[NDArray[np.float64], list[NDArray[np.int64]]]:
    """Return the coordinates of geometries of one dimension and the offsets of their rings and parts."""
    simple = (shapely.get_type_id(geometries) == shapely.GeometryType.POLYGON).all()
    if simple and not shapely.get_num_interior_rings(geometries).any():
        # each is its exterior: asking GEOS for rings as objects takes several times as long
        rings = ragged.to_starts(shapely.get_num_coordinates(geometries))
        return shapely.get_coordinates(geometries), [rings, np.arange(len(rings))]
    _, points, offsets = shapely.to_ragged_array(geometries, include_z=False)
    return points, [np.asarray(o, dtype=np.int64) for o in offsets]


_KINDS: Final = ("point", "line", "polygon")


def _filled(shapes: Shapes) -> Shapes:
    """Drop paths without vertices, the empty parts of a multi-part geometry."""
    filled = shapes.paths[1:] > shapes.paths[:-1]
    return shapes if filled.all() else shapes.pick(np.flatnonzero(filled))


def _opened(shapes: Shapes) -> Shapes:
    """Drop the last vertex of each ring, which repeats the first."""
    keep = np.ones(len(shapes.x), bool)
    keep[shapes.paths[1:] - 1] = False
    paths = shapes.paths - np.arange(len(shapes.paths))
    return shapes._replace(x=shapes.x[keep], y=shapes.y[keep], paths=paths)


def _wound(shapes: Shapes) -> Shapes:
    """Turn the rings that run the wrong way."""
    areas = doubled_areas(shapes)
    return turned(shapes, np.where(shapes.hole, areas > 0, areas < 0))


def turned(shapes: Shapes, wrong: NDArray[np.bool_]) -> Shapes:
    """Return the shapes with the order of some paths reversed."""
    if not wrong.any():
        return shapes
    lengths = np.diff(shapes.paths)
    place = np.arange(len(shapes.x))
    ends = np.repeat(shapes.paths[:-1] + shapes.paths[1:] - 1, lengths)
    order = np.where(np.repeat(wrong, lengths), ends - place, place)
    return shapes._replace(x=shapes.x[order], y=shapes.y[order])


def to_polygons(shapes: Shapes) -> NDArray[Any]:
    """Return polygon features as shapely multi-polygons; every ring needs three vertices or more."""
    vertices, starts = ragged.take(shapes.paths, np.arange(len(shapes.paths) - 1))
    last = np.insert(vertices, starts[1:], shapes.paths[:-1])
    closed = starts + np.arange(len(starts))
    points = np.column_stack([shapes.x[last], shapes.y[last]])
    outer = np.append(np.flatnonzero(~shapes.hole), len(shapes.hole))
    features = np.searchsorted(outer, shapes.features)
    made: NDArray[Any] = shapely.from_ragged_array(
        shapely.GeometryType.MULTIPOLYGON, points, (closed, outer, features)
    )
    return made
