"""Vector tiles (OGC API Tiles 1): tilesets, the tile matrix set, live tiles with their cache, TileJSON."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Any, Final, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from contado.kernel.errors import UsageError
from contado.kernel.tiles import TileLayer
from contado.web.ogc import crs, html
from contado.web.ogc.common import address, alternates, conforms_to, json_answer, link, not_modified
from contado.web.ogc.problems import Problem
from contado.web.ogc.query import FORMATS, given, wanted_format
from contado.web.ogc.tile_maker import Maker

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from concurrent.futures import Future

    from starlette.requests import Request

    from contado.kernel.workspace import LayerInfo
    from contado.web.ogc.service import Service

__all__ = ["MATRIX_SET", "Tiles"]

_T: Final = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf"
conforms_to(
    "tiles",
    [f"{_T}/{name}" for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "mvt", "oas30")],
)

T = TypeVar("T")

MATRIX_SET: Final = "WebMercatorQuad"
MAX_ZOOM: Final = 22
_TILEJSON_ZOOM: Final = 14
_KEPT_LAYERS: Final = 24
_SET_URI: Final = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{MATRIX_SET}"
_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0"
_HALF_WORLD_M: Final = 20037508.3427892
_SCALE_0: Final = 559082264.028717
"""Scale denominator of zoom 0 of WebMercatorQuad (OGC 17-083r4, annex D)."""
_DOCUMENT: Final = ("json", "html")


class Tiles:
    """The endpoints of tiles, and the tiles that were made.

    Parameters
    ----------
    service
        The layers.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self._maker = Maker(_KEPT_LAYERS, service.settings().kept_tiles)

    def layer(self, info: LayerInfo, measure: str | None) -> TileLayer:
        """Return what makes the tiles of a layer.

        Raises
        ------
        Problem
            The measure is no numeric attribute (400).
        """
        key = _key(info, measure)
        return self._maker.kept_layer(key) or self._maker.layer(key, self._opening(info, measure)).result()

    def _opening(self, info: LayerInfo, measure: str | None) -> Callable[[], TileLayer]:
        def opened() -> TileLayer:
            try:
                return TileLayer(self.service.view, info.id, measure=measure)
            except Exception as error:
                if measure is None or not hasattr(error, "rule"):
                    raise
                raise Problem(400, str(error), rule="bad_parameter", parameter="measure") from None

        return opened

    # ------------------------------------------------------------ tiles
    async def ogc_tile(self, request: Request) -> Response:
        """Answer a tile in the order of OGC: matrix, row, column."""
        parts = request.path_params
        if parts["matrix_set"] != MATRIX_SET:
            raise _no_matrix_set(parts["matrix_set"])
        wanted_format(request, given(request, {"f", "measure"}), ["mvt"])
        return await self._tile(request, parts["collection"], parts["matrix"], parts["column"], parts["row"])

    async def xyz_tile(self, request: Request) -> Response:
        """Answer a tile in the order of web maps: zoom, x, y."""
        given(request, {"measure"})
        parts = request.path_params
        return await self._tile(request, parts["collection"], parts["z"], parts["x"], parts["y"])

    async def _tile(self, request: Request, name: str, *numbers: str) -> Response:
        """Answer a tile; a tile that is kept is answered at once, without a thread."""
        if not self.service.is_current():
            await run_in_threadpool(self.service.refresh)
        info = self.service.named(self.service.scope(request), name)
        z, x, y = _place(numbers)
        measure = request.query_params.get("measure")
        key = _key(info, measure)
        layer = self._maker.kept_layer(key)
        if layer is None:
            layer = await _coming(self._maker.layer(key, self._opening(info, measure)))
        tag = f'"{layer.etag[:16]}-{z}-{x}-{y}"'
        headers = {"etag": tag, "cache-control": _keeping(info), "vary": "Accept-Encoding"}
        if not_modified(request, tag):
            return Response(status_code=304, headers=headers)
        made = self._maker.kept_tile(layer, z, x, y)
        if made is None:
            made = await _coming(self._maker.tile(layer, z, x, y))
        if made.aggregated:
            headers["contado-aggregated"] = "1"
        if not made.data:
            return Response(status_code=204, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            return Response(made.data, media_type=FORMATS["mvt"], headers=headers)
        headers["content-encoding"] = "identity"
        plain = await run_in_threadpool(zlib.decompress, made.data, 31)
        return Response(plain, media_type=FORMATS["mvt"], headers=headers)

    # ------------------------------------------------------------ documents
    def tilejson(self, request: Request) -> Response:
        """Answer the TileJSON of a layer."""
        query = given(request, {"measure"})
        info = self.service.info(request)
        layer = self.layer(info, query.get("measure"))
        template = address(request, self.service.site, f"/tiles/{info.id}/{{z}}/{{x}}/{{y}}.mvt", query)
        return json_answer(request, layer.tilejson([template], max_zoom=_TILEJSON_ZOOM))

    def tilesets(self, request: Request) -> Response:
        """Answer the list of a layer's tilesets: one."""
        info = self.service.info(request)
        form = wanted_format(request, given(request, {"f"}), _DOCUMENT)
        links = alternates(request, self.service.site, form, _DOCUMENT)
        entry = self._described(request, info)
        if form == "html":
            rows = [[(MATRIX_SET, f"/api/collections/{info.id}/tiles/{MATRIX_SET}?f=html")]]
            title = f"{info.title_en}: tiles"
            return html.answer(request, self.service.site, title, links, columns=["tileset"], rows=rows)
        return json_answer(request, {"links": links, "tilesets": [entry]})

    def tileset(self, request: Request) -> Response:
        """Answer the metadata of a tileset."""
        info = self.service.info(request)
        if request.path_params["matrix_set"] != MATRIX_SET:
            raise _no_matrix_set(request.path_params["matrix_set"])
        form = wanted_format(request, given(request, {"f"}), _DOCUMENT)
        layer = self.layer(info, None)
        west, south, east, north = layer.bounds()
        body = {
            **self._described(request, info),
            "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north], "crs": crs.CRS84},
            "layers": [self._vector_layer(layer, info)],
        }
        if form == "html":
            facts = {"layer": info.id, "tileMatrixSet": MATRIX_SET, "zoom": f"0-{MAX_ZOOM}"}
            return html.answer(request, self.service.site, info.title_en, body["links"], facts=facts)
        return json_answer(request, body)

    def _described(self, request: Request, info: LayerInfo) -> dict[str, Any]:
        here = f"/api/collections/{info.id}/tiles/{MATRIX_SET}"

        def to(path: str, rel: str, media: str, title: str, **more: object) -> dict[str, object]:
            return link(address(request, self.service.site, path), rel, media, title, **more)

        tile = "/{tileMatrix}/{tileRow}/{tileCol}"
        return {
            "title": info.title_en,
            "dataType": "vector",
            "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
            "tileMatrixSetURI": _SET_URI,
            "links": [
                to(here, "self", "application/json", "this tileset"),
                to(
                    f"/api/tileMatrixSets/{MATRIX_SET}",
                    f"{_REL}/tiling-scheme",
                    "application/json",
                    MATRIX_SET,
                ),
                to(f"/tiles/{info.id}/tilejson.json", "describedby", "application/json", "TileJSON"),
                to(here + tile, "item", FORMATS["mvt"], "tiles", templated=True),
            ],
        }

    def _vector_layer(self, layer: TileLayer, info: LayerInfo) -> dict[str, Any]:
        dimension = {"Point": 0, "Line": 1}
        plain = info.geometry_type.removeprefix("Multi")
        kinds = {"String": "string", "Number": "number", "Boolean": "boolean"}
        fields = layer.vector_layer(0, MAX_ZOOM)["fields"]
        return {
            "id": info.id,
            "title": info.title_en,
            "dataType": "vector",
            "geometryDimension": next((d for name, d in dimension.items() if plain.startswith(name)), 2),
            "minTileMatrix": "0",
            "maxTileMatrix": str(MAX_ZOOM),
            "propertiesSchema": {
                "type": "object",
                "properties": {name: {"type": kinds.get(kind, "string")} for name, kind in fields.items()},
            },
        }

    def matrix_sets(self, request: Request) -> Response:
        """Answer the list of tile matrix sets: one."""
        form = wanted_format(request, given(request, {"f"}), _DOCUMENT)
        path = f"/api/tileMatrixSets/{MATRIX_SET}"
        to = link(address(request, self.service.site, path), "self", "application/json", MATRIX_SET)
        entry = {"id": MATRIX_SET, "title": "Web Mercator", "uri": _SET_URI, "links": [to]}
        if form == "html":
            links = alternates(request, self.service.site, form, _DOCUMENT)
            rows = [[(MATRIX_SET, f"{path}?f=html")]]
            return html.answer(
                request, self.service.site, "Tile matrix sets", links, columns=["id"], rows=rows
            )
        return json_answer(request, {"tileMatrixSets": [entry]})

    def matrix_set(self, request: Request) -> Response:
        """Answer the tile matrix set of Web Mercator."""
        if request.path_params["matrix_set"] != MATRIX_SET:
            raise _no_matrix_set(request.path_params["matrix_set"])
        form = wanted_format(request, given(request, {"f"}), _DOCUMENT)
        if form == "html":
            links = alternates(request, self.service.site, form, _DOCUMENT)
            return html.answer(request, self.service.site, MATRIX_SET, links, facts={"URI": _SET_URI})
        return json_answer(request, _matrix_set())


def _keeping(info: LayerInfo) -> str:
    return "public, max-age=300" if info.access == "public" else "private, no-cache"


def _key(info: LayerInfo, measure: str | None) -> Hashable:
    return info.id, info.sha256, str(info.style), measure


async def _coming(future: Future[T]) -> T:
    """Wait for what is being made; who stops waiting does not stop the others' maker."""
    return await asyncio.shield(asyncio.wrap_future(future))


def _place(numbers: tuple[str, ...]) -> tuple[int, int, int]:
    """Return zoom, column, row of a tile (404 outside the matrix)."""
    from contado.kernel.tiles import grid

    if all(text.isascii() and text.isdigit() and len(text) < 9 for text in numbers):
        z, x, y = map(int, numbers)
        try:
            grid.checked(z, x, y)
        except UsageError as error:
            raise Problem(404, error.message, rule="no_such_tile", hint=error.hint) from None
        return z, x, y
    hint = f"zoom 0-{MAX_ZOOM}, then whole numbers within the matrix"
    raise Problem(404, f"There is no tile {'/'.join(numbers)[:60]}.", rule="no_such_tile", hint=hint)


def _no_matrix_set(name: str) -> Problem:
    return Problem(
        404, f"There is no tile matrix set {name[:60]!r}.", rule="no_such_tile", hint=f"valid: {MATRIX_SET}"
    )


def _matrix_set() -> dict[str, Any]:
    """Return WebMercatorQuad as OGC 17-083r4 writes it."""
    matrices = [
        {
            "id": str(z),
            "scaleDenominator": _SCALE_0 / 2**z,
            "cellSize": 2 * _HALF_WORLD_M / 256 / 2**z,
            "cornerOfOrigin": "topLeft",
            "pointOfOrigin": [-_HALF_WORLD_M, _HALF_WORLD_M],
            "tileWidth": 256,
            "tileHeight": 256,
            "matrixWidth": 2**z,
            "matrixHeight": 2**z,
        }
        for z in range(MAX_ZOOM + 1)
    ]
    return {
        "id": MATRIX_SET,
        "title": "Google Maps Compatible for the World",
        "uri": _SET_URI,
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": matrices,
    }
