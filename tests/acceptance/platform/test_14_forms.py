"""Item 14: the security list of platform.md section 10: forms, rates, uploads."""

from __future__ import annotations

import hashlib

import pytest

from contado.kernel import records
from contado.kernel.records import documents
from contado.web.pages import routes
from invented.secured import FEEDBACK, HEADERS, messages, signed_in, store_of, token_of


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


def test_every_form_of_a_page_is_known_to_this_list():
    assert set(routes.ACTIONS) == {
        *("account", "accessibility", "budgets", "inspections", "job", "road_report")
    }
