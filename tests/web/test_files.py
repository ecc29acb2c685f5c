"""Layers to take away and the data of map views."""

from __future__ import annotations

import csv
import io
import json

import pytest


@pytest.mark.parametrize("ending", ["csv", "geojson", "gpkg", "parquet"])
def test_a_layer_leaves_whole_in_every_format(client, tmp_path, ending):
    import geopandas as gpd
    import pandas as pd

    got = client.get(f"/dati/municipalities.{ending}")
    assert got.status_code == 200
    assert got.headers["content-disposition"] == f'attachment; filename="municipalities.{ending}"'
    path = tmp_path / f"m.{ending}"
    path.write_bytes(got.content)
    readers = {
        "csv": lambda p: pd.read_csv(p, dtype={"istat": str}),
        "parquet": gpd.read_parquet,
        "gpkg": lambda p: gpd.read_file(p, layer="municipalities"),
    }
    frame = readers.get(ending, gpd.read_file)(path)
    assert sorted(frame["istat"])[:2] == ["015002", "015005"]
    assert len(frame) == 133


def test_downloads_answer_unchanged_by_their_tag(client):
    tag = client.get("/dati/municipalities.csv").headers["etag"]
    assert client.get("/dati/municipalities.csv", headers={"if-none-match": tag}).status_code == 304


@pytest.mark.parametrize(
    "path", ["/dati/nothing.csv", "/dati/municipalities.exe", "/viste/nothing.json", "/territorio/999999.csv"]
)
def test_what_is_not_there_is_not_found(client, path):
    assert client.get(path).status_code == 404


def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe():
    from contado.web.files import _cell

    assert [_cell(v) for v in ("=1+1", "+39", "-x", "@a", "\tb", "Milano", None, float("nan"), -3.0)] == [
        "'=1+1",
        "'+39",
        "'-x",
        "'@a",
        "'\tb",
        "Milano",
        "",
        "",
        -3.0,
    ]


def test_map_views_are_small_and_complete(client):
    weights = {}
    for name, n in (("municipalities", 134), ("labels", 133), ("sections", 569), ("anomalies", 400)):
        got = client.get(f"/viste/{name}.json", headers={"accept-encoding": "gzip"})
        weights[name] = int(got.headers["content-length"])
        assert len(got.json()["features"]) == n
    assert sum(weights.values()) <= 90_000, weights


def test_map_views_of_a_workspace_without_municipalities_are_empty(tmp_path):
    from starlette.testclient import TestClient

    from contado.kernel.workspace import Workspace
    from contado.web.app import create

    workspace = Workspace.create(tmp_path / "w")
    with TestClient(create(workspace.path), base_url="http://127.0.0.1") as asked:
        for name in ("municipalities", "labels", "sections", "anomalies"):
            got = asked.get(f"/viste/{name}.json")
            assert (got.status_code, got.json()["features"]) == (200, []), name


def test_a_private_layer_is_neither_listed_nor_served(tmp_path):
    import geopandas as gpd
    from shapely import Point
    from starlette.testclient import TestClient

    from contado.kernel.workspace import Workspace
    from contado.web.app import create

    workspace = Workspace.create(tmp_path / "w")
    frame = gpd.GeoDataFrame({"id": ["a"], "geometry": [Point(9, 45)]}, crs="EPSG:4326")
    with workspace.commit() as c:
        c.layer("secret_places", frame, access="private")
    client = TestClient(create(workspace.path))
    assert "secret_places" not in client.get("/dati").text
    for path in ("/dati/secret_places", "/dati/secret_places.csv", "/dati/secret_places.parquet"):
        assert client.get(path).status_code == 404


def test_the_sheet_of_a_municipality_leaves_as_csv(client):
    rows = list(csv.DictReader(io.StringIO(client.get("/territorio/015146.csv").text)))
    assert {r["istat"] for r in rows} == {"015146"}
    assert {"iri_m_km", "trees_alive_count"} <= {r["indicator"] for r in rows}


def test_the_data_of_views_holds_no_more_than_the_map_needs(client):
    feature = json.loads(client.get("/viste/sections.json").text)["features"][0]
    assert set(feature["properties"]) <= {"id", "c", "m", "u"}
