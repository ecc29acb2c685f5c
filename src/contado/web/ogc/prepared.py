"""A layer as arrays: ids, attributes, geometries, boxes; made once for each state of its file and kept."""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from contado.web.ogc import crs

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.kernel.workspace import LayerInfo

__all__ = ["Column", "Kept", "Prepared", "Values", "key_column", "kind_of"]

_KEYS: Final = ("id", "fid", "istat")
"""Columns that name a feature where they are unique and known, in this order; then the first ``..._id``."""
_NONE: Final = np.array(None, dtype=object)
_MOST_TEXT: Final = 16_000_000
"""GeoJSON of geometries that is kept for a layer at most [character]."""


class Values(NamedTuple):
    """Values of an attribute or expression: kind, array, and where they are known."""

    kind: str
    data: Any
    known: Any


class Column(NamedTuple):
    """An attribute: name and kind (string, integer, number, boolean, date, date-time, or other)."""

    name: str
    kind: str


def kind_of(kind: pa.DataType) -> str:
    """Return the kind of an Arrow type; "other" can be read but not asked for."""
    import pyarrow as pa

    tests: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
        (pa.types.is_string, "string"),
        (pa.types.is_large_string, "string"),
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_integer, "integer"),
        (pa.types.is_floating, "number"),
        (pa.types.is_date, "date"),
        (pa.types.is_timestamp, "date-time"),
    )
    return next((name for test, name in tests if test(kind)), "other")


def key_column(table: pa.Table) -> str | None:
    """Return the column whose values name the features; None where rows are only numbered."""
    import pyarrow.compute as pc

    endings = [name for name in table.column_names if name.endswith("_id")][:1]
    for name in [*_KEYS, *endings]:
        if name not in table.column_names or kind_of(table[name].type) not in {"string", "integer"}:
            continue
        column = table[name]
        empty = kind_of(column.type) == "string" and pc.any(pc.equal(column, "")).as_py()
        if not column.null_count and not empty and pc.count_distinct(column).as_py() == len(column):
            return str(name)
    return None


