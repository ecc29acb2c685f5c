"""One public layer as a map: classes, filters, order, files of the same rows."""

from __future__ import annotations

import csv
import io
import json
import re

import geopandas as gpd
import numpy as np
import pytest
import shapely

from contado.kernel.workspace import Workspace
from contado.web.data import layermap
from contado.web.data.layermap import NONE, REST, Wanted
from contado.web.pages import layers


@pytest.fixture(scope="module")
def benches(tmp_path_factory):
    """Twelve benches from west to east; the last has no number of seats."""
    import datetime as dt

    rows = [
        {
            "name": f"Pànca {i}",
            "kind": ["wood", "iron", "stone", "steel", "oak", "ash", "pine", "elm"][
                min(7, i // 2 if i < 8 else i - 4)
            ],
            "seats": None if i == 11 else float(i),
            "placed_on": dt.date(2020 + i // 4, 1, 1),
            "municipality": "015146" if i < 3 else "015209",
            "geometry": shapely.Point(9 + i / 100, 45.4),
        }
        for i in range(12)
    ]
    workspace = Workspace.create(tmp_path_factory.mktemp("layermap") / "city")
    with workspace.commit() as c:
        c.layer("benches", gpd.GeoDataFrame(rows, crs=4326), title_en="Benches")
        c.layer("projected", gpd.GeoDataFrame(rows, crs=4326).to_crs(32632), title_en="Projected")
    return layermap.load(workspace, "benches"), layermap.load(workspace, "projected")


def test_a_number_falls_into_round_classes_and_the_unknown_stands_apart(benches):
    found = benches[0].classing("seats")
    assert found.kind == "steps"
    assert found.breaks == [2.0, 4.0, 6.0, 8.0]
    assert [c.n for c in found.classes] == [2, 2, 2, 2, 3, 1]
    assert found.classes[-1].id == NONE
    assert found.classes[1].name.en == "2–4"


def test_rare_values_share_a_class(benches):
    found = benches[0].classing("name")
    assert found.kind == "one"  # a name for each row is no class
    kinds = layermap._values("kind", ["a", "a", "b", "c", "d", "e", "f", "g", None])
    assert [c.id for c in kinds.classes] == ["a", "b", "c", "d", "e", REST, NONE]
    assert sum(c.n for c in kinds.classes) == 9


def test_rows_are_chosen_by_class_place_word_day_and_box(benches):
    layer = benches[0]
    by = layer.classing("seats")

    def rows(**wanted) -> list[int]:
        return layer.select(Wanted(**wanted), by).tolist()

    assert rows(classes=frozenset({"0"})) == [0, 1]
    assert rows(classes=frozenset()) == []
    assert rows(code="015146") == [0, 1, 2]
    assert rows(words="PANCA 1") == [1, 10, 11]
    assert rows(day="2020-01-01") == [0, 1, 2, 3]
    assert rows(bbox=(9.005, 45.0, 9.025, 46.0)) == [1, 2]
    assert rows(sort="-seats")[:2] == [10, 9]
    assert rows(sort="seats")[-1] == 11


def test_a_layer_in_another_crs_has_the_same_boxes(benches):
    np.testing.assert_allclose(benches[1].boxes, benches[0].boxes, atol=1e-9)


def test_the_expression_of_the_map_gives_the_class_of_the_table(benches):
    layer = benches[0]
    by = layer.classing("seats")
    step = layers.class_of(by)[2]
    assert step == ["step", ["get", "seats"], "0", 2.0, "1", 4.0, "2", 6.0, "3", 8.0, "4"]
    values = layer.table.column("seats").to_pylist()
    for value, place in zip(values[:-1], by.of_row, strict=False):
        stairs = step[2:]
        at = max(i for i in range(0, len(stairs), 2) if i == 0 or stairs[i - 1] <= value)
        assert stairs[at] == by.classes[place].id


@pytest.mark.parametrize("value", [0.1, 7.0, 1e6])
def test_breaks_of_one_value_are_none(value):
    assert layermap.round_breaks(np.full(5, value)) == []


def test_the_page_lists_what_its_filters_ask_and_says_what_it_did_not_understand(client):
    text = client.get("/dati/manto_stradale_sections?class=D,X&unit=nowhere&sort=nothing").text
    assert set(re.findall(r'data-class="(\w+)"', text)) == {"D"}
    assert all(word in text for word in ("class=X", "unit=nowhere", "sort=nothing"))


def test_files_hold_the_rows_that_the_page_lists(client):
    query = "class=D&sort=-length_km"
    page = client.get(f"/dati/manto_stradale_sections?{query}").text
    total = int(re.search(r"(\d+) righe</span>", page.partition('id="elenco"')[2])[1])
    got = client.get(f"/dati/manto_stradale_sections.csv?{query}")
    rows = list(csv.DictReader(io.StringIO(got.text)))
    assert len(rows) == total
    assert {r["class"] for r in rows} == {"D"}
    lengths = [float(r["length_km"]) for r in rows]
    assert lengths == sorted(lengths, reverse=True)
    assert "manto_stradale_sections-part.csv" in got.headers["content-disposition"]


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "parquet"])
def test_a_part_of_a_layer_leaves_in_every_format(client, tmp_path, ending):
    got = client.get(f"/dati/municipalities.{ending}?bbox=9.18,45.46,9.19,45.47")
    path = tmp_path / f"part.{ending}"
    path.write_bytes(got.content)
    frame = gpd.read_parquet(path) if ending == "parquet" else gpd.read_file(path, layer="municipalities")
    assert frame["name"].tolist() == ["Milano"]


def test_a_part_that_is_not_understood_is_refused(client):
    assert client.get("/dati/municipalities.csv?bbox=1,2").status_code == 400


def test_the_map_is_told_the_same_classes_as_the_legend(client):
    text = client.get("/dati/municipalities?by=pop").text
    config = json.loads(re.search(r'data-map="([^"]+)"', text)[1].replace("&#34;", '"').replace("&lt;", "<"))
    boxes = re.findall(r'name="class" id="ct-c-\d" value="(\w+)"', text)
    assert [c["id"] for c in config["layers"][0]["classes"]] == boxes
    assert sum(c["n"] for c in config["layers"][0]["classes"]) == 133
