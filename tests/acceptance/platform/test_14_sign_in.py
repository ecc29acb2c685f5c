"""Item 14: the security list of platform.md section 10: links, sessions, tokens."""

from __future__ import annotations

import datetime as dt
import hashlib
import re

import pytest

from contado.kernel import records
from contado.kernel.records.credentials import resolve
from contado.kernel.records.schema import Credential
from invented.secured import signed_in, store_of, token_of


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
