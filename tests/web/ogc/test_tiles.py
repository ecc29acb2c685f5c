"""Tiles over HTTP: two orders of one tile, headers, cache, what is empty."""

from __future__ import annotations

import gzip

import mapbox_vector_tile
import pytest

from contado.kernel.tiles import TileLayer

OGC = "/api/collections/municipalities/tiles/WebMercatorQuad/8/91/134"
XYZ = "/tiles/municipalities/8/134/91.mvt"


def test_both_orders_give_the_live_tile(api, city):
    wanted = TileLayer(city.workspace, "municipalities").tile(8, 134, 91).data
    for path in (OGC, XYZ):
        got = api.get(path, headers={"accept-encoding": "identity"})
        assert got.status_code == 200
        assert got.headers["content-type"] == "application/vnd.mapbox-vector-tile"
        assert got.content == wanted
    decoded = mapbox_vector_tile.decode(wanted)["municipalities"]["features"]
    assert {"istat", "name", "pop"} <= set(decoded[0]["properties"])


def test_gzip_only_for_who_takes_it(api):
    with api.stream("GET", XYZ, headers={"accept-encoding": "gzip"}) as got:
        raw = b"".join(got.iter_raw())
        assert got.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == api.get(XYZ, headers={"accept-encoding": "identity"}).content


def test_empty_tiles_and_versions(api):
    assert api.get("/tiles/municipalities/8/0/0.mvt").status_code == 204
    got = api.get(XYZ)
    assert api.get(XYZ, headers={"if-none-match": got.headers["etag"]}).status_code == 304
    assert api.get(OGC).headers["etag"] == got.headers["etag"]
    assert api.get(f"{XYZ}?measure=pop").headers["etag"] != got.headers["etag"]


@pytest.mark.parametrize("measure", [None, "pop"])
def test_crowded_tiles_say_so(tmp_path, measure):
    import geopandas as gpd
    import numpy as np
    import shapely
    from starlette.testclient import TestClient

    from contado.kernel.settings import Settings, Tiles
    from contado.kernel.workspace import Workspace
    from contado.web.app import create

    settings = Settings(tiles=Tiles(max_features=4096))
    workspace = Workspace.create(tmp_path / "city", settings)
    rng = np.random.default_rng(0)
    shapes = shapely.points(rng.uniform(9, 9.3, 9000), rng.uniform(45.3, 45.5, 9000))
    with workspace.commit() as c:
        c.layer("trees", gpd.GeoDataFrame({"pop": range(9000)}, geometry=shapes, crs=4326))
    client = TestClient(create(workspace.path))
    got = client.get("/tiles/trees/4/8/5.mvt", params={"measure": measure} if measure else None)
    assert got.headers["contado-aggregated"] == "1"
    found = [f["properties"] for f in mapbox_vector_tile.decode(got.content)["trees"]["features"]]
    drawn = [p for p in found if "_n" not in p]
    assert len(drawn) + sum(p.get("_n", 0) for p in found) == 9000
    if measure:
        assert sum(p.get("_sum_pop", p.get("pop")) for p in found) == sum(range(9000))
    assert client.get("/tiles/trees/tilejson.json").json()["aggregated"]["4"] > 0


def test_a_changed_layer_has_other_tiles(own, own_city):
    before = own.get("/tiles/places/10/537/366.mvt")
    tag = own.get("/api/collections/places/items/P02").headers["etag"]
    headers = {**own_city.tokens["capo"], "if-match": tag}
    assert own.delete("/api/collections/places/items/P02", headers=headers).status_code == 204
    after = own.get("/tiles/places/10/537/366.mvt", headers={"if-none-match": before.headers["etag"]})
    assert after.status_code == 200
    assert len(after.content) != len(before.content)
