"""Files behind the pages: layers to take away, data of map views, CSV of one municipality."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from starlette.exceptions import HTTPException
from starlette.responses import Response

from contado.engines.pavement.road.beside import octant_at
from contado.kernel.errors import RecordNotFound
from contado.kernel.records import documents
from contado.kernel.tables import geoparquet
from contado.kernel.tables.write import plain_cell
from contado.web import qgis, selection, statics
from contado.web.data.opendata import FORMATS
from contado.web.page import NotFound
from contado.web.security import principal, uploads

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Sequence

    import geopandas as gpd
    import pyarrow as pa
    from starlette.requests import Request

    from contado.web.data.roads import Anomaly, Roads, Section
    from contado.web.site import Site

__all__ = ["answer", "catalogue", "csv_answer", "document", "download", "map_view", "unit_csv"]

_TYPES = {ending: media for ending, _, media in FORMATS} | {"qml": "application/xml"}


def answer(request: Request, content: bytes, media_type: str, name: str | None = None) -> Response:
    """Return bytes with a strong ETag; the browser asks again each time and mostly hears "unchanged"."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if name:
        headers["content-disposition"] = f'attachment; filename="{name}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def download(request: Request, site: Site) -> Response:
    """Return a layer in the format that the ending names."""
    name, ending = request.path_params["layer"], request.path_params["ending"]
    dataset = next((d for d in site.datasets if d.id == name), None)
    if dataset is None or ending not in _TYPES:
        raise NotFound(name)
    if ending != "qml" and set(request.query_params) & set(selection.KEYS):
        content = _file_of(_part(request, site, name), name, ending)
        return answer(request, content, _TYPES[ending], f"{name}-part.{ending}")
    content = site.cached(f"file:{name}.{ending}", lambda: _file(site, name, ending))
    return answer(request, content, _TYPES[ending], f"{name}.{ending}")


def _part(request: Request, site: Site, name: str) -> pa.Table:
    """Return the rows of a layer that the query asks for, as its page lists them."""
    layer = selection.layer_map(site, name)
    classing = layer.classing(request.query_params.get("by"))
    wanted, unknown = selection.wanted(site, layer, classing, request.query_params)
    if unknown:
        raise HTTPException(400, f"not understood: {', '.join(unknown)}")
    return site.view.layer(name).take(layer.select(wanted, classing))


def document(request: Request, site: Site) -> Response:  # noqa: ARG001 - every file endpoint takes both
    """Return a document that is within the reader's scope, as a file to keep."""
    keeper, who = request.app.state.keeper, principal(request)
    try:
        with keeper.store.reading(who.scope) as session:
            found = documents.get(session, request.path_params["document_id"])
            return uploads.attachment(found, documents.content(session, found))
    except RecordNotFound:
        raise NotFound from None


def _file(site: Site, name: str, ending: str) -> bytes:
    if ending == "qml":
        return qgis.layer_style(name).encode()
    if ending == "parquet" and site.view.is_whole(name):
        return (site.view.path / site.view.layer_info(name).parquet_path).read_bytes()
    return _file_of(site.view.layer(name), name, ending)


def _file_of(table: pa.Table, name: str, ending: str) -> bytes:
    """Return rows of a layer as a file of the format that the ending names."""
    if ending == "parquet":
        return geoparquet.file_bytes(table)
    frame = geoparquet.to_gdf(table)
    if ending == "csv":
        return _csv(frame)
    with tempfile.TemporaryDirectory(prefix="contado-") as folder:
        path = Path(folder) / f"{name}.{ending}"
        _write(frame, path, name)
        return path.read_bytes()


def _csv(frame: gpd.GeoDataFrame) -> bytes:
    """Write attributes and a point on each feature; text that a spreadsheet would run gets an apostrophe."""
    points = frame.geometry.representative_point()
    plain = frame.drop(columns="geometry")
    rows = plain.astype(object).where(plain.notna(), None).to_dict("records")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    columns = [c for c in frame.columns if c != "geometry"]
    writer.writerow([*columns, "lon", "lat"])
    for row, point in zip(rows, points, strict=True):
        writer.writerow([*(_cell(row[c]) for c in columns), f"{point.x:.6f}", f"{point.y:.6f}"])
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    """Return a cell; unknown is empty."""
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT differ from themselves
        return ""
    return plain_cell(value) if isinstance(value, str) else value


def _write(frame: gpd.GeoDataFrame, path: Path, name: str) -> None:
    """Write GeoPackage (with its QGIS style inside) or GeoJSON."""
    import pyogrio

    from contado.kernel.tables.gdal import options

    if path.suffix == ".gpkg":
        with options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"}):  # every server gives the same bytes
            pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG")
        qgis.into_geopackage(path, name)
    else:
        pyogrio.write_dataframe(frame.to_crs(4326), path, layer=name, driver="GeoJSON", RFC7946="YES")


def map_view(request: Request, site: Site) -> Response:
    """Return the data of a map view: small, simplified, with few properties; packed once, not for each reader."""
    name = request.path_params["name"]
    if name not in _VIEWS:
        raise NotFound(name)
    dates = tuple(_date(request.query_params.get(key), site) for key in ("date", "from", "to"))
    file = site.cached(
        f"view:{name}:{dates}",
        lambda: statics.kept(_collection(_VIEWS[name](site, dates)), "application/geo+json"),
    )
    return statics.sent(
        file,
        fresh="no-cache",
        accept=request.headers.get("accept-encoding", ""),
        if_none_match=request.headers.get("if-none-match"),
    )


def _date(text: str | None, site: Site) -> dt.date | None:
    """Return a day on which vehicles drove; another one is not found."""
    if text is None:
        return None
    found = next((d for d in site.history.days if d.isoformat() == text), None)
    if found is None:
        raise NotFound(text)
    return found


