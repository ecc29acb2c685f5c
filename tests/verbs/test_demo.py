"""The demonstration: the whole pipeline from an invented town to a verified programme."""

import json
import re
import subprocess

import msgspec
import pyarrow.parquet as pq
import pytest

from contado.cli.app import run
from contado.kernel.workspace import WorkspaceView
from contado.verbs._demo_text import summary
from contado.verbs.demo import DemoAnswer
from contado.web.data.worksites import worksites
from contado.web.site import Site, opener
from invented.processes import program


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demonstration as a strict user builds it, with its answer: what is missing on purpose refuses nothing."""
    folder = tmp_path_factory.mktemp("demo") / "city"
    command = program("demo", folder, "--quiet", "--strict")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, json.loads(done.stdout)


def test_every_stage_left_its_tables(demo):
    folder, answer = demo
    rows = WorkspaceView(folder).tables()
    for name in (
        "territory_unit",
        "road_link",
        "pavement_cell_obs",
        "pavement_cell_state",
        "pavement_anomaly",
        "pavement_segment",
        "pavement_trial_obs",
        "indicator_value",
        "intervention",
        "effect",
        "budget",
        "programme",
        "price",
        "run",
        "source",
    ):
        assert rows[name] > 0, name
    assert set(answer["layers"]) >= {
        "municipalities",
        "manto_stradale_sections",
        "manto_stradale_anomalies",
        "gipave_sections",
        "programme",
    }


def test_the_invented_trial_has_a_verdict_and_its_lines(demo):
    folder, answer = demo
    view = WorkspaceView(folder)
    (result,) = view.read("pavement_trial_result").to_pylist()
    assert (result["treated_sections"], result["control_sections"]) == (2, 40)
    assert (result["verdict"], result["label"]) == ("not_demonstrated", "simulated")
    assert answer["layers"]["gipave_sections"] == 42
    assert len({r["municipality"] for r in view.read("pavement_trial_section").to_pylist()}) == 1
    mixes = view.read("pavement_trial_lifecycle").to_pylist()
    assert {m["criteria_met"] for m in mixes} == {True}


def test_all_four_classes_and_the_street_nobody_drove_are_there(demo):
    _, answer = demo
    assert {c["road_class"]: c["sections"] > 0 for c in answer["classes"]} == {
        "A": True,
        "B": True,
        "C": True,
        "D": True,
        None: True,
    }


def test_the_estimates_are_near_the_simulated_truth(demo):
    _, answer = demo
    assert answer["accuracy"]["median_error_pct"] < 10
    assert answer["accuracy"]["within_interval_share"] >= 0.8


def test_the_programme_keeps_its_budgets_and_is_verified(demo):
    _, answer = demo
    money = answer["programme"]
    assert money["verified"]
    assert 0 < money["spent_eur"] <= money["budget_eur"]
    assert money["gap_share"] <= 1e-2
    assert answer["accepted"]["start_year"] in (2027, 2028, 2029)
    assert answer["rejected"]["start_year"] is None
    for one in (answer["accepted"], answer["rejected"]):
        assert 0 <= one["selection_frequency"] <= 1
        assert one["robustness"] in {"core", "borderline", "exterior"}


def test_kilometres_by_class_are_those_of_the_pages(demo):
    from contado.web.data import roads, territory

    folder, answer = demo
    told = {c["road_class"] or "none": (c["sections"], round(c["length_km"], 6)) for c in answer["classes"]}
    view = WorkspaceView(folder)
    shown = roads.load(view, territory.load(view)).totals()
    assert told == {t.class_id: (t.n, round(t.km, 6)) for t in shown}


def test_works_of_different_domains_share_worksites_and_save_money(demo):
    folder, answer = demo
    joint = answer["joint"]
    assert joint["across_pairs"] >= 1
    assert joint["across_saving_eur"] > 0
    works = WorkspaceView(folder).read("intervention").drop_columns(["geometry"]).to_pylist()
    assert {w["practice"] for w in works} == {"manto_stradale", "biciplan", "forestazione"}
    invented = [w for w in works if w["practice"] != "manto_stradale"]
    assert len(invented) == 4
    assert all(w["worksite_cost_eur"] > 0 and w["road_link_ids"] for w in invented)


def test_what_the_worksites_save_is_the_cost_that_nobody_pays(demo):
    folder, answer = demo
    view, joint = WorkspaceView(folder), answer["joint"]
    works = {w["id"]: w for w in view.read("intervention").drop_columns(["geometry"]).to_pylist()}
    paid = [r for r in view.read("programme").to_pylist() if r["start_year"] is not None]
    cost = sum(works[key]["cost_eur"] for key in {r["intervention_id"] for r in paid})
    assert joint["saving_eur"] == pytest.approx(cost - sum(r["amount_eur"] for r in paid), abs=0.05)
    (record,) = folder.glob("runs/*/inputs/relation.parquet")
    starts = {r["intervention_id"]: r["start_year"] for r in paid}
    across = [
        r["saving_eur"]
        for r in pq.read_table(record).to_pylist()
        if r["kind"] == "joint_worksite"
        and starts.get(r["a"], 0) == starts.get(r["b"], 1)
        and works[r["a"]]["practice"] != works[r["b"]]["practice"]
    ]
    assert (len(across), sum(across)) == (joint["across_pairs"], pytest.approx(joint["across_saving_eur"]))
    assert joint["across_pairs"] < joint["pairs"]
    shown = worksites(Site(opener(folder)).programme)
    assert sum(w.saving for w in shown) == pytest.approx(joint["saving_eur"], abs=0.05)


def test_the_reason_names_the_sources(demo):
    _, answer = demo
    assert "pagato da" in answer["accepted"]["reason_it"]
    assert not {"own", "regional"} & set(re.findall(r"\w+", answer["accepted"]["reason_it"]))


def test_everything_that_rests_on_the_town_is_labelled_simulated(demo):
    folder, answer = demo
    view = WorkspaceView(folder)
    assert answer["label"] == "simulated"
    labels = {info.id: info.label for info in view.layers()}
    assert labels["manto_stradale_sections"] == labels["programme"] == "simulated"
    assert labels["municipalities"] == "measured"
    for table in ("pavement_lrs_section", "pavement_cell_obs", "intervention"):
        assert set(view.read(table)["label"].to_pylist()) == {"simulated"}


def test_no_vehicle_name_of_the_files_is_kept(demo):
    folder, _ = demo
    for table in ("pavement_drive", "pavement_cell_obs", "pavement_vehicle"):
        text = str(WorkspaceView(folder).read(table).to_pylist())
        assert "car1" not in text
        assert "car2" not in text


def test_the_chain_of_a_number_reaches_its_sources(demo, capsys):
    folder, answer = demo
    assert run(["why", answer["accepted"]["id"], "-w", str(folder), "--json"]) == 0
    tables = {s["table"] for s in json.loads(capsys.readouterr().out)["chain"]}
    assert tables >= {"programme", "intervention", "effect", "asset", "indicator_value", "source"}


@pytest.mark.slow
def test_the_plan_of_the_demonstration_is_repeated_to_the_byte(demo, capsys):
    folder, _ = demo
    runs = sorted((folder / "runs").glob("*/run.json"))
    assert len(runs) == 1
    assert run(["rerun", str(runs[0]), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["identical"]


def test_loading_the_same_drives_again_changes_nothing(demo):
    folder, _ = demo
    drives = WorkspaceView(folder).read("pavement_drive")
    assert len(set(drives["sha256"].to_pylist())) == drives.num_rows == 90


def test_a_folder_that_is_no_demonstration_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("keep me")
    assert run(["demo", str(tmp_path), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["rule"] == "workspace_not_empty"
    assert (tmp_path / "mine.txt").read_text() == "keep me"


def test_the_summary_tells_savings_across_domains_from_all(demo):
    _, answer = demo
    joint = answer["joint"]
    told = msgspec.convert({k: v for k, v in answer.items() if k != "schema"}, DemoAnswer)
    for lang in ("it", "en"):
        (line,) = [one for one in summary(told, lang).splitlines() if f"{joint['saving_eur']:,.0f}" in one]
        assert re.findall(r"[\d,]*\d", line) == [
            str(joint["pairs"]),
            f"{joint['saving_eur']:,.0f}",
            f"{joint['across_saving_eur']:,.0f}",
            str(joint["across_pairs"]),
        ]
