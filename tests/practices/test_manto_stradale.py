"""The practice of road sensing: contract, indicators, proposals, before and after."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from contado.kernel import tables
from contado.kernel.practice import Diagnosis, Programme
from contado.practices.manto_stradale import MantoStradale, proposal
from contado.testing.toy import toy_territory

ON = date(2026, 6, 1)


@pytest.fixture
def toy(tmp_path):
    return toy_territory(tmp_path / "toy", MantoStradale())


@pytest.fixture
def diagnosis(toy):
    return MantoStradale().diagnose(toy, on=ON)


def values(diagnosis, indicator):
    rows = diagnosis.tables["indicator_value"].to_pylist()
    return {r["subject_id"]: r for r in rows if r["indicator"] == indicator}


def test_segments_follow_the_road(diagnosis):
    rows = [r for r in diagnosis.tables["pavement_segment"].to_pylist() if r["section_id"] == "T1"]
    assert [(r["from_m"], r["to_m"]) for r in rows] == [(0, 300), (300, 600)]
    assert rows[0]["iri_m_km"] == pytest.approx(2.0, rel=0.1)
    assert rows[1]["iri_m_km"] == pytest.approx(4.6, rel=0.1)
    assert [r["criticality"] for r in rows] == ["verde", "arancione"]
    assert rows[0]["severity_per_100m"] == 0
    assert rows[1]["severity_per_100m"] == pytest.approx(16.0, rel=0.01)
    assert all(r["low_m_km"] < r["iri_m_km"] < r["high_m_km"] for r in rows)


def test_a_known_fixture_of_the_road_is_no_defect(toy):
    rows = [{**r, "fixture_id": "osm:n1"} for r in toy.read("pavement_anomaly_obs").to_pylist()]
    with toy.commit() as commit:
        commit.table("pavement_anomaly_obs", tables.from_rows("pavement_anomaly_obs", rows))
    found = MantoStradale().diagnose(toy, on=ON)
    assert values(found, "anomalies_per_km")["999001"]["value"] == 0
    segments = [r for r in found.tables["pavement_segment"].to_pylist() if r["section_id"] == "T1"]
    assert {r["severity_per_100m"] for r in segments} == {0}


def test_works_cut_a_segment_of_their_own(toy):
    found = MantoStradale().diagnose(toy, on=ON)
    rows = [r for r in found.tables["pavement_segment"].to_pylist() if r["section_id"] == "T2"]
    assert rows[0]["to_m"] == 100


def test_roads_that_nobody_drove_are_unknown_not_zero(diagnosis):
    row = values(diagnosis, "iri_m_km")["manto_stradale:T3"]
    assert (row["value"], row["low"], row["method"]) == (None, None, "no_interval: not driven yet")
    assert values(diagnosis, "km_not_driven_30d")["manto_stradale:T3"]["value"] == pytest.approx(0.6)
    assert values(diagnosis, "km_not_driven_30d")["manto_stradale:T1"]["value"] == 0
    assert [f.rule for f in diagnosis.findings] == ["not_driven"]


def test_a_road_that_reads_another_level_without_works_is_told(toy):
    observed = toy.read("pavement_cell_obs").to_pylist()
    mine = [r for r in observed if r["section_id"] == "T1" and r["drive_id"] == "drive3"]
    later = [
        {
            **r,
            "drive_id": f"drive{9 + k}",
            "iri_m_km": r["iri_m_km"] / 4,
            "t_utc": r["t_utc"] + timedelta(days=7 * k),
        }
        for k in (1, 2, 3)
        for r in mine
    ]
    with toy.commit() as commit:
        commit.table("pavement_cell_obs", tables.from_rows("pavement_cell_obs", [*observed, *later]))
    found = MantoStradale().diagnose(toy, on=max(r["t_utc"] for r in later).date())
    told = [f for f in found.findings if f.rule == "changed_without_works"]
    assert [f.row for f in told] == ["T1"]
    assert "works not recorded?" in told[0].message


def test_municipalities_pool_their_sections(diagnosis):
    iri = values(diagnosis, "iri_m_km")
    assert iri["999001"]["value"] == pytest.approx(iri["manto_stradale:T1"]["value"])
    assert iri["999002"]["value"] == pytest.approx(iri["manto_stradale:T2"]["value"])
    assert values(diagnosis, "anomalies_per_km")["999001"]["value"] == pytest.approx(1 / 0.6)
    assert values(diagnosis, "km_not_driven_30d")["999002"]["value"] == pytest.approx(0.6)


def test_proposals_are_one_choice_a_segment_with_links_and_years(toy, diagnosis):
    found = MantoStradale().propose(toy, diagnosis, on=ON)
    rows = found.tables["intervention"].to_pylist()
    segments = {r["segment_id"] for r in diagnosis.tables["pavement_segment"].to_pylist()}
    assert {r["choice_group"] for r in rows} <= segments
    assert all(2027 <= r["earliest_year"] <= r["latest_year"] <= 2029 for r in rows)
    assert all(r["cost_low_eur"] <= r["cost_eur"] <= r["cost_high_eur"] for r in rows)
    assert all(0 < r["worksite_cost_eur"] < r["cost_eur"] for r in rows)
    first = [r for r in rows if r["choice_group"] == "manto_stradale:T1:000000"]
    assert all(r["road_link_ids"] == ["T1-0"] for r in first)
    assert all(r["benefit_low_eur"] <= r["benefit_eur"] <= r["benefit_high_eur"] for r in first)
    unknown = [r for r in rows if r["asset_id"] == "manto_stradale:T2"]
    assert unknown
    assert all(r["benefit_low_eur"] < r["benefit_eur"] / 2 for r in unknown)
    assert all(r["benefit_high_eur"] > 2 * r["benefit_eur"] for r in unknown)
    assert {"illustrative", "assumed_value"} <= {f.rule for f in found.findings}


def test_proposals_reach_as_far_as_the_budgets_that_may_pay(toy, diagnosis):
    others = [{"source": "own", "year": 2035, "budget_eur": 9e5, "earmark": "gipave"}]
    rows = [{"source": "own", "year": y, "budget_eur": 9e5} for y in range(2027, 2032)]
    with toy.commit() as commit:
        commit.table("budget", tables.from_rows("budget", [*rows, *others]))
    found = MantoStradale().propose(toy, diagnosis, on=ON)
    planned = found.tables["intervention"].to_pylist()
    assert (min(r["earliest_year"] for r in planned), max(r["latest_year"] for r in planned)) == (2027, 2031)
    years = {r["year"] for r in found.tables["pavement_strategy"].to_pylist()} - {-1}
    assert years == set(range(2027, 2032))


def test_effects_are_condition_and_carbon(toy, diagnosis):
    rows = MantoStradale().propose(toy, diagnosis, on=ON).tables["effect"].to_pylist()
    assert {r["indicator"] for r in rows} == {"condition_index_km_y", "ghg_tco2e_y"}
    assert all(r["value"] > 0 for r in rows if r["indicator"] == "condition_index_km_y")
    assert all(r["value"] < 0 for r in rows if r["indicator"] == "ghg_tco2e_y")


def test_doing_nothing_is_among_the_strategies(toy, diagnosis):
    rows = MantoStradale().propose(toy, diagnosis, on=ON).tables["pavement_strategy"].to_pylist()
    segments = {r["segment_id"] for r in rows}
    nothing = [r for r in rows if r["year"] == -1]
    assert {r["segment_id"] for r in nothing} == segments
    assert all(r["cost_eur"] == 0 and r["treatment"] is None for r in nothing)


def test_that_prices_are_illustrative_is_said_without_any_segment(toy, diagnosis):
    none = {**diagnosis.tables, "pavement_segment": tables.empty("pavement_segment")}
    found = MantoStradale().propose(toy, Diagnosis(none, []), on=ON)
    assert found.tables["intervention"].num_rows == 0
    assert [(f.rule, f.table) for f in found.findings] == [("illustrative", "pavement_treatment")]


def test_only_the_works_of_its_own_section_and_until_the_day_age_a_segment(toy, diagnosis, monkeypatch):
    days = [("T1", date(2026, 3, 1)), ("T2", date(2020, 1, 1)), ("T2", date(2026, 9, 1))]
    rows = [{"section_id": s, "from_m": 0.0, "to_m": 600.0, "date": day} for s, day in days]
    with toy.commit() as commit:
        commit.table("pavement_works", tables.from_rows("pavement_works", rows))
    laid, looked = proposal._laid_on, {}

    def told(row, section, works):
        looked[row["segment_id"]] = len(works)
        return laid(row, section, works)

    monkeypatch.setattr(proposal, "_laid_on", told)
    planned = MantoStradale().propose(toy, diagnosis, on=ON).tables["intervention"].to_pylist()
    assert set(looked.values()) == {1}
    first = {(r["asset_id"], r["earliest_year"]) for r in planned if r["type"] == "binder_wearing_10cm"}
    assert first == {("manto_stradale:T1", 2029), ("manto_stradale:T2", 2027)}


def resurfaced(toy, found, *, iri=1.3, cost_eur=31_000.0, treatment="wearing_4cm"):
    """Choose the resurfacing of the second half of T1, do it in 2027 and drive over it twice."""
    chosen = "manto_stradale:T1:000300:wearing_4cm"
    with toy.commit() as commit:
        commit.table("intervention", found.tables["intervention"], practice="manto_stradale")
        work = {
            "section_id": "T1",
            "from_m": 300.0,
            "to_m": 600.0,
            "date": date(2027, 5, 20),
            "treatment": treatment,
            "cost_eur": cost_eur,
            "intervention_id": chosen,
        }
        commit.table("pavement_works", tables.from_rows("pavement_works", [work]))
        old = toy.read("pavement_cell_obs").to_pylist()
        new = [
            {
                **row,
                "drive_id": f"after{k}",
                "iri_m_km": iri if row["cell"] >= 15 else row["iri_m_km"],
                "t_utc": datetime(2027, 6, 1 + k, 9, tzinfo=UTC),
            }
            for k in range(2)
            for row in old
            if row["section_id"] == "T1" and row["drive_id"] == "drive0"
        ]
        commit.table("pavement_cell_obs", tables.from_rows("pavement_cell_obs", [*old, *new]))
    row = {
        "intervention_id": chosen,
        "source": "own",
        "year": 2027,
        "start_year": 2027,
        "amount_eur": cost_eur,
    }
    empty = {name: tables.empty(name) for name in ("price", "run")}
    return Programme({"programme": tables.from_rows("programme", [row]), **empty})


def test_works_that_the_catalogue_does_not_know_are_told(toy, diagnosis):
    practice = MantoStradale()
    programme = resurfaced(toy, practice.propose(toy, diagnosis, on=ON), treatment="B12")
    found = practice.monitor(toy, programme, on=date(2027, 6, 30))
    assert found.tables["observation"].num_rows
    assert all(not row["works"] for row in found.tables["pavement_treatment"].to_pylist())
    told = [f for f in found.findings if f.rule == "unknown_choice"]
    assert len(told) == 1
    assert "'B12'" in told[0].message


def test_before_and_after_feed_the_catalogue(toy, diagnosis):
    practice = MantoStradale()
    programme = resurfaced(toy, practice.propose(toy, diagnosis, on=ON))
    later = date(2027, 6, 30)
    found = practice.monitor(toy, programme, on=later)
    rows = [r for r in found.tables["observation"].to_pylist() if r["indicator"] == "iri_m_km"]
    assert [r["period"] for r in rows] == ["2027-05-19", "2027-06-30"]
    assert rows[0]["low"] > rows[1]["high"]
    assert rows[1]["value"] == pytest.approx(1.3, rel=0.05)
    learnt = {r["code"]: r for r in found.tables["pavement_treatment"].to_pylist()}["wearing_4cm"]
    assert (learnt["works"], learnt["cost_measured_eur_m2"]) == (1, pytest.approx(31_000 / 2100))
    with toy.commit() as commit:
        commit.table("pavement_treatment", found.tables["pavement_treatment"])
    before = {r["code"]: r for r in found.tables["pavement_treatment"].to_pylist()}
    proposed = practice.propose(toy, practice.diagnose(toy, on=later), on=later)
    assert not any(f.rule == "illustrative" and f.table == "pavement_treatment" for f in proposed.findings)
    assert before["wearing_4cm"]["iri_after_measured_m_km"] < before["wearing_4cm"]["iri_after_m_km"]


def test_works_without_a_later_drive_cannot_be_compared(toy, diagnosis):
    practice = MantoStradale()
    programme = resurfaced(toy, practice.propose(toy, diagnosis, on=ON))
    found = practice.monitor(toy, programme, on=date(2027, 5, 25))
    assert found.tables["observation"].num_rows == 0
    assert [f.rule for f in found.findings] == ["not_comparable"]


def test_nothing_done_yet_is_said(toy, diagnosis):
    practice = MantoStradale()
    programme = resurfaced(toy, practice.propose(toy, diagnosis, on=ON))
    found = practice.monitor(toy, programme, on=date(2027, 1, 1))
    assert [f.rule for f in found.findings] == ["no_works_yet"]


def test_layers_have_classes_intervals_and_reasons(toy):
    given = MantoStradale().layers(toy, on=ON)
    rows = {r["section_id"]: r for r in given["manto_stradale_sections"].to_pylist()}
    assert list(rows) == ["T1", "T2", "T3"]
    assert rows["T2"]["class"] == "D"
    assert rows["T3"]["class"] is None
    assert rows["T1"]["condition_low"] < rows["T1"]["condition_index"] < rows["T1"]["condition_high"]
    assert isinstance(rows["T1"]["uncertain"], bool)
    assert rows["T1"]["last_on"] == date(2026, 5, 20)
    assert rows["T1"]["label"] == "simulated"
    assert [a["kind"] for a in given["manto_stradale_anomalies"].to_pylist()] == ["pothole"]
    specs = {s.id for s in MantoStradale().register_layers()}
    assert specs == set(given)


def test_later_works_and_drives_do_not_change_the_past(toy, diagnosis):
    resurfaced(toy, MantoStradale().propose(toy, diagnosis, on=ON))
    again = MantoStradale().diagnose(toy, on=ON)
    one, other = (
        d.tables["pavement_segment"].drop_columns(["rank", "priority", "why"]) for d in (diagnosis, again)
    )
    kept = [[r for r in t.to_pylist() if r["section_id"] == "T1"] for t in (one, other)]
    for a, b in zip(*kept, strict=True):
        assert np.isclose(a["iri_m_km"], b["iri_m_km"])
        assert (a["from_m"], a["to_m"], a["last_on"]) == (b["from_m"], b["to_m"], b["last_on"])


def cell(from_m: float, state: str = "measured", length_m: float = 20.0) -> dict:
    return {"from_m": from_m, "to_m": from_m + length_m, "state": state}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([], (110.0, 0.0)),  # nobody drove it
        (
            [cell(0), cell(20), cell(40), cell(60), cell(80)],
            (0.0, 10.0),
        ),  # less than a cell is left at the end
        ([cell(20), cell(40, "not_measurable"), cell(60), cell(80)], (0.0, 50.0)),
        ([cell(0), cell(20, "not_driven"), cell(40, "renewed"), cell(60), cell(80)], (40.0, 10.0)),
        ([cell(0), cell(20)], (70.0, 0.0)),  # it turned off: nobody drove the rest
    ],
)
def test_what_was_driven_and_could_not_be_measured_is_not_called_not_driven(cells, expected):
    from contado.practices.manto_stradale import indicators

    assert indicators._unmeasured(110.0, cells) == pytest.approx(expected)
