"""Item 14: the security list of platform.md section 10: headers, errors, cookies, caches, paths, parameters, files."""

from __future__ import annotations

import csv
import io
import re

import pytest

from contado.cli.app import run
from contado.kernel.workspace import Workspace
from contado.web import addresses
from invented.secured import HEADERS, signed_in


@pytest.mark.item("platform", 14, "security headers on every answer", "200 303 304 400-429 500")
def test_every_answer_has_the_headers(settle, web, grant, monkeypatch, figure):
    settle(limits={"sign_in": 2})
    client = web()
    seen = {}

    def note(got):
        seen[got.status_code] = set(got.headers) >= HEADERS
        return got

    tag = note(client.get("/static/contado.css")).headers["etag"]
    note(client.get("/static/contado.css", headers={"if-none-match": tag}))
    note(client.get("/lavoro"))
    note(client.get("/nulla"))
    note(client.get("/static/nothing.css"))
    note(client.post("/territorio"))
    note(client.post("/accessibilita"))
    note(client.post("/accessibilita", headers={"origin": "https://evil.example"}))
    note(client.get("/api/x", headers={"authorization": "Bearer x"}))
    note(client.post("/accessibilita", headers={"content-length": str(10**9)}, content=b"x"))
    for _ in range(3):
        note(client.get("/accedi/" + "z" * 43))
    monkeypatch.setattr("contado.web.site.Site.refresh", lambda self: 1 / 0)
    note(client.get("/"))
    assert set(seen) == {200, 303, 304, 400, 401, 403, 404, 405, 410, 413, 429, 500}
    assert all(seen.values()), seen
    secure = client.get("https://city.example.org/static/contado.css")
    assert secure.headers["strict-transport-security"] == "max-age=31536000"
    figure(f"{len(seen)} statuses")


@pytest.mark.item("platform", 14, "errors without traces", "request number only")
def test_errors_show_a_number_and_no_trace(web, monkeypatch, log):
    monkeypatch.setattr("contado.web.site.Site.refresh", lambda self: 1 / 0)
    got = web().get("/programma")
    assert got.status_code == 500
    assert got.headers["x-request-id"] in got.text
    for word in ("Traceback", "ZeroDivision", "site.py", "/home", ".venv"):
        assert word not in got.text
    assert "ZeroDivisionError" in log.getvalue()


@pytest.mark.item("platform", 14, "no Set-Cookie for a visitor", "0 on every page")
def test_no_visitor_gets_a_cookie(web, figure):
    client, count = web(), 0
    parts = {"practice": "manto-stradale", "code": "015146", "layer": "open_points"}
    parts |= {"section_id": "x", "intervention_id": "x", "job_id": "x", "trial_id": "x"}
    paths = [p.format(**parts) for words in addresses.ADDRESSES.values() for p in words]
    paths += ["/static/contado.css", "/dati/open_points.csv", "/healthz", "/favicon.ico", "/nulla", "/search"]
    for path in paths:
        assert "set-cookie" not in client.get(path).headers, path
        count += 1
    figure(f"0 on {count} addresses")


@pytest.mark.item("platform", 14, "what an account sees is kept by no cache", "no-store")
def test_nothing_of_an_account_is_kept_by_caches(web, grant):
    client = web()
    signed_in(client, grant)
    for path in ("/lavoro", "/account", "/", "/dati/own_points", "/dati/own_points.csv"):
        assert client.get(path).headers["cache-control"] == "no-store", path
    assert "immutable" not in client.get("/static/contado.css").headers["cache-control"]


@pytest.mark.item("platform", 14, "path traversal on /static and /dati", "404")
def test_no_path_leads_out(serve, figure):
    import http.client
    from urllib.parse import urlsplit

    parts = urlsplit(serve())
    paths = [
        f"{root}/{way}"
        for root in ("/static", "/dati", "/viste", "/documenti", "/accedi")
        for way in (
            "../contado.toml",
            "..%2f..%2fcontado.toml",
            "%2e%2e/%2e%2e/records.sqlite",
            "....//contado.toml",
            "%00",
            "a" * 5000,
            "..%5c..%5ccontado.toml",
            "%2fetc%2fpasswd",
            "municipalities.parquet%00.csv",
        )
    ]
    codes = set()
    for path in paths:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        connection.request("GET", path)
        got = connection.getresponse()
        body = got.read()
        codes.add(got.status)
        assert b"schema =" not in body, path
        assert b"SQLite" not in body, path
        assert b"root:" not in body, path
        connection.close()
    assert codes <= {404, 410, 429}, codes
    figure(f"{len(paths)} paths, 0 files")


@pytest.mark.item("platform", 14, "parameters are bound", "hostile texts are data")
def test_parameters_are_bound(web, grant, city, figure):
    hostile = ["' OR '1'='1", '"; DROP TABLE account; --', "{{7*7}}", "<script>alert(1)</script>", "%' --"]
    client = web()
    for text in hostile:
        assert client.get("/accedi/" + text.replace("/", "") + "x" * 30).status_code in {410, 429}
        assert client.get("/cerca", params={"q": text}).status_code == 200
        assert "<script>alert" not in client.get("/cerca", params={"q": text}).text
        assert "49" not in re.sub(r"\?h=\w+", "", client.get("/cerca", params={"q": "{{7*7}}"}).text)
        assert client.get("/documenti/" + text.replace("/", "")).status_code == 404
        got = client.get("/dati/own_points", headers={"authorization": f"Bearer {text}"})
        assert got.status_code == 401
    assert run(["grants", "list", "-w", str(city), "--json", "--quiet"]) == 0
    figure(f"{len(hostile)} texts")


@pytest.mark.item("platform", 14, "CSV: cells that a spreadsheet would run", "apostrophe first")
def test_csv_cells_are_no_formulas(web, city, figure):
    import geopandas as gpd
    from shapely import Point

    texts = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "plain", "a=b"]
    with Workspace.open(city).commit() as c:
        frame = gpd.GeoDataFrame({"text": texts, "n": range(-4, 4)}, geometry=[Point(9, 45)] * 8, crs=4326)
        c.layer("formulas", frame)
    rows = list(csv.DictReader(io.StringIO(web().get("/dati/formulas.csv").text, newline="")))
    assert [r["text"] for r in rows] == [f"'{t}" for t in texts[:6]] + texts[6:]
    assert [int(r["n"]) for r in rows] == list(range(-4, 4)), "numbers stay numbers"
    figure("6 of 6 escaped")
