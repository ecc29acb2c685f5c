"""Item 14: the security list of platform.md section 10, one test an item."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import re
import subprocess
import sys

import pyarrow as pa
import pytest

from contado.cli.app import run
from contado.kernel import records
from contado.kernel.records import documents
from contado.kernel.records.credentials import resolve
from contado.kernel.records.schema import Credential, Outbox
from contado.kernel.tables import geoparquet
from contado.kernel.workspace import Workspace
from contado.web import addresses
from contado.web.pages import routes

HEADERS = {
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
    "x-request-id",
}
FEEDBACK = {"body": {"name": "City", "accessibility_contact": "a11y@example.org"}}


def signed_in(client, grant, account="anna"):
    """Sign a client in by a link that works once; return its session's secret."""
    got = client.get(grant("link", account)["path"])
    assert got.status_code == 303
    return client.cookies["contado_session"]


def token_of(text):
    return re.search(r'name="form_token" value="([^"]+)"', text)[1]


def store_of(city):
    return records.open_store(Workspace.open(city))


def messages(city):
    with store_of(city) as store, store.reading(records.Scope.system("test")) as session:
        return list(session.query(Outbox))


# ---------------------------------------------------------------- sign-in
@pytest.mark.item("platform", 14, "a sign-in link", "works once, then 410")
def test_a_link_works_once(web, grant, figure):
    path, first, second = grant("link", "anna")["path"], web(), web()
    assert first.head(path).status_code == 404, "asking for the headers must not use it up"
    got = first.get(path)
    assert (got.status_code, got.headers["location"]) == (303, "/lavoro")
    again = second.get(path)
    assert again.status_code == 410
    assert "set-cookie" not in again.headers
    assert "Questo collegamento non vale più" in again.text
    assert second.get("/accedi/" + "x" * 43).status_code == 410
    figure("303, 410, 410")


@pytest.mark.item("platform", 14, "an expired link", "410")
def test_an_expired_link_is_gone(web, grant, city):
    path = grant("link", "anna", "--minutes", "0.0001")["path"]
    assert web().get(path).status_code == 410


@pytest.mark.item("platform", 14, "flags of the session cookie", "HttpOnly, Secure, Lax")
def test_flags_of_the_cookie(web, grant, city, figure):
    got = web().get(grant("link", "anna")["path"])
    plain = got.headers["set-cookie"].lower()
    assert all(f in plain for f in ("httponly", "samesite=lax", "path=/"))
    assert "domain" not in plain
    assert "secure" not in plain, "plain http on the own machine could not send it back"
    path = grant("link", "anna")["path"]
    public = web().get(f"https://city.example.org{path}").headers["set-cookie"]
    assert public.startswith("__Host-contado_session=")
    assert "secure" in public.lower()
    figure("HttpOnly, Secure off loopback, Lax, __Host-")


@pytest.mark.item("platform", 14, "session rotation at sign-in", "old secret dead")
def test_sessions_rotate_at_sign_in(web, grant, city, figure):
    client = web()
    old = signed_in(client, grant)
    new = signed_in(client, grant)
    assert old != new
    with store_of(city) as store, store.reading(records.local_administrator()) as session:
        assert resolve(session, "session", old) is None
        assert resolve(session, "session", new) is not None
    fixed = web()
    fixed.cookies.set("contado_session", "chosen-by-the-attacker", domain="127.0.0.1")
    assert signed_in(fixed, grant) != "chosen-by-the-attacker"
    figure("old dead, new alive")


@pytest.mark.item("platform", 14, "sign-out", "session dead, cookie gone")
def test_sign_out_ends_the_session(web, grant):
    client = web()
    secret = signed_in(client, grant)
    got = client.post("/account", data={"form_token": token_of(client.get("/account").text)})
    assert got.status_code == 303
    assert "contado_session" not in client.cookies
    client.cookies.set("contado_session", secret)
    assert client.get("/account").headers["location"].startswith("/accedi")