def _collection(features: list[dict[str, Any]]) -> bytes:
    body = {"type": "FeatureCollection", "features": features}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def _geometry(shape: Any, digits: int) -> dict[str, Any]:
    import shapely

    mapped: dict[str, Any] = json.loads(shapely.to_geojson(shape))
    mapped["coordinates"] = _rounded(mapped["coordinates"], digits)
    return mapped


def _rounded(value: Any, digits: int) -> Any:
    return [_rounded(v, digits) for v in value] if isinstance(value, list) else round(value, digits)


def _municipalities(site: Site, _: _Dates) -> list[dict[str, Any]]:
    import numpy as np
    import shapely

    units = [u for u in site.territory.units if u.geometry is not None]
    if not units:
        return []
    simple = shapely.coverage_simplify(np.array([u.geometry for u in units], dtype=object), 0.0009)
    features = [
        {"type": "Feature", "properties": {"id": u.code}, "geometry": _geometry(g, 4)}
        for u, g in zip(units, simple, strict=True)
    ]
    around = shapely.boundary(shapely.coverage_union_all(simple))
    return [*features, {"type": "Feature", "properties": {"o": 1}, "geometry": _geometry(around, 4)}]


def _labels(site: Site, _: _Dates) -> list[dict[str, Any]]:
    import shapely

    return [
        {
            "type": "Feature",
            "properties": {"name": u.name, "pop": u.residents or 0},
            "geometry": _geometry(shapely.point_on_surface(u.geometry), 3),
        }
        for u in site.territory.units
        if u.geometry is not None
    ]


def _roads(site: Site, day: dt.date | None) -> Roads:
    """Return the roads of a day, by default of the last state."""
    found = site.roads if day is None else site.roads_on(day)
    if found is None:
        raise NotFound(str(day))
    return found


def _line(site: Site, section: Section, properties: dict[str, Any]) -> dict[str, Any]:
    """Return a section as a feature; ``l`` where it lies on another one: to which side its own is."""
    import shapely

    if section.id in site.beside:
        properties |= {"l": site.beside[section.id]}
    shape = _geometry(shapely.simplify(section.geometry, 0.00005), 5)
    return {"type": "Feature", "properties": {"id": section.id} | properties, "geometry": shape}


def _sections(site: Site, dates: _Dates) -> list[dict[str, Any]]:
    return [
        _line(site, s, {"c": s.class_id, "m": s.code} | ({"u": 1} if s.uncertain else {}))
        for s in reversed(_roads(site, dates[0]).sections)
        if s.geometry is not None
    ]


def _changes(site: Site, dates: _Dates) -> list[dict[str, Any]]:
    if dates[1] is None or dates[2] is None:
        raise NotFound("from")
    found = site.changes(dates[1], dates[2])
    return [_line(site, c.after, {"c": c.class_id}) for c in found if c.after.geometry is not None]


def _side(site: Site, a: Anomaly) -> dict[str, int]:
    """Return to which side of its point an anomaly stands, where its section lies on another one."""
    if a.section_id is None or a.section_id not in site.beside:
        return {}
    section: Any = site.roads.by_id(a.section_id)
    place: Any = a.geometry
    return {"l": octant_at(section.geometry, place)}


def _anomalies(site: Site, dates: _Dates) -> list[dict[str, Any]]:
    return [
        {
            "type": "Feature",
            "properties": {"id": a.id, "s": a.section_id, "k": a.kind, "f": a.state == "confirmed"}
            | _side(site, a),
            "geometry": _geometry(a.geometry, 5),
        }
        for a in _roads(site, dates[0]).anomalies
        if a.geometry is not None
    ]


_Dates = tuple["dt.date | None", ...]
_VIEWS: dict[str, Callable[[Site, _Dates], list[dict[str, Any]]]] = {
    "municipalities": _municipalities,
    "labels": _labels,
    "sections": _sections,
    "changes": _changes,
    "anomalies": _anomalies,
}


_CATALOGUE_TYPES: dict[Literal["ttl", "jsonld"], str] = {
    "ttl": "text/turtle",
    "jsonld": "application/ld+json",
}


def catalogue(form: Literal["ttl", "jsonld"]) -> Callable[[Request, Site], Response]:
    """Return the endpoint of the catalogue in one syntax; its addresses are those of this site."""

    def endpoint(request: Request, site: Site) -> Response:
        from contado.kernel.catalogue import dcat_ap_it
        from contado.verbs.catalogue.made import catalogue_of

        address = str(request.base_url)
        content = site.cached(
            f"catalogue:{form}:{address}",
            lambda: dcat_ap_it.serialise(catalogue_of(site.view, address), form),
        )
        return answer(request, content, _CATALOGUE_TYPES[form])

    return endpoint


def unit_csv(request: Request, site: Site) -> Response:
    """Return the indicators of one municipality as CSV."""
    unit = site.territory.by_code.get(request.path_params["code"])
    if unit is None:
        raise NotFound(request.path_params["code"])
    rows = []
    for line in site.indicators.lines(unit.code, len(site.territory.units)):
        cells = (
            line.indicator.id,
            line.indicator.unit,
            line.value,
            line.low,
            line.high,
            line.rank,
            line.period,
            line.label,
        )
        rows.append([unit.code, *cells])
    header = ("istat", "indicator", "unit", "value", "low", "high", "rank", "period", "label")
    return csv_answer(request, header, rows, f"{unit.code}.csv")


def csv_answer(request: Request, header: Sequence[str], rows: Iterable[Sequence[Any]], name: str) -> Response:
    """Return rows as a CSV file; unknown is empty, text that a spreadsheet would run gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return answer(request, out.getvalue().encode(), "text/csv", name)
