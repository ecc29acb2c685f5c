"""The practice of trial pavements: contract, indicators, proposals, what came of it."""

from __future__ import annotations

import json
from datetime import date

import pytest

from contado.kernel import tables
from contado.kernel.practice import Programme
from contado.practices.gipave import Gipave
from contado.testing.toy import toy_territory

ON = date(2026, 6, 1)


@pytest.fixture
def toy(tmp_path):
    return toy_territory(tmp_path / "toy", Gipave())


@pytest.fixture
def diagnosis(toy):
    return Gipave().diagnose(toy, on=ON)


def values(diagnosis, subject):
    rows = diagnosis.tables["indicator_value"].to_pylist()
    return {r["indicator"]: r for r in rows if r["subject_id"] == subject}


def proposed(toy, on=ON):
    practice = Gipave()
    return practice.propose(toy, practice.diagnose(toy, on=on), on=on)


def test_a_trial_has_a_verdict_an_interval_and_its_details(diagnosis):
    rows = {r["trial_id"]: r for r in diagnosis.tables["pavement_trial_result"].to_pylist()}
    strong, alone = rows["STRONG"], rows["ALONE"]
    assert (strong["verdict"], alone["verdict"]) == ("demonstrated", "not_identifiable")
    assert strong["effect_low"] < strong["effect"] < strong["effect_high"] < 0
    assert (strong["treated_sections"], strong["control_sections"], strong["campaigns"]) == (3, 12, 5)
    assert alone["effect"] is not None
    assert alone["effect_low"] is None
    details = json.loads(strong["details"])
    assert sum(details["placebo"]["counts"]) == strong["permutations"] == 220
    assert details["placebo"]["edges"][0] <= strong["effect"] <= details["placebo"]["edges"][-1]
    assert [round(e["age_years"]) for e in details["events"]] == [0, 1, 2, 3, 4]
    assert json.loads(alone["details"])["warnings"][0]["rule"] == "not_identifiable"
    assert {r["label"] for r in rows.values()} == {"simulated"}


def test_indicators_say_why_where_there_is_no_interval(diagnosis):
    strong, alone = values(diagnosis, "gipave:STRONG"), values(diagnosis, "gipave:ALONE")
    effect = strong["trial_growth_effect_pct_y"]
    assert effect["low"] < effect["value"] < effect["high"] < 0
    assert alone["trial_growth_effect_pct_y"]["method"].startswith("no_interval")
    assert strong["trial_control_growth_pct_y"]["value"] == pytest.approx(7.5, abs=1.5)
    assert strong["trial_detectable_effect_pct_y"]["value"] > 0
    cost = strong["trial_mix_cost_eur_m2_y"]
    assert cost["low"] < cost["value"] < cost["high"]
    assert strong["trial_break_even_life_y"]["value"] == pytest.approx(8.6, abs=0.1)


def test_mixes_are_checked_against_the_criteria_of_the_day(toy, diagnosis):
    rows = {(r["trial_id"], r["name"]): r for r in diagnosis.tables["pavement_trial_lifecycle"].to_pylist()}
    row = rows["STRONG", "trial"]
    assert (row["minimum_share"], row["criteria_met"]) == (0.15, True)
    assert row["rule_version"] == "strade-2024+DM-2025-09-11"
    assert sum(r["p_cheapest"] for (t, _), r in rows.items() if t == "STRONG") == pytest.approx(1)
    before = Gipave().diagnose(toy, on=date(2024, 6, 1)).tables["pavement_trial_lifecycle"].to_pylist()
    assert {(r["minimum_share"], r["criteria_met"], r["rule_version"]) for r in before} == {
        (None, None, None)
    }


def test_later_measures_are_not_known_yet(toy):
    early = Gipave().diagnose(toy, on=date(2023, 10, 1)).tables["pavement_trial_result"].to_pylist()
    assert {r["campaigns"] for r in early} == {3}
    assert all(r["last_on"] <= date(2023, 10, 1) for r in early)


def test_proposals_reach_as_far_as_the_budgets_that_may_pay(toy):
    rows = [{"source": "own", "year": y, "budget_eur": 9e5} for y in (2028, 2031)]
    with toy.commit() as commit:
        commit.table("budget", tables.from_rows("budget", rows))
    works = proposed(toy).tables["intervention"].to_pylist()
    assert {(w["earliest_year"], w["latest_year"]) for w in works} == {(2028, 2031)}