def test_another_session_can_be_ended_and_only_an_own_one(web, grant, city):
    here, there, other = web(), web(), web()
    signed_in(here, grant), signed_in(there, grant), signed_in(other, grant, "berta")
    page = here.get("/account").text
    (elsewhere,) = re.findall(r'name="session" value="([^"]+)"', page)
    with store_of(city) as store, store.reading(records.local_administrator()) as session:
        ids = [c.id for c in session.query(Credential).filter_by(kind="session")]
    for session_id in ids:
        if session_id != elsewhere:
            other.post(
                "/account",
                data={"form_token": token_of(other.get("/account").text), "session": session_id},
            )
            signed_in(other, grant, "berta")
    assert here.get("/account").status_code == 200
    here.post("/account", data={"form_token": token_of(page), "session": elsewhere})
    assert there.get("/account").status_code == 303


@pytest.mark.item("platform", 14, "an idle session and the longest one", "both end")
def test_sessions_end(settle, web, grant, city, figure):
    settle(session={"idle_h": 0.5, "longest_h": 8.0})
    client = web()
    signed_in(client, grant)

    def ends():
        with store_of(city) as store, store.reading(records.local_administrator()) as session:
            (row,) = session.query(Credential).filter_by(kind="session")
            return dt.datetime.fromisoformat(row.expires_at) - dt.datetime.now(dt.UTC)

    assert dt.timedelta(minutes=29) < ends() <= dt.timedelta(minutes=30)

    def shift(**values):
        with store_of(city) as store, store.writing(records.local_administrator()) as session:
            for row in session.query(Credential).filter_by(kind="session"):
                for name, value in values.items():
                    setattr(row, name, value)

    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10)).isoformat()
    shift(expires_at=soon)
    assert client.get("/account").status_code == 200
    assert ends() > dt.timedelta(minutes=29), "use must move the end on"
    shift(data_json=f'{{"form":"x","until":"{soon}"}}', expires_at=soon)
    assert client.get("/account").status_code == 200
    assert ends() < dt.timedelta(minutes=11), "the longest duration must hold"
    shift(expires_at="2026-01-01T00:00:00.000Z")
    assert client.get("/account").status_code == 303
    figure("30 min idle, 8 h longest")


@pytest.mark.item("platform", 14, "open redirect on next", "own paths only")
def test_next_leads_to_own_paths_only(web, grant, figure):
    bad = [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/%0d%0aSet-Cookie:x",
    ]
    client = web()
    for given in bad[:-1]:
        assert 'href="/accedi/avvia' not in client.get("/accedi", params={"next": given}).text
    signed_in(client, grant)
    for given in bad:
        location = client.get("/accedi", params={"next": given}).headers["location"]
        assert location in {"/lavoro", "/%0d%0aSet-Cookie:x"}, given
    assert client.get("/accedi", params={"next": "/dati?page=2"}).headers["location"] == "/dati?page=2"
    figure(f"{len(bad)} of {len(bad)} stay here")


# ---------------------------------------------------------------- tokens
@pytest.mark.item("platform", 14, "secrets at rest", "SHA-256 only")
def test_secrets_are_stored_as_hashes_only(web, grant, city, figure):
    token = grant("token", "anna")["token"]
    link = grant("link", "anna")["path"].rpartition("/")[2]
    client = web()
    secret = signed_in(client, grant)
    stored = b"".join(p.read_bytes() for p in city.rglob("*") if p.is_file())
    assert [t for t in (token, link, secret) if t.encode() in stored] == []
    assert hashlib.sha256(token.encode()).hexdigest().encode() in stored
    figure("0 of 3 in the clear")


@pytest.mark.item("platform", 14, "bearer tokens", "no cookie; a bad one is 401")
def test_bearer_tokens(web, grant, city):
    client, token = web(), grant("token", "anna")["token"]
    got = client.get("/dati/own_points", headers={"authorization": f"Bearer {token}"})
    assert got.status_code == 200
    assert "set-cookie" not in got.headers
    bad = client.get("/api/anything", headers={"authorization": "Bearer nothing"})
    assert (bad.status_code, bad.headers["www-authenticate"]) == (401, "Bearer")
    assert bad.json()["rule"] == "sign_in_needed"
    session = signed_in(web(), grant)
    swapped = client.get("/dati/own_points", headers={"authorization": f"Bearer {session}"})
    assert swapped.status_code == 401, "a session's secret is no token"