class Prepared:
    """The features of a layer that one reader sees.

    Parameters
    ----------
    info
        The registry's row.
    table
        Attributes and ``geometry``; names that begin with ``_`` and, where the layer's style lists
        ``columns``, all others, do not leave the house.
    shapes
        The geometries, where they are known already.
    """

    def __init__(self, info: LayerInfo, table: pa.Table, shapes: NDArray[np.object_] | None = None) -> None:
        from contado.kernel.tables import geoparquet

        self.info = info
        self.whole = table
        self.key = key_column(table)
        listed = (info.style or {}).get("columns")
        names = [
            name
            for name in table.column_names
            if name != geoparquet.GEOMETRY
            and not name.startswith("_")
            and (listed is None or name in listed or name == self.key)
            and not _is_binary(table[name].type)
        ]
        self.table = table.select(names).replace_schema_metadata(None).combine_chunks()
        self.columns = [Column(name, kind_of(self.table[name].type)) for name in names]
        if shapes is None:
            shapes = geoparquet.geometries(table) if table.num_rows else np.empty(0, dtype=object)
        self.shapes = shapes
        self._text_size = 0

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @functools.cached_property
    def ids(self) -> NDArray[Any]:
        """What names each feature: text, or whole numbers."""
        if self.key is None:
            return np.arange(1, len(self) + 1)
        values: NDArray[Any] = self.whole[self.key].to_numpy()
        return values.astype(str) if kind_of(self.whole[self.key].type) == "string" else values

    @functools.cached_property
    def order(self) -> NDArray[np.int64]:
        """Rows in the order of their ids."""
        return np.argsort(self.ids, kind="stable")

    @functools.cached_property
    def sorted_ids(self) -> NDArray[Any]:
        """The ids in their order."""
        return self.ids[self.order]

    @functools.cached_property
    def system(self) -> crs.System:
        """The system that the geometries are stored in."""
        return crs.storage(self.info)

    @functools.cached_property
    def lonlat(self) -> NDArray[np.object_]:
        """Geometries in CRS84."""
        return crs.moved(self.shapes, self.system, crs.LONLAT)

    @functools.cached_property
    def boxes(self) -> NDArray[np.float64]:
        """West, south, east, north of each feature (n, 4) [deg]; NaN where there is no geometry."""
        import shapely

        return shapely.bounds(self.lonlat) if len(self) else np.empty((0, 4))

    @functools.cached_property
    def extent(self) -> list[float] | None:
        """Box around all features [deg]; None where there is nothing."""
        if not len(self) or np.isnan(self.boxes).all():
            return None
        ends = [np.nanmin(self.boxes[:, :2], axis=0), np.nanmax(self.boxes[:, 2:], axis=0)]
        return [float(v) for end in ends for v in end]

    def texts(self, rows: NDArray[np.int64]) -> NDArray[np.object_]:
        """Return the GeoJSON of geometries in CRS84, ``null`` where there is none; as far as memory allows, made once."""
        import shapely

        found = self._texts[rows]
        missing = found == _NONE
        if missing.any():
            made = shapely.to_geojson(self.lonlat[rows[missing]])
            found[missing] = np.where(made == _NONE, "null", made)
            self._text_size += sum(map(len, found[missing]))
            if self._text_size <= _MOST_TEXT:
                self._texts[rows] = found
        return found

    @functools.cached_property
    def _texts(self) -> NDArray[np.object_]:
        return np.full(len(self), None, dtype=object)

    def row(self, fid: str) -> int | None:
        """Return the row of a feature."""
        wanted: Any = fid
        if self.ids.dtype.kind in "iu":
            if not fid.isascii() or not fid.isdigit() or len(fid) > 18:
                return None
            wanted = int(fid)
        place = int(np.searchsorted(self.sorted_ids, wanted))
        found = place < len(self) and self.sorted_ids[place] == wanted
        return int(self.order[place]) if found else None

    @functools.cached_property
    def kinds(self) -> dict[str, str]:
        """Attribute -> kind."""
        return {column.name: column.kind for column in self.columns}

    def values(self, name: str) -> Values:
        """Return the values of a scalar attribute: text as objects, instants as UTC microseconds."""
        if name not in self._values:
            self._values[name] = _values(self.table[name], self.kinds[name])
        return self._values[name]

    @functools.cached_property
    def _values(self) -> dict[str, Values]:
        return {}

    @functools.cached_property
    def temporal(self) -> tuple[str, ...]:
        """Attributes of the parameter ``datetime``: one, or where both are there valid_from and valid_to."""
        dated = [c.name for c in self.columns if c.kind in {"date", "date-time"}]
        pair = ("valid_from", "valid_to")
        return pair if set(pair) <= set(dated) else tuple(dated[:1])


def _is_binary(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _values(column: pa.ChunkedArray, kind: str) -> Values:
    import pyarrow as pa

    known = np.asarray(column.is_valid().to_numpy())
    if kind in {"date", "date-time"}:
        data = column.cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]")
    elif kind == "number":
        data = column.cast(pa.float64()).to_numpy()
        known = known & ~np.isnan(data)
    elif kind == "integer":
        data = column.fill_null(0).to_numpy()
    elif kind == "boolean":
        data = column.fill_null(False).to_numpy()
    else:
        data = column.fill_null("").to_numpy().astype(object)
    return Values(kind, data, known)


class Kept:
    """A few things by key, made once; the one that was asked for least recently goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._things: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable) -> Any:
        """Return what is kept under ``key``, or None."""
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
            return self._things.get(key)

    def drop(self, key: Hashable) -> None:
        """Forget a thing."""
        with self._lock:
            self._things.pop(key, None)

    def put(self, key: Hashable, thing: Any) -> None:
        """Keep a thing."""
        with self._lock:
            self._things[key] = thing
            self._things.move_to_end(key)
            while len(self._things) > self._most:
                self._things.popitem(last=False)

    def made(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what is kept under ``key``; of several that ask for a new one at a time, one makes it."""
        found = self.get(key)
        if found is not None:
            return found
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            found = self.get(key)
            if found is None:
                found = make()
                self.put(key, found)
        with self._lock:
            self._making.pop(key, None)
        return found
