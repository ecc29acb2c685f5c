"""Changes of features: who, where, which version, what is refused, and how it is undone."""

from __future__ import annotations

import sqlite3

import pytest

PLACES = "/api/collections/places/items"
INSIDE, ELSEWHERE = [9.19, 45.464], [9.5, 45.18]
JSON = {"content-type": "application/geo+json"}


def feature(point=INSIDE, **properties):
    geometry = {"type": "Point", "coordinates": list(point)}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


@pytest.fixture
def anna(own_city):
    return {**own_city.tokens["anna"], **JSON}


@pytest.fixture
def capo(own_city):
    return {**own_city.tokens["capo"], **JSON}


def made(own, who, **properties) -> str:
    got = own.post(PLACES, json=feature(**properties), headers=who)
    assert got.status_code == 201, got.text
    return got.headers["location"]


def audited(city) -> list[str]:
    connection = sqlite3.connect(city.path / "records.sqlite")
    rows = connection.execute("SELECT verb FROM audit WHERE verb LIKE 'feature.%' ORDER BY seq").fetchall()
    connection.close()
    return [verb for (verb,) in rows]


def test_everything_else_stays_bit_for_bit(own, own_city, anna):
    before = own_city.workspace.layer("places")
    made(
        own, anna, name="new", seats=2, placed_on="2026-05-01", seen_at="2026-05-01T10:00:00+02:00", open=True
    )
    after = type(own_city.workspace)(own_city.path).layer("places")
    assert after.slice(0, 20).equals(before)
    row = after.slice(20, 1).to_pylist()[0]
    assert (row["name"], row["seats"], row["open"], row["height_m"]) == ("new", 2, True, None)
    assert row["placed_on"].isoformat() == "2026-05-01"
    assert row["seen_at"].hour == 8
    info = type(own_city.workspace)(own_city.path).layer_info("places")
    assert (info.n, info.editable, info.title_en) == (21, True, "Places")


def test_roles_and_scopes(own, own_city, anna):
    assert own.post(PLACES, json=feature(), headers=JSON).status_code == 401
    carla = {**own_city.tokens["carla"], **JSON}
    assert own.post(PLACES, json=feature(), headers=carla).status_code == 403
    assert own.post(PLACES, json=feature(ELSEWHERE), headers=anna).status_code == 403
    assert own.post("/api/collections/hidden/items", json=feature(), headers=JSON).status_code == 404
    got = own.post("/api/collections/municipalities/items", json=feature(), headers=anna)
    assert (got.status_code, got.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert audited(own_city) == []


def test_a_feature_that_lies_in_no_municipality_is_for_the_whole_territory_only(own, anna, capo):
    assert own.post(PLACES, json=feature([2.35, 48.85]), headers=anna).status_code == 403
    assert own.post(PLACES, json=feature([2.35, 48.85]), headers=capo).status_code == 201


def test_options_say_what_may_be_done(own):
    assert own.options(PLACES).headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert own.options(f"{PLACES}/P01").headers["allow"] == "GET, HEAD, OPTIONS, PUT, PATCH, DELETE"
    assert own.options("/api/collections/metres/items").headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_the_version_must_be_named_and_be_the_present_one(own, anna, method):
    address = made(own, anna)
    body = {} if method == "delete" else {"json": feature(name="b")}
    assert own.request(method, address, headers=anna, **body).status_code == 428
    stale = {**anna, "if-match": '"' + "0" * 24 + '"'}
    assert own.request(method, address, headers=stale, **body).status_code == 412
    fresh = {**anna, "if-match": own.get(address).headers["etag"]}
    assert own.request(method, address, headers=fresh, **body).status_code == 204
    assert own.request(method, address, headers=fresh, **body).status_code in {404, 412}


def test_the_tag_of_any_representation_names_the_version(own, anna):
    address = made(own, anna)
    tag = own.get(f"{address}?crs=http://www.opengis.net/def/crs/EPSG/0/32632").headers["etag"]
    assert tag != own.get(address).headers["etag"]
    assert own.delete(address, headers={**anna, "if-match": tag}).status_code == 204


@pytest.mark.parametrize(
    ("change", "status", "rule"),
    [
        ({"type": "Point"}, 400, "bad_json"),
        ({"properties": []}, 400, "bad_json"),
        ({"properties": {"nome": "x"}}, 422, "unknown_property"),
        ({"properties": {"_secret": "x"}}, 422, "unknown_property"),
        ({"properties": {"seats": "two"}}, 422, "bad_property"),
        ({"properties": {"seats": 1.5}}, 422, "bad_property"),
        ({"properties": {"seats": 10**30}}, 422, "bad_property"),
        ({"properties": {"open": 1}}, 422, "bad_property"),
        ({"properties": {"name": 3}}, 422, "bad_property"),
        ({"properties": {"placed_on": "31/1/2026"}}, 422, "bad_property"),
        ({"geometry": None}, 422, "bad_geometry"),
        ({"geometry": {"type": "Point", "coordinates": []}}, 422, "bad_geometry"),
        ({"geometry": {"type": "Point", "coordinates": [1, 95]}}, 422, "bad_geometry"),
        ({"geometry": {"type": "Point", "coordinates": [500, 5]}}, 422, "bad_geometry"),
        ({"geometry": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}}, 422, "bad_geometry"),
        ({"geometry": {"type": "Rubbish"}}, 422, "bad_geometry"),
        ({"geometry": "POINT(1 2)"}, 422, "bad_geometry"),
        ({"id": "P01"}, 409, "exists"),
        ({"id": ""}, 422, "bad_feature"),
    ],
)
def test_bad_features_change_nothing(own, own_city, capo, change, status, rule):
    before = own_city.workspace.file_hashes()["layers/places.parquet"]
    got = own.post(PLACES, json={**feature(), **change}, headers=capo)
    assert (got.status_code, got.json()["rule"]) == (status, rule)
    assert own_city.workspace.file_hashes()["layers/places.parquet"] == before
    assert audited(own_city) == []


