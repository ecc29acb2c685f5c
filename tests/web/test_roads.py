"""The road pages beside the map: sections, fleet, cadastre, feeds, what works did, maps drawn on the server."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import itertools
import json
import math
import re
import urllib.parse
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest

from contado.engines.pavement.road.posts import Posts, between
from contado.kernel.workspace import Workspace
from contado.web.data import outcomes
from contado.web.data.fleet import Vehicle
from contado.web.data.roads import Interval
from contado.web.i18n import Words
from contado.web.pages import roadsection
from contado.web.pages.drawnmaps import MOST_BYTES

ROADS = "/buone-pratiche/manto-stradale"
SVG = "{http://www.w3.org/2000/svg}"


def rows(client, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(f"/strade/{name}.csv").text)))


@pytest.mark.parametrize("words", ["s001", "SP3", "sp3 ", "015146", "Simulated", "condition", "nowhere"])
def test_table_map_and_file_find_the_same_sections_by_the_same_words(client, words):
    query = urllib.parse.urlencode({"q": words})
    taken = list(csv.DictReader(io.StringIO(client.get(f"/dati/manto_stradale_sections.csv?{query}").text)))
    listed: list[str] = []
    for number in itertools.count(1):
        text = client.get(f"{ROADS}/mappa?{query}&page={number}").text
        listed += re.findall(r'<tr data-id="([^"]+)"', text)
        if 'rel="next"' not in text.partition('id="elenco"')[2]:
            break
    assert sorted(listed) == sorted(r["section_id"] for r in taken)
    config = json.loads(html.unescape(re.search(r'data-map="([^"]+)"', text)[1]))
    assert config["rule"][0] == "all"
    (shown,) = config["rule"][1:]
    assert shown[:2] == ["in", ["get", "id"]]
    assert sorted(shown[2][1]) == sorted(listed)
    assert bool(listed) == (words not in {"condition", "nowhere"})  # JSON is for programs


def test_a_section_says_what_would_change_its_place(client):
    text = client.get(f"{ROADS}/sezioni/S001-04").text
    assert "Passerebbe davanti al tratto che lo precede" in text
    assert "Non noti, e quindi senza peso: incidentalità" in text
    assert "Rifacimento del tappeto di usura (4 cm)" in text


def test_a_proposal_is_named_by_treatment_and_stretch_in_the_language_of_the_page():
    page = SimpleNamespace(
        lang="en", site=SimpleNamespace(type_names={"wearing_4cm": Words("Usura", "Wearing course, 4 cm")})
    )
    segment = SimpleNamespace(id="manto_stradale:S12:000800", from_m=800.0, to_m=1280.0)
    own = SimpleNamespace(
        id="manto_stradale:S12:000800:wearing_4cm",
        type="wearing_4cm",
        name=Words("Usura, Via X", "Wearing course, 4 cm, Via X"),
    )
    plain, falling = SimpleNamespace(posts=Posts()), SimpleNamespace(posts=between(14.9, 12.4, 2500.0))
    assert roadsection._option_name(page, plain, own, [segment]) == "Wearing course, 4 cm, 800–1,280 m"
    assert roadsection._option_name(page, falling, own, [segment]) == "Wearing course, 4 cm, km 14.10–13.62"
    assert roadsection._option_name(page, plain, own, []) == "Wearing course, 4 cm, Via X"


def test_works_begin_another_line_of_the_history(client):
    text = client.get(f"{ROADS}/sezioni/S001-04").text
    drawn = re.search(r'<svg class="ct-chart ct-timeline".*?</svg>', text, re.DOTALL)[0]
    assert drawn.count("<circle") == 2
    assert 'fill="none"' not in drawn  # no line joins before and after
    assert ">lavori</text>" in drawn


def test_a_car_that_reads_another_road_than_the_fleet_is_flagged(client):
    text = client.get(f"{ROADS}/flotta").text
    flagged = re.search(r"<tr><th scope=\"row\"><code>a45c2bd9.*?</tr>", text, re.DOTALL)[0]
    fine = re.search(r"<tr><th scope=\"row\"><code>4dcf93d3.*?</tr>", text, re.DOTALL)[0]
    assert "da controllare" in flagged
    assert "−14,8 %" in flagged
    assert "da controllare" not in fine
    assert [r["to_check"] for r in rows(client, "flotta")] == ["True", "False"]


def test_the_fleet_says_which_model_each_car_uses_and_how_old_its_calibration_is(client):
    text = client.get(f"{ROADS}/flotta").text
    learnt = re.search(r"<tr><th scope=\"row\"><code>4dcf93d3.*?</tr>", text, re.DOTALL)[0]
    assert "<td data-fold>appreso</td>" in learnt
    assert "08/2025" in learnt
    assert "31/08/2025" not in learnt
    told = {r["vehicle_id"][:4]: r for r in rows(client, "flotta")}
    assert (told["4dcf"]["model"], told["4dcf"]["calibrated_month"]) == ("learnt", "2025-08")
    assert (told["a45c"]["model"], told["a45c"]["calibrated_month"]) == ("quarter", "")
    # 0.013 on the day of the calibration, 0.04 more in quadrature for each year since
    spread = math.log(float(told["4dcf"]["scale_high"]) / 0.94) / 1.6448536
    years = (dt.datetime.now(dt.UTC).date() - dt.date(2025, 8, 31)).days / 365.25
    assert spread == pytest.approx(math.sqrt(0.013**2 + 0.04**2 * years), rel=1e-3)


@pytest.mark.parametrize(
    ("place", "it", "en"),
    [
        (1, "1ª su 42", "1st of 42"),
        (2, "2ª su 42", "2nd of 42"),
        (3, "3ª su 42", "3rd of 42"),
        (4, "4ª su 42", "4th of 42"),
        (12, "12ª su 42", "12th of 42"),
        (22, "22ª su 42", "22nd of 42"),
        (113, "113ª su 42", "113th of 42"),
    ],
)
def test_a_place_in_a_list_is_no_count(place, it, en):
    for lang, told in (("it", it), ("en", en)):
        page = SimpleNamespace(lang=lang, say=lambda it, en, lang=lang: it if lang == "it" else en)
        assert roadsection.place_of(page, place, 42) == told


def test_the_sheet_of_a_section_says_its_place_in_english(client):
    text = client.get("/en/good-practices/road-surface/sections/S001-04").text
    assert re.search(r"\d(st|nd|rd|th) of \d+ sections", text)
    assert re.search(r"\d(st|nd|rd|th) of \d+ segments", text)


@pytest.mark.parametrize(
    ("cars", "it", "en"), [(1, "con 1 veicolo", "by 1 vehicle"), (3, "con 3 veicoli", "by 3 vehicles")]
)
def test_a_section_says_by_how_many_cars_it_was_driven(client, workspace, cars, it, en):
    rows = Workspace.open(workspace).layer("manto_stradale_sections").to_pylist()
    row = next(r for r in rows if r["vehicles"] == cars)
    for path, said in ((f"{ROADS}/sezioni/", it), ("/en/good-practices/road-surface/sections/", en)):
        told = re.sub(r"<[^>]+>", " ", client.get(path + row["section_id"]).text)
        assert re.search(rf"\b{row['passes']:.0f} +{said}\s", told)


@pytest.mark.parametrize(("bias", "drifts"), [(0.1, False), (0.1001, True), (-0.11, True), (None, False)])
def test_ten_per_cent_is_the_limit(bias, drifts):
    none = Interval(value=None)
    facts = {
        "id": "x",
        "model": None,
        "calibrated": True,
        "calibrated_on": None,
        "scale": none,
        "drives": 0,
        "km": 0.0,
        "last": None,
    }
    car = Vehicle(**facts, bias=bias, kept_until=None, overdue=0, label=None)
    assert car.drifts is drifts


def test_visitors_get_the_month_of_a_drive_never_its_day(client):
    text = client.get(f"{ROADS}/flotta").text
    cars = text[text.index('id="cars"') : text.index('id="covered"')]
    assert "10/2026" in cars
    assert "31/10/2026" not in cars
    assert {r["last_month"] for r in rows(client, "flotta")} == {"2026-10"}


def test_coverage_holds_every_kilometre_of_the_layer(client):
    covered = rows(client, "copertura")
    layer = list(csv.DictReader(io.StringIO(client.get("/dati/manto_stradale_sections.csv").text)))
    assert sum(float(r["km"]) for r in covered) == pytest.approx(sum(float(r["length_km"]) for r in layer))
    assert {r["not_driven_km"] for r in covered} == {""}  # the layer does not tell: unknown, not zero
    assert "non noto" in client.get(f"{ROADS}/flotta").text


def test_the_cadastre_has_the_words_of_the_norm_and_every_segment(client, workspace):
    from contado.kernel.workspace import Workspace

    surface = rows(client, "catasto-pavimentazione")
    assert len(surface) == Workspace.open(workspace).read("pavement_segment").num_rows
    assert {"elemento", "ascissa_iniziale_m", "ascissa_finale_m", "iri_m_km"} <= set(surface[0])
    (work,) = rows(client, "catasto-lavori")
    assert (work["lavorazione"], work["data_fine"]) == (
        "Rifacimento del tappeto di usura (4 cm)",
        "2026-09-20",
    )
    assert client.get("/strade/catasto-nulla.csv").status_code == 404


def test_the_cadastre_is_a_workbook_with_a_sheet_for_each_table(client):
    openpyxl = pytest.importorskip("openpyxl")
    got = client.get("/strade/catasto.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(got.content))
    assert book.sheetnames == ["Leggimi", "Elementi stradali", "Pavimentazione", "Lavori"]
    assert "D.M. 1/6/2001" in str([c.value for row in book["Leggimi"].iter_rows() for c in row])
    assert client.get("/strade/catasto.xlsx").content == got.content
    assert client.get("/strade/catasto.exe").status_code == 404


def test_the_feed_of_open_anomalies_holds_them_all_as_geojson_and_the_latest_as_rss(client):
    layer = client.get("/dati/manto_stradale_anomalies.geojson").json()["features"]
    feed = client.get("/strade/anomalie.geojson").json()["features"]
    assert {f["id"] for f in feed} == {f["properties"]["anomaly_id"] for f in layer}
    assert feed[0]["properties"]["label"] == "simulated"
    got = client.get("/strade/anomalie.rss?lang=en")
    assert got.headers["content-type"].startswith("application/rss+xml")
    channel = ET.fromstring(got.text).find("channel")
    dates = [item.findtext("pubDate") for item in channel.findall("item")]
    assert len(dates) == 200
    assert channel.findtext("description").startswith("200 of 400")
    assert client.get("/strade/anomalie.rss?lang=xx").status_code == 404


@pytest.mark.parametrize("lang", ["it", "en"])
def test_a_reader_finds_the_feeds_and_asks_for_news_only(client, lang):
    home = {"it": ROADS, "en": "/en/good-practices/road-surface"}[lang]
    links = r'<link rel="alternate" type="([^"]+)" title="[^"]+" href="([^"]+)">'
    found = [
        dict(re.findall(links, client.get(path).text))
        for path in (home, home + {"it": "/mappa", "en": "/map"}[lang])
    ]
    assert found[0] == found[1]
    assert set(found[0]) == {"application/geo+json", "application/rss+xml"}
    for kind, href in found[0].items():
        got = client.get(href)
        assert (got.status_code, got.headers["content-type"].partition(";")[0]) == (200, kind)
        again = client.get(href, headers={"if-none-match": got.headers["etag"]})
        assert again.status_code == 304


def test_before_and_after_stand_on_the_sheet_and_on_the_practice(client):
    for path in ("/territorio/015002", ROADS):
        text = client.get(path).text
        assert "Migliorato, oltre gli intervalli." in text
        assert "6,2 prima, 1,9 dopo (un lavoro)" in text
    assert "Nessun lavoro in questo comune" in client.get("/territorio/015146").text


def measure(before: tuple, after: tuple) -> outcomes.Together:
    from contado.web.data.indicators import Indicator
    from contado.web.i18n import Words

    kept = Indicator(
        id="iri_m_km",
        name=Words("IRI", "IRI"),
        unit="m_km",
        higher_is_better=False,
        aggregation="mean",
        practice=None,
    )
    one = {"practice": "p", "code": None, "indicator": kept, "label": "measured", "name": "w"}
    days = {"before_on": dt.date(2026, 1, 1), "after_on": dt.date(2026, 6, 1)}
    ends = ("value", "low", "high")
    was, now = (Interval(**dict(zip(ends, v, strict=True))) for v in (before, after))
    works = [outcomes.Outcome(**one, **days, intervention=n, before=was, after=now) for n in "ab"]
    (found,) = outcomes.together(works)
    return found


@pytest.mark.parametrize(
    ("before", "after", "shown", "better"),
    [
        ((6.0, 5.5, 6.5), (2.0, 1.8, 2.2), True, True),
        ((6.0, 5.5, 6.5), (5.4, 5.0, 5.6), False, True),
        ((2.0, 1.9, 2.1), (3.0, 2.8, 3.2), True, False),
        ((2.0, None, None), (1.0, 0.9, 1.1), False, True),
    ],
)
def test_a_change_is_shown_only_where_the_intervals_do_not_touch(before, after, shown, better):
    found = measure(before, after)
    assert (found.shown, found.better) == (shown, better)


def drawn(client, address: str) -> ET.Element:
    got = client.get(address)
    assert got.headers["content-type"].startswith("image/svg+xml")
    assert len(got.content) < MOST_BYTES
    return ET.fromstring(got.text)


@pytest.mark.parametrize(
    "address",
    [
        "/viste/sections.svg",
        "/viste/changes.svg",
        "/viste/manto_stradale_anomalies.svg",
        "/viste/manto_stradale_sections.svg",
        "/viste/municipalities.svg?by=pop",
    ],
)
def test_every_map_is_also_drawn_on_the_server(client, address):
    root = drawn(client, address)
    assert len(root.findall(f"{SVG}path")) > 2
    assert root.find(f".//{SVG}script") is None


def test_the_drawn_map_has_the_filters_of_the_page(client):
    def classes(query: str) -> set[str]:
        return {p.get("stroke") for p in drawn(client, f"/viste/sections.svg{query}").findall(f"{SVG}path")}

    assert {"#7A0035", "#31529E"} <= classes("")
    assert "#31529E" not in classes("?class=D")
    assert "#7A0035" in classes("?class=D")
    assert client.get("/viste/nulla.svg").status_code == 404


def test_what_is_too_much_for_a_drawing_is_counted_in_squares(client, monkeypatch):
    monkeypatch.setattr("contado.web.pages.drawnmaps.MOST_BYTES", 15_000)
    root = ET.fromstring(client.get("/viste/sections.svg?sort=section").text)
    numbers = [int(t.text) for t in root.iter(f"{SVG}text")]
    data = json.loads(client.get("/viste/sections.json").text)
    assert sum(numbers) == len(data["features"])


def test_map_frames_hold_the_drawing_and_say_what_it_is(client):
    for path, name in (
        (f"{ROADS}/mappa?class=D", "sections"),
        (f"{ROADS}/confronto", "changes"),
        ("/dati/municipalities", "municipalities"),
    ):
        image = re.search(r'<img [^>]*id="ct-drawn"[^>]*>', client.get(path).text)[0]
        assert f"/viste/{name}.svg" in image
        assert re.search(r'alt="[^"]+"', image)
    assert "class=D" in re.search(r'id="ct-drawn"[^>]*', client.get(f"{ROADS}/mappa?class=D").text)[0]
