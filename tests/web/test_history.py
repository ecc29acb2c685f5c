"""Roads on earlier days and what changed: on the toy roads of the practice."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import html
import io
import re
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from contado.kernel.practice import registered
from contado.testing import toy_territory
from contado.web.app import create
from contado.web.data import history
from contado.web.data.roads import Interval, Roads, Section

if TYPE_CHECKING:
    from contado.kernel.workspace import Workspace


def section(iri: tuple[float, float, float] | None, name: str = "S1") -> Section:
    value = Interval(value=None) if iri is None else Interval(value=iri[0], low=iri[1], high=iri[2])
    facts = dict.fromkeys(
        [
            "road_code",
            "road_name",
            "code",
            "municipality",
            "passes",
            "vehicles",
            "last",
            "priority",
            "label",
            "from_km",
            "to_km",
        ]
    )
    none = Interval(value=None)
    return Section(
        id=name, class_id="A", index=none, iri=value, length_km=1.0, uncertain=False, growth=none, **facts
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((2.0, 1.9, 2.1), (2.05, 1.95, 2.15), "same"),
        ((2.0, 1.9, 2.1), (2.5, 2.4, 2.6), "worse"),
        ((2.0, 1.9, 2.1), (4.0, 3.8, 4.2), "much_worse"),
        ((4.0, 3.9, 4.1), (3.5, 3.4, 3.6), "better"),
        ((4.0, 3.8, 4.2), (2.0, 1.9, 2.1), "much_better"),
        (None, (2.0, 1.9, 2.1), "none"),
        ((2.0, 1.9, 2.1), None, "none"),
    ],
)
def test_a_change_counts_only_outside_its_interval(before, after, expected):
    (change,) = history.changes(Roads(sections=(section(before),)), Roads(sections=(section(after),)))
    assert change.class_id == expected


def test_the_interval_adds_the_two_in_quadrature():
    (change,) = history.changes(
        Roads(sections=(section((2.0, 1.7, 2.4)),)), Roads(sections=(section((3.0, 2.6, 3.3)),))
    )
    assert change.iri == pytest.approx(1.0)
    assert change.low == pytest.approx(1.0 - (0.4**2 + 0.4**2) ** 0.5)
    assert change.high == pytest.approx(1.0 + (0.3**2 + 0.3**2) ** 0.5)


def test_the_most_worsened_stands_first_and_the_unknown_last():
    before = Roads(sections=tuple(section((2.0, 1.9, 2.1), n) for n in "abc"))
    after = Roads(sections=(section(None, "a"), section((2.1, 2.0, 2.2), "b"), section((5.0, 4.9, 5.1), "c")))
    assert [c.after.id for c in history.changes(before, after)] == ["c", "b", "a"]


def csv_of(client, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(path).text)))


LATER = dt.timedelta(days=29)
MAP = "/buone-pratiche/manto-stradale/mappa"


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """Pages of the toy roads as they are some weeks after their last day, and the days on which cars drove."""
    import pyarrow.compute as pc

    practice = registered()["manto_stradale"].practice()
    workspace: Workspace = toy_territory(tmp_path_factory.mktemp("history") / "city", practice)
    days = sorted({m.date() for m in workspace.read("pavement_cell_obs").column("t_utc").to_pylist()})
    on = days[-1] + LATER
    diagnosis = practice.diagnose(workspace, on=on)
    with workspace.commit() as c:
        for name, table in diagnosis.tables.items():
            if name.startswith("pavement_"):
                c.table(name, table)
        for name, table in practice.layers(workspace, on=on).items():
            c.layer(name, table.filter(pc.is_valid(table["geometry"])), label="simulated", crs="EPSG:4326")
    return TestClient(create(workspace.path)), days


def test_the_time_row_holds_the_days_on_which_vehicles_drove(toy):
    client, days = toy
    text = client.get("/buone-pratiche/manto-stradale/mappa").text
    assert f'max="{len(days)}"' in text  # and the day of the present state
    early = min(days)
    shown = client.get(f"/buone-pratiche/manto-stradale/mappa?date={early}").text
    assert f"/viste/sections.json?date={early}" in shown
    assert 'rel="next"' in shown
    assert client.get(f"/viste/sections.json?date={early}").status_code == 200
    assert client.get("/viste/sections.json?date=1999-01-01").status_code == 404
    assert "date=1999-01-01" in client.get("/buone-pratiche/manto-stradale/mappa?date=1999-01-01").text


def test_the_present_state_says_its_day_and_the_last_pass_a_past_day_only_itself(toy):
    client, days = toy
    on, last, first = (f"{d:%d/%m/%Y}" for d in (days[-1] + LATER, days[-1], days[0]))
    now = f"stima al {on}, ultimo passaggio {last}"
    text = client.get(MAP).text
    assert now in text[text.index('id="ct-when"') :][:120]
    assert f"{days[-1] + LATER:%Y}</b>" in text[text.index('id="ct-time"') :][:200]
    section = re.search(r'<tr data-id="([^"]+)"', text)[1]
    assert "stima al" in client.get(f"/buone-pratiche/manto-stradale/sezioni/{section}").text
    english = client.get("/en/good-practices/road-surface/map").text
    assert f"estimate of {on}, last pass {last}" in english
    for day, said in ((days[-1], last), (days[0], first)):
        past = client.get(f"{MAP}?date={day}").text
        assert f"al {said}" in past[past.index('id="ct-when"') :][:120]
        assert now not in past
    # the values of the last day of drives are those of the comparison, not those of the present state
    kept = {r["section_id"]: r for r in csv_of(client, f"/strade/storia.csv?date={days[-1]}")}
    grown = {r["section_id"]: r for r in csv_of(client, "/dati/manto_stradale_sections.csv")}
    assert any(kept[s]["iri_m_km"] != grown[s]["iri_m_km"] for s in kept)


def test_files_of_a_past_day_hold_that_day_with_the_filters_of_the_page(toy):
    client, days = toy
    letter = next(r["class"] for r in csv_of(client, f"/strade/storia.csv?date={days[0]}") if r["class"])
    text = client.get(f"{MAP}?date={days[0]}&class={letter}").text
    links = {html.unescape(a) for a in re.findall(r'href="(/strade/storia[^"]+)"', text)}
    assert links == {f"/strade/storia.csv?class={letter}&date={days[0]}"}  # what I see, and under the table
    assert not re.findall(r'href="(/dati/[^"]*)"[^>]*data-seen', text)
    got = client.get(links.pop())
    assert f'filename="storia-{days[0]}.csv"' in got.headers["content-disposition"]
    found = list(csv.DictReader(io.StringIO(got.text)))
    assert [r["section_id"] for r in found] == re.findall(r'<tr data-id="([^"]+)"', text)
    assert {(r["class"], r["date"]) for r in found} == {(letter, str(days[0]))}
    assert client.get(f"/strade/storia.csv?date={days[0]}&class=Z").status_code == 400
    assert client.get("/strade/storia.csv?date=1999-01-01").status_code == 404


def test_files_of_the_present_state_have_the_filters_of_the_page(client):
    text = client.get(f"{MAP}?class=A,B&unit=015002").text
    under = re.findall(
        r'href="(/dati/manto_stradale_sections\.(?:csv|gpkg)[^"]*)"', text[text.index("ct-pager") :]
    )
    assert len(under) == 2
    assert all(a.endswith("?class=A%2CB&amp;unit=015002") for a in under)
    shown = re.findall(r'<tr data-id="([^"]+)"', text)
    assert shown
    assert {r["section_id"] for r in csv_of(client, html.unescape(under[0]))} == set(shown)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            f"{MAP}?sel=ZZZ&page=abc&bbox=foo&z=abc&layers=foo:1,names:2",
            "bbox=foo, z=abc, layers=foo:1, layers=names:2, sel=ZZZ, page=abc",
        ),
        ("/dati/manto_stradale_sections?sel=x&z=a", "z=a, sel=x"),
        ("/buone-pratiche/manto-stradale/verifica-sul-campo?date=zzz", "date=zzz"),
    ],
)
def test_what_an_address_asks_in_vain_is_noted(client, path, said):
    assert f"Ignorato: {said}<" in client.get(path).text
    assert "Ignorato" not in client.get(f"{MAP}?z=11.5&x=9.1&y=45.4&layers=names:0.5,sections:0&page=2").text


def test_the_comparison_shows_the_same_changes_on_the_map_and_in_the_table(toy):
    import re

    client, days = toy
    first, last = min(days), max(days)
    text = client.get(f"/buone-pratiche/manto-stradale/confronto?da={first}&a={last}").text
    listed = dict(re.findall(r'<tr data-id="([^"]+)" data-class="(\w+)"', text))
    data = client.get(f"/viste/changes.json?from={first}&to={last}").json()
    drawn = {f["properties"]["id"]: f["properties"]["c"] for f in data["features"]}
    assert listed == drawn
    english = client.get(f"/en/good-practices/road-surface/compare?from={first}&to={last}").text
    assert dict(re.findall(r'<tr data-id="([^"]+)" data-class="(\w+)"', english)) == listed


def test_one_round_has_nothing_to_compare(bare_client):
    text = bare_client.get("/buone-pratiche/manto-stradale/confronto").text
    assert "non ci sono due date" in text


def test_anomalies_that_appeared_and_were_repaired_are_counted():
    def told(name: str, *, state: str = "confirmed", is_open: bool = True) -> dict:
        return {"anomaly_id": name, "section_id": "S1", "state": state, "open": is_open}

    first, last = dt.date(2026, 8, 1), dt.date(2026, 9, 1)
    before = [
        told("stays"),
        told("repaired"),
        told("closed"),
        told("never there", state="new"),
        told("doubtful"),
    ]
    after = [
        told("stays", state="worse"),
        told("repaired", state="repaired", is_open=False),
        told("doubtful", is_open=False),
        told("fresh", state="new"),
    ]
    kept = history.History(
        days=[first, last], sections={}, anomalies={first: before, last: after}, fixed={}, states={}
    )
    assert kept.moved(first, last) == {"S1": (1, 2)}


def test_a_class_rises_or_falls_by_steps():
    def change(was: str, now: str) -> history.Change:
        before, after = (dataclasses.replace(section((2.0, 1.9, 2.1)), class_id=c) for c in (was, now))
        (found,) = history.changes(Roads(sections=(before,)), Roads(sections=(after,)))
        return found

    assert [change(*pair).step for pair in ("CA", "AD", "BB")] == [2, -3, 0]
    assert change("none", "A").step == 0


def test_changes_as_csv_are_those_of_the_page(toy):
    client, days = toy
    rows = list(
        csv.DictReader(client.get(f"/strade/cambiamenti.csv?from={days[0]}&to={days[-1]}").text.splitlines())
    )
    data = client.get(f"/viste/changes.json?from={days[0]}&to={days[-1]}").json()
    assert {r["section_id"]: r["change"] for r in rows} == {
        f["properties"]["id"]: f["properties"]["c"] for f in data["features"]
    }
    assert client.get("/strade/cambiamenti.csv?from=1999-01-01").status_code == 404
    assert client.get("/strade/nothing.csv").status_code == 404


def test_a_section_tells_its_history(toy):
    client, days = toy
    rows = list(csv.DictReader(client.get("/strade/storia.csv?section=T1").text.splitlines()))
    assert [r["date"] for r in rows] == [d.isoformat() for d in days]
    assert all(float(r["low_m_km"]) < float(r["iri_m_km"]) < float(r["high_m_km"]) for r in rows)
    text = client.get("/buone-pratiche/manto-stradale/sezioni/T1").text
    assert text.count("ct-timeline") == 2
    assert client.get("/strade/storia.csv?section=nothing").status_code == 404
