"""Schemas of the API's answers and bodies, as the definition of the API shows them."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["SCHEMAS"]

_LINKS: Final = {"type": "array", "items": {"$ref": "#/components/schemas/Link"}}


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties}


def _array(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_GEOMETRY: Final = {
    "type": "object",
    "nullable": True,
    "required": ["type"],
    "properties": {
        "type": {
            "type": "string",
            "enum": [
                "Point",
                "MultiPoint",
                "LineString",
                "MultiLineString",
                "Polygon",
                "MultiPolygon",
                "GeometryCollection",
            ],
        },
        "coordinates": {"type": "array", "items": {}},
    },
}
_FEATURE: Final = {
    "type": {"type": "string", "enum": ["Feature"]},
    "id": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    "geometry": _GEOMETRY,
    "properties": {"type": "object", "nullable": True},
}

SCHEMAS: Final[dict[str, Any]] = {
    "Problem": _object(
        "title status detail rule",
        type=_TEXT,
        title=_TEXT,
        status={"type": "integer"},
        detail=_TEXT,
        rule=_TEXT,
        hint=_TEXT,
        parameter=_TEXT,
    ),
    "Link": _object(
        "href rel", href=_TEXT, rel=_TEXT, type=_TEXT, title=_TEXT, templated={"type": "boolean"}
    ),
    "LandingPage": _object("links", title=_TEXT, description=_TEXT, links=_LINKS),
    "Conformance": _object("conformsTo", conformsTo={"type": "array", "items": _TEXT}),
    "Collection": _object(
        "id links extent crs",
        id=_TEXT,
        title=_TEXT,
        description=_TEXT,
        itemType=_TEXT,
        links=_LINKS,
        extent={"type": "object"},
        crs={"type": "array", "items": _TEXT},
        storageCrs=_TEXT,
    ),
    "Collections": _object("links collections", links=_LINKS, collections=_array("Collection")),
    "Feature": {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {**_FEATURE, "links": _LINKS},
    },
    "FeatureCollection": _object(
        "type features",
        type={"type": "string", "enum": ["FeatureCollection"]},
        features=_array("Feature"),
        links=_LINKS,
        numberMatched=_COUNT,
        numberReturned=_COUNT,
    ),
    "NewFeature": {"type": "object", "required": ["type", "geometry", "properties"], "properties": _FEATURE},
    "FeaturePatch": {"type": "object", "properties": {k: _FEATURE[k] for k in ("geometry", "properties")}},
    "TileSet": _object(
        "dataType crs links",
        title=_TEXT,
        dataType={"type": "string", "enum": ["vector"]},
        crs=_TEXT,
        tileMatrixSetURI=_TEXT,
        links=_LINKS,
        layers={"type": "array", "items": {"type": "object"}},
        boundingBox={"type": "object"},
    ),
    "TileSets": _object("tilesets", tilesets=_array("TileSet"), links=_LINKS),
    "TileMatrixSet": _object(
        "id crs tileMatrices",
        id=_TEXT,
        crs=_TEXT,
        tileMatrices={"type": "array", "items": {"type": "object"}},
    ),
    "TileMatrixSets": _object(
        "tileMatrixSets", tileMatrixSets={"type": "array", "items": {"type": "object"}}
    ),
    "TileJSON": _object("tilejson tiles", tilejson=_TEXT, tiles={"type": "array", "items": _TEXT}),
}
"""Name -> schema, in the dialect of OpenAPI 3.0."""
