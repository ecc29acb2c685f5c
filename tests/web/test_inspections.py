"""The inspector's page without a browser: who sees what, and what becomes of an answer."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from starlette.testclient import TestClient

from contado.kernel import records
from contado.kernel.workspace import Workspace
from contado.web.app import create
from contado.web.data import inspections as data
from invented.city import make_workspace
from invented.inspections import LEGNANO, add_inspections, drive, hole, link_of

PATH = "/ispezioni"
JSON = {"accept": "application/json"}
KEY = "0123456789abcdef-{}"


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    path = make_workspace(tmp_path_factory.mktemp("spots") / "city", n_sections=5, programme=False)
    add_inspections(path, spots=8)
    return path


@pytest.fixture(scope="module")
def clients(city):
    """A visitor, and accounts signed in."""
    app, opened = create(city), {}

    def of(account=None, **more):
        if account in opened:
            return opened[account]
        client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
        if account:
            with records.open_store(Workspace.open(city)) as store:
                client.get(link_of(store, account, **more))
            opened[account] = client
        return client

    return of


def token_of(text):
    return re.search(r'data-token="([^"]+)"', text)[1]


def listed(client, query=""):
    return re.findall(r'data-spot="([^"]+)"', client.get(PATH + query).text)


def send(client, anomaly, answer, key, files=None, headers=JSON, **more):
    data = {"form_token": token_of(client.get(PATH).text), "anomaly": anomaly, "answer": answer, "key": key}
    return client.post(PATH, data=data | more, files=files, headers=headers, follow_redirects=False)


def test_it_is_for_accounts_that_may_answer_and_for_their_municipalities(clients):
    visitor = clients().get(PATH, follow_redirects=False)
    assert (visitor.status_code, visitor.headers["location"]) == (303, "/accedi?next=%2Fispezioni")
    assert clients("carla", role="citizen").get(PATH).status_code == 404
    mine, theirs = listed(clients("anna")), listed(clients("dora", units=(LEGNANO,)))
    assert (len(mine), len(theirs)) == (8, 1)
    assert not set(mine) & set(theirs)
    assert clients("anna").get(PATH).headers["cache-control"] == "no-store"


def test_order_and_kind_come_with_the_address(clients):
    anna = clients("anna")
    kinds = listed(anna, "?kind=depression")
    assert 0 < len(kinds) < 8
    places = [tuple(map(str, s.split(":")[:2])) for s in listed(anna, "?sort=section")]
    assert places == sorted(places, key=lambda p: (p[0], float(p[1])))
    far = listed(anna, "?x=9.174&y=45.4648")
    assert far[0].startswith("M01:4")
    page = anna.get(f"{PATH}?sort=sideways&kind=dragon&x=no").text
    assert "sort=sideways, kind=dragon" in page


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ([], (None, None)),
        ([-37.2], (None, None)),
        ([-37.2] * 5, (None, None)),  # one load writes the height that its passes have together
        ([-37.2, -36.9], (None, None)),  # alike to the millimetre
        ([-37.2, -41.0, -35.1], (35.1, 41.0)),
    ],
)
def test_copies_of_one_height_are_no_interval(read, expected):
    assert data._range(read) == expected


def test_where_one_height_was_read_the_page_says_that_the_interval_is_not_known(city, monkeypatch):
    monkeypatch.setattr(data, "_range", lambda read: (None, None))
    client = TestClient(create(city), base_url="http://127.0.0.1")
    with records.open_store(Workspace.open(city)) as store:
        client.get(link_of(store, "anna"))
    assert "intervallo non noto: una sola altezza letta" in client.get(PATH).text
    assert "interval not known: one height read only" in client.get("/en/inspections").text


def test_a_worsened_spot_is_told_so_to_the_order_of_the_page(clients):
    text = clients("anna").get(PATH).text
    assert len(re.findall(r"<li [^>]*data-worse", text)) == text.count(", peggiorata</a>")


def test_an_answer_is_taken_once_and_leaves_the_list_until_something_changes(clients, city):
    anna = clients("anna")
    first = listed(anna)[0]
    said = [send(anna, first, "present", KEY.format(1), away_m="12", accuracy_m="8").json() for _ in range(2)]
    assert said == [{"state": "accepted", "reason": None}] * 2
    assert first not in listed(anna)
    assert "C’è ancora, M00" in anna.get(PATH).text
    workspace = Workspace.open(city)
    rows = [r for r in workspace.read("pavement_evidence").to_pylist() if r["source"] == "inspector"]
    assert [(r["what"], r["away_m"], r["accuracy_m"]) for r in rows] == [("confirmed", 12, 8)]
    now = dt.datetime.now(dt.UTC)
    for k in range(4):
        drive(workspace, f"again{k}", now, {"M00": [hole(60.0, severity=95.0)]}, on=now.date())
    assert first in listed(anna)


def test_what_cannot_be_taken_is_refused_with_its_reason(clients):
    anna, dora = clients("anna"), clients("dora", units=(LEGNANO,))
    mine, theirs = listed(anna)[-1], listed(dora)[0]
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=2)).isoformat()
    cases = [
        (anna, theirs, "present", KEY.format(2), {}, "non è più nell’elenco"),
        (anna, mine, "perhaps", KEY.format(3), {}, "non è più nell’elenco"),
        (anna, mine, "present", "short", {}, "non è più nell’elenco"),
        (anna, mine, "present", KEY.format(4), {"at": soon}, "l’orologio del telefono è avanti"),
    ]
    for client, anomaly, answer, key, more, reason in cases:
        refused = send(client, anomaly, answer, key, **more)
        assert (refused.status_code, refused.json()) == (200, {"state": "refused", "reason": reason})
    assert send(anna, mine, "absent", KEY.format(5)).json()["state"] == "accepted"
    closed = send(clients("bea"), mine, "present", KEY.format(6)).json()
    assert closed == {"state": "refused", "reason": "già chiusa oggi da un collega"}
    assert send(anna, mine, "present", KEY.format(5)).json()["reason"].startswith("con la stessa chiave")


def test_a_plain_form_gets_a_page_and_a_foreign_or_old_one_nothing(clients):
    anna = clients("anna")
    spot = listed(anna)[-1]
    done = send(anna, spot, "repaired", KEY.format(7), headers={})
    assert (done.status_code, "Inviata." in done.text) == (200, True)
    again = send(clients("bea"), spot, "absent", KEY.format(8), headers={})
    assert again.status_code == 200  # repaired is not closed
    late = send(anna, spot, "present", KEY.format(9), headers={})
    assert (late.status_code, "già chiusa oggi" in late.text) == (409, True)
    data = {"form_token": "x", "anomaly": spot, "answer": "present", "key": KEY.format(10)}
    assert anna.post(PATH, data=data).status_code == 400
    data["form_token"] = token_of(anna.get(PATH).text)
    assert anna.post(PATH, data=data, headers={"origin": "https://evil.example"}).status_code == 403


def test_a_photograph_is_a_picture(clients):
    anna = clients("anna")
    spot = listed(anna)[-1]
    assert send(anna, spot, "present", KEY.format(11), {"photo": ("a.jpg", b"%PDF-1.7")}).status_code == 415
    jpeg = b"\xff\xd8\xff\xda\x00\x02" + b"0" * 60 + b"\xff\xd9"
    assert (
        send(anna, spot, "present", KEY.format(12), {"photo": ("a.jpg", jpeg)}).json()["state"] == "accepted"
    )
    assert "con foto" in anna.get(PATH).text


def test_the_worker_is_asked_for_anew_and_comes_from_here(clients):
    got = clients().get("/ispezioni.js")
    assert got.headers["content-type"].startswith("text/javascript")
    assert got.headers["cache-control"] == "no-cache"
    assert "worker-src 'self'" in got.headers["content-security-policy"]


def test_a_workspace_without_roads_has_nothing_to_check(bare_workspace):
    from contado.web.site import Site, opener

    site = Site(opener(bare_workspace))
    assert data.spots(site.view, site.territory) == []