def test_a_demonstrated_mix_is_proposed_where_the_ordinary_surface_ends(toy):
    found = proposed(toy)
    works = found.tables["intervention"].to_pylist()
    assert len(works) == 12
    assert {w["id"].split(":")[1] for w in works} == {"STRONG"}
    assert {(w["earliest_year"], w["latest_year"]) for w in works} == {(2028, 2029)}
    one = works[0]
    assert one["cost_eur"] == pytest.approx(16.8 * 80 * 7)
    assert one["cost_low_eur"] < one["cost_eur"] < one["cost_high_eur"]
    yearly = 14.0 * 0.03 / (1 - 1.03**-7)
    assert one["benefit_eur"] == pytest.approx(80 * 7 * yearly * (1 - 1.03**-10) / 0.03)
    effects = [e for e in found.tables["effect"].to_pylist() if e["intervention_id"] == one["id"]]
    gases = next(e for e in effects if e["indicator"] == "ghg_tco2e_y")
    assert gases["value"] == pytest.approx(0.56 * (6.5 / 7 - 6.8 / 10))
    assert gases["low"] < gases["value"] < gases["high"]


def test_nothing_is_proposed_before_it_is_due_nor_without_a_demonstration(toy):
    early = proposed(toy, on=date(2024, 6, 1))
    assert early.tables["intervention"].num_rows == 0
    told = {f.row: f for f in early.findings}["STRONG"]
    assert (told.rule, "by 2027; the first does in 2028" in told.message) == ("nothing_due", True)
    found = proposed(toy)
    assert [(f.rule, f.row) for f in found.findings] == [("not_identifiable", "ALONE")]


def test_what_is_not_demonstrated_says_what_would_help(toy):
    rows = toy.read("pavement_trial_obs").to_pylist()
    treated = {s["section"] for s in toy.read("pavement_trial_section").to_pylist() if s["arm"] == "treated"}
    laid = date(2021, 9, 1)
    for row in rows:  # take most of the effect away
        if row["trial_id"] == "STRONG" and row["section"] in treated:
            row["value"] *= 2.718281828 ** (0.052 * (row["date"] - laid).days / 365.25)
    with toy.commit() as commit:
        commit.table("pavement_trial_obs", tables.from_rows("pavement_trial_obs", rows))
    found = proposed(toy)
    assert found.tables["intervention"].num_rows == 0
    told = {f.row: f for f in found.findings}["STRONG"]
    assert told.rule == "not_demonstrated"
    assert "sections" in told.hint


def test_a_demonstrated_mix_without_prices_says_so(toy):
    with toy.commit() as commit:
        commit.table("pavement_trial_mix", tables.empty("pavement_trial_mix"))
    found = proposed(toy)
    assert found.tables["intervention"].num_rows == 0
    assert {f.rule for f in found.findings} == {"missing_cost", "not_identifiable"}


def changed(toy, table, change):
    """Write the rows of a table as ``change`` makes each of them."""
    with toy.commit() as commit:
        commit.table(table, tables.from_rows(table, [change(row) for row in toy.read(table).to_pylist()]))


def test_a_demonstrated_mix_on_sections_without_an_area_says_so(toy):
    changed(toy, "pavement_trial_section", lambda row: {**row, "width_m": None})
    found = proposed(toy)
    assert found.tables["intervention"].num_rows == 0
    assert {f.row: f.rule for f in found.findings} == {"STRONG": "missing_area", "ALONE": "not_identifiable"}


def test_why_nothing_is_proposed_stands_beside_the_result(toy):
    def obstacle(on):
        rows = Gipave().diagnose(toy, on=on).tables["pavement_trial_result"].to_pylist()
        return {r["trial_id"]: json.loads(r["details"])["obstacle"] for r in rows}

    assert obstacle(date(2024, 6, 1))["STRONG"] == {"reason": "nothing_due", "first_year": 2028}
    assert obstacle(ON) == {"STRONG": None, "ALONE": {"reason": "not_identifiable", "first_year": None}}


def test_a_trial_that_was_not_measured_yet_is_told_as_such(toy):
    with toy.commit() as commit:
        commit.table("pavement_trial_obs", tables.empty("pavement_trial_obs"))
    found = proposed(toy)
    assert {f.row: f.message.endswith("iri_m_km is not measured yet.") for f in found.findings} == {
        "STRONG": True,
        "ALONE": True,
    }


def loud(row):
    """The measure as one of noise: half a decibel a unit of log IRI, about 95 dB."""
    import math

    return {**row, "metric": "noise_cpx_db", "value": 95 + 5 * math.log(row["value"])}


