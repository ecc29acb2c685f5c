"""Every document of the API against its schema; what does not exist, what is unknown, what is negotiated."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

SCHEMAS = {p.stem: json.loads(p.read_text()) for p in (Path(__file__).parent / "schemas").glob("*.json")}
PLACES = "/api/collections/places"
MUNICIPALITIES = "/api/collections/municipalities"


def valid(body, name: str):
    jsonschema.validate(body, SCHEMAS[name], jsonschema.Draft202012Validator)
    return body


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/", "landing"),
        ("/api/conformance", "conformance"),
        ("/api/collections", "collections"),
        (MUNICIPALITIES, "collection"),
        ("/api/collections/dated", "collection"),
        ("/api/collections/metres", "collection"),
        (f"{MUNICIPALITIES}/items?limit=133", "featureCollection"),
        (f"{PLACES}/items?limit=20", "featureCollection"),
        ("/api/collections/metres/items", "featureCollection"),
        ("/api/collections/plain/items/3", "feature"),
        (f"{MUNICIPALITIES}/items/015146", "feature"),
        (f"{PLACES}/queryables", "queryables"),
        (f"{PLACES}/schema", "queryables"),
        (f"{PLACES}/tiles", "tilesets"),
        (f"{PLACES}/tiles/WebMercatorQuad", "tileset"),
        ("/api/tileMatrixSets", "tileMatrixSets"),
        ("/api/tileMatrixSets/WebMercatorQuad", "tileMatrixSet"),
        ("/tiles/places/tilejson.json", "tilejson"),
    ],
)
def test_documents_follow_the_standard(api, path, name):
    got = api.get(path)
    assert got.status_code == 200
    valid(got.json(), name)
    assert api.get(path, headers={"if-none-match": got.headers["etag"]}).status_code == 304


@pytest.mark.parametrize(
    ("path", "status", "parameter"),
    [
        ("/api/?x=1", 400, "x"),
        ("/api/collections/none", 404, None),
        ("/api/collections/hidden", 404, None),
        ("/api/none", 404, None),
        (f"{PLACES}/items/none", 404, None),
        (f"{PLACES}/items?limit=0", 400, "limit"),
        (f"{PLACES}/items?limit=-1", 400, "limit"),
        (f"{PLACES}/items?limit=ten", 400, "limit"),
        (f"{PLACES}/items?limit=1&limit=2", 400, "limit"),
        (f"{PLACES}/items?bbox=1,2,3", 400, "bbox"),
        (f"{PLACES}/items?bbox=1,2,nan,3", 400, "bbox"),
        (f"{PLACES}/items?bbox=1,9,2,3", 400, "bbox"),
        (f"{PLACES}/items?bbox-crs=EPSG:99999", 400, "bbox-crs"),
        (f"{PLACES}/items?bbox=1,2,3,4&bbox-crs=EPSG:99999", 400, "bbox-crs"),
        (f"{PLACES}/items?crs=EPSG:99999", 400, "crs"),
        (f"{PLACES}/items?datetime=yesterday", 400, "datetime"),
        (f"{PLACES}/items?datetime=../..", 400, "datetime"),
        (f"{PLACES}/items?datetime=2026-01-02/2026-01-01", 400, "datetime"),
        (f"{PLACES}/items?filter=seats >", 400, "filter"),
        (f"{PLACES}/items?filter=nothing=1", 400, "filter"),
        (f"{PLACES}/items?filter=_secret='x'", 400, "filter"),
        (f"{PLACES}/items?filter=a&filter-lang=sql", 400, "filter-lang"),
        (f"{PLACES}/items?sortby=none", 400, "sortby"),
        (f"{PLACES}/items?properties=none", 400, "properties"),
        (f"{PLACES}/items?seats=many", 400, "seats"),
        (f"{PLACES}/items?_secret=x", 400, "_secret"),
        (f"{PLACES}/items?after=%25", 400, "after"),
        (f"{PLACES}/items?f=pdf", 400, "f"),
        (f"{PLACES}/tiles/Other", 404, None),
        ("/tiles/places/1/2/0.mvt", 404, None),
        ("/tiles/places/23/0/0.mvt", 404, None),
        ("/tiles/places/-1/0/0.mvt", 404, None),
        ("/tiles/places/a/0/0.mvt", 404, None),
        ("/tiles/places/0/0/0.mvt?measure=name", 400, "measure"),
    ],
)
def test_bad_requests_quote_the_parameter(api, path, status, parameter):
    got = api.get(path)
    assert got.status_code == status
    assert got.headers["content-type"] == "application/problem+json"
    assert valid(got.json(), "problem").get("parameter") == parameter


def test_unknown_parameters_name_the_valid_ones(api):
    problem = api.get(f"{PLACES}/items?limt=3").json()
    assert "limit" in problem["hint"]
    assert "limt" in problem["detail"]


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", "application/geo+json"),
        ("text/html,application/xhtml+xml", "text/html; charset=utf-8"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("image/png, application/json", "application/geo+json"),
    ],
)
def test_content_negotiation(api, accept, media):
    got = api.get(f"{PLACES}/items", headers={"accept": accept})
    assert (got.status_code, got.headers["content-type"]) == (200, media)


@pytest.mark.parametrize(
    "path",
    ["/api/", "/api/conformance", "/api/collections", PLACES, f"{PLACES}/items", f"{PLACES}/queryables"],
)
def test_pages_have_one_heading_and_a_language(api, path):
    got = api.get(f"{path}?f=html", headers={"accept-language": "en-GB"})
    assert got.status_code == 200
    assert got.text.count("<h1") == 1
    assert '<html lang="en"' in got.text
    assert "set-cookie" not in got.headers


def test_office_layers_exist_for_the_office_only(api, city):
    listed = {c["id"] for c in api.get("/api/collections").json()["collections"]}
    assert "hidden" not in listed
    whole = api.get("/api/collections", headers=city.tokens["capo"]).json()["collections"]
    assert {c["id"] for c in whole} == listed | {"hidden"}
    assert api.get("/tiles/hidden/0/0/0.mvt").status_code == 404
    seen = api.get("/tiles/hidden/0/0/0.mvt", headers=city.tokens["capo"])
    assert seen.status_code == 200
    assert "public" not in seen.headers["cache-control"]
    bad = api.get("/api/collections", headers={"authorization": "Bearer no"})
    assert bad.status_code == 401
    assert bad.headers["www-authenticate"] == "Bearer"


def test_the_open_data_page_leads_to_the_api(api):
    assert 'href="/api/collections/places"' in api.get("/dati/places").text
    assert 'href="/api/"' in api.get("/dati").text
