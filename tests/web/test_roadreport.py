"""A citizen's report of a pothole: an observation without a name, where the body has opened the channel."""

from __future__ import annotations

import shutil

import pytest
from starlette.testclient import TestClient

from contado.kernel import records
from contado.kernel.settings import Pavement
from contado.kernel.workspace import Workspace
from contado.web.app import create
from invented.city import make_workspace
from invented.inspections import SYSTEM, add_sections, section
from invented.secured import token_of

PATH = "/buone-pratiche/manto-stradale/segnala"
HERE = "45.4610, 9.1700"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(3) + b"\x00IEND\xaeB`\x82"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = make_workspace(tmp_path_factory.mktemp("reported") / "city", n_sections=5, programme=False)
    add_sections(Workspace.open(path), [section("A", 9.17, 45.46)])
    return path


@pytest.fixture
def city(made, tmp_path):
    shutil.copytree(made, tmp_path / "city")
    return tmp_path / "city"


@pytest.fixture
def client(city):
    return TestClient(create(city), raise_server_exceptions=False)


def send(client, token=None, files=None, **more):
    token = token or token_of(client.get(PATH).text)
    data = {"form_token": token, "kind": "pothole", "where": HERE} | more
    return client.post(PATH, data=data, files=files)


def told(city):
    return Workspace.open(city).read("pavement_anomaly_obs").to_pylist()


def test_a_report_is_an_observation_without_name_and_without_cookie(client, city):
    done = send(client)
    assert (done.status_code, "Segnalazione ricevuta." in done.text) == (200, True)
    assert "set-cookie" not in done.headers
    [row] = told(city)
    assert (row["section_id"], row["kind"], row["source"], row["who"], row["photo"]) == (
        "A",
        "pothole",
        "citizen",
        None,
        None,
    )
    [anomaly] = Workspace.open(city).read("pavement_anomaly").to_pylist()
    assert (anomaly["state"], anomaly["source"]) == ("new", "citizen")
    assert anomaly["p_exists"] < 0.5
    [line] = Workspace.open(city).read("pavement_evidence").to_pylist()
    assert (line["what"], line["who"]) == ("reported", None)


@pytest.mark.parametrize("where", ["45,4610, 9,1700", "45.4610° N, 9.1700° E"])
def test_a_place_is_read_as_phones_write_it(client, city, where):
    assert send(client, where=where).status_code == 200
    assert [row["section_id"] for row in told(city)] == ["A"]


def test_the_same_form_twice_is_one_report(client, city):
    token = token_of(client.get(PATH).text)
    assert [send(client, token, {"photo": ("p.png", PNG)}).status_code for _ in range(2)] == [200, 200]
    assert len(told(city)) == 1
    with records.open_store(Workspace.open(city)) as store, store.reading(SYSTEM) as session:
        [kept] = session.query(records.schema.Document)
        assert (kept.visibility, kept.unit_id, kept.mime) == ("org", "015146", "image/png")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"where": "via Roma"}, "Scrivi latitudine e longitudine"),
        ({"where": "9.17, 45.46"}, "Qui non c’è una strada"),
        ({"where": "45.9, 9.17"}, "Qui non c’è una strada"),
        ({"kind": "dragon"}, "Scegli che cosa c’è"),
    ],
)
def test_what_cannot_be_used_is_told_at_its_field_and_what_was_typed_stays(client, city, given, words):
    refused = send(client, **given)
    assert refused.status_code == 422
    assert words in refused.text
    assert 'role="alert"' in refused.text
    assert given.get("where", HERE) in refused.text
    assert told(city) == []


def test_what_is_no_picture_is_refused(client, city):
    assert send(client, files={"photo": ("p.png", b"%PDF-1.7 ...")}).status_code == 415
    assert told(city) == []


def test_foreign_sites_old_forms_and_too_many_are_refused(client, city):
    token = token_of(client.get(PATH).text)
    data = {"form_token": token, "kind": "pothole", "where": HERE}
    assert client.post(PATH, data=data, headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post(PATH, data=data | {"form_token": "x"}).status_code == 400
    codes = [client.post(PATH, data=data).status_code for _ in range(40)]
    assert 429 in codes
    assert len(told(city)) == 1


def test_a_place_in_the_address_fills_the_field(client):
    assert 'value="45.46, 9.17"' in client.get(f"{PATH}?x=9.17&y=45.46").text


def test_where_the_channel_is_closed_there_is_no_page_and_no_link(city):
    workspace = Workspace.open(city)
    with workspace.commit() as commit:
        import msgspec

        commit.settings(msgspec.structs.replace(workspace.settings, pavement=Pavement()))
    client = TestClient(create(city), raise_server_exceptions=False)
    assert client.get(PATH).status_code == 404
    assert client.get("/buone-pratiche/energia-di-casa/segnala").status_code == 404
    assert PATH not in client.get("/buone-pratiche/manto-stradale").text