def test_bad_bodies(own, capo):
    assert own.post(PLACES, content=b"{", headers=capo).status_code == 400
    assert own.post(PLACES, content=b"[]", headers=capo).status_code == 400
    assert own.post(PLACES, content=b"{}", headers={**capo, "content-type": "text/xml"}).status_code == 415
    assert own.post(PLACES, content=b" " * 5_000_001, headers=capo).status_code == 413


def test_a_merge_patch_changes_what_it_names(own, own_city, capo):
    address = f"{PLACES}/P03"
    tag = {"if-match": own.get(address).headers["etag"]}
    before = own.get(address).json()
    patch = {**capo, "content-type": "application/merge-patch+json", **tag}
    got = own.patch(address, json={"properties": {"seats": None, "name": "x"}}, headers=patch)
    assert got.status_code == 204
    after = own.get(address)
    assert after.headers["etag"] == got.headers["etag"]
    assert after.json()["geometry"] == before["geometry"]
    assert after.json()["properties"] == before["properties"] | {"seats": None, "name": "x"}
    hidden = type(own_city.workspace)(own_city.path).layer("places").column("_secret").to_pylist()
    assert hidden == ["not shown"] * 20


def test_the_key_cannot_change(own, capo):
    address = f"{PLACES}/P03"
    tag = {"if-match": own.get(address).headers["etag"]}
    got = own.patch(address, json={"properties": {"place_id": "P99"}}, headers={**capo, **tag})
    assert got.status_code == 422


def test_each_change_can_be_undone(own, own_city, capo):
    address = f"{PLACES}/P04"
    original = own.get(address)
    tag = {"if-match": original.headers["etag"]}
    assert own.post(f"{address}/undo", headers={**capo, **tag}).status_code == 404  # nothing was changed yet
    tag = {"if-match": own.put(address, json=feature(name="b"), headers={**capo, **tag}).headers["etag"]}
    got = own.post(f"{address}/undo", headers={**capo, **tag})
    assert got.status_code == 204
    assert own.get(address).content == original.content
    assert own.get(address).headers["etag"] == original.headers["etag"] == got.headers["etag"]
    tag = {"if-match": original.headers["etag"]}
    assert own.delete(address, headers={**capo, **tag}).status_code == 204
    assert own.post(f"{address}/undo", headers=capo).status_code == 204  # what was deleted returns
    assert own.get(address).json()["properties"] == original.json()["properties"]
    new = made(own, capo)
    tag = {"if-match": own.get(new).headers["etag"]}
    assert own.post(f"{new}/undo", headers={**capo, **tag}).status_code == 204  # what was created goes
    assert own.get(new).status_code == 404
    verbs = ["replaced", "replaced", "deleted", "created", "created", "deleted"]
    assert audited(own_city) == [f"feature.{verb}" for verb in verbs]


def test_numbered_rows_keep_their_numbers(own, capo):
    address = "/api/collections/plain/items"
    tag = {"if-match": own.get(f"{address}/3").headers["etag"]}
    fourth = own.get(f"{address}/4").json()["geometry"]
    assert own.delete(f"{address}/3", headers={**capo, **tag}).status_code == 204
    assert own.get(f"{address}/3").status_code == 404
    assert own.get(f"{address}/4").json()["geometry"] == fourth
    got = own.post(address, json=feature(name="new"), headers=capo)
    assert got.headers["location"].endswith("/items/21")
    tag = {"if-match": got.headers["etag"]}
    assert own.delete(f"{address}/21", headers={**capo, **tag}).status_code == 204
    again = own.post(address, json=feature(name="newer"), headers=capo)
    assert again.headers["location"].endswith("/items/22")  # a number is not given twice