# ---------------------------------------------------------------- forms
@pytest.mark.item("platform", 14, "CSRF, signed in", "token of the session needed")
def test_forms_of_an_account_need_its_token(web, grant, figure):
    client, other = web(), web()
    signed_in(client, grant), signed_in(other, grant, "berta")
    foreign = token_of(other.get("/account").text)
    wrong_form = token_of(client.get("/account").text)
    refused = [
        client.post("/account", data=data).status_code
        for data in ({}, {"form_token": ""}, {"form_token": foreign}, {"form_token": wrong_form + "x"})
    ]
    assert refused == [400, 400, 400, 400]
    assert client.get("/account").status_code == 200, "nobody was signed out"
    figure("4 of 4 refused")


@pytest.mark.item("platform", 14, "CSRF, visitors", "signed token that ends; no cookie")
def test_forms_of_visitors_need_a_token_and_no_cookie(settle, web, city, monkeypatch, figure):
    settle(**FEEDBACK)
    client = web()
    page = client.get("/accessibilita")
    assert "set-cookie" not in page.headers
    data = {"problem": "no contrast", "form_token": token_of(page.text)}
    assert client.post("/accessibilita", data={"problem": "x"}).status_code == 400
    assert client.post("/accessibilita", data=data | {"form_token": "made.up.x"}).status_code == 400
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"},
    ):
        assert client.post("/accessibilita", data=data, headers=headers).status_code == 403, headers
    done = client.post("/accessibilita", data=data, headers={"origin": "http://127.0.0.1"})
    assert done.status_code == 200
    assert "set-cookie" not in done.headers
    assert [m.body.splitlines()[0] for m in messages(city)] == ["no contrast"]
    import itsdangerous

    later = itsdangerous.TimestampSigner.get_timestamp(None) + 3 * 3600
    monkeypatch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda self: later)
    assert client.post("/accessibilita", data=data).status_code == 400, "the token must end"
    figure("7 of 7 refused, 1 taken")


@pytest.mark.item("platform", 14, "a session's request from another origin", "403")
def test_a_request_of_another_origin_with_a_session_is_refused(web, grant, figure):
    client = web()
    signed_in(client, grant)
    foreign = (
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"origin": "http://127.0.0.1.evil.example"},
    )
    for headers in foreign:
        assert client.get("/lavoro", headers=headers).status_code == 403, headers
        assert client.post("/account", headers=headers).status_code == 403, headers
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/lavoro", headers=link).status_code == 200, "a link in a letter must work"
    assert web().get("/", headers=foreign[0]).status_code == 200
    figure("403")


# ---------------------------------------------------------------- rates
@pytest.mark.item("platform", 14, "rate limits: sign-in, forms, API", "429 with Retry-After")
def test_rates_are_limited(settle, web, figure):
    settle(**FEEDBACK, limits={"sign_in": 3, "forms": 2, "api": 4})
    one, other = web(), web()
    for path, method, limit in (
        ("/accedi/" + "y" * 43, "GET", 3),
        ("/accessibilita", "POST", 2),
        ("/api/collections", "GET", 4),
    ):
        codes = [c.request(method, path).status_code for c in (one, other) * limit]
        assert codes[:limit].count(429) == 0, path
        assert set(codes[limit:]) == {429}, path
        last = one.request(method, path)
        assert 1 <= int(last.headers["retry-after"]) <= 60
        assert set(last.headers) >= HEADERS
    assert one.get("/").status_code == 200
    figure("3, 2, 4 a minute over two servers")


# ---------------------------------------------------------------- answers
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
    parts |= {"section_id": "x", "intervention_id": "x", "job_id": "x"}
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


# ---------------------------------------------------------------- scopes
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


