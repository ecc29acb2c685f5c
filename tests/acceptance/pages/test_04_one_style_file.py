"""pages.md 13, item 4: legend, map, table and QGIS style read one file."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

from contado.web import qgis, style
from invented.pages import MAP, parsed


@pytest.mark.item("pages", 4, "legend, map, table and QGIS style read one style file", "equal")
def test_legend_map_and_qgis_show_the_colours_of_the_style_file(client):
    classes = style.load().classes
    page = client.get(MAP).text
    config = json.loads(parsed(page).find(".//*[@id='ct-map']").get("data-map"))
    drawn = config["layers"][0]["classes"]
    assert [(c["id"], c["light"], c["dark"], c["high"]) for c in drawn] == [
        (c.id, c.light, c.dark, c.high) for c in classes
    ]
    assert re.findall(r'name="class" id="ct-c-\w+" value="(\w+)"', page) == [c.id for c in classes]
    root = ET.fromstring(qgis.layer_style("manto_stradale_sections").split("\n", 1)[1])
    colours = [o.get("value") for o in root.findall(".//Option[@name='line_color']")]
    assert colours == [
        ",".join(str(int(c.light[i : i + 2], 16)) for i in (1, 3, 5)) + ",255" for c in classes
    ]
