"""Photographs on the sheet of a section: for whoever may see them, and without where the telephone was."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from starlette.testclient import TestClient

from contado.engines.pavement.evidence.told import Told, desk
from contado.kernel import records
from contado.kernel.workspace import Workspace
from contado.web.app import create
from contado.web.data import photos
from contado.web.pages.roadsection import MOST_PHOTOS
from invented.city import make_workspace
from invented.inspections import LEGNANO, MILANO, SYSTEM, add_sections, link_of, section

SHEET = "/buone-pratiche/manto-stradale/sezioni/S001-04"
PLACE = b"45.4642N"
JPEG = b"\xff\xd8\xff\xfe\x00\x0a" + PLACE + b"\xff\xda\x00\x02" + b"0" * 60 + b"\xff\xd9"
START = dt.datetime(2026, 9, 14, 22, 30, tzinfo=dt.UTC)  # the 15th in Italy


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A city of which an inspector, a citizen and a camera told one hole, the camera by a file name."""
    path = make_workspace(tmp_path_factory.mktemp("pictured") / "city", n_sections=5, programme=False)
    workspace = Workspace.open(path)
    add_sections(workspace, [section("S001-04", 9.17, 45.46)])
    with desk(workspace, SYSTEM) as open_desk:
        kept = [open_desk.keep(JPEG, "S001-04") for _ in range(MOST_PHOTOS + 1)]
        told = [_told(k, "citizen", photo) for k, photo in enumerate(kept)]
        open_desk.take([*told, _told(90, "camera", "img7.jpg")])
    return path


def _told(hours: int, source: str, photo: str | None) -> Told:
    return Told(
        id=f"{source}:{hours}",
        section_id="S001-04",
        chainage_m=444.0,
        lon=9.17,
        lat=45.464,
        kind="pothole",
        source=source,
        at=START + dt.timedelta(hours=hours),
        photo=photo,
    )


@pytest.fixture(scope="module")
def reader(city):
    """Return a client who is signed in for some municipalities, or a visitor."""
    app, opened = create(city), {}

    def client(account: str | None = None, units: tuple[str, ...] = ()) -> TestClient:
        if account in opened:
            return opened[account]
        found = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
        if account:
            with records.open_store(Workspace.open(city)) as store:
                found.get(link_of(store, account, units))
            opened[account] = found
        return found

    return client


def shown(client: TestClient, lang: str = "it") -> list[str]:
    path = SHEET if lang == "it" else "/en/good-practices/road-surface/sections/S001-04"
    return re.findall(r'<img src="(/documenti/[^"]+)"[^>]*alt="[^"]+"', client.get(path).text)


def test_the_office_of_the_municipality_sees_the_latest_with_kind_place_and_day(reader):
    anna = reader("anna", (MILANO,))
    text = anna.get(SHEET).text
    assert len(shown(anna)) == MOST_PHOTOS
    assert "le 12 più recenti di 13" in text
    assert 'alt="Buca, foto del 15 settembre 2026"' in text
    assert "Buca, a 444 m" in text
    assert "da una segnalazione" in text
    assert (
        'alt="Pothole, photo of 15 September 2026"'
        in anna.get("/en/good-practices/road-surface/sections/S001-04").text
    )


def test_what_is_handed_out_is_the_picture_and_nothing_of_the_telephone(reader):
    anna = reader("anna", (MILANO,))
    got = anna.get(shown(anna)[0])
    assert (got.status_code, got.headers["content-type"]) == (200, "image/jpeg")
    assert PLACE not in got.content


@pytest.mark.parametrize(("account", "units"), [(None, ()), ("bea", (LEGNANO,))])
def test_visitors_and_other_municipalities_read_who_sees_them(reader, account, units):
    client = reader(account, units)
    text = client.get(SHEET).text
    assert shown(client) == []
    assert "/documenti/" not in text
    assert ("Nessuna foto pubblica" in text) == (account is None)


def test_file_names_of_a_camera_are_no_photographs_of_the_records(city):
    found = photos.by_section(Workspace.open(city))
    assert {p.source for p in found["S001-04"]} == {"citizen"}
    assert [p.on for p in found["S001-04"]] == sorted((p.on for p in found["S001-04"]), reverse=True)
