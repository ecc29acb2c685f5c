"""GeoParquet 1.1: WKB, bbox covering column, PROJJSON, planar edges.

In memory a layer is an Arrow table whose column ``geometry`` holds WKB and whose schema metadata ``geo``
names the coordinate reference system; the covering column ``bbox`` exists in files only.

References
----------
OGC GeoParquet 1.1.0, https://geoparquet.org/releases/v1.1.0/ .
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import pyarrow as pa

from contado.kernel.errors import DataError, GeometryError
from contado.kernel.tables.write import atomic, parquet_bytes

if TYPE_CHECKING:
    import geopandas
    import numpy as np

    from contado.kernel.provenance import Provenance

__all__ = [
    "GEOMETRY",
    "Facts",
    "as_layer",
    "crs",
    "encode",
    "facts",
    "file_bytes",
    "from_gdf",
    "geometries",
    "read",
    "to_gdf",
    "with_geometry",
    "write",
]

GEOMETRY: Final = "geometry"
_COVERING: Final = ("bbox", "_bbox", "__bbox")
"""Name of the covering column; the next one where an attribute has the name already."""
_SIDES: Final = ("xmin", "ymin", "xmax", "ymax")
_NAMES: Final = (
    "Point",
    "LineString",
    "LinearRing",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
)


class Facts(NamedTuple):
    """What the registry of layers says about a geometry column."""

    geometry_types: list[str]
    crs: str | None
    n: int
    bbox: list[float] | None


def geometries(table: pa.Table) -> np.ndarray:
    """Return the geometries of a table as an array of shapely objects (None = no geometry)."""
    import shapely

    wkb = table[GEOMETRY].to_numpy(zero_copy_only=False) if table.num_rows else []
    try:
        found: np.ndarray = shapely.from_wkb(wkb)
    except shapely.errors.GEOSException as error:
        raise GeometryError(f"A geometry is no WKB: {error}.", hint="give well-known binary") from None
    return found


def crs(table: pa.Table) -> str | None:
    """Return the coordinate reference system of a layer as ``EPSG:4326``, or its WKT, or None."""
    column = _geo(table).get("columns", {}).get(GEOMETRY, {})
    if "crs" not in column:
        return "OGC:CRS84" if column else None
    return _short(column["crs"]) if column["crs"] else None


def _geo(table: pa.Table) -> dict[str, Any]:
    text = (table.schema.metadata or {}).get(b"geo")
    return msgspec.json.decode(text) if text else {}


def _short(projjson: dict[str, Any]) -> str:
    """Return authority and code of a PROJJSON, or its WKT where it has none."""
    identifier = projjson.get("id") or {}
    if "authority" in identifier and "code" in identifier:
        return f"{identifier['authority']}:{identifier['code']}"
    import pyproj

    found = pyproj.CRS.from_json_dict(projjson)
    authority = found.to_authority()
    return ":".join(authority) if authority else str(found.to_wkt())


def _projjson(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    import pyproj

    try:
        out: dict[str, Any] = pyproj.CRS.from_user_input(text).to_json_dict()
    except pyproj.exceptions.CRSError:
        raise GeometryError(
            f"Unknown coordinate reference system {text!r}.",
            rule="unknown_crs",
            hint="give one as EPSG:4326 or EPSG:32632",
            field="crs",
        ) from None
    return out


def facts(table: pa.Table) -> Facts:
    """Return geometry types, CRS, number of rows and box of a layer."""
    return _facts(table, *_shapes_and_boxes(table))


def _shapes_and_boxes(table: pa.Table, shapes: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the geometries and their boxes (n, 4); NaN where there is no geometry."""
    import numpy as np
    import shapely

    shapes = geometries(table) if shapes is None else shapes
    return shapes, shapely.bounds(shapes) if len(shapes) else np.empty((0, 4))


def _facts(table: pa.Table, shapes: np.ndarray, boxes: np.ndarray) -> Facts:
    import numpy as np

    known = boxes[~np.isnan(boxes).any(axis=1)]
    ends = [*known[:, :2].min(axis=0), *known[:, 2:].max(axis=0)] if len(known) else []
    return Facts(_types(shapes), crs(table), table.num_rows, [float(e) for e in ends] or None)


