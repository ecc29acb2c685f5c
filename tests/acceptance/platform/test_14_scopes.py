"""Item 14: the security list of platform.md section 10: unpublished layers, documents and work show own rows only."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re

import pyarrow as pa
import pytest

from contado.kernel import records
from contado.kernel.records import documents
from contado.kernel.tables import geoparquet
from contado.kernel.workspace import Workspace
from invented.secured import signed_in, store_of

UNPUBLISHED = ("org_points", "own_points")


@pytest.mark.item("platform", 14, "unpublished layers", "own rows only, no trace elsewhere")
def test_unpublished_layers_show_own_rows_only(web, grant, figure):
    wanted = {None: set(), "dario": set(), "anna": {"a", "b"}, "berta": {"c"}, "carla": {"a", "b", "c"}}
    for account, keys in wanted.items():
        client = web()
        if account:
            signed_in(client, grant, account)
        listing = client.get("/dati").text + client.get("/cerca?q=points").text + client.get("/en/data").text
        for layer in UNPUBLISHED:
            assert (layer in listing) == bool(keys), (account, layer)
            page, file = client.get(f"/dati/{layer}"), client.get(f"/dati/{layer}.csv")
            if not keys:
                assert (page.status_code, file.status_code) == (404, 404), account
                assert page.text == client.get("/dati/nothing").text.replace("nothing", layer)
                continue
            rows = list(csv.DictReader(io.StringIO(file.text)))
            assert {r["id"] for r in rows} == keys, account
            assert len(re.findall(r'<td class="ct-cut">([abc])</td>', page.text)) == len(keys)
            whole = client.get(f"/dati/{layer}.geojson").text
            assert {k for k in "abc" if f"note of {k}" in whole} == keys
            packed = pa.BufferReader(client.get(f"/dati/{layer}.parquet").content)
            assert set(geoparquet.read(packed)["id"].to_pylist()) == keys
        assert client.get("/catalogo.ttl").text.count("points") == web().get("/catalogo.ttl").text.count(
            "points"
        )
    figure("5 readers x 2 layers")


def test_rows_without_a_municipality_are_placed_by_their_point(web, grant, city):
    from contado.kernel.workspace import Workspace

    workspace = Workspace.open(city)
    import geopandas as gpd
    from shapely import Point

    frame = gpd.GeoDataFrame(
        {"id": ["in", "out"]}, geometry=[Point(9.19, 45.46), Point(0, 0)], crs="EPSG:4326"
    ).to_crs(32632)
    with workspace.commit() as c:
        c.layer("org_bare", frame, access="org")
        c.layer("private_bare", frame, access="private")
    seen = {}
    for account in ("anna", "berta", "carla"):
        client = web()
        signed_in(client, grant, account)
        for layer in ("org_bare", "private_bare"):
            text = client.get(f"/dati/{layer}.csv").text
            seen[account, layer] = [r["id"] for r in csv.DictReader(io.StringIO(text)) if "id" in r]
    assert seen == {
        ("anna", "org_bare"): ["in", "out"],
        ("anna", "private_bare"): ["in"],
        ("berta", "org_bare"): ["out"],
        ("berta", "private_bare"): [],
        ("carla", "org_bare"): ["in", "out"],
        ("carla", "private_bare"): ["in", "out"],
    }


def test_documents_are_handed_out_in_scope_and_as_files(web, grant, city):
    with store_of(city) as store, store.writing(records.local_administrator()) as session:
        kept = documents.add(session, b"%PDF-1.7 x", unit_id="015146", name='a"b\r\nc.pdf')
        open_one = documents.add(session, b"text", unit_id="015146", name="t.txt", visibility="public")
    anna, berta = web(), web()
    signed_in(anna, grant), signed_in(berta, grant, "berta")
    got = anna.get(f"/documenti/{kept.id}")
    assert (got.status_code, got.content, got.headers["content-type"]) == (
        200,
        b"%PDF-1.7 x",
        "application/pdf",
    )
    assert got.headers["content-disposition"] == "attachment; filename*=UTF-8''a%22b%0D%0Ac.pdf"
    assert berta.get(f"/documenti/{kept.id}").status_code == 404
    assert web().get(f"/documenti/{kept.id}").status_code == 404
    assert web().get(f"/documenti/{open_one.id}").headers["content-disposition"].startswith("attachment")


def test_work_shows_what_waits_in_own_municipalities(web, grant, city):
    from contado.kernel import tables
    from contado.kernel.records import jobs

    with Workspace.open(city).commit() as c:
        base = {"practice": "manto_stradale", "type": "wearing_4cm", "cost_eur": 1.0, "site_id": "s"}
        base |= {"asset_id": "manto_stradale:s", "earliest_year": 2027, "latest_year": 2029}
        rows = [
            base | {"id": f"manto_stradale:{m}", "municipality": m, "name": f"Works of {m}"}
            for m in ("015146", "015002")
        ]
        c.table("intervention", tables.from_rows("intervention", rows), practice="manto_stradale")
        due = [{"intervention_id": r["id"], "kind": "works_start", "due": dt.date(2026, 1, 31)} for r in rows]
        c.table("milestone", tables.from_rows("milestone", due), practice="manto_stradale")
    with store_of(city) as store:
        for account, unit in (("anna", "015146"), ("berta", "015002")):
            with store.writing(store.scope(account)) as session:
                jobs.create(session, f"job-of-{account}", {}, unit_id=unit)
    client = web()
    signed_in(client, grant)
    for path, word in (("/lavoro", "in ritardo"), ("/en/work", "late")):
        text = client.get(path).text
        assert "Works of 015146" in text
        assert word in text
        assert "job-of-anna" in text
        assert "own_points" in text
        assert "Works of 015002" not in text
        assert "job-of-berta" not in text
