"""The report of roads: it counts the same cells as map, layer and indicator, and names works as the body does."""

from __future__ import annotations

import re

import pytest

from contado.engines.pavement.reports import maps
from contado.engines.pavement.reports.report import report
from contado.engines.pavement.views import grading
from contado.engines.pavement.views.reading import read_state
from contado.kernel import publish, tables
from contado.practices.manto_stradale import MantoStradale
from contado.testing.toy import toy_territory

LENGTH_M = 760.0


@pytest.fixture
def toy(tmp_path):
    """Three roads of 760 m: one driven but for its end, one with cells that could not be measured, one not at all."""
    made = toy_territory(tmp_path / "toy", MantoStradale())
    sections = [{**r, "length_m": LENGTH_M} for r in made.read("pavement_lrs_section").to_pylist()]
    told = []
    for row in made.read("pavement_cell_obs").to_pylist():
        place = row["section_id"], row["cell"]
        if place[0] == "T2" and place[1] >= 25:  # 500 to 600 m: too slow to measure
            row |= {"iri_m_km": None, "sd_log": None, "coverage": 0.2}
        if place != ("T1", 0):
            told.append(row)
    told += [
        {**row, "cell": 30 + row["cell"]} for row in told if row["section_id"] == "T2" and row["cell"] < 7
    ]
    with made.commit() as commit:
        commit.table("pavement_lrs_section", tables.from_rows("pavement_lrs_section", sections))
        commit.table("pavement_cell_obs", tables.from_rows("pavement_cell_obs", told))
    return made


@pytest.fixture
def state(toy):
    return read_state(toy.path)


def test_the_report_counts_the_kilometres_not_driven_as_layer_and_indicator_do(toy, state):
    layer = MantoStradale().layers(toy, on=state.on)["manto_stradale_sections"].to_pylist()
    by_section = {r["section_id"]: (r["not_driven_km"], r["not_measurable_km"]) for r in layer}
    assert by_section == {
        "T1": pytest.approx((0.16, 0.02)),  # nobody drove its end, its begin has no whole cell
        "T2": pytest.approx((0.0, 0.12)),
        "T3": pytest.approx((0.76, 0.0)),
    }
    figure = report(state).sections[0].blocks[0].figures[2]
    assert figure.value == "0,9"
    assert sum(r["not_driven_km"] for r in layer) == pytest.approx(0.92)
    indicator = MantoStradale().diagnose(toy, on=state.on).tables["indicator_value"].to_pylist()
    towns = [
        r["value"] for r in indicator if r["indicator"] == "km_not_driven_30d" and ":" not in r["subject_id"]
    ]
    assert sum(towns) == pytest.approx(0.92)


def test_kilometres_by_class_are_those_of_the_measured_cells(state):
    rows = report(state).sections[0].blocks[1].table.rows
    by_name = {name: km for name, _, km, *_ in rows}
    assert by_name["non percorso"] == pytest.approx(0.92)
    assert by_name["percorso, senza classe"] == pytest.approx(0.14)
    assert sum(by_name.values()) == pytest.approx(3 * LENGTH_M / 1000)
    assert sum(row[3] for row in rows) == pytest.approx(1.0)


def test_the_map_says_the_same_in_its_head_and_in_its_legend(state):
    html = maps.render(state).decode()
    assert "1,4 di 2,3 km percorsi negli ultimi 30 giorni" in html
    assert re.search(r"<b>non percorso</b><span>0,9 km; percorsi, senza classe 0,1 km</span>", html)


def test_an_end_without_a_whole_cell_is_no_piece_of_its_own(state):
    (road,) = (r for r in state.roads if r.name == "T2")
    found = grading.pieces(road, state.on)
    assert (found[-1].from_m, found[-1].to_m) == (700.0, LENGTH_M)
    assert [(p.from_m, p.class_id, p.state) for p in found if p.iri is None] == [
        (500.0, "none", "not_measurable")
    ]


def test_the_end_that_nobody_drove_is_a_piece_of_its_own(state):
    (road,) = (r for r in state.roads if r.name == "T1")
    last = grading.pieces(road, state.on)[-1]
    assert (last.from_m, last.to_m, last.state, last.undriven_m) == (600.0, LENGTH_M, "not_driven", 160.0)


@pytest.mark.parametrize(
    ("lang", "named"), [("it", "Tappeto del Comune"), ("en", "The town's wearing course")]
)
def test_works_have_the_name_that_the_body_gives_the_treatment(toy, lang, named):
    own = {"code": "wearing_4cm", "name_it": "Tappeto del Comune", "name_en": "The town's wearing course"}
    own |= {"unit_cost_eur_m2": 12.0, "status": "confirmed"}
    with toy.commit() as commit:
        commit.table("pavement_treatment", tables.from_rows("pavement_treatment", [own]))
    html = publish.render(report(read_state(toy.path), lang=lang), "html").decode()
    assert f"{named}, " in html.replace("&#39;", "'")
    assert "Rifacimento del tappeto" not in html
