"""Vector files of other programs: GeoPackage, GeoJSON, FlatGeobuf, shapefile, CSV, GeoParquet.

Coordinates and attributes are kept as they are; what must change (an invalid polygon, an empty geometry)
is counted in findings. A layer keeps its coordinate reference system; the one exception is GeoJSON,
which has only WGS 84 (RFC 7946), and says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa

from contado.kernel.errors import DataError, Finding, GeometryError, TableNotFound, UsageError
from contado.kernel.tables import geoparquet
from contado.kernel.tables.gdal import options, same_crs
from contado.kernel.tables.geoparquet import GEOMETRY
from contado.kernel.tables.read import read as read_plain
from contado.kernel.tables.vector_write import WRITABLE, write

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas
    import numpy as np

__all__ = [
    "READABLE",
    "WRITABLE",
    "VectorFrame",
    "VectorTable",
    "read",
    "read_table",
    "split_by_type",
    "write",
]

READABLE: Final = (".gpkg", ".geojson", ".json", ".fgb", ".shp", ".zip", ".parquet", ".csv")
_LON: Final = ("lon", "longitude", "lng", "long", "longitudine")
_LAT: Final = ("lat", "latitude", "latitudine")
_X: Final = ("x_m", "x", "easting")
_Y: Final = ("y_m", "y", "northing")
_WKT: Final = ("wkt", "geometry", "geom", "the_geom")
_FAMILY: Final[Mapping[int, str]] = {
    0: "points",
    4: "points",
    1: "lines",
    2: "lines",
    5: "lines",
    3: "polygons",
    6: "polygons",
    7: "collections",
}
"""Shapely's type ids -> the suffix of a layer that is split by type."""


class VectorTable(NamedTuple):
    """A layer as an Arrow table, what was found, and the counts of what was repaired and dropped."""

    table: pa.Table
    findings: list[Finding]
    repaired: int = 0
    dropped: int = 0


class VectorFrame(NamedTuple):
    """A layer as a GeoDataFrame, and what was found."""

    gdf: geopandas.GeoDataFrame
    findings: list[Finding]


def read(path: Path | str, layer: str | None = None, crs: str | None = None) -> VectorFrame:
    """Read a vector file as a GeoDataFrame (as `read_table`)."""
    found = read_table(path, layer, crs)
    return VectorFrame(geoparquet.to_gdf(found.table), found.findings)


def read_table(path: Path | str, layer: str | None = None, crs: str | None = None) -> VectorTable:
    """Read a vector file: attributes as they are, geometry as WKB, features without geometry dropped.

    Parameters
    ----------
    path
        A file with one of the endings of `READABLE`; a CSV has columns ``lon, lat``, or ``x, y`` or
        ``wkt`` together with ``crs``.
    layer
        Which layer of a file that holds several.
    crs
        Coordinate reference system (``EPSG:32632``) where the file names none.

    Raises
    ------
    TableNotFound
        There is no such file or layer.
    GeometryError
        No CRS is known (rule ``missing_crs``), or the file names another one (``crs_conflict``).
    DataError
        The file cannot be read.
    """
    file = Path(path)
    if not file.is_file():
        known = [p.name for p in file.parent.iterdir()] if file.parent.is_dir() else []
        raise TableNotFound.from_name(file.name, known, kind="file")
    ending = file.suffix.lower()
    if ending not in READABLE:
        raise UsageError(
            f"{file.name}: files that end in {ending or 'nothing'} are not read.",
            rule="unknown_format",
            hint="endings: " + ", ".join(READABLE),
        )
    if ending == ".csv":
        table, findings = _read_csv(file, crs)
    elif ending == ".parquet":
        table, findings = geoparquet.read(file), []
    else:
        table, findings = _read_ogr(file, layer), []
    return _cleaned(_with_crs(table, crs, file.name), findings, file.stem)


def _read_ogr(file: Path, layer: str | None) -> pa.Table:
    import pyogrio
    import pyogrio.errors

    source = f"/vsizip/{file}" if file.suffix.lower() == ".zip" else file
    try:
        chosen = _chosen_layer([str(name) for name, _ in pyogrio.list_layers(source)], layer, file.name)
        with options({"OGR_GEOJSON_DATE_AS_STRING": "YES"}):
            meta, table = pyogrio.read_arrow(source, layer=chosen)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise DataError(
            f"{file.name} cannot be read: {error}.",
            rule="damaged_file",
            hint="open and save it again",
            field=file.name,
        ) from None
    name = meta["geometry_name"] or "wkb_geometry"
    if name not in table.column_names:
        raise GeometryError(
            f"{file.name} holds no geometry.",
            rule="missing_geometry",
            hint="use tables.read for plain tables",
        )
    wkb = table[name].cast(pa.binary())
    # GDAL calls GeoJSON with heights EPSG:4979: the same longitudes and latitudes
    system = {"EPSG:4979": "EPSG:4326"}.get(meta["crs"], meta["crs"])
    return geoparquet.with_geometry(_widened(table.drop_columns([name])), wkb, system)


def _chosen_layer(names: list[str], wanted: str | None, file: str) -> str | None:
    if wanted is None:
        names = [n for n in names if n != "layer_styles"]
        if len(names) > 1:
            raise UsageError(
                f"{file} holds {len(names)} layers: {', '.join(names)}.",
                rule="several_layers",
                hint="name one of them",
                field="layer",
            )
        return names[0] if names else None
    if wanted not in names:
        raise TableNotFound.from_name(wanted, names, kind="layer")
    return wanted


