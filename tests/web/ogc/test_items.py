"""Features: filters, order, pages, formats, coordinate systems."""

from __future__ import annotations

import io

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

PLACES = "/api/collections/places/items"


def ids(got) -> list:
    assert got.status_code == 200, got.text
    return [f["id"] for f in got.json()["features"]]


def follow(api, address: str) -> list:
    found = []
    while address:
        got = api.get(address)
        found += ids(got)
        links = got.json()["links"]
        address = next((item["href"] for item in links if item["rel"] == "next"), None)
    return found


def test_ten_by_default_and_the_effective_limit_stands_in_the_link(api):
    page = api.get(PLACES).json()
    assert (page["numberMatched"], page["numberReturned"]) == (20, 10)
    page = api.get(f"{PLACES}?limit=1000000").json()
    (own,) = [item["href"] for item in page["links"] if item["rel"] == "self"]
    assert page["numberReturned"] == 20
    assert "limit=10000&" in own
    assert not [item for item in page["links"] if item["rel"] == "next"]


@pytest.mark.parametrize("sortby", ["", "name", "-name", "-height_m,name", "open,-seen_at", "-placed_on"])
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_hold_each_feature_once_in_order(api, sortby, limit):
    whole = ids(api.get(PLACES, params={"limit": 100, "sortby": sortby}))
    assert len(set(whole)) == 20
    assert follow(api, f"{PLACES}?limit={limit}&sortby={sortby}") == whole


def test_order_is_that_of_pandas_with_unknown_last(api, city):
    found = ids(api.get(f"{PLACES}?limit=20&sortby=-height_m,name"))
    wanted = city.places.sort_values(
        ["height_m", "name", "place_id"], ascending=[False, True, True], na_position="last"
    )
    assert found == list(wanted["place_id"])


def test_pages_are_stable_while_features_are_added(own, own_city):
    first = own.get(f"{PLACES}?limit=5")
    before = ids(first)
    body = {
        "type": "Feature",
        "id": "P000",
        "geometry": {"type": "Point", "coordinates": [9.19, 45.46]},
        "properties": {},
    }
    headers = {**own_city.tokens["capo"], "content-type": "application/geo+json"}
    assert own.post(PLACES, json=body, headers=headers).status_code == 201
    address = next(item["href"] for item in first.json()["links"] if item["rel"] == "next")
    rest = follow(own, address)
    assert before + rest == [f"P{i:02}" for i in range(20)]  # none twice, none missed, P000 lay before


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("name=zeta", lambda p: p["name"] == "zeta"),
        ("seats=3", lambda p: p["seats"] == 3),
        ("open=true", lambda p: p["open"]),
        ("height_m=1.5", lambda p: p["height_m"] == 1.5),
        ("placed_on=2021-01-31", lambda p: p["placed_on"].astype(str) == "2021-01-31"),
        ("datetime=2021-01-31", lambda p: p["placed_on"].astype(str) == "2021-01-31"),
        ("datetime=2021-02-01T00:00:00Z/..", lambda p: p["placed_on"].astype(str) > "2021-02-01"),
        ("datetime=../2020-12-31", lambda p: p["placed_on"].astype(str) < "2021"),
        ("bbox=9.10,45.40,9.13,45.42", lambda p: p.geometry.x.between(9.1, 9.1301)),
        ("bbox=45.40,9.10,45.42,9.13&bbox-crs=EPSG:4326", lambda p: p.geometry.x.between(9.1, 9.1301)),
        ("bbox=9.10,45.40,0,9.13,45.42,9", lambda p: p.geometry.x.between(9.1, 9.1301)),
        ("bbox=179,45,9.13,46", lambda p: p.geometry.x < 9.1301),
        ("filter=NOT (seats > 3)", lambda p: p["seats"] <= 3),
        ("filter=CASEI(ACCENTI(name)) = 'ancora'", lambda p: p["name"].str.lower() == "àncora"),
        ("filter=name LIKE '_ncora'", lambda p: p["name"].str.endswith("ncora")),
        ("filter=open", lambda p: p["open"]),
        (
            "filter=seen_at >= TIMESTAMP('2026-01-05T00:00:00%2B01:00')",
            lambda p: p["seen_at"] >= "2026-01-05",
        ),
        ("filter=placed_on < DATE('2021-01-01')", lambda p: p["placed_on"].astype(str) < "2021"),
        ("filter=seats * 2 - 1 = 5 OR seats IN (7, 8)", lambda p: p["seats"].isin([3, 7, 8])),
        ("filter=seats / 0 > 1", lambda p: p["seats"] < 0),
        ("filter=height_m IS NULL", lambda p: p["height_m"].isna()),
        ('filter={"op":"=","args":[{"property":"seats"},4]}', lambda p: p["seats"] == 4),
        ("filter=seats = NULL", lambda p: p["seats"] < 0),
        ("filter=S_WITHIN(geometry, BBOX(9.0, 45.3, 9.131, 45.5))", lambda p: p.geometry.x < 9.131),
    ],
)
def test_filters_equal_pandas(api, city, query, wanted):
    mask = wanted(city.places).astype("boolean").fillna(False)
    got = api.get(f"{PLACES}?limit=20&{query}")
    assert ids(got) == list(city.places["place_id"][mask])
    assert got.json()["numberMatched"] == int(mask.sum())


