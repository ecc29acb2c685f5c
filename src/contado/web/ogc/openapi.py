"""The definition of the API (OpenAPI 3.0.3): every address, parameter, answer and body, for each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from contado.web.ogc.common import GEOJSON, SCHEMA
from contado.web.ogc.crs import offered
from contado.web.ogc.openapi_schemas import SCHEMAS
from contado.web.ogc.query import FORMATS
from contado.web.ogc.schema import TYPES
from contado.web.ogc.selection import DEFAULT_LIMIT, askable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from contado.kernel.settings import Api
    from contado.web.ogc.prepared import Prepared

__all__ = ["add_paths", "document"]

_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"

_further: dict[str, Callable[[], dict[str, Any]]] = {}


def add_paths(module: str, make: Callable[[], dict[str, Any]]) -> None:
    """Let another module add its paths to the definition; ``make`` returns OpenAPI path items by address."""
    _further[module] = make


def document(base: str, layers: Iterable[Prepared], settings: Api) -> dict[str, Any]:
    """Return the definition for the layers that a reader sees.

    Parameters
    ----------
    base
        Public address of the site.
    layers
        The layers.
    settings
        Limits of the API.
    """
    paths: dict[str, Any] = {
        "/api/": _reading("landing", "Landing page", _JSON, "LandingPage"),
        "/api/openapi.json": _reading("definition", "This document", _JSON, None, formats=()),
        "/api/conformance": _reading("conformance", "Conformance classes", _JSON, "Conformance"),
        "/api/collections": _reading("collections", "Collections", _JSON, "Collections"),
        "/api/tileMatrixSets": _reading("matrix_sets", "Tile matrix sets", _JSON, "TileMatrixSets"),
        "/api/tileMatrixSets/WebMercatorQuad": _reading("matrix_set", "Web Mercator", _JSON, "TileMatrixSet"),
    }
    for features in layers:
        paths |= _of_layer(features, settings)
    for make in _further.values():
        paths |= make()
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "contado",
            "version": "1.0.0",
            "description": "Layers of the territory: features, vector tiles, editing.",
            "license": {"name": "EUPL-1.2"},
        },
        "servers": [{"url": base or "/"}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _of_layer(features: Prepared, settings: Api) -> dict[str, Any]:
    name = features.info.id
    here = f"/api/collections/{name}"
    paths = {
        here: _reading(f"{name}_collection", features.info.title_en, _JSON, "Collection"),
        f"{here}/queryables": _reading(f"{name}_queryables", "What can be asked for", SCHEMA, None),
        f"{here}/schema": _reading(f"{name}_schema", "What each feature has", SCHEMA, None),
        f"{here}/items": _items(features, settings),
        f"{here}/items/{{featureId}}": _item(features),
        f"{here}/tiles": _reading(f"{name}_tilesets", "Tilesets", _JSON, "TileSets"),
        f"{here}/tiles/WebMercatorQuad": _reading(f"{name}_tileset", "Tileset", _JSON, "TileSet"),
        f"{here}/tiles/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": _tile(
            f"{name}_tile",
            ("tileMatrix", "tileRow", "tileCol"),
            [_query("f", {"type": "string", "enum": ["mvt"]})],
        ),
        f"/tiles/{name}/{{z}}/{{x}}/{{y}}.mvt": _tile(f"{name}_xyz_tile", ("z", "x", "y"), []),
        f"/tiles/{name}/tilejson.json": _reading(
            f"{name}_tilejson", "TileJSON", _JSON, "TileJSON", formats=()
        ),
    }
    if features.info.editable:
        paths[f"{here}/items"]["post"] = _create(name)
        paths[f"{here}/items/{{featureId}}"] |= _changes(name)
        paths[f"{here}/items/{{featureId}}/undo"] = {"post": _undo(name), "parameters": [_fid()]}
    return paths


# ---------------------------------------------------------------- parts
def _query(name: str, schema: dict[str, Any], text: str = "", *, style: bool = False) -> dict[str, Any]:
    listed = {"style": "form", "explode": False} if style else {}
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema, **listed}


def _path(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _fid() -> dict[str, Any]:
    return _path("featureId", {"type": "string"})


def _content(media: str, ref: str | None) -> dict[str, Any]:
    schema = {"type": "object"} if ref is None else {"$ref": f"#/components/schemas/{ref}"}
    return {media: {"schema": schema}}


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": _content(_PROBLEM, "Problem")}


def _reading(
    operation: str, summary: str, media: str, ref: str | None, *, formats: tuple[str, ...] = ("json", "html")
) -> dict[str, Any]:
    """Return the path item of a document."""
    content = _content(media, ref)
    if "html" in formats:
        content["text/html"] = {"schema": {"type": "string"}}
    parameters = [_query("f", {"type": "string", "enum": list(formats)})] if formats else []
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": parameters,
            "responses": {
                "200": {"description": summary, "content": content},
                "304": {"description": "Not modified"},
                "400": _problem("A parameter is not valid"),
                "401": _problem("The token is not valid"),
                "404": _problem("Not found"),
            },
        }
    }


def _numbers(count: int) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "number"}, "minItems": count, "maxItems": 6}


def _item_parameters(features: Prepared, settings: Api) -> list[dict[str, Any]]:
    systems = {"type": "string", "format": "uri", "enum": offered(features.info)}
    names = askable(features)
    limit = {"type": "integer", "minimum": 1, "maximum": settings.max_items, "default": DEFAULT_LIMIT}
    listed = [c.name for c in features.columns]
    parameters = [
        _query("f", {"type": "string", "enum": ["json", "html", "csv", "geoparquet"]}, "format"),
        _query("limit", limit, "features on one page; more than the maximum gives the maximum"),
        _query("bbox", _numbers(4), "west, south, east, north in the order of bbox-crs", style=True),
        _query("bbox-crs", systems, "CRS of bbox"),
        _query("crs", systems, "CRS of the answer"),
        _query("datetime", {"type": "string"}, "an instant, a date or an interval"),
        _query("filter", {"type": "string"}, "CQL2 expression"),
        _query("filter-lang", {"type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text"}),
        _query("filter-crs", systems, "CRS of the filter's geometries"),
        _query("after", {"type": "string"}, "where the page begins; only from links `next`"),
    ]
    if names:
        signed = [f"{sign}{name}" for name in names for sign in ("", "-", "+")]
        sortable = {"type": "array", "items": {"type": "string", "enum": signed}, "maxItems": 8}
        parameters.append(_query("sortby", sortable, "attributes to sort by, - for descending", style=True))
    if listed:
        chosen = {"type": "array", "items": {"type": "string", "enum": listed}}
        parameters.append(_query("properties", chosen, "attributes of the answer", style=True))
    return parameters + [_query(name, TYPES[features.kinds[name]], f"value of {name}") for name in names]


def _items(features: Prepared, settings: Api) -> dict[str, Any]:
    content = {
        **_content(GEOJSON, "FeatureCollection"),
        "text/html": {"schema": {"type": "string"}},
        "text/csv": {"schema": {"type": "string"}},
        FORMATS["geoparquet"]: {"schema": {"type": "string", "format": "binary"}},
    }
    found = _reading(f"{features.info.id}_items", features.info.title_en, GEOJSON, None)
    found["get"]["parameters"] = _item_parameters(features, settings)
    found["get"]["responses"]["200"] = {"description": "Features", "content": content}
    return found


def _item(features: Prepared) -> dict[str, Any]:
    found = _reading(f"{features.info.id}_item", "One feature", GEOJSON, "Feature")
    systems = {"type": "string", "format": "uri", "enum": offered(features.info)}
    found["get"]["parameters"].append(_query("crs", systems, "CRS of the answer"))
    return {"parameters": [_fid()], **found}


def _tile(operation: str, names: tuple[str, ...], parameters: list[dict[str, Any]]) -> dict[str, Any]:
    media = FORMATS["mvt"]
    text = "numeric attribute whose sum the cells of crowded tiles carry"
    return {
        "parameters": [_path(name, {"type": "integer", "minimum": 0}) for name in names],
        "get": {
            "operationId": operation,
            "summary": "Vector tile",
            "parameters": [*parameters, _query("measure", {"type": "string"}, text)],
            "responses": {
                "200": {
                    "description": "Mapbox Vector Tile 2.1",
                    "headers": {
                        "Contado-Aggregated": {
                            "description": "1 where small features are counted in cells",
                            "schema": {"type": "string"},
                        }
                    },
                    "content": {media: {"schema": {"type": "string", "format": "binary"}}},
                },
                "204": {"description": "Nothing is there"},
                "304": {"description": "Not modified"},
                "400": _problem("A parameter is not valid"),
                "401": _problem("The token is not valid"),
                "404": _problem("Outside the matrix"),
            },
        },
    }


# ---------------------------------------------------------------- editing
_REFUSED: Final = {
    "400": "The body is no feature",
    "401": "Nobody is signed in",
    "403": "Outside the scope of the account",
    "404": "Not found",
    "405": "The layer is not editable",
    "409": "It exists already",
    "412": "Changed meanwhile",
    "413": "Too large",
    "415": "Not this media type",
    "422": "The feature is not valid",
    "428": "If-Match is missing",
    "503": "Another change takes too long",
}


def _change(operation: str, summary: str, done: dict[str, Any], media: list[str]) -> dict[str, Any]:
    responses = {**done, **{status: _problem(text) for status, text in _REFUSED.items()}}
    found: dict[str, Any] = {
        "operationId": operation,
        "summary": summary,
        "security": [{"token": []}],
        "responses": responses,
    }
    if media:
        content: dict[str, Any] = {}
        for name in media:
            content |= _content(name, "FeaturePatch" if "merge-patch" in name else "NewFeature")
        found["requestBody"] = {"required": True, "content": content}
    return found


def _if_match() -> dict[str, Any]:
    text = "ETag of the version that was read"
    return {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": text,
        "schema": {"type": "string"},
    }


def _create(name: str) -> dict[str, Any]:
    done = {"201": {"description": "Created; its address is in Location"}}
    return _change(f"{name}_create", "Add a feature", done, [GEOJSON])


def _changes(name: str) -> dict[str, Any]:
    done = {"204": {"description": "Done"}}
    out = {
        "put": _change(f"{name}_replace", "Replace a feature", done, [GEOJSON]),
        "patch": _change(f"{name}_update", "Change a feature", done, ["application/merge-patch+json"]),
        "delete": _change(f"{name}_delete", "Delete a feature", done, []),
    }
    for operation in out.values():
        operation["parameters"] = [_if_match()]
    return out


def _undo(name: str) -> dict[str, Any]:
    done = {"204": {"description": "The version before is back"}}
    optional = {**_if_match(), "required": False}
    return {**_change(f"{name}_undo", "Undo the last change", done, []), "parameters": [optional]}