def _types(shapes: np.ndarray) -> list[str]:
    import numpy as np
    import shapely

    kept = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))] if len(shapes) else shapes
    codes = 2 * shapely.get_type_id(kept) + shapely.has_z(kept) if len(kept) else np.array([], int)
    return [_NAMES[code // 2] + (" Z" if code % 2 else "") for code in np.unique(codes).tolist()]


def with_geometry(table: pa.Table, wkb: pa.Array | pa.ChunkedArray, crs: str | None) -> pa.Table:
    """Return the table with a geometry column (WKB) and the CRS in its metadata ``geo``."""
    attributes = table.drop_columns([GEOMETRY]) if GEOMETRY in table.column_names else table
    out = attributes.append_column(GEOMETRY, wkb.cast(pa.binary()))
    metadata = {**(table.schema.metadata or {}), b"geo": _metadata({"crs": _projjson(crs)})}
    return out.replace_schema_metadata(metadata)


def _metadata(column: dict[str, Any]) -> bytes:
    geo = {
        "version": "1.1.0",
        "primary_column": GEOMETRY,
        "columns": {GEOMETRY: {"encoding": "WKB", "geometry_types": [], "edges": "planar", **column}},
    }
    return msgspec.json.encode(geo, order="sorted")


def from_gdf(gdf: geopandas.GeoDataFrame) -> pa.Table:
    """Return a GeoDataFrame as a layer; its index is left out, coordinates are kept bit for bit."""
    import shapely

    plain = gdf.drop(columns=gdf.geometry.name)
    table = pa.Table.from_pandas(plain, preserve_index=False).replace_schema_metadata(None)
    wkb = pa.array(shapely.to_wkb(gdf.geometry.to_numpy(), flavor="iso", byte_order=1), pa.binary())
    return with_geometry(_plain_strings(table), wkb, _crs_text(gdf.crs))


def _plain_strings(table: pa.Table) -> pa.Table:
    fields = [
        pa.field(f.name, pa.string()) if pa.types.is_large_string(f.type) else f.remove_metadata()
        for f in table.schema
    ]
    return table.cast(pa.schema(fields))


def _crs_text(found: Any) -> str | None:
    if found is None:
        return None
    authority = found.to_authority()
    return ":".join(authority) if authority else str(found.to_wkt())


def to_gdf(table: pa.Table) -> geopandas.GeoDataFrame:
    """Return a layer as a GeoDataFrame (integers and booleans with unknowns keep their type)."""
    import geopandas
    import pandas as pd

    nullable = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype(), pa.int32(): pd.Int32Dtype()}
    with_nulls = {f.name for f in table.schema if table[f.name].null_count}
    attributes = table.drop_columns([GEOMETRY]).replace_schema_metadata(None)
    frame = pd.DataFrame(
        {
            name: attributes[name].to_pandas(types_mapper=nullable.get if name in with_nulls else None)
            for name in attributes.column_names
        }
    )
    return geopandas.GeoDataFrame(frame, geometry=geometries(table), crs=crs(table))


def as_layer(data: pa.Table | geopandas.GeoDataFrame, crs_text: str | None = None) -> pa.Table:
    """Return a GeoDataFrame or table as a layer; ``crs_text`` names the CRS where it has none.

    Raises
    ------
    GeometryError
        There is no geometry column, or the CRS is unknown.
    """
    table = data if isinstance(data, pa.Table) else from_gdf(data)
    if GEOMETRY not in table.column_names:
        raise GeometryError(
            "The table has no column geometry.", rule="missing_geometry", hint="name the WKB column geometry"
        )
    if crs_text is not None or not _geo(table):
        table = with_geometry(table, table[GEOMETRY], crs_text)
    return table


def file_bytes(
    data: pa.Table | geopandas.GeoDataFrame, *, crs: str | None = None, provenance: Provenance | None = None
) -> bytes:
    """Return the GeoParquet file of a layer: the same layer gives the same bytes (errors of `encode`)."""
    return encode(data, crs=crs, provenance=provenance)[0]


def encode(
    data: pa.Table | geopandas.GeoDataFrame,
    *,
    crs: str | None = None,
    provenance: Provenance | None = None,
    shapes: np.ndarray | None = None,
) -> tuple[bytes, Facts]:
    """Return the GeoParquet file of a layer and what the registry says about it.

    ``shapes`` are its geometries, where they are known already.

    Raises
    ------
    GeometryError
        There is no geometry column, a geometry is no WKB, or the CRS is unknown.
    """
    table = as_layer(data, crs)
    shapes, boxes = _shapes_and_boxes(table, shapes)
    found = _facts(table, shapes, boxes)
    covering = next(n for n in _COVERING if n not in table.column_names)
    column = {
        "crs": _geo(table)["columns"][GEOMETRY].get("crs"),
        "geometry_types": found.geometry_types,
        "covering": {"bbox": {side: [covering, side] for side in _SIDES}},
    }
    if found.bbox is not None:
        column["bbox"] = found.bbox
    metadata = {**(table.schema.metadata or {}), b"geo": _metadata(column)}
    out = table.append_column(covering, _covering(boxes)).replace_schema_metadata(metadata)
    return parquet_bytes(out, provenance), found


def _covering(boxes: np.ndarray) -> pa.Array:
    """Return the struct column of each feature's box; null where it has no geometry."""
    import numpy as np

    mask = pa.array(np.isnan(boxes).any(axis=1), pa.bool_())
    columns = [pa.array(boxes[:, i], pa.float64()) for i in range(4)]
    return pa.StructArray.from_arrays(columns, names=list(_SIDES), mask=mask)


def write(
    data: pa.Table | geopandas.GeoDataFrame,
    path: Path | str,
    *,
    crs: str | None = None,
    provenance: Provenance | None = None,
) -> None:
    """Write a layer as GeoParquet 1.1, atomically (errors of `file_bytes`)."""
    content = file_bytes(data, crs=crs, provenance=provenance)
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def read(path: Path | str | pa.NativeFile) -> pa.Table:
    """Read a GeoParquet file: geometry as WKB in column ``geometry``, without the covering column.

    Raises
    ------
    DataError
        The file is damaged.
    GeometryError
        It is plain Parquet, or its geometry is not WKB.
    """
    import pyarrow.parquet as pq

    name = Path(path).name if isinstance(path, (Path, str)) else "the layer"
    try:
        # one open file: a path is opened twice, and between the two a writer may have replaced the file
        source = pa.OSFile(str(path)) if isinstance(path, (Path, str)) else path
        table = pq.read_table(source, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{name} cannot be read as Parquet: {str(error).splitlines()[0]}.",
            rule="damaged_file",
            hint="write the file again",
            field=name,
        ) from None
    geo = _geo(table)
    if not geo:
        raise GeometryError(
            f"{name} is Parquet without geometry.", rule="missing_geometry", hint="give GeoParquet"
        )
    return _normalised(table, geo, name)


def _normalised(table: pa.Table, geo: dict[str, Any], name: str) -> pa.Table:
    primary = geo["primary_column"]
    column = geo["columns"][primary]
    if column.get("encoding") != "WKB":
        raise GeometryError(
            f"{name}: the encoding {column.get('encoding')!r} is not supported.",
            rule="bad_geometry",
            hint="write the geometry as WKB",
        )
    covering = column.get("covering", {}).get("bbox", {}).get("xmin", [None])[0]
    dropped = [c for c in (covering, "__index_level_0__") if c in table.column_names]
    table = table.drop_columns(dropped)
    projjson = {"crs": column["crs"]} if "crs" in column else {}
    metadata = {k: v for k, v in (table.schema.metadata or {}).items() if k not in {b"pandas", b"geo"}}
    wkb = (
        table[primary].cast(pa.binary())
        if not isinstance(table[primary].type, pa.BaseExtensionType)
        else (pa.chunked_array([c.storage for c in table[primary].chunks], table[primary].type.storage_type))
    )
    out = table.drop_columns([primary]).append_column(GEOMETRY, wkb.cast(pa.binary()))
    return _plain_strings(out).replace_schema_metadata({**metadata, b"geo": _metadata(projjson)})