def test_an_interval_is_met_by_its_whole_length(api):
    found = ids(api.get("/api/collections/dated/items?limit=20&datetime=2024-01-01"))
    assert found == [f"P{i:02}" for i in range(20) if i % 2]  # the others ended in 2023


@pytest.mark.parametrize(
    "text",
    [
        "(" * 3000 + "seats=1" + ")" * 3000,
        "x" * 9000,
        "name > 3",
        "open > true",
        "S_INTERSECTS(geometry, POINT(1))",
        "S_FOO(geometry, POINT(1 2))",
        "FOO(seats) = 1",
        "name LIKE seats",
        "seats",
        "3",
        '{"op":"and","args":[]}',
        '{"op":"between","args":[1]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":["a",1]}]}',
        "placed_on = DATE('2020-13-01')",
        "NOT " * 1500 + "open",
    ],
)
def test_bad_filters_are_refused(api, text):
    got = api.get(PLACES, params={"filter": text})
    assert (got.status_code, got.json()["parameter"]) == (400, "filter")


@pytest.mark.parametrize("code", ["4326", "3857", "32632"])
def test_coordinates_in_the_order_of_the_axes(api, city, code):
    uri = f"http://www.opengis.net/def/crs/EPSG/0/{code}"
    got = api.get(f"{PLACES}?limit=20&crs={uri}")
    assert got.headers["content-crs"] == f"<{uri}>"
    found = np.array([f["geometry"]["coordinates"] for f in got.json()["features"]])
    transform = pyproj.Transformer.from_crs("OGC:CRS84", f"EPSG:{code}").transform
    wanted = np.column_stack(transform(city.places.geometry.x, city.places.geometry.y))
    assert found == pytest.approx(wanted, abs=1e-7)


def test_a_layer_in_metres_comes_in_degrees_or_as_it_is_stored(api, city):
    stored = city.places.to_crs(32632).geometry
    got = api.get("/api/collections/metres/items?limit=20").json()["features"]
    assert [f["geometry"]["coordinates"][0] for f in got] == pytest.approx(list(city.places.geometry.x))
    uri = "http://www.opengis.net/def/crs/EPSG/0/32632"
    got = api.get(f"/api/collections/metres/items?limit=20&crs={uri}").json()["features"]
    assert [f["geometry"]["coordinates"] for f in got] == [[p.x, p.y] for p in stored]  # bit for bit


def test_what_is_not_shown_stays_in_the_house(api):
    (feature,) = api.get(f"{PLACES}?limit=1").json()["features"]
    assert "_secret" not in feature["properties"]
    (feature,) = api.get("/api/collections/some_columns/items?limit=1").json()["features"]
    assert set(feature["properties"]) == {"name", "place_id"}
    (feature,) = api.get(f"{PLACES}?limit=1&properties=name,seats").json()["features"]
    assert set(feature["properties"]) == {"name", "seats"}


@pytest.mark.parametrize("form", ["json", "csv", "geoparquet", "html"])
def test_no_attribute_at_all_may_be_asked(api, form):
    got = api.get(f"{PLACES}?limit=2&properties=&f={form}")
    assert got.status_code == 200
    if form == "csv":
        assert got.text.splitlines()[0] == "_id,lon,lat"
        assert len(got.text.splitlines()) == 3
    if form == "geoparquet":
        found = gpd.read_parquet(io.BytesIO(got.content))
        assert (list(found.columns), len(found)) == (["geometry"], 2)


def test_csv_escapes_formulas(api):
    lines = api.get(f"{PLACES}?f=csv&limit=4").text.splitlines()
    assert lines[0] == "place_id,name,height_m,seats,open,placed_on,seen_at,lon,lat"
    assert lines[4].startswith("P03,'=SUM(A1),1.5,3,false,2020-01-31,")
    assert len(lines) == 5


def test_geoparquet_is_that_layer(api, city):
    found = gpd.read_parquet(io.BytesIO(api.get(f"{PLACES}?f=geoparquet&limit=20").content))
    assert list(found["place_id"]) == list(city.places["place_id"])
    assert shapely.equals(found.geometry.values, city.places.geometry.values).all()


def test_large_answers_are_streamed(tmp_path):
    from starlette.testclient import TestClient

    from contado.kernel.workspace import Workspace
    from contado.web.app import create

    workspace = Workspace.create(tmp_path / "city")
    points = gpd.GeoDataFrame(
        {"n": range(2500)}, geometry=shapely.points(np.arange(2500) / 100, 45.0), crs=4326
    )
    with workspace.commit() as c:
        c.layer("many", points)
    got = TestClient(create(workspace.path)).get("/api/collections/many/items?limit=2500")
    assert "content-length" not in got.headers
    assert ids(got) == list(range(1, 2501))
