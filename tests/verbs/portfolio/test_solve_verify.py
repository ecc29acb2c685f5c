"""portfolio solve and verify: keys, exit codes, files, and plans that the auditor refuses."""

import json

import pytest

from contado.cli.app import run

OPTIONS = """site,benefit_eur,budget_a,cost_a_eur,budget_b,cost_b_eur
A,100,0,60,,
A,120,0,50,1,40
B,90,1,60,,
B,95,,,1,-5
C,50,0,40,,
"""
BUDGETS = "budget,year,source,budget_eur\n0,2027,own,100\n1,2028,own,100\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "options").mkdir()
    (tmp_path / "options" / "options.csv").write_text(OPTIONS.replace("B,95,,,1,-5", "B,95,0,20,1,-5"))
    (tmp_path / "options" / "budgets.csv").write_text(BUDGETS)
    return tmp_path / "options"


def call(capsys, *arguments):
    code = run(["portfolio", *map(str, arguments), "--json", "--quiet"])
    return code, json.loads(capsys.readouterr().out)


def test_options_are_solved_with_row_numbers_of_the_file(folder, capsys, tmp_path):
    code, answer = call(capsys, "solve", folder, "--out", tmp_path / "out")
    assert code == 0
    assert answer["kind"] == "options"
    assert answer["chosen"] == [1, 2, 4]
    assert (answer["value"], answer["verified"], answer["rows_set_aside"]) == (260.0, True, 1)
    assert [p["budget"] for p in answer["prices"]] == ["0", "1"]
    assert "programme" not in answer
    written = {p.name for p in (tmp_path / "out").iterdir()}
    assert written == {"programme.parquet", "price.parquet", "run.json", "inputs"}


def test_a_plan_of_options_is_verified_row_by_row(folder, capsys, tmp_path):
    plan = tmp_path / "plan.json"
    plan.write_text('{"chosen": [1, 2, 4]}')
    code, answer = call(capsys, "verify", folder, plan)
    assert (code, answer["ok"], answer["value"]) == (0, True, 260.0)
    for chosen, rule in (([0, 1], "one_per_site"), ([99], "unknown_option"), ([3], "unknown_option")):
        plan.write_text(json.dumps({"chosen": chosen}))
        code, answer = call(capsys, "verify", folder, plan)
        assert (code, answer["ok"]) == (3, False)
        assert rule in {v["rule"] for v in answer["violations"]}


def test_one_cent_too_many_in_a_budget_is_refused(folder, capsys, tmp_path):
    (folder / "budgets.csv").write_text(BUDGETS.replace("0,2027,own,100", "0,2027,own,89.99"))
    plan = tmp_path / "plan.json"
    plan.write_text('{"chosen": [1, 4]}')
    code, answer = call(capsys, "verify", folder, plan)
    assert code == 3
    assert [(v["rule"], v["key"]) for v in answer["violations"]] == [("budget", "0")]
    assert answer["violations"][0]["excess_eur"] == pytest.approx(0.01)


def test_floors_of_an_options_folder_count_unless_left_out(folder, capsys):
    (folder / "sites.csv").write_text("site,municipality\nA,M1\nB,M2\nC,M2\n")
    (folder / "equity_floors.csv").write_text("municipality,min_spend_eur\nM2,101\n")
    code, answer = call(capsys, "solve", folder)
    assert (code, answer["status"], answer["value"]) == (3, "infeasible", None)
    assert answer["conflict"] == [{"rule": "floor", "key": "municipality M2", "relax_eur": 1.0}]
    code, answer = call(capsys, "solve", folder, "--no-floors")
    assert (code, answer["value"]) == (0, 260.0)


