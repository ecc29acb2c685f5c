"""Where things are on roads with kilometre posts: names of works, report, map file, layer, pages say the same."""

from __future__ import annotations

import re
from datetime import date

import pyarrow as pa
import pytest
import shapely

from contado.engines.pavement.reports import maps
from contado.engines.pavement.reports.report import report
from contado.engines.pavement.views.reading import read_state
from contado.kernel import publish, tables
from contado.practices.manto_stradale import MantoStradale
from contado.testing.toy import toy_territory
from contado.web.data import roads as pages
from contado.web.data.inspections import spots
from contado.web.data.territory import Territory

ON = date(2026, 6, 1)
UP = {"road_name": "Padana Superiore", "direction": "crescente", "from_km": 12.35}
DOWN = {"road_name": "Padana Superiore", "direction": "backward", "from_km": 14.9}


@pytest.fixture
def toy(tmp_path):
    """Two directions of one road whose posts rise and fall; nobody said where the third one begins."""
    made = toy_territory(tmp_path / "toy", MantoStradale())
    facts = {"T1": UP, "T2": DOWN}
    rows = [{**r, **facts.get(r["section_id"], {})} for r in made.read("pavement_lrs_section").to_pylist()]
    with made.commit() as commit:
        commit.table("pavement_lrs_section", tables.from_rows("pavement_lrs_section", rows))
        commit.table("pavement_anomaly", tables.from_rows("pavement_anomaly", [anomaly("pothole", 411.0)]))
    return made


def anomaly(kind: str, at_m: float) -> dict:
    return {
        "anomaly_id": f"T2:{at_m:.1f}:20515",
        "section_id": "T2",
        "chainage_m": at_m,
        "kind": kind,
        "height_mm": -46.0,
        "severity": 60.0,
        "p_exists": 0.99,
        "passes": 4,
        "passes_possible": 4,
        "first_seen": date(2026, 4, 20),
        "last_seen": date(2026, 5, 20),
        "state": "confirmed",
        "source": "car",
        "label": "simulated",
        "geometry": shapely.Point(9.15, 45.02 + at_m / 111_195.0),
    }


def works(toy) -> set[str]:
    practice = MantoStradale()
    found = practice.propose(toy, practice.diagnose(toy, on=ON), on=ON).tables["intervention"].to_pylist()
    return {", ".join(r["name"].split(", ")[-2:]) for r in found}


def test_works_are_named_by_the_posts_of_their_direction(toy):
    names = works(toy)
    assert "Padana Superiore (T2), 14+900–14+800" in names
    assert any(re.fullmatch(r"Padana Superiore \(T1\), 12\+\d{3}–12\+\d{3}", name) for name in names)


def test_works_of_a_road_without_posts_are_named_by_metres_of_their_section(tmp_path):
    assert "Via T2, 0–100 m" in works(toy_territory(tmp_path / "plain", MantoStradale()))


def test_report_and_map_file_place_pieces_anomalies_and_works_by_the_posts(toy):
    state = read_state(toy.path)
    text = publish.render(report(state), "html").decode().replace("\u00a0", " ")
    for place in ("T1 km 12,35–12,45", "T2 km 14,90–14,80", "T2 km 14,49", "T3 km 0,00–0,60"):
        assert place in text
    html = maps.render(state).decode()
    for place in (
        "T1 <span>km 12,35–12,45",
        "T2 <span>km 14,90–14,80",
        "T2 km 14,49",
        "T3 <span>km 0,00–0,60",
    ):
        assert place in html
    assert ">14,8</text>" in html  # the axis of the diagram


def test_the_layer_says_where_a_falling_section_ends_and_pages_step_down_along_it(toy):
    rows = MantoStradale().layers(toy, on=ON)["manto_stradale_sections"].to_pylist()
    ends = {r["section_id"]: (r["from_km"], r["to_km"]) for r in rows}
    assert ends == {"T1": (12.35, 12.95), "T2": (14.9, 14.3), "T3": (None, None)}
    found = pages.of_rows(Territory(units=()), rows, ())
    assert found.by_id("T2").posts.stretch(0.0, 100.0, "it") == "km 14,90–14,80"
    assert found.by_id("T3").posts.where(747.0, "it") == "747 m"


def test_what_an_inspector_looks_for_is_at_the_kilometre_of_the_posts(toy):
    (spot,) = spots(toy, Territory(units=()))
    assert spot.km == pytest.approx(14.489)


def test_pages_of_a_state_whose_layer_tells_no_end_step_down_too(toy):
    layer = MantoStradale().layers(toy, on=ON)["manto_stradale_sections"]
    at, none = layer.column_names.index("to_km"), pa.nulls(layer.num_rows, pa.float64())
    with toy.commit() as commit:
        commit.layer("manto_stradale_sections", layer.set_column(at, "to_km", none), crs="EPSG:4326")
    found = pages.load(toy, Territory(units=()))
    assert {s.id: s.to_km for s in found.sections} == {"T1": 12.95, "T2": 14.3, "T3": None}