def test_coordinates_in_another_system(own, capo):
    uri = "http://www.opengis.net/def/crs/EPSG/0/4326"
    body = feature(INSIDE[::-1], name="latitude first")
    got = own.post(PLACES, json=body, headers={**capo, "content-crs": f"<{uri}>"})
    found = own.get(got.headers["location"]).json()["geometry"]["coordinates"]
    assert found == INSIDE


@pytest.mark.slow
def test_editing_over_postgresql(own_city, database, monkeypatch):
    """The same with the records in PostgreSQL, where row-level security is the second barrier."""
    from starlette.testclient import TestClient

    from contado.kernel import records
    from contado.kernel.records import accounts, credentials
    from contado.web.app import create

    monkeypatch.setenv("CONTADO_DATABASE_URL", database)
    with (
        records.open_store(own_city.workspace) as store,
        store.writing(records.local_administrator()) as session,
    ):
        account = accounts.ensure_account(session, "anna")
        accounts.add_grant(session, account, "municipality_officer", ["015146"])
        secret = credentials.issue(session, "token", account.id, minutes=5).secret
    who = {"authorization": f"Bearer {secret}", **JSON}
    with TestClient(create(own_city.path)) as client:
        address = made(client, who, name="b")
        inside = client.put(
            address, json=feature(), headers={**who, "if-match": client.get(address).headers["etag"]}
        )
        assert inside.status_code == 204
        tag = {"if-match": inside.headers["etag"]}
        assert client.put(address, json=feature(ELSEWHERE), headers={**who, **tag}).status_code == 403
        assert client.post(f"{address}/undo", headers={**who, **tag}).status_code == 204
        assert client.get(address).json()["properties"]["name"] == "b"
    with (
        records.open_store(own_city.workspace) as store,
        store.reading(records.local_administrator()) as session,
    ):
        from contado.kernel.records.features import history

        found = history(session, "places", address.rpartition("/")[2])
    assert [row.version for row in found] == [1, 2, 3]


def test_what_is_kept_after_changes_is_what_a_new_server_reads(own, own_city, capo):
    from starlette.testclient import TestClient

    from contado.kernel.tables import geoparquet
    from contado.web.app import create

    def tagged(address):
        return {**capo, "if-match": own.get(address).headers["etag"]}

    new, gone, moved = made(own, capo, name="new"), f"{PLACES}/P02", f"{PLACES}/P03"
    assert own.delete(gone, headers=tagged(gone)).status_code == 204
    point = {"type": "Point", "coordinates": ELSEWHERE}
    patch = {"content-type": "application/merge-patch+json"}
    for _ in range(2):
        got = own.patch(moved, json={"geometry": point}, headers={**tagged(moved), **patch})
        assert got.status_code == 204
    assert own.post(f"{gone}/undo", headers=capo).status_code == 204
    assert own.post(f"{new}/undo", headers=tagged(new)).status_code == 204
    fresh = TestClient(create(own_city.path), base_url=str(own.base_url))
    query = f"{PLACES}?limit=1000"
    assert own.get(query).json()["features"] == fresh.get(query).json()["features"]
    boxed = f"{PLACES}?bbox=9.49,45.17,9.51,45.19"
    assert own.get(boxed).json()["numberMatched"] == fresh.get(boxed).json()["numberMatched"] >= 1
    layer = own_city.workspace.layer("places")
    written = (own_city.path / "layers" / "places.parquet").read_bytes()
    assert geoparquet.encode(layer)[0] == written


def test_a_version_that_a_reader_asked_for_too_late_is_not_kept_under_its_name(own_city):
    from contado.kernel.workspace import WorkspaceView
    from contado.web.ogc.service import Service
    from contado.web.site import Site

    service = Service(Site(lambda: WorkspaceView(own_city.path)))
    old = own_city.workspace.layer_info("places")
    layer = own_city.workspace.layer("places")
    with own_city.workspace.commit() as commit:
        commit.layer("places", layer.slice(1), **old.facts())
    assert len(service.prepared(old)) == layer.num_rows - 1
    with own_city.workspace.commit() as commit:
        commit.layer("places", layer, **old.facts())
    assert own_city.workspace.layer_info("places").sha256 == old.sha256
    assert len(service.prepared(old)) == layer.num_rows


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_an_edit_whose_server_dies_between_record_and_file_is_finished_by_the_next(own_city):
    import os
    import signal

    from contado.kernel.workspace import Workspace, redo
    from contado.web.app import create

    pid = os.fork()
    if pid == 0:
        from starlette.testclient import TestClient

        redo.publish = lambda _: os.kill(os.getpid(), signal.SIGKILL)
        dying = TestClient(create(own_city.path))
        made(dying, {**own_city.tokens["capo"], **JSON}, place_id="P77", name="new")
        os._exit(1)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    assert audited(own_city) == ["feature.created"]
    opened = Workspace.open(own_city.path)
    assert "commit_finished" in {f.rule for f in opened.findings}
    assert "P77" in opened.layer("places")["place_id"].to_pylist()
