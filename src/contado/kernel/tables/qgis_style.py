"""QGIS styles (.qml) made from the same style data as the web map, alone or inside a GeoPackage.

A style is ``{"attribute": COLUMN, "classes": [{"value": V, "label": L, "colour": "#RRGGBB"}, ...]}``, or
with ``min`` and ``max`` instead of ``value`` for classes of a number; further keys are left alone.

References
----------
QGIS user manual, "Save and load layer style"; table ``layer_styles`` as QGIS itself writes it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["add_to_geopackage", "qml"]

_DATE: Final = "2000-01-01T00:00:00.000Z"
_SYMBOLS: Final = {
    "Point": ("marker", "SimpleMarker", "color"),
    "LineString": ("line", "SimpleLine", "line_color"),
    "Polygon": ("fill", "SimpleFill", "color"),
}


def qml(style: Mapping[str, Any], geometry_type: str) -> str:
    """Return a QGIS style with one class for each of ``style["classes"]``."""
    root = ET.Element("qgis", version="3.22", styleCategories="Symbology")
    classes = list(style["classes"])
    graduated = bool(classes) and "min" in classes[0]
    kind = "graduatedSymbol" if graduated else "categorizedSymbol"
    renderer = ET.SubElement(root, "renderer-v2", type=kind, attr=str(style["attribute"]), enableorderby="0")
    entries = ET.SubElement(renderer, "ranges" if graduated else "categories")
    symbols = ET.SubElement(renderer, "symbols")
    for number, entry in enumerate(classes):
        _add_entry(entries, number, entry, graduated=graduated)
        _add_symbol(symbols, number, entry, geometry_type)
    return ET.tostring(root, encoding="unicode")


def _add_entry(parent: ET.Element, number: int, entry: Mapping[str, Any], *, graduated: bool) -> None:
    facts = {
        "symbol": str(number),
        "label": str(entry.get("label", entry.get("value", ""))),
        "render": "true",
    }
    if graduated:
        ET.SubElement(parent, "range", {**facts, "lower": str(entry["min"]), "upper": str(entry["max"])})
    else:
        ET.SubElement(parent, "category", {**facts, "value": str(entry["value"])})


def _add_symbol(parent: ET.Element, number: int, entry: Mapping[str, Any], geometry_type: str) -> None:
    plain = geometry_type.removesuffix(" Z").removeprefix("Multi")
    kind, layer_class, colour_option = _SYMBOLS.get(plain, _SYMBOLS["Polygon"])
    symbol = ET.SubElement(parent, "symbol", type=kind, name=str(number), alpha="1", clip_to_extent="1")
    layer = ET.SubElement(symbol, "layer", {"class": layer_class, "enabled": "1", "pass": "0", "locked": "0"})
    options = {colour_option: _rgba(entry["colour"])}
    if kind == "line":
        options |= {"line_width": "0.8", "line_width_unit": "MM"}
    group = ET.SubElement(layer, "Option", type="Map")
    for name, value in options.items():
        ET.SubElement(group, "Option", type="QString", name=name, value=value)
        ET.SubElement(layer, "prop", k=name, v=value)


def _rgba(colour: str) -> str:
    """Turn ``#RRGGBB`` into QGIS's ``r,g,b,255``."""
    digits = colour.removeprefix("#")
    return ",".join(str(int(digits[i : i + 2], 16)) for i in (0, 2, 4)) + ",255"


def add_to_geopackage(file: Path, layer: str, style: Mapping[str, Any]) -> None:
    """Write the style of ``layer`` into a GeoPackage as the default that QGIS loads."""
    with closing(sqlite3.connect(file)) as database, database:
        column, kind = database.execute(
            "SELECT column_name, geometry_type_name FROM gpkg_geometry_columns WHERE table_name = ?", (layer,)
        ).fetchone()
        database.execute(
            "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),"
            " f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30),"
            " styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),"
            " update_time DATETIME)"
        )
        database.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
            " styleQML, styleSLD, useAsDefault, description, owner, update_time)"
            " VALUES ('', '', ?, ?, ?, ?, '', 1, '', '', ?)",
            (layer, column, layer, qml(style, _ogc_name(kind)), _DATE),
        )
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)"
            " VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
            (_DATE,),
        )


def _ogc_name(kind: str) -> str:
    names = {"POINT": "Point", "LINESTRING": "LineString", "POLYGON": "Polygon"}
    plain = kind.upper().removeprefix("MULTI")
    return names.get(plain, "Polygon")
