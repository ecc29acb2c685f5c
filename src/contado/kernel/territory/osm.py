"""The only door to osmium: ways and single nodes of an OpenStreetMap extract, by tag.

Streets are read here; what else an engine needs of OpenStreetMap (footprints, trees) is read here too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Nodes", "Ways", "read_nodes", "read_ways", "unreadable"]

_PER_DEGREE = 1e7
"""OpenStreetMap stores coordinates as whole ten-millionths of a degree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Ways with their node lists, flat: way ``i`` owns the references ``offsets[i]:offsets[i + 1]``.

    A way that loses nodes at the border of the extract stands as several rows of one ``way_id``.
    """

    way_id: NDArray[np.int64]
    offsets: NDArray[np.int64]
    node: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    tags: dict[str, NDArray[np.object_]]
    """Value of each asked tag of each way, None where it is absent."""
    nodes_missing: int = 0
    """References to nodes that the file does not hold."""

    def where(self, keep: NDArray[np.bool_]) -> Ways:
        """Return the ways for which ``keep`` is true."""
        counts = np.diff(self.offsets)
        refs = np.repeat(keep, counts)
        return Ways(
            way_id=self.way_id[keep],
            offsets=np.concatenate(([0], np.cumsum(counts[keep]))),
            node=self.node[refs],
            lon=self.lon[refs],
            lat=self.lat[refs],
            tags={key: values[keep] for key, values in self.tags.items()},
            nodes_missing=self.nodes_missing,
        )


@dataclass(slots=True)
class _Collector:
    keys: Sequence[str]
    way_id: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    node: list[int] = field(default_factory=list)
    x: list[int] = field(default_factory=list)
    y: list[int] = field(default_factory=list)
    tags: list[tuple[str | None, ...]] = field(default_factory=list)
    missing: int = 0

    def add(self, way: Any) -> None:
        tags = way.tags
        values = tuple(tags.get(key) for key in self.keys)
        start = len(self.node)
        for ref in way.nodes:
            place = ref.location
            if place.valid():
                self.node.append(ref.ref)
                self.x.append(place.x)
                self.y.append(place.y)
            else:
                self.missing += 1
                start = self._close(way.id, start, values)
        self._close(way.id, start, values)

    def _close(self, way_id: int, start: int, values: tuple[str | None, ...]) -> int:
        count = len(self.node) - start
        if count == 1:
            self.node.pop(), self.x.pop(), self.y.pop()
        elif count > 1:
            self.way_id.append(way_id)
            self.counts.append(count)
            self.tags.append(values)
        return len(self.node)

    def ways(self) -> Ways:
        columns = list(zip(*self.tags, strict=True)) or [() for _ in self.keys]
        return Ways(
            way_id=np.array(self.way_id, dtype=np.int64),
            offsets=np.concatenate(([0], np.cumsum(np.array(self.counts, dtype=np.int64)))),
            node=np.array(self.node, dtype=np.int64),
            lon=np.array(self.x, dtype=np.float64) / _PER_DEGREE,
            lat=np.array(self.y, dtype=np.float64) / _PER_DEGREE,
            tags={
                key: np.array(column, dtype=object) for key, column in zip(self.keys, columns, strict=True)
            },
            nodes_missing=self.missing,
        )


def read_ways(path: Path, key: str, *, tags: Sequence[str]) -> Ways:
    """Read the ways that carry the tag ``key``, with their nodes and the values of ``tags``.

    Parameters
    ----------
    path
        Extract as ``.osm.pbf`` or ``.osm`` (XML).
    key
        Tag a way must have ("highway").
    tags
        Further tags whose values are kept.

    Raises
    ------
    DataError
        Rule ``network_unreadable``: no such file, empty, cut, or no OpenStreetMap data.
    """
    import osmium

    _check(path)
    collector = _Collector(keys=(key, *(tag for tag in tags if tag != key)))
    entities = osmium.osm.NODE | osmium.osm.WAY
    try:
        processor = osmium.FileProcessor(str(path), entities).with_locations()
        for item in processor.with_filter(osmium.filter.KeyFilter(key)):
            if isinstance(item, osmium.osm.Way):
                collector.add(item)
    except (RuntimeError, ValueError, OSError) as error:
        raise unreadable(path, str(error)) from None
    return collector.ways()


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """Tagged nodes, shape (k,), in the order of the file."""

    node_id: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    tags: dict[str, NDArray[np.object_]]
    """Value of each asked tag of each node, None where it is absent."""


def read_nodes(path: Path, keys: Sequence[str], *, tags: Sequence[str] = ()) -> Nodes:
    """Read the nodes that carry one of the tags ``keys``, with the values of these and of ``tags``.

    Raises
    ------
    DataError
        Rule ``network_unreadable``, as `read_ways`.
    """
    import osmium

    _check(path)
    asked = tuple(dict.fromkeys((*keys, *tags)))
    rows: list[tuple[int, float, float, tuple[str | None, ...]]] = []
    try:
        processor = osmium.FileProcessor(str(path), osmium.osm.NODE)
        for node in processor.with_filter(osmium.filter.KeyFilter(*keys)):
            if isinstance(node, osmium.osm.Node) and (place := node.location).valid():
                values = tuple(node.tags.get(key) for key in asked)
                rows.append((node.id, place.x / _PER_DEGREE, place.y / _PER_DEGREE, values))
    except (RuntimeError, ValueError, OSError) as error:
        raise unreadable(path, str(error)) from None
    return Nodes(
        node_id=np.array([r[0] for r in rows], dtype=np.int64),
        lon=np.array([r[1] for r in rows], dtype=np.float64),
        lat=np.array([r[2] for r in rows], dtype=np.float64),
        tags={key: np.array([r[3][k] for r in rows], dtype=object) for k, key in enumerate(asked)},
    )


def _check(path: Path) -> None:
    if not path.is_file():
        raise unreadable(path, "there is no such file")
    if path.stat().st_size == 0:
        raise unreadable(path, "the file is empty")


def unreadable(path: Path, why: str) -> DataError:
    """Return the error of a network file that cannot be used; it names the file and the reason."""
    return DataError(
        f"{path.name}: no street network can be read from this file: {why}.",
        rule="network_unreadable",
        hint="give an OpenStreetMap extract (.osm.pbf, .osm), a graph (.gpkg, .geojson) or ways (.parquet)",
        field="network",
    )
