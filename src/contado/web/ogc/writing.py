"""Features as text and files: GeoJSON in whole columns at a time, CSV, GeoParquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from contado.web.ogc import crs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.web.ogc.crs import System
    from contado.web.ogc.prepared import Prepared

__all__ = ["CHUNK", "csv_parts", "feature", "feature_lines", "geoparquet_bytes", "rows_of"]

CHUNK: Final = 1000
"""Features that are written at a time."""

_encoder = msgspec.json.Encoder()


def rows_of(
    features: Prepared, rows: NDArray[np.int64] | Sequence[int], names: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Return the attributes of rows; what is unknown is None, never NaN."""
    chosen = features.table if names is None else features.table.select(list(names))
    table = chosen.take(np.asarray(rows))
    plain: list[dict[str, Any]] = _without_nan(table).to_pylist() if table.num_columns else [{} for _ in rows]
    return plain


def _without_nan(table: pa.Table) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, field in enumerate(table.schema):
        column = table.column(place)
        if pa.types.is_floating(field.type):
            finite = pc.is_finite(column)
            table = table.set_column(
                place, field.name, pc.if_else(finite, column, pa.scalar(None, field.type))
            )
    return table


def geometry_texts(features: Prepared, rows: NDArray[np.int64], system: System) -> NDArray[np.object_]:
    """Return the GeoJSON of geometries, ``null`` where there is none."""
    import shapely

    if system == crs.LONLAT:
        return features.texts(rows)
    texts = shapely.to_geojson(crs.moved(features.shapes[rows], features.system, system))
    return np.array([text or "null" for text in texts], dtype=object)


def feature_lines(
    features: Prepared,
    rows: NDArray[np.int64],
    system: System = crs.LONLAT,
    names: Sequence[str] | None = None,
) -> Iterator[bytes]:
    """Yield GeoJSON features, joined by commas, a chunk at a time."""
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        ids = features.ids[some].tolist()
        properties = rows_of(features, some, names)
        geometries = geometry_texts(features, some, system)
        encode = _encoder.encode
        texts = [
            f'{{"type":"Feature","id":{encode(fid).decode()},"geometry":{shape},'
            f'"properties":{encode(attributes).decode()}}}'
            for fid, shape, attributes in zip(ids, geometries, properties, strict=True)
        ]
        yield (("," if start else "") + ",".join(texts)).encode()


def feature(features: Prepared, row: int, system: System = crs.LONLAT) -> bytes:
    """Return one GeoJSON feature."""
    return b"".join(feature_lines(features, np.array([row]), system))


def csv_parts(
    features: Prepared, rows: NDArray[np.int64], names: Sequence[str] | None = None
) -> Iterator[bytes]:
    """Yield CSV: id, attributes and a point on each feature [deg], a chunk at a time."""
    import pyarrow as pa
    import shapely

    from contado.kernel.tables.write import csv_text

    chosen = features.table.column_names if names is None else list(names)
    for start in range(0, max(len(rows), 1), CHUNK):
        some = rows[start : start + CHUNK]
        points = shapely.point_on_surface(features.lonlat[some])
        table = _without_nan(features.table.take(some).select(chosen))
        if features.key is None or features.key not in chosen:
            table = table.add_column(0, "_id", pa.array(features.ids[some]))
        for name, values in (("lon", shapely.get_x(points)), ("lat", shapely.get_y(points))):
            free = name if name not in table.column_names else f"_{name}"
            table = table.append_column(free, pa.array(np.round(values, 7), from_pandas=True))
        yield csv_text(table, header=start == 0).encode()


def geoparquet_bytes(
    features: Prepared, rows: NDArray[np.int64], names: Sequence[str] | None = None
) -> bytes:
    """Return a GeoParquet file in the layer's own CRS."""
    from contado.kernel.tables import geoparquet

    chosen = features.table.column_names if names is None else list(names)
    wkb = features.whole.column(geoparquet.GEOMETRY).take(rows)
    layer = geoparquet.with_geometry(features.table.take(rows).select(chosen), wkb, features.info.crs)
    return geoparquet.file_bytes(layer)
