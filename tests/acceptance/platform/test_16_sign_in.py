"""Item 16, sign-in: the whole flow against an issuer on this machine, over real HTTP."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from contado.cli.app import run
from contado.kernel import records
from contado.kernel.records import accounts, audit
from contado.kernel.records.schema import Account, Actor, Credential, Setting
from contado.kernel.workspace import Workspace

FISCAL_CODE = "RSSMRA85T10A562S"


@pytest.fixture
def site(settle, issuer, serve):
    settle(oidc={"issuer": issuer.address, "client_id": issuer.client_id})
    return serve()


def begin(client, next_path="/account"):
    """Ask to sign in; return the issuer's answer's address, and that of the issuer."""
    got = client.get("/accedi/avvia", params={"next": next_path})
    assert got.status_code == 303
    return got.headers["location"]


def go_through(client, next_path="/account"):
    """Walk from the site to the issuer and back; return the last answer of the site."""
    back = client.get(begin(client, next_path)).headers["location"]
    return client.get(back)


def rows_of(city, *classes):
    with (
        records.open_store(Workspace.open(city)) as store,
        store.reading(records.local_administrator()) as session,
    ):
        return [list(session.query(c).all()) for c in classes]


@pytest.mark.item("platform", 16, "sign-in at a local issuer, walked to the end", "signed in, 1 cookie")
def test_the_whole_flow(site, browser, issuer, city, figure):
    client = browser(site)
    page = client.get("/accedi", params={"next": "/account"})
    assert "set-cookie" not in page.headers
    start = re.search(r'href="(/accedi/avvia[^"]+)"', page.text)[1].replace("&amp;", "&")
    leave = client.get(start)
    query = parse_qs(urlsplit(leave.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["scope"] == ["openid profile"]
    assert len(query["state"][0]) > 40
    assert len(query["nonce"][0]) > 40
    done = client.get(client.get(leave.headers["location"]).headers["location"])
    assert (done.status_code, done.headers["location"]) == (303, "/account")
    assert [c.name for c in client.cookies.jar] == ["contado_session"]
    account = client.get("/account")
    assert account.status_code == 200
    assert "Anna Prova" in account.text
    assert "Cittadino" in account.text
    assert account.headers["cache-control"] == "no-store"
    ((actor, *_),) = [[a for a in rows_of(city, Actor)[0] if a.name == "Anna Prova"]]
    assert (actor.fiscal_code_last4, len(actor.fiscal_code_hash)) == (FISCAL_CODE[-4:], 64)
    figure("signed in, 1 cookie")


def test_the_second_sign_in_finds_the_same_account(site, browser, city):
    for _ in range(2):
        assert go_through(browser(site)).status_code == 303
    assert len([a for a in rows_of(city, Account)[0] if a.oidc_sub]) == 1


def test_a_named_account_waits_for_its_first_sign_in(settle, issuer, serve, browser, city, capsys):
    settle(oidc={"issuer": issuer.address, "client_id": issuer.client_id, "account_claim": "email"})
    issuer.person = {"sub": "sub-9", "email": "anna"}
    client = browser(serve())
    go_through(client, "/lavoro")
    assert "Ufficio comunale" in client.get("/lavoro").text
    (anna,) = (a for a in rows_of(city, Account)[0] if a.name == "anna")
    assert (anna.oidc_issuer, anna.oidc_sub) == (issuer.address, "sub-9")
    other = browser(str(client.base_url))
    issuer.person = {"sub": "sub-10", "email": "anna"}
    go_through(other)
    assert "Ufficio comunale" not in other.get("/account").text, "a second person must not take the account"
    assert run(["audit", "verify", "-w", str(city), "--json", "--quiet"]) == 0


def test_a_disabled_account_stays_outside(site, browser, city):
    client = browser(site)
    go_through(client)
    with (
        records.open_store(Workspace.open(city)) as store,
        store.writing(records.local_administrator()) as session,
    ):
        (row,) = (a for a in session.query(Account) if a.oidc_sub)
        accounts.disable(session, row.id)
    assert client.get("/account").status_code == 303, "its session must end at once"
    assert go_through(browser(site)).status_code == 400


FAULTS = {
    "nonce of somebody else": {"claims": {"nonce": "other"}},
    "for another client": {"claims": {"aud": "other"}},
    "of another issuer": {"claims": {"iss": "http://127.0.0.1:9"}},
    "expired": {"claims": {"exp": 1_000_000_000}},
    "signed by another key": {"key": True},
    "user info of another person": {"userinfo": {"sub": "sub-2"}},
    "state that was never given": {"back": {"state": "made-up"}},
    "person declined": {"back": {"error": "access_denied", "code": ""}},
    "code that was never given": {"back": {"code": "made-up"}},
    "answer names another issuer": {"back": {"iss": "http://127.0.0.1:9"}},
}


@pytest.mark.item("platform", 16, "sign-ins that do not hold", "all refused, no cookie")
def test_what_does_not_hold_signs_nobody_in(settle, issuer, serve, browser, figure):
    settle(oidc={"issuer": issuer.address, "client_id": issuer.client_id}, limits={"sign_in": 100})
    site = serve()
    for name, faults in FAULTS.items():
        issuer.faults = faults
        client = browser(site)
        got = go_through(client)
        assert got.status_code == 400, name
        assert "L’accesso non è riuscito" in got.text, name
        assert "contado_session" not in client.cookies, name
    figure(f"{len(FAULTS)} of {len(FAULTS)} refused")


def test_the_answer_works_once_and_in_the_browser_that_asked(site, browser):
    victim, attacker = browser(site), browser(site)
    back = attacker.get(begin(attacker)).headers["location"]
    assert victim.get(back).status_code == 400, "the answer of another browser must not sign in"
    mine = browser(site)
    back = mine.get(begin(mine)).headers["location"]
    assert mine.get(back).status_code == 303
    assert mine.get(back).status_code == 400


@pytest.mark.parametrize("fault", ["discovery", "gone"])
def test_an_issuer_that_does_not_answer_is_said(site, browser, issuer, fault):
    if fault == "gone":
        issuer.server.shutdown()
        issuer.server.server_close()
    else:
        issuer.faults = {"discovery": {"issuer": "http://127.0.0.1:9"}}
    got = browser(site).get("/accedi/avvia")
    assert got.status_code == 502
    assert "Il servizio di accesso non risponde" in got.text


@pytest.mark.parametrize("where", ["sqlite", "postgres"])
@pytest.mark.item("platform", 16, "sign-in begun at one server ends at another, on each store", "signed in")
def test_two_servers_share_a_sign_in(settle, issuer, city, serve, browser, request, where, figure):
    if where == "postgres":
        settings = request.getfixturevalue("monkeypatch")
        settings.setenv("CONTADO_DATABASE_URL", request.getfixturevalue("database"))
        records.prepare(Workspace.open(city))
    settle(oidc={"issuer": issuer.address, "client_id": issuer.client_id})
    one, other = serve(), serve()
    client = browser(one)
    back = client.get(begin(client)).headers["location"]
    assert client.get(back.replace(one, other)).status_code == 303
    for site in (one, other):
        assert client.get(f"{site}/account").status_code == 200
    figure(f"{where}: signed in at both")


def test_without_an_issuer_there_is_nothing_to_begin(serve, browser):
    client = browser(serve())
    assert client.get("/accedi/avvia").status_code == 404
    assert client.get("/accedi/ritorno").status_code == 404
    assert "non è collegato un servizio" in client.get("/accedi").text


def test_nothing_of_a_sign_in_is_left_in_the_store_in_the_clear(site, browser, issuer, city):
    client = browser(site)
    go_through(client)
    secret = client.cookies["contado_session"]
    settings, sessions = rows_of(city, Setting, Credential)
    assert [s for s in settings if s.key.startswith("once:")] == []
    assert len(sessions) == 1
    stored = b"".join(p.read_bytes() for p in city.glob("records.sqlite*"))
    for text in (secret, issuer.secret, FISCAL_CODE):
        assert text.encode() not in stored
    with records.open_store(Workspace.open(city)) as store, store.connection() as connection:
        chain = " ".join(str(row) for row in audit.rows(connection))
    assert "Anna" not in chain
