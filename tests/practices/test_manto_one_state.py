"""One state of the roads: report, map file and pages count the same kilometres, anomalies and order."""

from __future__ import annotations

import re

import pytest

from contado.engines.pavement.reports import maps
from contado.engines.pavement.reports.report import report
from contado.engines.pavement.views import grading
from contado.engines.pavement.views.reading import read_state
from contado.kernel import tables
from contado.kernel.declare import Context, convert
from contado.practices.manto_stradale import MantoStradale
from contado.testing.toy import toy_territory
from contado.verbs import load
from contado.web.data import roads as pages
from contado.web.data.stretches import segments
from contado.web.data.territory import Territory


def told(number: int, kind: str, drive: int) -> dict:
    """An anomaly at a place of its own that a pass felt."""
    return {"chainage_m": 60.0 + 80.0 * number, "kind": kind, "drive_id": f"drive{drive}"}


@pytest.fixture
def toy(tmp_path):
    """Two driven roads, diagnosed, with a pothole and two speed bumps more; a gap that nobody measured."""
    made = toy_territory(tmp_path / "toy", MantoStradale())
    felt = made.read("pavement_anomaly_obs").to_pylist()
    extra = [
        {**felt[0], "section_id": "T2", **told(n, kind, drive)}
        for n, kind in enumerate(("pothole", "speed_bump", "speed_bump"))
        for drive in range(4)
    ]
    rows = [
        r
        for r in made.read("pavement_cell_obs").to_pylist()
        if r["section_id"] != "T1" or not 8 <= r["cell"] < 12
    ]
    with made.commit() as commit:
        commit.table("pavement_anomaly_obs", tables.from_rows("pavement_anomaly_obs", [*felt, *extra]))
        commit.table("pavement_cell_obs", tables.from_rows("pavement_cell_obs", rows))
    verb = load("diagnose")
    request = convert(verb.request, {"practice": "manto_stradale", "on": "2026-06-01"})
    verb(request, Context(workspace=made.path))
    return made


@pytest.fixture
def state(toy):
    return read_state(toy.path)


@pytest.fixture
def roads(toy):
    return pages.load(toy, Territory(units=()))


def pieces(state) -> list[grading.Piece]:
    return [p for road in state.roads for p in grading.pieces(road, state.on)]


def test_kilometres_by_class_are_the_same_in_report_map_file_and_pages(state, roads):
    page = {t.class_id: t.km for t in roads.totals()}
    drawn = {t.class_id: t.length_m / 1000 for t in grading.totals(pieces(state))}
    assert page == pytest.approx(drawn)
    assert sum(page.values()) == pytest.approx(1.8)
    assert page["none"] == pytest.approx(0.6 + 0.08)  # a road and a gap
    assert len([c for c in "ABCD" if page[c]]) >= 3  # more than the two sections' own classes
    text = maps.render(state).decode()
    legend = re.findall(r"<b>([A-D]) \w+</b><span>[^<]*?([\d,]+) km", text)
    assert dict(legend) == {c: f"{page[c]:.1f}".replace(".", ",") for c in "ABCD"}


def test_anomalies_are_the_same_number_and_speed_bumps_are_none_of_them(state, roads):
    figure = report(state).sections[0].blocks[0].figures[1]
    defects = sum(len(road.defects) for road in state.roads)
    assert figure.value == str(len(roads.anomalies)) == str(defects) == "2"
    assert "dossi, a parte: 2" in figure.meaning
    assert "Anomalie (2), dossi (2)" in maps.render(state).decode()
    assert "anomalie: 1, dossi: 2, lavori: 1." in maps.road_diagram(state.roads[1], state, "it").sentence


def test_the_report_begins_where_the_pages_begin(toy, state):
    (_, table) = report(state).sections[2].blocks
    shown = [row[0] for row in table.rows]
    ranked = sorted(segments(toy), key=lambda s: s.rank)
    road = {r.name: r for r in state.roads}
    assert shown[0].startswith(ranked[0].section_id)
    assert [place.split("\xa0")[0] for place in shown] == [s.section_id for s in ranked][: len(shown)]
    by_id = {p.rank: p for p in pieces(state) if p.rank}
    assert [(by_id[s.rank].from_m, by_id[s.rank].class_id) for s in ranked] == [
        (s.from_m, s.class_id) for s in ranked
    ]
    assert road["T3"].segments == ()


def test_a_drive_after_the_diagnosis_is_shown_in_pieces_of_its_own(toy):
    rows = toy.read("pavement_cell_obs").to_pylist()
    later = [{**r, "drive_id": "late", "t_utc": r["t_utc"].replace(month=7)} for r in rows[:20]]
    with toy.commit() as commit:
        commit.table("pavement_cell_obs", tables.from_rows("pavement_cell_obs", [*rows, *later]))
    found = read_state(toy.path)
    assert found.on.month == 7
    assert all(road.segments == () for road in found.roads)


def test_no_index_reads_as_of_another_class(state):
    for piece in (p for p in pieces(state) if p.index is not None):
        shown, bounds = piece.shown[0], {"A": (70, 100), "B": (50, 69), "C": (30, 49), "D": (0, 29)}
        low, high = bounds[piece.class_id]
        assert low <= shown <= high
        assert abs(shown - piece.index) < 1


def test_the_report_says_whose_roads_they_are(toy, state):
    assert report(state).subtitle == f"{toy.settings.whose}: T1, T2, T3"
    assert toy.settings.whose
