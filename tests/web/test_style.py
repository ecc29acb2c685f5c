"""Map, legend, table and QGIS style read one style file."""

from __future__ import annotations

import html
import json
import re
import sqlite3
from xml.etree import ElementTree as ET

from contado.web import qgis, style

STYLE = style.load()


def test_the_map_gets_the_colours_and_widths_of_the_style_file(client):
    text = client.get("/buone-pratiche/manto-stradale/mappa").text
    config = json.loads(html.unescape(re.search(r'data-map="([^"]+)"', text)[1]))
    for sent, kept in zip(config["layers"][0]["classes"], STYLE.classes, strict=True):
        assert (sent["id"], sent["light"], sent["dark"], sent["high"]) == (
            kept.id,
            kept.light,
            kept.dark,
            kept.high,
        )
        assert tuple(sent["widths"]) == kept.widths
    assert config["base"] == STYLE.map


def test_legend_and_table_name_the_classes_in_the_order_of_the_style_file(client):
    text = client.get("/buone-pratiche/manto-stradale/mappa").text
    assert re.findall(r'name="class" id="ct-c-\w+" value="(\w+)"', text) == [c.id for c in STYLE.classes]
    legend = re.search(r'id="ct-legend".*?</form>', text, re.DOTALL)[0]
    names = re.findall(r"<b>(.*?)</b>", legend)
    assert names == [f"{c.id} {c.it}" if c.id != "none" else c.it for c in STYLE.classes]
    assert re.findall(r"stroke:var\(--ct-class-(\w+)\)", legend) == [c.id for c in STYLE.classes]


def test_the_qgis_style_has_the_same_classes_and_colours():
    root = ET.fromstring(qgis.layer_style("manto_stradale_sections").split("\n", 1)[1])
    rules = root.findall(".//rule")
    colours = [o.get("value") for o in root.findall(".//Option[@name='line_color']")]
    assert [r.get("key") for r in rules] == [c.id for c in STYLE.classes]
    assert colours == [
        ",".join(str(int(c.light[i : i + 2], 16)) for i in (1, 3, 5)) + ",255" for c in STYLE.classes
    ]
    assert "'verde'" in rules[0].get("filter")


def test_the_geopackage_carries_the_style(client, tmp_path):
    path = tmp_path / "sections.gpkg"
    path.write_bytes(client.get("/dati/manto_stradale_sections.gpkg").content)
    with sqlite3.connect(path) as db:
        table, column, default, text = db.execute(
            "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
        ).fetchone()
        kind = db.execute("SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'").fetchone()
        geometry = db.execute("SELECT column_name FROM gpkg_geometry_columns").fetchone()
    db.close()
    assert (table, default, kind) == ("manto_stradale_sections", 1, ("attributes",))
    assert (column,) == geometry
    assert text == qgis.layer_style("manto_stradale_sections")


def test_own_style_sheets_name_only_properties_that_exist():
    from contado.web.statics import STATIC

    known = set(re.findall(r"--(ct-[\w-]+):", style.style_sheet()))
    used = set()
    for name in ("contado.css", "tool.css"):
        used |= set(re.findall(r"var\(--(ct-[\w-]+)\)", (STATIC / name).read_text()))
    assert used - known == set()
