"""QGIS styles made from the style file of the pages."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from contado.web import style

if TYPE_CHECKING:
    from pathlib import Path

    from contado.web.style import RoadClass

__all__ = ["into_geopackage", "layer_style"]

_CLASSED = "manto_stradale_sections"


def layer_style(name: str) -> str:
    """Return the QGIS style (.qml) of a layer; only the classed ones need more than QGIS's own."""
    root = ET.Element("qgis", version="3.22", styleCategories="Symbology")
    if name == _CLASSED:
        renderer = ET.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="1")
        rules = ET.SubElement(renderer, "rules", key="classes")
        symbols = ET.SubElement(renderer, "symbols")
        for number, c in enumerate(style.load().classes):
            _rule(rules, c, number)
            _symbol(symbols, c, number)
    return '<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM">\n' + ET.tostring(
        root, encoding="unicode"
    )


def _rule(rules: ET.Element, c: RoadClass, number: int) -> None:
    letter = "" if c.id == "none" else f"{c.id} "
    condition = '"class" IS NULL' if c.id == "none" else f"\"class\" IN ('{c.id}', '{c.value}')"
    ET.SubElement(rules, "rule", filter=condition, label=f"{letter}{c.it}", symbol=str(number), key=c.id)


def _symbol(symbols: ET.Element, c: RoadClass, number: int) -> None:
    """Draw the line as the map does at zoom 12; the worse class lies on top."""
    symbol = ET.SubElement(symbols, "symbol", type="line", name=str(number), alpha="1")
    layer = ET.SubElement(
        symbol, "layer", {"class": "SimpleLine", "pass": str((number + 1) % 5), "enabled": "1"}
    )
    options = ET.SubElement(layer, "Option", type="Map")
    red, green, blue = (int(c.light[i : i + 2], 16) for i in (1, 3, 5))
    facts = {
        "line_color": f"{red},{green},{blue},255",
        "line_width": f"{c.widths[2] * 0.264:.2f}",
        "line_width_unit": "MM",
        "capstyle": "round",
        "line_style": "dash" if c.dash else "solid",
    }
    for key, value in facts.items():
        ET.SubElement(options, "Option", name=key, value=value, type="QString")
        ET.SubElement(layer, "prop", k=key, v=value)


def into_geopackage(path: Path, name: str) -> None:
    """Put the style into table ``layer_styles`` of a GeoPackage, so that QGIS finds it when opening."""
    connection = sqlite3.connect(path)
    try:
        (column,) = connection.execute(
            "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (name,)
        ).fetchone()
        connection.execute(
            "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_catalog TEXT, "
            "f_table_schema TEXT, f_table_name TEXT, f_geometry_column TEXT, styleName TEXT, styleQML TEXT, "
            "styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT, ui TEXT, update_time DATETIME)"
        )
        connection.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
            "styleName, styleQML, styleSLD, useAsDefault, description, owner, ui, update_time) "
            "VALUES ('', '', ?, ?, 'contado', ?, '', 1, '', '', '', '2000-01-01T00:00:00Z')",
            (name, column, layer_style(name)),
        )
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', '2000-01-01T00:00:00.000Z')"
        )
        connection.commit()
    finally:
        connection.close()
