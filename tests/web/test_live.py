"""Drives that go on, as readers of different scopes hear of them; how ready the live engine is."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
import shutil
import types

import msgspec
import pytest
from starlette.testclient import TestClient

from contado.cli.app import run
from contado.kernel import records
from contado.kernel.dates import local
from contado.kernel.workspace import Workspace
from contado.web import statics
from contado.web.app import create
from contado.web.live import events, warming
from contado.web.site import Site, opener
from invented.city import make_workspace
from invented.inspections import LEGNANO, MILANO, add_sections, link_of, section
from invented.pages import MAP

EVENTS = "/events/pavement"
SEA = section("S", 7.0, 43.0) | {"municipality": None}


def cell(name):
    line = [[9.17, 45.461], [9.17, 45.4612]]
    return {
        "section_id": name, "cell": 3, "from_m": 60.0, "to_m": 80.0, "iri_m_km": 2.9, "low_m_km": 2.1, "high_m_km": 4.0,
        "class": "B", "coverage": 1.0, "label": "simulated", "line": line,
    }  # fmt: skip


def hole(name):
    return {
        "id": f"{name}:70", "section_id": name, "chainage_m": 70.0, "kind": "pothole", "height_mm": -40.0,
        "severity": 50.0, "criticality": "arancione", "p_exists": 0.8, "label": "simulated", "lon": 9.17, "lat": 45.461,
    }  # fmt: skip


def tell(path, drive, number, *sections, gone=(), **more):
    """Write what the live engine writes when a message was worked off."""
    folder = path / "live" / drive
    folder.mkdir(parents=True, exist_ok=True)
    event = {"drive": drive, "chunk": number, "at": "2026-11-26T07:31:02.114+00:00", "state": "running"}
    event |= {"cells": [cell(s) for s in sections], "anomalies": [hole(s) for s in sections]}
    event |= {"gone": list(gone), "unmatched": 1} | more
    with (folder / "events").open("a", encoding="utf-8") as file:
        file.write(json.dumps(event) + "\n")


@pytest.fixture
def city(tmp_path):
    path = make_workspace(tmp_path / "city", n_sections=5, programme=False)
    rows = [section("M", 9.17, 45.46), section("L", 8.91, 45.59, municipality=LEGNANO), SEA]
    add_sections(Workspace.open(path), rows)
    tell(path, "both", 1, "M", "L", "S", gone=["M:10", "L:20", "S:30"])
    tell(path, "legnano", 1, "L")
    return path


@pytest.fixture
def clients(city):
    app = create(city)

    def of(account=None, **more):
        client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
        if account:
            with records.open_store(Workspace.open(city)) as store:
                client.get(link_of(store, account, **more))
        return client

    return of


def heard(client, after=""):
    got = client.get(EVENTS, params={"after": after}, headers={"accept": "application/json"}).json()
    names = {
        e["drive"]: (
            {c["section_id"] for c in e.get("cells", ())},
            {a["section_id"] for a in e.get("anomalies", ())},
            set(e.get("gone", ())),
        )
        for e in got["events"]
    }
    return names, got["after"]


def test_an_office_hears_of_its_municipalities_only(clients):
    found, mark = heard(clients("anna", units=[MILANO]))
    assert found == {"both": ({"M"}, {"M"}, set())}  # what a merged event leaves is not gone
    assert "legnano" not in mark
    assert heard(clients("luca", units=[LEGNANO]))[0] == {
        "both": ({"L"}, {"L"}, set()),
        "legnano": ({"L"}, {"L"}, set()),
    }
    everywhere = {"M", "L", "S"}
    assert heard(clients("rita", units=["*"]))[0]["both"] == (everywhere, everywhere, set())


def test_a_section_without_its_municipality_is_that_of_its_place(tmp_path):
    path = tmp_path / "milano"
    run(["init", str(path)])
    rows = [section("M", 9.17, 45.46), section("L", 8.91, 45.59)]
    add_sections(Workspace.open(path), [row | {"municipality": None} for row in (*rows, SEA)])
    tell(path, "both", 1, "M", "L", "S")
    client = TestClient(create(path), base_url="http://127.0.0.1")
    with records.open_store(Workspace.open(path)) as store:
        client.get(link_of(store, "luca", units=[LEGNANO]))
    assert heard(client)[0]["both"][0] == {"L"}


def test_what_was_told_is_taken_back_within_the_scope_too(clients, city):
    anna = clients("anna", units=[MILANO])
    _, mark = heard(anna)
    tell(city, "both", 2, gone=["M:70", "L:70"])
    found, mark = heard(anna, mark)
    assert found == {"both": (set(), set(), {"M:70"})}
    tell(city, "both", 3, "L")
    assert heard(anna, mark)[0] == {}


def test_the_end_of_a_drive_is_told_to_those_who_heard_of_it(clients, city):
    anna = clients("anna", units=[MILANO])
    _, mark = heard(anna)
    for drive in ("both", "legnano"):
        tell(city, drive, 9, state="loaded")
    assert set(heard(anna, mark)[0]) == {"both"}


def test_an_account_without_an_office_hears_nothing(clients):
    assert clients().get(EVENTS).status_code == 401
    assert clients("carla", role="citizen", units=["*"]).get(EVENTS).status_code == 403


def test_everybody_hears_all_where_the_body_decided_so(clients, city):
    workspace = Workspace.open(city)
    opened = msgspec.structs.replace(workspace.settings.pavement, live_access="public")
    with workspace.commit() as commit:
        commit.settings(msgspec.structs.replace(workspace.settings, pavement=opened))
    visitor = TestClient(create(city))
    assert set(heard(visitor)[0]) == {"both", "legnano"}
    assert heard(visitor)[0]["both"][0] == {"M", "L", "S"}


def test_the_road_map_lists_what_the_reader_may_hear(clients):
    text = clients("anna", units=[MILANO]).get(MAP).text
    assert 'id="ct-live"' in text
    table = text[text.index('id="ct-live"') :]
    assert set(re.findall(r"<tr><td>([MLS])</td>", table)) == {"M"}
    elsewhere = clients("olga", units=["015002"]).get(MAP).text
    assert "js/listen.js" in elsewhere  # a drive may come there after the page was opened
    assert re.search(r'id="ct-live"[^>]* hidden', elsewhere)
    assert 'id="ct-live"' not in clients().get(MAP).text
    assert "js/listen.js" not in clients().get(MAP).text


def test_the_map_of_an_office_asks_for_the_live_module_only_when_a_drive_is_told_of(clients):
    text = clients("anna", units=[MILANO]).get(MAP).text
    asked = re.findall(r'<(?:script|link)[^>]*(?:src|href)="/static/((?:js/)?[\w.-]+\.(?:css|js))\?', text)
    assert {"js/map.js", "js/listen.js", "tool.css"} <= set(asked)
    assert "js/live.js" not in asked
    assert re.search(r'data-module="/static/js/live\.js\?h=\w+"', text)
    assert sum(len(statics.find(name).packed) for name in asked) <= 12_000


def test_a_map_that_was_opened_before_a_drive_listens_and_counts_in_words(clients, city):
    shutil.rmtree(city / "live")
    anna = clients("anna", units=[MILANO])
    assert re.search(r'id="ct-live"[^>]* hidden', anna.get(MAP).text)
    tell(city, "one", 1, "M")
    text = anna.get(MAP).text
    assert not re.search(r'id="ct-live"[^>]* hidden', text)
    assert "<span data-count>1 cella, 1 anomalia</span>" in text
    english = anna.get("/en/good-practices/road-surface/map").text
    assert "<span data-count>1 cell, 1 anomaly</span>" in english
    assert "after the next diagnosis" in html.unescape(english)


def test_a_stream_ends_so_that_its_reader_is_asked_anew(clients, monkeypatch):
    monkeypatch.setattr(events, "_LONGEST_S", 0.3)
    got = clients("anna", units=[MILANO]).get(EVENTS, headers={"accept": "text/event-stream"})
    (data,) = re.findall(r"^data: (.*)$", got.text, re.MULTILINE)
    assert {c["section_id"] for c in json.loads(data)["cells"]} == {"M"}
    assert "legnano" not in got.text


def test_listening_keeps_no_session_open(clients, city):
    anna = clients("anna", units=[MILANO])

    def ends():
        with (
            records.open_store(Workspace.open(city)) as store,
            store.writing(records.Scope.system("test")) as session,
        ):
            (row,) = session.query(records.schema.Credential).filter_by(kind="session")
            before = row.expires_at
            row.expires_at = soon
            return before

    soon = (
        (dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5))
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
    ends()
    assert anna.get(EVENTS, headers={"accept": "application/json"}).status_code == 200
    assert ends() == soon
    anna.get(MAP)
    assert ends() > soon


@pytest.mark.parametrize("engine", [True, False])
def test_a_server_says_how_ready_its_live_engine_is(city, monkeypatch, engine):
    monkeypatch.setattr(warming, "installed", lambda: engine)
    client = TestClient(create(city), client=("127.0.0.1", 1))
    assert client.get("/healthz").json()["live"] == ("cold" if engine else "absent")
    assert "\ncontado_live_warm 0\n" in client.get("/metrics").text


@pytest.mark.parametrize(
    ("clock", "age"), [("2026-11-26T22:30:00+00:00", 87), ("2026-11-26T23:30:00+00:00", 88)]
)
def test_the_age_of_the_data_is_counted_in_legal_days(city, monkeypatch, clock, age):
    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromisoformat(clock).astimezone(tz)

    monkeypatch.setattr(local, "dt", types.SimpleNamespace(datetime=Clock, date=dt.date, UTC=dt.UTC))
    site = Site(opener(city))
    monkeypatch.setattr(type(site.roads), "last", dt.date(2026, 8, 31))
    assert site.stale_days == age
