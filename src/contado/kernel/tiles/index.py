"""The index of a layer: flat coordinate arrays in the world square, memory-mapped, in Hilbert order.

Features are sorted along the Hilbert curve by their anchor (the centre of their box), so the features that
a tile anchors are one range of the arrays, at every zoom; those that reach into it from elsewhere are found
by the boxes of blocks of features. The index is made from the layer's Parquet file and stands in a folder
named after its hash: a changed layer gets a new folder, a reader of the old one is not disturbed.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import msgspec
import numpy as np
import shapely

from contado.kernel.errors import Finding, GeometryError
from contado.kernel.tables import geoparquet
from contado.kernel.tiles import clip, coverage, grid, ragged, values
from contado.kernel.tiles.paths import Shapes, from_geometries, mapped, plain_polygons

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["FORMAT", "Index", "Pairs", "build", "found", "load", "made", "reach"]

FORMAT: Final = 1
"""Raised whenever the arrays change their meaning: older folders are made again."""
_BLOCK: Final = 256
"""Features that share one box in the search for what reaches into a tile."""
_COVERAGE_MOST: Final = 100_000
"""Features up to which a polygon layer is checked for shared borders."""

Kind = Literal["point", "line", "polygon"]


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute: its name, its TileJSON type, whether it can be summed."""

    name: str
    kind: str
    longest: int
    """Bytes of its longest value, for bounds on the size of a tile."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside the arrays; ``n`` counts the features that have a place on the map."""

    format: int
    kind: Kind
    n: int
    coverage: bool
    fields: list[Field]
    findings: list[Finding]


class Pairs(NamedTuple):
    """Features in tiles: the tile is a place in a list of tiles, by which the pairs are sorted."""

    feature: NDArray[np.int64]
    tile: NDArray[np.int64]

    def of(self, which: Any) -> Pairs:
        """Return some of the pairs, by mask, place or slice."""
        return Pairs(self.feature[which], self.tile[which])

    def starts(self, tiles: int) -> NDArray[np.int64]:
        """Return where each of so many tiles begins, and the end."""
        return np.searchsorted(self.tile, np.arange(tiles + 1))


