"""platform.md, definition of done 9: the OGC APIs on a real server, read by GDAL and edited over HTTP."""

from __future__ import annotations

import json
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

import numpy as np
import pandas as pd
import pytest
import shapely

from contado.cli.app import run as main
from contado.kernel import records
from contado.kernel.records import accounts, credentials
from contado.kernel.territory import boundaries
from contado.kernel.workspace import Workspace
from invented.processes import server

MILANO, SESTO = "015146", "015209"


def _benches():
    import geopandas as gpd

    units = boundaries.shipped().gdf.set_index("istat")
    rng = np.random.default_rng(9)
    rows = []
    for n, istat in enumerate([MILANO] * 6 + [SESTO] * 6):
        inside = units.loc[istat].geometry.representative_point()
        rows.append(
            {
                "id": f"B{n:03}",
                "kind": ["wood", "steel"][n % 2],
                "seats": None if n == 5 else int(rng.integers(1, 6)),
                "height_m": float(rng.random()),
                "placed_on": pd.Timestamp(2020 + n % 4, 1, 1).date(),
                "roofed": bool(n % 3 == 0),
                "geometry": shapely.Point(inside.x + n * 1e-5, inside.y),
            }
        )
    frame = gpd.GeoDataFrame(rows, crs="EPSG:4326")
    frame["seats"] = frame["seats"].astype("Int64")
    return frame


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A workspace of 133 municipalities, an editable layer, and tokens of two accounts."""
    path = tmp_path_factory.mktemp("ogc") / "city"
    assert main(["init", str(path), "--quiet"]) == 0
    workspace = Workspace.open(path)
    with workspace.commit() as c:
        c.layer("benches", _benches(), title_en="Benches", editable=True)
        c.layer("hidden", _benches(), title_en="Hidden", access="private")
    workspace.tokens = {}
    with records.open_store(workspace) as store, store.writing(records.local_administrator()) as session:
        for name, units in (("anna", [MILANO]), ("capo", ["*"])):
            account = accounts.ensure_account(session, name)
            accounts.add_grant(session, account, "municipality_officer", units)
            workspace.tokens[name] = credentials.issue(session, "token", account.id, minutes=60).secret
    return workspace


@pytest.fixture(scope="module")
def base(city):
    """Address of `contado serve` in a process of its own: GDAL waits for it without letting go of ours."""
    command = server(city.path)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        yield json.loads(process.stdout.readline())["url"].rstrip("/")
        process.terminate()
        process.wait(timeout=20)


def ask(address, method="GET", body=None, **headers):
    """Send one request; return status, headers and body."""
    data = None if body is None else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(address, data=data, method=method, headers=names)
    try:
        with urllib.request.urlopen(request, timeout=30) as got:
            return got.status, got.headers, got.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def get(address):
    status, _, body = ask(address)
    assert status == 200, body
    return json.loads(body)


@pytest.mark.item("platform", 9, "links followed to the end", "133 distinct ids")
@pytest.mark.parametrize("sortby", ["", "&sortby=-pop", "&sortby=name"])
def test_links_to_the_end(base, figure, sortby):
    address, ids, pages = f"{base}/api/collections/municipalities/items?limit=20{sortby}", [], 0
    while address:
        page = get(address)
        assert page["numberMatched"] == 133
        assert page["numberReturned"] == len(page["features"])
        ids += [f["id"] for f in page["features"]]
        address = next((item["href"] for item in page["links"] if item["rel"] == "next"), None)
        pages += 1
    assert len(ids) == len(set(ids)) == 133
    figure(f"133 distinct ids on {pages} pages")


def _random_expression(rng, frame, depth=0):
    """Return a filter as CQL2 text and the same as a mask of pandas: its three-valued logic, written apart."""
    if depth < 3 and rng.random() < 0.5:
        kind = rng.choice(["AND", "OR", "NOT"])
        text, mask = _random_expression(rng, frame, depth + 1)
        if kind == "NOT":
            return f"NOT ({text})", ~mask
        other, second = _random_expression(rng, frame, depth + 1)
        return f"({text}) {kind} ({other})", (mask & second if kind == "AND" else mask | second)
    return _random_leaf(rng, frame)


def _random_leaf(rng, frame):
    leaf = rng.integers(0, 8)
    pop, name = frame["pop"], frame["name"]
    number = int(rng.choice(pop.dropna()))
    if leaf == 0:
        sign = rng.choice(["<", "<=", ">", ">=", "=", "<>"])
        made = {"<": pop < number, "<=": pop <= number, ">": pop > number, ">=": pop >= number}
        return f"pop {sign} {number}", (made | {"=": pop == number, "<>": pop != number})[sign]
    if leaf == 1:
        low, high = sorted(int(v) for v in rng.choice(pop.dropna(), 2))
        return f"pop BETWEEN {low} AND {high}", (pop >= low) & (pop <= high)
    if leaf == 2:
        letter = str(rng.choice(list("BCMPSV")))
        return f"name LIKE '{letter}%o'", name.str.startswith(letter) & name.str.endswith("o")
    if leaf == 3:
        some = [str(v) for v in rng.choice(name, 3)]
        quoted = ", ".join("'" + v.replace("'", "''") + "'" for v in some)
        return f"name IN ({quoted})", name.isin(some).astype("boolean")
    if leaf == 4:
        return "pop IS NULL", pop.isna().astype("boolean")
    if leaf == 5:
        x, y = rng.uniform(8.8, 9.4), rng.uniform(45.2, 45.6)
        box = shapely.box(x, y, x + 0.2, y + 0.2)
        text = f"S_INTERSECTS(geometry, {box.wkt})"
        return text, frame.geometry.intersects(box).astype("boolean")
    if leaf == 6:
        return f"pop * 2 + 1 > {number}", pop * 2 + 1 > number
    word = str(rng.choice(name)).upper().replace("'", "''")
    return f"CASEI(name) = CASEI('{word}')", (name.str.upper().str.replace("'", "''") == word).astype(
        "boolean"
    )


@pytest.mark.item(
    "platform", 9, "CQL2 equals pandas on random expressions, some residents unknown", "200 of 200"
)
def test_cql2_equals_pandas(tmp_path, figure):
    from contado.kernel.tables import geoparquet
    from contado.web.ogc import cql2, crs
    from contado.web.ogc.prepared import Prepared

    frame = boundaries.shipped().gdf[["istat", "name", "pop", "geometry"]].copy()
    frame["pop"] = frame["pop"].astype("Int64")
    frame.loc[frame.index % 7 == 0, "pop"] = pd.NA
    frame["name"] = frame["name"].astype("string")
    workspace = Workspace.create(tmp_path / "city")
    with workspace.commit() as c:
        c.layer("units", geoparquet.from_gdf(frame))
    features = Prepared(workspace.layer_info("units"), workspace.layer("units"))
    rng, some = np.random.default_rng(2026), 0
    for _ in range(200):
        text, expected = _random_expression(rng, frame)
        found = cql2.mask(cql2.parse(text, "cql2-text"), features, crs.LONLAT)
        wanted = expected.fillna(False).to_numpy(dtype=bool)
        assert (found == wanted).all(), text
        as_json = json.dumps(cql2.parse(text, "cql2-text"))
        assert (cql2.mask(cql2.parse(as_json, "cql2-json"), features, crs.LONLAT) == wanted).all(), as_json
        some += 0 < wanted.sum() < 133
    assert some > 100
    figure(f"200 of 200, in text and in JSON; {some} of them select some but not all")


@pytest.mark.item("platform", 9, "GDAL's OAPIF driver reads all features with all attributes", "all of both")
@pytest.mark.parametrize(("layer", "key"), [("municipalities", "istat"), ("benches", "id")])
def test_gdal_reads_all(base, city, figure, layer, key):
    import pyogrio

    from contado.kernel.tables import geoparquet

    found = pyogrio.read_dataframe(f"OAPIF:{base}/api", layer=layer)
    stored = geoparquet.to_gdf(city.layer(layer))
    assert len(found) == len(stored)
    found, stored = (f.sort_values(key).reset_index(drop=True) for f in (found, stored))
    for name in stored.columns.drop("geometry"):
        theirs, ours = found[name], stored[name]
        known = ours.notna()
        assert (theirs.notna() == known).all(), name
        if name.endswith("_on"):
            theirs = pd.to_datetime(theirs).dt.date
        assert (
            list(theirs[known]) == pytest.approx(list(ours[known]))
            if ours.dtype == float
            else list(theirs[known]) == list(ours[known])
        ), name
    assert shapely.equals_exact(found.geometry.values, stored.geometry.values, 1e-9).all()
    figure(f"{layer}: {len(found)} features, {len(stored.columns) - 1} attributes, geometries to 1e-9 deg")


def _feature(x, y, **properties):
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [x, y]}, "properties": properties}


@pytest.mark.item(
    "platform",
    9,
    "editing over HTTP with the methods that QGIS uses (GDAL only reads): insert, update, delete inside and outside the scope; "
    "a lost race",
    "201, 204, 204; 403; 412; one audit row a change",
)
def test_editing_and_a_lost_race(base, city, figure):
    items = f"{base}/api/collections/benches/items"
    anna = {"Authorization": f"Bearer {city.tokens['anna']}", "Content_Type": "application/geo+json"}
    inside = get(f"{items}/B000")["geometry"]["coordinates"]
    outside = get(f"{items}/B007")["geometry"]["coordinates"]
    before = _audited(city)

    status, headers, _ = ask(items, "POST", _feature(*inside, kind="stone", seats=2), **anna)
    assert status == 201
    made = headers["location"]
    status, headers, body = ask(made)
    assert (status, json.loads(body)["properties"]["kind"]) == (200, "stone")
    tag = headers["etag"]
    patch = {**anna, "Content_Type": "application/merge-patch+json"}
    assert ask(made, "PATCH", {"properties": {"seats": 3}}, **patch, If_Match=tag)[0] == 204
    assert ask(made, "PATCH", {"properties": {"seats": 4}}, **patch, If_Match=tag)[0] == 412  # a lost race
    assert get(made)["properties"]["seats"] == 3
    tag = ask(made)[1]["etag"]
    assert ask(made, "PUT", _feature(*inside, kind="iron"), **anna, If_Match=tag)[0] == 204
    assert get(made)["properties"] | {"id": 0} == {
        "id": 0,
        "kind": "iron",
        "seats": None,
        "height_m": None,
        "placed_on": None,
        "roofed": None,
    }
    tag = ask(made)[1]["etag"]
    assert ask(made, "DELETE", **anna)[0] == 428
    assert ask(made, "DELETE", **anna, If_Match=tag)[0] == 204
    assert ask(made)[0] == 404

    assert ask(items, "POST", _feature(*outside, kind="stone"), **anna)[0] == 403
    for method in ("PUT", "DELETE"):
        tag = ask(f"{items}/B007")[1]["etag"]
        assert ask(f"{items}/B007", method, _feature(*inside), **anna, If_Match=tag)[0] == 403
    tag = ask(f"{items}/B001")[1]["etag"]
    assert (
        ask(f"{items}/B001", "PUT", _feature(*outside), **anna, If_Match=tag)[0] == 403
    )  # carried out of town
    assert ask(items, "POST", _feature(*inside), Content_Type="application/geo+json")[0] == 401
    assert ask(f"{base}/api/collections/municipalities/items", "POST", {}, **anna)[0] == 405
    found = _audited(city)[len(before) :]
    assert [verb for verb, _ in found] == [
        f"feature.{v}" for v in ("created", "updated", "replaced", "deleted")
    ]
    assert len({name for _, name in found}) == 1
    figure(
        "insert 201, update 204, replace 204, delete 204, race 412, outside 403, visitor 401; 4 audit rows"
    )


def _audited(city):
    import sqlite3

    connection = sqlite3.connect(city.path / "records.sqlite")
    rows = connection.execute("SELECT verb, object FROM audit WHERE verb LIKE 'feature.%' ORDER BY seq")
    found = rows.fetchall()
    connection.close()
    return found


@pytest.mark.item("platform", 9, "of many clients that change the same version at once, one wins", "1 of 8")
def test_races(base, city, figure):
    item = f"{base}/api/collections/benches/items/B002"
    tag = ask(item)[1]["etag"]
    headers = {
        "Authorization": f"Bearer {city.tokens['capo']}",
        "Content_Type": "application/merge-patch+json",
        "If_Match": tag,
    }
    answers = []

    def change(n):
        answers.append((ask(item, "PATCH", {"properties": {"seats": 10 + n}}, **headers)[0], n))

    threads = [threading.Thread(target=change, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [n for status, n in answers if status == 204]
    assert sorted(status for status, _ in answers) == [204] + [412] * 7
    assert get(item)["properties"]["seats"] == 10 + won[0]
    figure("1 of 8 with 204, 7 with 412")


@pytest.mark.item("platform", 9, "layers that are not public do not exist for visitors", "404, not listed")
def test_hidden(base, city, figure):
    listed = [c["id"] for c in get(f"{base}/api/collections")["collections"]]
    assert listed == ["benches", "municipalities"]
    capo = {"Authorization": f"Bearer {city.tokens['capo']}"}
    paths = ("api/collections/hidden", "api/collections/hidden/items", "tiles/hidden/8/134/91.mvt")
    for path in (*paths, "tiles/hidden/tilejson.json", "api/collections/hidden/queryables"):
        assert ask(f"{base}/{path}")[0] == 404
        assert ask(f"{base}/{path}", **capo)[0] == 200
    assert "hidden" not in ask(f"{base}/api/openapi.json")[2].decode()
    figure("404 on 5 addresses for a visitor, 200 for who has the whole territory")