def _widened(table: pa.Table) -> pa.Table:
    """Return integers as 64 bits and texts as plain strings, so that a column's type is the content's."""
    fields = []
    for field in table.schema:
        kind = field.type
        if pa.types.is_integer(kind):
            kind = pa.int64()
        elif pa.types.is_large_string(kind):
            kind = pa.string()
        fields.append(pa.field(field.name, kind))
    return table.cast(pa.schema(fields))


def _read_csv(file: Path, crs: str | None) -> tuple[pa.Table, list[Finding]]:
    found = read_plain(file)
    names = {name.casefold(): name for name in found.table.column_names}
    for first, second, known in ((_LON, _LAT, "EPSG:4326"), (_X, _Y, None)):
        x, y = (next((names[n] for n in words if n in names), None) for words in (first, second))
        if x and y:
            wkb = _points(_coordinates(found.table, x, file.stem), _coordinates(found.table, y, file.stem))
            table = found.table.drop_columns([x, y])
            return geoparquet.with_geometry(table, wkb, known or crs), found.findings
    if column := next((names[n] for n in _WKT if n in names), None):
        table = found.table.drop_columns([column])
        wkb = _from_wkt(found.table[column].to_pylist(), file.stem)
        return geoparquet.with_geometry(table, wkb, crs), found.findings
    raise GeometryError(
        f"{file.name} has no coordinates.",
        rule="missing_geometry",
        hint="name two columns lon, lat (or x, y, or one wkt, and give --crs)",
    )


def _coordinates(table: pa.Table, column: str, name: str) -> np.ndarray:
    found = table[column]
    if pa.types.is_null(found.type) or pa.types.is_string(found.type):
        first = next((i for i, v in enumerate(found.to_pylist()) if not _is_number(v)), 0)
        raise DataError(
            f"{name}: {column} = {found[first].as_py()!r} is not a number.",
            rule="bad_number",
            hint="give decimal degrees or metres",
            rows=[first + 2],
            field=column,
        )
    values: np.ndarray = found.cast(pa.float64()).to_numpy()
    return values


def _is_number(cell: str | None) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return False
    return True


def _points(x: np.ndarray, y: np.ndarray) -> pa.Array:
    """Return WKB points; null where a coordinate is unknown."""
    import numpy as np
    import shapely

    known = np.isfinite(x) & np.isfinite(y)
    shapes = np.full(len(x), None, object)
    shapes[known] = shapely.points(x[known], y[known])
    return pa.array(shapely.to_wkb(shapes, byte_order=1), pa.binary())


def _from_wkt(cells: list[str | None], name: str) -> pa.Array:
    import shapely

    try:
        shapes = shapely.from_wkt(cells)
    except shapely.errors.GEOSException as error:
        raise GeometryError(
            f"{name}: {error}.", rule="bad_geometry", hint="write well-known text, such as POINT (9 45)"
        ) from None
    return pa.array(shapely.to_wkb(shapes, flavor="iso", byte_order=1), pa.binary())


def _with_crs(table: pa.Table, crs: str | None, name: str) -> pa.Table:
    found = geoparquet.crs(table)
    if found is None:
        if crs is None:
            raise GeometryError(
                f"{name} names no coordinate reference system.",
                rule="missing_crs",
                hint="give the one its coordinates are in, such as --crs EPSG:32632",
                field="crs",
            )
        return geoparquet.with_geometry(table, table[GEOMETRY], crs)
    if crs is not None and not same_crs(found, crs):
        raise GeometryError(
            f"{name} is in {found}, not in {crs}.",
            rule="crs_conflict",
            hint="leave --crs out; layers keep their own",
            field="crs",
        )
    return table


def _cleaned(table: pa.Table, findings: list[Finding], name: str) -> VectorTable:
    """Drop features without geometry and repair invalid ones; both are counted."""
    import numpy as np
    import shapely

    shapes = geoparquet.geometries(table)
    empty = np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes), bool)
    if dropped := int(empty.sum()):
        rows = ", ".join(str(i + 1) for i in np.flatnonzero(empty)[:10])
        text = (
            f"{dropped} features without geometry were left out (rows {rows}{'...' if dropped > 10 else ''})"
        )
        findings = [*findings, _finding("warning", "empty_geometry", name, text, "dropped")]
        table, shapes = table.filter(pa.array(~empty)), shapes[~empty]
    broken = ~np.asarray(shapely.is_valid(shapes), bool)
    repaired = int(broken.sum())
    if repaired:
        reason = shapely.is_valid_reason(shapes[broken][0])
        shapes[broken] = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
        text = f"{repaired} invalid geometries were repaired (the first: {reason})"
        findings = [*findings, _finding("warning", "invalid_geometry", name, text, "repaired")]
    wkb = pa.array(shapely.to_wkb(shapes, flavor="iso", byte_order=1), pa.binary())
    return VectorTable(
        geoparquet.with_geometry(table, wkb, geoparquet.crs(table)), findings, repaired, dropped
    )


def _finding(severity: Any, rule: str, name: str, text: str, action: Any, hint: str = "") -> Finding:
    message = f"{name}: {text}."
    return Finding(severity=severity, rule=rule, message=message, table=name, action=action, hint=hint)


def split_by_type(table: pa.Table) -> dict[str, pa.Table]:
    """Return ``{"": table}`` where all features are of one family, else one table a family.

    Families are ``points``, ``lines``, ``polygons`` and ``collections``; a geometry and its Multi form
    go together.
    """
    import numpy as np
    import shapely

    kinds = shapely.get_type_id(geoparquet.geometries(table)) if table.num_rows else np.array([], int)
    families = np.array([_FAMILY[int(k)] for k in kinds], object)
    found = sorted(set(families.tolist()))
    if len(found) < 2:
        return {"": table}
    return {family: table.filter(pa.array(families == family)) for family in found}