# ---------------------------------------------------------------- uploads
@pytest.mark.item("platform", 14, "uploads: type by content, size, SHA-256", "bad ones refused")
def test_uploads_are_looked_into(settle, web, city, figure):
    settle(**FEEDBACK, limits={"forms": 100})
    client = web()

    def send(name, data, mime="image/png"):
        form = {"problem": "see the picture", "form_token": token_of(client.get("/accessibilita").text)}
        return client.post("/accessibilita", data=form, files={"file": (name, data, mime)}).status_code

    png = b"\x89PNG\r\n\x1a\n" + b"0" * 100
    assert send("a.png", b"<html><script>alert(1)</script>") == 415
    assert send("a.png", b"<svg onload=alert(1)>") == 415
    assert send("a.png", b"MZ\x90\x00" + bytes(100)) == 415
    assert send("big.png", png + bytes(5 * 1024 * 1024)) == 413
    assert messages(city) == []
    assert send("../../etc/passwd.png", png) == 200
    (message,) = messages(city)
    assert hashlib.sha256(png).hexdigest() in message.body
    with store_of(city) as store, store.reading(records.local_administrator()) as session:
        (kept,) = session.query(documents.Document)
    assert (kept.name, kept.mime, kept.visibility) == ("passwd.png", "image/png", "private")
    assert web().get(f"/documenti/{kept.id}").status_code == 404
    figure("4 of 4 refused")


# ---------------------------------------------------------------- paths, parameters, files
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


# ---------------------------------------------------------------- secrets, defaults, duties
@pytest.mark.item("platform", 14, "secrets in logs and contado.toml", "none")
def test_secrets_are_in_no_log_and_no_setting(web, grant, city, log, issuer, figure):
    client = web()
    path, token = grant("link", "anna")["path"], grant("token", "anna")["token"]
    client.get(path)
    client.get("/lavoro", headers={"authorization": f"Bearer {token}"})
    client.get("/accedi/ritorno", params={"code": "secret-code", "state": "secret-state"})
    secret = client.cookies["contado_session"]
    text = log.getvalue()
    assert '"/accedi/..."' in text
    for word in (path.rpartition("/")[2], token, secret, "secret-code", "secret-state", issuer.secret):
        assert word not in text
        assert word not in (city / "contado.toml").read_text()
    assert '"account"' in text, "the log names the account by its id"
    assert "anna" not in text
    figure("0 of 6")


@pytest.mark.item("platform", 14, "serve is safe by default", "127.0.0.1; public refused")
def test_public_needs_its_duties(settle, city, figure):
    def serve(*words):
        command = [sys.executable, "-m", "contado.cli", "serve", "-w", str(city), "--port", "0", "--json"]
        done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout

    for words in (["--public"], ["--host", "0.0.0.0"]):
        code, out = serve(*words)
        assert code == 2
        assert '"not_ready_for_public"' in out
        for name in ("body.name", "body.accessibility_statement", "body.accessibility_contact"):
            assert name in out
    assert Workspace.open(city).settings.web.host == "127.0.0.1"
    settle(body={"name": "City", "accessibility_contact": "a@example.org"})
    code, out = serve("--public")
    assert code == 2
    assert "body.accessibility_statement" in out
    assert "body.name" not in out
    figure("3 settings named")


def test_public_starts_when_they_are_filled_in(settle, city):
    settle(
        body={
            "name": "City",
            "accessibility_contact": "a@example.org",
            "accessibility_statement": "https://form.agid.gov.it/view/example",
        }
    )
    command = [
        sys.executable,
        "-m",
        "contado.cli",
        "serve",
        "-w",
        str(city),
        "--port",
        "0",
        "--json",
        "--public",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            line = json.loads(process.stdout.readline())
        finally:
            process.terminate()
    assert line["url"].startswith("http://0.0.0.0:")
    assert process.returncode == 0


def test_every_form_of_a_page_is_known_to_this_list():
    assert set(routes.ACTIONS) == {"account", "accessibility", "budgets", "job"}