def test_every_metric_is_evaluated_in_its_unit(toy):
    plain = toy.read("pavement_trial_obs").to_pylist()
    rows = [*plain, *map(loud, plain)]
    rows += [{**r, "metric": "skid_sfc", "value": 0.6 - 0.02 * (r["date"].year - 2021)} for r in plain]
    with toy.commit() as commit:
        commit.table("pavement_trial_obs", tables.from_rows("pavement_trial_obs", rows))
    found = Gipave().diagnose(toy, on=ON)
    results = {
        r["metric"]: r for r in found.tables["pavement_trial_result"].to_pylist() if r["trial_id"] == "STRONG"
    }
    assert sorted(results) == ["iri_m_km", "noise_cpx_db", "skid_sfc"]
    iri, noise, skid = (results[m] for m in sorted(results))
    assert noise["effect"] == pytest.approx(5 * iri["effect"])
    assert (noise["verdict"], noise["placebo_p"]) == ("demonstrated", iri["placebo_p"])
    assert skid["control_growth"] == pytest.approx(0.02, rel=1e-3)  # wear: 0.02 lost a year
    assert json.loads(noise["details"])["events"][0]["treated_value"] == pytest.approx(95.9, abs=1)
    assert json.loads(skid["details"])["events"][0]["control_value"] == pytest.approx(0.6)
    assert any(f.message.startswith("noise_cpx_db: ") for f in found.findings if f.rule == "not_identifiable")


def test_a_trial_judged_on_noise_is_proposed_on_noise_and_claims_no_roughness(toy):
    changed(toy, "pavement_trial_obs", loud)
    changed(toy, "pavement_trial", lambda row: {**row, "metric": "noise_cpx_db"})
    found = proposed(toy)
    assert found.tables["intervention"].num_rows == 12
    assert set(found.tables["effect"]["indicator"].to_pylist()) == {"ghg_tco2e_y"}
    effect = values(Gipave().diagnose(toy, on=ON), "gipave:STRONG")["trial_growth_effect_pct_y"]
    assert effect["value"] is None


def test_measures_of_no_known_metric_are_counted(toy):
    changed(toy, "pavement_trial_obs", lambda row: {**row, "metric": "aderenza_cat"})
    found = Gipave().diagnose(toy, on=ON)
    told = {f.row: f for f in found.findings if f.rule == "unknown_metric"}
    assert set(told) == {"STRONG", "ALONE"}
    assert "aderenza_cat (300)" in told["STRONG"].message
    assert "skid_sfc" in told["STRONG"].hint
    assert found.tables["pavement_trial_result"].num_rows == 0


def test_rows_of_no_known_metric_are_refused_when_they_are_checked(toy):
    rows = [{**r, "metric": "rumore_cpx_db"} for r in toy.read("pavement_trial_obs").to_pylist()[:3]]
    checked = tables.validate("pavement_trial_obs", tables.from_rows("pavement_trial_obs", rows))
    told = [f for f in checked if f.rule == "unknown_choice"]
    assert [f.severity for f in told] == ["error"] * 3
    assert "noise_cpx_db" in told[0].message


def test_monitor_tells_the_effect_once_the_work_was_measured(toy):
    practice = Gipave()
    works = proposed(toy).tables["intervention"]
    chosen = works["id"].to_pylist()[:2]
    with toy.commit() as commit:
        commit.table("intervention", works, practice="gipave")
    rows = [
        {"intervention_id": i, "source": "own", "year": 2028, "amount_eur": 1.0, "start_year": 2028}
        for i in chosen
    ]
    programme = Programme({"programme": tables.from_rows("programme", rows)})
    waiting = practice.monitor(toy, programme, on=date(2028, 12, 31))
    assert waiting.tables["observation"].num_rows == 0
    assert [f.rule for f in waiting.findings] == ["no_works_yet"]

    measured = toy.read("pavement_trial_obs").to_pylist()
    last = [m for m in measured if m["trial_id"] == "STRONG" and m["campaign"] == "05"]
    later = [{**m, "campaign": "06", "date": date(2028, 9, 1)} for m in last]
    with toy.commit() as commit:
        commit.table("pavement_trial_obs", tables.from_rows("pavement_trial_obs", [*measured, *later]))
    seen = practice.monitor(toy, programme, on=date(2028, 12, 31))
    told = seen.tables["observation"].to_pylist()
    assert {r["subject_id"] for r in told} == set(chosen)
    assert all(r["low"] <= r["value"] <= r["high"] for r in told)


def test_sections_with_a_line_are_a_layer(toy):
    rows = Gipave().layers(toy, on=ON)["gipave_sections"].to_pylist()
    assert len(rows) == 17
    assert {r["arm"] for r in rows} == {"treated", "control"}
    assert all(r["growth_pct_y"] is not None for r in rows)
