"""JSON Schemas of a layer (Features 3 and 5): what a feature has, what can be asked for, what can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from contado.web.ogc.common import conforms_to
from contado.web.ogc.selection import askable

if TYPE_CHECKING:
    from contado.web.ogc.prepared import Prepared

__all__ = ["TYPES", "geometry_format", "queryables", "returnables"]

TYPES: Final[dict[str, dict[str, Any]]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "date-time": {"type": "string", "format": "date-time"},
    "other": {},
}
"""Kind of an attribute -> its JSON Schema."""

_FORMATS: Final = {
    "Point": "geometry-point",
    "MultiPoint": "geometry-multipoint",
    "LineString": "geometry-linestring",
    "MultiLineString": "geometry-linestring-or-multilinestring",
    "Polygon": "geometry-polygon",
    "MultiPolygon": "geometry-polygon-or-multipolygon",
}

_F5: Final = "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf"
conforms_to("schema", [f"{_F5}/schemas", f"{_F5}/core-roles-features"])


def geometry_format(geometry_type: str) -> str:
    """Return the name that a layer's geometry type has in schemas."""
    return _FORMATS.get(geometry_type.removesuffix(" Z"), "geometry-any")


def _document(features: Prepared, href: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": href,
        "type": "object",
        "title": features.info.title_en,
        "properties": properties,
        "additionalProperties": False,
    }


def _geometry(features: Prepared) -> dict[str, Any]:
    form = geometry_format(features.info.geometry_type)
    return {"title": "geometry", "x-ogc-role": "primary-geometry", "format": form}


def queryables(features: Prepared, href: str) -> dict[str, Any]:
    """Return the attributes that filters and parameters can name."""
    named = set(askable(features))
    properties = {c.name: {"title": c.name, **TYPES[c.kind]} for c in features.columns if c.name in named}
    return _document(features, href, {**properties, "geometry": _geometry(features)})


def returnables(features: Prepared, href: str) -> dict[str, Any]:
    """Return what each feature has; the one that names it carries the role ``id``."""
    properties: dict[str, Any] = {}
    for place, column in enumerate(features.columns, 1):
        facts = {"title": column.name, **TYPES[column.kind], "x-ogc-propertySeq": place}
        if column.name == features.key:
            facts |= {"x-ogc-role": "id", "readOnly": True}
        elif column.name in features.temporal:
            facts["x-ogc-role"] = _time_role(features.temporal, column.name)
        properties[column.name] = facts
    return _document(features, href, {**properties, "geometry": _geometry(features)})


def _time_role(temporal: tuple[str, ...], name: str) -> str:
    if len(temporal) == 1:
        return "primary-instant"
    return "primary-interval-start" if name == temporal[0] else "primary-interval-end"
