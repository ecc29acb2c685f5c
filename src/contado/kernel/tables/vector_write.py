"""Write layers as GeoPackage, GeoJSON, FlatGeobuf, CSV or GeoParquet: same layer, same bytes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from contado.kernel.errors import Finding, UsageError
from contado.kernel.tables import geoparquet
from contado.kernel.tables.gdal import options, same_crs
from contado.kernel.tables.geoparquet import GEOMETRY
from contado.kernel.tables.write import atomic, write_csv

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas
    import numpy as np

__all__ = ["WRITABLE", "write"]

WRITABLE: Final = (".gpkg", ".geojson", ".fgb", ".csv", ".parquet")
_DRIVERS: Final = {".gpkg": "GPKG", ".fgb": "FlatGeobuf"}
_DATE: Final = "2000-01-01T00:00:00.000Z"
"""What GDAL takes for now while a file is written, so that the same layer gives the same bytes."""


def write(
    data: pa.Table | geopandas.GeoDataFrame,
    path: Path | str,
    *,
    name: str | None = None,
    style: Mapping[str, Any] | None = None,
) -> list[Finding]:
    """Write a layer in the format of the ending, atomically; the same layer gives the same bytes.

    Parameters
    ----------
    data
        A layer as an Arrow table or GeoDataFrame.
    path
        A file that ends in .gpkg, .geojson, .fgb, .csv or .parquet.
    name
        Name of the layer inside a GeoPackage or FlatGeobuf; default the file's stem.
    style
        Classes and colours, written into a GeoPackage as a QGIS style
        (`contado.kernel.tables.qgis_style`).

    Returns
    -------
    list of Finding
        What the format could not keep.
    """
    file = Path(path)
    ending = file.suffix.lower()
    layer = geoparquet.as_layer(data)
    if ending not in WRITABLE:
        raise UsageError(
            f"{file.name}: files that end in {ending or 'nothing'} are not written.",
            rule="unknown_format",
            hint="endings: " + ", ".join(WRITABLE),
            field="to",
        )
    if ending == ".parquet":
        geoparquet.write(layer, file)
        return []
    if ending == ".csv":
        return _write_csv(layer, file)
    if ending == ".geojson":
        return _write_geojson(layer, file)
    return _write_ogr(layer, file, name or _safe(file.stem), style)


def _safe(stem: str) -> str:
    return re.sub(r"\W+", "_", stem) or "layer"


def _write_csv(layer: pa.Table, file: Path) -> list[Finding]:
    """Write points in WGS 84 as lon, lat; anything else as WKT, the shortest digits that read back the same."""
    import numpy as np
    import shapely

    shapes = geoparquet.geometries(layer)
    table = layer.drop_columns([GEOMETRY])
    flat = len(shapes) and not shapely.has_z(shapes).any() and (shapely.get_type_id(shapes) == 0).all()
    if flat and geoparquet.crs(layer) in {"EPSG:4326", "OGC:CRS84"}:
        for column, values in (("lon", shapely.get_x(shapes)), ("lat", shapely.get_y(shapes))):
            table = table.append_column(column, pa.array(values))
    else:
        texts = (
            shapely.to_wkt(shapes, rounding_precision=340, trim=True) if len(shapes) else np.array([], str)
        )
        table = table.append_column("wkt", pa.array(texts.tolist(), pa.string()))
    write_csv(table, file)
    return []


def _write_geojson(layer: pa.Table, file: Path) -> list[Finding]:
    import msgspec
    import shapely

    shapes, findings = _to_wgs84(layer, file.stem)
    rows = _json_ready(layer.drop_columns([GEOMETRY])).to_pylist()
    with atomic(file) as temporary, temporary.open("wb") as out:
        out.write(b'{"type":"FeatureCollection","features":[\n')
        for number, (row, shape) in enumerate(zip(rows, shapes, strict=True)):
            geometry = None if shape is None else shapely.geometry.mapping(shape)
            feature = {"type": "Feature", "properties": row, "geometry": geometry}
            out.write((b",\n" if number else b"") + msgspec.json.encode(feature))
        out.write(b"\n]}\n")
    return findings


def _json_ready(table: pa.Table) -> pa.Table:
    """Return columns that JSON can hold: binary as hexadecimal text."""
    for index, field in enumerate(table.schema):
        if pa.types.is_binary(field.type):
            cells = [None if v is None else v.hex() for v in table[field.name].to_pylist()]
            table = table.set_column(index, field.name, pa.array(cells, pa.string()))
    return table


def _to_wgs84(layer: pa.Table, name: str) -> tuple[np.ndarray, list[Finding]]:
    import numpy as np
    import pyproj
    import shapely

    shapes = geoparquet.geometries(layer)
    found = geoparquet.crs(layer)
    if found is None or same_crs(found, "EPSG:4326") or same_crs(found, "OGC:CRS84"):
        return shapes, []
    transformer = pyproj.Transformer.from_crs(found, "EPSG:4326", always_xy=True)

    def move(xy: np.ndarray) -> np.ndarray:
        x, y = transformer.transform(xy[:, 0], xy[:, 1])
        return np.column_stack([x, y, xy[:, 2:]])

    moved = shapely.transform(shapes, move, include_z=bool(shapely.has_z(shapes).any()))
    text = f"coordinates were transformed from {found} to WGS 84, the only system of GeoJSON (RFC 7946)"
    return moved, [
        Finding(
            severity="note",
            rule="reprojected",
            message=f"{name}: {text}.",
            table=name,
            action="converted",
            hint="GeoPackage keeps the system",
        )
    ]


def _write_ogr(layer: pa.Table, file: Path, name: str, style: Mapping[str, Any] | None) -> list[Finding]:
    import pyogrio

    table = _ogr_ready(layer)
    layer_options: dict[str, Any] = {}
    if file.suffix.lower() == ".gpkg" and "fid" in (n.casefold() for n in table.column_names):
        layer_options["FID"] = "contado_fid"
    with atomic(file) as temporary, options({"OGR_CURRENT_DATE": _DATE}):
        pyogrio.write_arrow(
            table,
            temporary,
            layer=name,
            driver=_DRIVERS[file.suffix.lower()],
            geometry_name=GEOMETRY,
            geometry_type=_ogr_type(layer),
            crs=geoparquet.crs(layer),
            layer_options=layer_options,
        )
        if style is not None and file.suffix.lower() == ".gpkg":
            from contado.kernel.tables.qgis_style import add_to_geopackage

            add_to_geopackage(temporary, name, style)
    return []


def _ogr_ready(layer: pa.Table) -> pa.Table:
    """Return columns that every OGR format holds: lists as text with ``;``, no metadata."""
    from contado.kernel.tables.cells import format_column

    table = layer.replace_schema_metadata(None)
    for index, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            texts = pa.array(format_column(table[field.name]), pa.string())
            known = table[field.name].is_valid()
            table = table.set_column(index, field.name, pc.if_else(known, texts, None))
    return table


def _ogr_type(layer: pa.Table) -> str:
    types = geoparquet.facts(layer).geometry_types
    plain = {t.removesuffix(" Z") for t in types}
    height = " Z" if any(t.endswith(" Z") for t in types) else ""
    if len(plain) == 1:
        return plain.pop() + height
    singles = {t.removeprefix("Multi") for t in plain}
    return ("Multi" + singles.pop() if len(singles) == 1 else "Unknown") + height