def test_a_programme_is_solved_written_and_verified(programme, capsys, tmp_path):
    folder = programme({"equity_floors": [(None, None)]})
    code, answer = call(capsys, "solve", folder, "--gap", "0", "--out", tmp_path / "out")
    assert code == 0
    assert answer["value"] == pytest.approx(791_482.33, abs=0.01)
    assert answer["verified"]
    assert "chosen" not in answer
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(answer))
    assert call(capsys, "verify", folder, plan)[1]["ok"]
    answer["programme"][0]["payments"][0]["amount_eur"] += 0.01
    plan.write_text(json.dumps(answer))
    code, verdict = call(capsys, "verify", folder, plan)
    assert (code, verdict["ok"]) == (3, False)
    assert "exact_sum" in {v["rule"] for v in verdict["violations"]}
    assert run(["rerun", str(tmp_path / "out" / "run.json")]) == 0
    capsys.readouterr()


def test_a_programme_whose_floors_cannot_be_met_is_an_answer_with_exit_3(programme, capsys):
    code, answer = call(capsys, "solve", programme({}))
    assert (code, answer["status"], answer["verified"]) == (3, "infeasible", False)
    assert "municipality M4" in {c["key"] for c in answer["conflict"]}


def test_floors_alone_are_hard_and_soft_ones_are_missed_as_little_as_can_be(programme, capsys):
    folder = programme({"relations": [("requires,I006,I007,\n", "")]})
    assert call(capsys, "solve", "--floors", folder)[1]["status"] == "infeasible"
    code, answer = call(capsys, "solve", folder, "--floors", "soft")
    assert (code, answer["status"], answer["verified"]) == (0, "claimed", True)
    assert answer["largest_shortfall"] == 1.0
    assert [s["share"] for s in answer["shortfalls"]] == [0.0, 0.0, 0.0, 1.0]


def test_draws_add_the_robustness_of_every_intervention(programme, capsys):
    folder = programme({"equity_floors": [(None, None)]})
    _, answer = call(capsys, "solve", folder, "--draws", "5")
    assert answer["draws"] == 5
    assert set(answer["robustness"].values()) <= {"core", "exterior"}
    assert answer["value_low"] == answer["value_high"] == pytest.approx(answer["value"])


def test_scenarios_add_what_starts_now_and_each_plan_of_theirs(programme, capsys, tmp_path):
    folder, scenarios = programme({"equity_floors": [(None, None)]}), tmp_path / "scenarios.csv"
    scenarios.write_text("scenario,intervention_id,benefit_eur\nas_stated,I001,271000\n")
    code, answer = call(capsys, "solve", folder, "--scenarios", scenarios, "--now-years", "2027")
    assert code == 0
    assert answer["recourse_value"] == pytest.approx(0.0, abs=0.01)
    assert answer["by_scenario"]["as_stated"]["value"] == pytest.approx(791_482.33, abs=0.01)
    assert all(line["start_year"] == 2027 for line in answer["now"])
    code, answer = call(capsys, "solve", folder, "--now-years", "2027")
    assert (code, answer["error"]["rule"]) == (2, "bad_usage")


def test_what_an_options_folder_lacks_is_refused(folder, capsys):
    for extra in (("--scenarios", folder / "budgets.csv"), ("--now-years", "2027")):
        code, answer = call(capsys, "solve", folder, *extra)
        assert (code, answer["error"]["rule"]) == (2, "bad_usage")


@pytest.mark.parametrize("text", ["{", "[]", '{"chosen": ["a"]}', '{"programme": []}'])
def test_a_plan_that_cannot_be_read_is_refused(folder, capsys, tmp_path, text):
    plan = tmp_path / "plan.json"
    plan.write_text(text)
    code, answer = call(capsys, "verify", folder, plan)
    assert (code, answer["error"]["rule"]) == (2, "bad_plan")


def test_a_refused_table_stops_the_solve(folder, capsys):
    (folder / "options.csv").write_text(OPTIONS.replace("A,100", "A,many"))
    code, answer = call(capsys, "solve", folder)
    assert (code, answer["error"]["rule"]) == (2, "bad_number")
