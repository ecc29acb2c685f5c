"""Shapes as flat arrays: vertices, the paths they form, the features the paths form.

A path is a ring (stored open, its first vertex not repeated), a line, or all points of a feature.
Exterior rings run with positive area by the surveyor's formula (y down), interior ones with negative area.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import shapely

from contado.kernel.errors import GeometryError
from contado.kernel.tiles import ragged

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Shapes", "doubled_areas", "following", "from_geometries", "to_polygons", "turned"]


class Shapes(NamedTuple):
    """Vertices ``x, y``; path p has vertices ``paths[p]:paths[p + 1]``, feature f paths ``features[f]:...``."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    paths: NDArray[np.int64]
    features: NDArray[np.int64]
    hole: NDArray[np.bool_]

    def take(self, which: NDArray[np.int64]) -> Shapes:
        """Return the shapes of some features, in the order given."""
        paths, features = ragged.take(self.features, which)
        vertices, starts = ragged.take(self.paths, paths)
        return Shapes(self.x[vertices], self.y[vertices], starts, features, self.hole[paths])

    def pick(self, paths: NDArray[np.int64]) -> Shapes:
        """Return the same features with some of their paths, in order."""
        vertices, starts = ragged.take(self.paths, paths)
        owner = self.owner()[paths]
        features = np.searchsorted(owner, np.arange(len(self.features)))
        return Shapes(self.x[vertices], self.y[vertices], starts, features, self.hole[paths])

    def replaced(self, which: NDArray[np.int64], by: Shapes) -> Shapes:
        """Return the shapes with those of the features ``which`` exchanged for those of ``by``."""
        both = Shapes(
            np.concatenate([self.x, by.x]),
            np.concatenate([self.y, by.y]),
            np.concatenate([self.paths, by.paths[1:] + self.paths[-1]]),
            np.concatenate([self.features, by.features[1:] + self.features[-1]]),
            np.concatenate([self.hole, by.hole]),
        )
        order = np.arange(len(self.features) - 1)
        order[which] = len(order) + np.arange(len(which))
        return both.take(order)

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
        files = [folder / f"{name}-{field}.npy" for field in cls._fields]
        return cls(*(np.load(f, mmap_mode="r" if f.stat().st_size > 128 else None) for f in files))


def following(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of the vertex after each one, the last of a ring being followed by its first."""
    after = np.arange(1, starts[-1] + 1)
    filled = starts[1:] > starts[:-1]
    after[starts[1:][filled] - 1] = starts[:-1][filled]
    return after


def doubled_areas(
    x: NDArray[np.float64], y: NDArray[np.float64], starts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return twice the signed area of each ring, exact for whole coordinates that are not far apart."""
    first = np.repeat(starts[:-1], np.diff(starts))
    a, b = x - x[first], y - y[first]
    after = following(starts)
    cross = a * b[after] - a[after] * b
    return _float_sums(cross, starts)


def _float_sums(items: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sum of each list, added up within the list alone."""
    out = np.zeros(len(starts) - 1)
    filled = np.flatnonzero(starts[1:] > starts[:-1])
    if filled.size:
        out[filled] = np.add.reduceat(items, starts[filled])
    return out


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
    kind, points, offsets = shapely.to_ragged_array(_multi(geometries), include_z=False)
    x, y = np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])
    offsets = [np.asarray(o, dtype=np.int64) for o in offsets]
    if kind == shapely.GeometryType.MULTIPOINT:
        features = np.arange(len(geometries) + 1)
        return "point", Shapes(x, y, offsets[0], features, np.zeros(len(geometries), bool))
    if kind == shapely.GeometryType.MULTILINESTRING:
        return "line", Shapes(x, y, offsets[0], offsets[1], np.zeros(len(offsets[0]) - 1, bool))
    rings, parts, features = offsets
    hole = np.ones(len(rings) - 1, bool)
    hole[parts[:-1][parts[1:] > parts[:-1]]] = False
    return "polygon", _wound(_opened(Shapes(x, y, rings, parts[features], hole)))


def _multi(geometries: NDArray[Any]) -> NDArray[Any]:
    """Return geometries as multi-part ones, so that all have one type."""
    parts, index = shapely.get_parts(geometries, return_index=True)
    make = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)
    build = make[int(shapely.get_dimensions(parts[0]))]
    made: NDArray[Any] = build(parts, indices=index)
    return made


def _opened(shapes: Shapes) -> Shapes:
    """Drop the last vertex of each ring, which repeats the first."""
    keep = np.ones(len(shapes.x), bool)
    keep[shapes.paths[1:] - 1] = False
    paths = shapes.paths - np.arange(len(shapes.paths))
    return shapes._replace(x=shapes.x[keep], y=shapes.y[keep], paths=paths)


def _wound(shapes: Shapes) -> Shapes:
    """Turn the rings that run the wrong way."""
    areas = doubled_areas(shapes.x, shapes.y, shapes.paths)
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