@dataclass(frozen=True, eq=False, kw_only=True)
class Index:
    """Arrays of a layer, features in Hilbert order.

    ``box`` is (4, n): west, north, east, south in the world square; ``key`` the anchor's place on the curve
    of zoom 22; ``row`` the feature's 0-based row in the layer; ``codes`` (columns, n) index ``dictionary``.
    """

    facts: Facts
    shapes: Shapes
    box: NDArray[np.float64]
    blocks: NDArray[np.float64]
    key: NDArray[np.int64]
    row: NDArray[np.int64]
    codes: NDArray[np.int32]
    dictionary: values.Dictionary
    numbers: NDArray[np.float64]
    folder: Path | None = None
    _simplified: dict[int, Shapes] = field(default_factory=dict, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as the folder's path where there is one, else as the arrays."""
        if self.folder is not None:
            return load, (self.folder,)
        return _remade, ({f.name: getattr(self, f.name) for f in fields(self) if f.name[0] != "_"},)

    def touching(self, zoom: int, x: NDArray[np.int64], y: NDArray[np.int64]) -> Pairs:
        """Return the features whose boxes reach into tiles or their buffers, tile after tile, in order."""
        edges = np.array(reach(zoom, x, y))
        tile, block = np.nonzero(_meets(self.blocks[:, None, :], edges[:, :, None]))
        starts = _block_starts(self.facts.n)
        owner, place = ragged.counted(starts[block + 1] - starts[block])
        found = Pairs(starts[block][owner] + place, tile[owner])
        return found.of(_meets(self.box[:, found.feature], edges[:, found.tile]))

    def home(self, zoom: int, features: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the places on the Hilbert curve of the tiles that hold the features' anchors."""
        place: NDArray[np.int64] = self.key[features] >> (2 * (grid.MAX_ZOOM - zoom))
        return place

    def reached(self, zoom: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first column and row of the tiles that each box reaches, and how many of each, (2, n)."""
        margin = (grid.BUFFER + 0.5) / grid.EXTENT
        scaled = self.box * float(1 << zoom)
        last = (1 << zoom) - 1
        low = np.floor(scaled[:2] - margin).clip(0, last).astype(np.int64)
        high = np.floor(scaled[2:] + margin).clip(0, last).astype(np.int64)
        return low, high - low + 1

    def anchors(self, features: NDArray[np.int64] | slice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the centres of the features' boxes."""
        box = self.box[:, features]
        return (box[0] + box[2]) / 2.0, (box[1] + box[3]) / 2.0

    def size_px(self, zoom: int, features: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the longer side of the features' boxes [pixels]."""
        box = self.box[:, features]
        longer: NDArray[np.float64] = np.maximum(box[2] - box[0], box[3] - box[1])
        return longer * float(grid.PIXELS << zoom)

    def at(self, zoom: int) -> Shapes:
        """Return the shapes drawn at a zoom: those of a coverage are simplified with shared borders."""
        if not self.facts.coverage:
            return self.shapes
        if zoom not in self._simplified:
            self._simplified[zoom] = coverage.simplified(self.shapes, zoom)
        return self._simplified[zoom]


def _remade(arrays: dict[str, Any]) -> Index:
    return Index(**arrays)


def reach(zoom: int, x: Any, y: Any) -> tuple[Any, Any, Any, Any]:
    """Return west, north, east, south in the world square from which a vertex may round into tiles or their buffer."""
    scale = float(grid.EXTENT << zoom)
    margin = grid.BUFFER + 0.5
    west, north = x * grid.EXTENT - margin, y * grid.EXTENT - margin
    side = grid.EXTENT + 2 * margin
    return west / scale, north / scale, (west + side) / scale, (north + side) / scale


def _meets(box: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which boxes meet; both are west, north, east, south."""
    meets: NDArray[np.bool_] = box[0] <= edges[2]
    for inner, outer in ((edges[0], box[2]), (box[1], edges[3]), (edges[1], box[3])):
        meets &= inner <= outer
    return meets


def _block_starts(n: int) -> NDArray[np.int64]:
    return np.append(np.arange(0, n, _BLOCK), n)


def build(table: pa.Table) -> Index:
    """Return the index of a layer.

    Raises
    ------
    GeometryError
        The layer mixes points, lines and polygons, or holds geometry collections (rule ``mixed_geometry``).
    """
    kind, rows, shapes, findings = _shapes(table)
    box = shapes.boxes()
    x, y = (box[0] + box[2]) / 2.0, (box[1] + box[3]) / 2.0
    side = 1 << grid.MAX_ZOOM
    key = grid.hilbert(grid.cells(x, side), grid.cells(y, side), grid.MAX_ZOOM)
    order = np.argsort(key, kind="stable")
    shapes, box, rows = shapes.take(order), np.ascontiguousarray(box[:, order]), rows[order]
    columns, codes, messages, numbers = _attributes(table, rows)
    shared = kind == "polygon" and len(rows) <= _COVERAGE_MOST and coverage.is_coverage(shapes)
    return Index(
        facts=Facts(
            format=FORMAT, kind=kind, n=len(rows), coverage=shared, fields=columns, findings=findings
        ),
        shapes=shapes,
        box=box,
        blocks=_block_boxes(box),
        key=key[order],
        row=rows,
        codes=codes,
        dictionary=values.Dictionary.of(messages),
        numbers=numbers,
    )


def _block_boxes(box: NDArray[np.float64]) -> NDArray[np.float64]:
    if not box.shape[1]:
        return box
    starts = _block_starts(box.shape[1])[:-1]
    low, high = np.minimum.reduceat(box[:2], starts, axis=1), np.maximum.reduceat(box[2:], starts, axis=1)
    return np.vstack([low, high])


def _shapes(table: pa.Table) -> tuple[Kind, NDArray[np.int64], Shapes, list[Finding]]:
    """Return kind, rows with a place on the map, their shapes in the world square, and what was left out."""
    kind, rows, shapes = _read(table)
    findings = [_left_out("no_geometry", table.num_rows - rows.size, "have no geometry")]
    lon, lat = _lonlat(shapes.x, shapes.y, geoparquet.crs(table))
    x, y = grid.lonlat_to_world(lon, lat)
    kind, kept, shapes, beyond = _inside_the_world(kind, shapes._replace(x=x, y=y))
    findings.append(_left_out("beyond_the_map", beyond, "lie wholly or partly beyond the map's edge"))
    return kind, rows[kept], shapes, [f for f in findings if f is not None]


def _read(table: pa.Table) -> tuple[Kind, NDArray[np.int64], Shapes]:
    """Return kind, rows with a geometry, and their shapes in the layer's own coordinates."""
    plain = plain_polygons(table[geoparquet.GEOMETRY])
    if plain is not None:
        return "polygon", np.arange(table.num_rows), plain
    geometries = geoparquet.geometries(table)
    rows = np.flatnonzero(~(shapely.is_missing(geometries) | shapely.is_empty(geometries)))
    kind, shapes = from_geometries(geometries[rows])
    return kind, rows, shapes


def _left_out(rule: str, count: int, what: str) -> Finding | None:
    if not count:
        return None
    hint = "they stand in the layer's table, not on its map"
    return Finding(
        severity="warning", rule=rule, message=f"{count} features {what}.", hint=hint, action="dropped"
    )


def _lonlat(
    x: NDArray[np.float64], y: NDArray[np.float64], crs: str | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitudes and latitudes [deg] of coordinates in ``crs``."""
    if crs not in {"EPSG:4326", "OGC:CRS84"}:
        from pyproj import Transformer

        x, y = map(np.asarray, Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise GeometryError(
            "A coordinate is no number, or has no longitude and latitude.",
            hint="repair the layer and import it again",
        )
    return x, y


def _inside_the_world(kind: Kind, shapes: Shapes) -> tuple[Kind, NDArray[np.int64], Shapes, int]:
    """Return which features reach into the world square, cut at its edge, and how many reach over it."""
    box = shapes.boxes()
    over = np.flatnonzero((box < 0.0).any(axis=0) | (box > 1.0).any(axis=0))
    every = np.arange(box.shape[1])
    if not over.size:
        return kind, every, shapes, 0
    cut = clip.clip(kind, shapes.take(over), 0.0, 1.0)
    shapes = shapes.replaced(over, cut)
    kept = np.flatnonzero(np.diff(shapes.features))
    return kind, every[kept], shapes.take(kept), int(over.size)


def _attributes(
    table: pa.Table, rows: NDArray[np.int64]
) -> tuple[list[Field], NDArray[np.int32], list[bytes], NDArray[np.float64]]:
    """Return the columns MVT has a type for: fields, codes, messages, and numbers (NaN = unknown or none)."""
    columns, codes, messages, numbers = [], [], list[bytes](), []
    for name in table.column_names:
        found = None if name == geoparquet.GEOMETRY else values.column(table[name])
        if found is None:
            continue
        longest = max(map(len, found.messages), default=0)
        columns.append(Field(name=name, kind=found.kind, longest=longest))
        picked = found.codes[rows]
        codes.append(np.where(picked < 0, -1, picked + len(messages)).astype(np.int32))
        messages += found.messages
        numbers.append(np.full(len(rows), np.nan) if found.numbers is None else found.numbers[rows])
    shape = (len(columns), len(rows))
    return (
        columns,
        np.array(codes, dtype=np.int32).reshape(shape),
        messages,
        np.array(numbers, dtype=np.float64).reshape(shape),
    )


def found(folder: Path, sha256: str) -> Index | None:
    """Return the index of the layer whose file has this hash, None where ``folder`` has none."""
    home = _home(folder, sha256)
    try:
        return load(home) if (home / "facts.json").is_file() else None
    except FileNotFoundError:  # that of a newer layer has just taken its place
        return None


def made(folder: Path, sha256: str, table: pa.Table) -> Index:
    """Return the index of a layer, kept in ``folder``; where that cannot be written it stays in memory."""
    built = build(table)
    try:
        _save(built, _home(folder, sha256))
    except OSError:
        return built
    return found(folder, sha256) or built


def _home(folder: Path, sha256: str) -> Path:
    return folder / f"{sha256[:16]}-{FORMAT}"


_ARRAYS: Final = ("box", "blocks", "key", "row", "codes", "numbers")


def _save(index: Index, home: Path) -> None:
    """Write the arrays to a folder beside, then rename; whoever came first wins. Older folders go."""
    home.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".making-", dir=home.parent))
    try:
        for name in _ARRAYS:
            np.save(scratch / f"{name}.npy", getattr(index, name))
        np.save(scratch / "value_data.npy", index.dictionary.data)
        np.save(scratch / "value_starts.npy", index.dictionary.starts)
        index.shapes.save(scratch, "shapes")
        (scratch / "facts.json").write_bytes(msgspec.json.encode(index.facts))
        if not home.exists():
            scratch.chmod(0o755)
            scratch.rename(home)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for old in home.parent.iterdir():
        if old != home and not old.name.startswith(".making-"):
            shutil.rmtree(old, ignore_errors=True)


@lru_cache(maxsize=32)
def load(home: Path) -> Index:
    """Return the index that stands in a folder, memory-mapped."""
    arrays: dict[str, Any] = {name: mapped(home / f"{name}.npy") for name in _ARRAYS}
    return Index(
        facts=msgspec.json.decode((home / "facts.json").read_bytes(), type=Facts),
        shapes=Shapes.load(home, "shapes"),
        dictionary=values.Dictionary(mapped(home / "value_data.npy"), mapped(home / "value_starts.npy")),
        folder=home,
        **arrays,
    )
