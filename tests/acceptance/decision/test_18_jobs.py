"""Plans as jobs: live gap and bound, best so far, the same bytes as the command line, drafts that are published."""

from __future__ import annotations

import time

import pytest

from contado.kernel.workspace import Workspace

ENDED = {"successful", "failed", "dismissed"}
HARD = {"draft": True, "gap": 0.0, "robust": False, "time_limit_s": 120.0}


def ended(state):
    return state["status"] in ENDED and "finished" in state


def run_bytes(workspace, run):
    folder = workspace / "runs" / run
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.slow
@pytest.mark.item(
    "decision", 18, "jobs: a plan as a job writes the bytes that the command line writes", "equal"
)
def test_a_plan_runs_as_a_job_and_writes_what_the_command_line_writes(
    programme, planned_city, serving, token_of, cli, figure
):
    folder = programme({"equity_floors": [(None, None)]})
    by_web, by_hand = planned_city(folder), planned_city(folder)
    served = serving(by_web, token_of(by_web, "anna", "manager"))
    inputs = {"draft": True, "budget": ["own 2027=120000"], "draws": 20}
    job = served.start("plan", inputs)
    state = served.until(job, ended)
    assert state["status"] == "successful"
    answer = served.ask("GET", f"/api/jobs/{job}/results?response=raw").json
    code, told = cli("plan", "-w", by_hand, "--draft", "--budget", "own 2027=120000", "--draws", "20")
    assert code == 0
    assert {k: v for k, v in answer.items() if k != "seconds"} == {
        k: v for k, v in told.items() if k != "seconds"
    }
    assert state["best"] == {"plan": told["value"], "bound": told["bound"], "gap": told["gap"]}
    ours, theirs = run_bytes(by_web, answer["run"]), run_bytes(by_hand, told["run"])
    assert state["run"] == told["run"]
    assert ours == theirs
    figure(f"{len(ours)} files of the run equal, the answer equal but for its seconds")


@pytest.mark.item("decision", 18, "jobs: a draft leaves the programme alone until it is published", "audited")
def test_a_draft_is_published_with_its_budgets(programme, planned_city, cli, figure):
    city = planned_city(programme({"equity_floors": [(None, None)]}))
    _, first = cli("plan", "-w", city, "--no-robust")
    _, draft = cli("plan", "-w", city, "--no-robust", "--draft", "--budget", "own 2027=160000,gse 2028=0")
    assert draft["run"] != first["run"]
    view = Workspace.open(city)
    assert view.read("run").to_pylist()[0]["run_id"] == first["run"]
    code, published = cli("programme", "publish", draft["run"], "-w", city)
    assert (code, published["budgets_changed"]) == (0, 2)
    view = Workspace.open(city)
    assert view.read("run").to_pylist()[0]["run_id"] == draft["run"]
    budgets = {(b["source"], b["year"]): b["budget_eur"] for b in view.read("budget").to_pylist()}
    assert (budgets["own", 2027], budgets["gse", 2028], budgets["own", 2028]) == (160000.0, 0.0, 104000.0)
    code, again = cli("plan", "-w", city, "--no-robust")
    assert (code, again["run"], again["value"]) == (0, draft["run"], draft["value"])
    code, stale = cli("programme", "publish", first["run"], "-w", city)
    assert (code, stale["budgets_changed"]) == (0, 2)
    code, told = cli("audit", "verify", "-w", city)
    assert (code, told["ok"]) == (0, True)
    figure("2 budgets changed with the plan; planned again on them: the same run id")


def test_a_draft_over_changed_data_is_not_published(programme, planned_city, cli):
    city = planned_city(programme({"equity_floors": [(None, None)]}))
    _, draft = cli("plan", "-w", city, "--no-robust", "--draft")
    workspace = Workspace.open(city)
    rows = workspace.read("funding_rule").to_pylist()
    rows[1]["max_rate"] = 0.5
    from contado.kernel import tables

    with workspace.commit() as commit:
        commit.table("funding_rule", tables.from_rows("funding_rule", rows))
    code, refused = cli("programme", "publish", draft["run"], "-w", city)
    assert (code, refused["error"]["rule"]) == (2, "stale_run")
    for bad in ("../../etc", "plan-nothing", ".hidden"):
        code, refused = cli("programme", "publish", bad, "-w", city)
        assert (code, refused["error"]["rule"]) == (2, "table_not_found")


@pytest.mark.slow
@pytest.mark.item("decision", 18, "jobs: a stopped plan keeps its best, verified, with its bound", "kept")
def test_a_stopped_plan_keeps_the_best(shared, planned_city, serving, token_of, figure):
    city = planned_city(shared("planning/programme/mid120"))
    served = serving(city, token_of(city, "anna", "manager"))
    job = served.start("plan", HARD)
    live = served.until(job, lambda s: s.get("best", {}).get("plan") and s["best"].get("bound"))
    assert live["status"] == "running"
    time.sleep(2)
    before = served.ask("GET", f"/api/jobs/{job}").json["best"]
    asked = served.ask("DELETE", f"/api/jobs/{job}")
    assert (asked.status, asked.json["status"]) == (200, "dismissed")
    started = time.monotonic()
    state = served.until(job, ended)
    seconds = time.monotonic() - started
    answer = served.ask("GET", f"/api/jobs/{job}/results").json["answer"]["value"]
    assert (state["status"], answer["status"], answer["verified"]) == ("dismissed", "feasible", True)
    assert answer["value"] >= before["plan"] - 0.01
    assert answer["value"] <= answer["bound"]
    assert (city / "runs" / answer["run"] / "programme.parquet").is_file()
    figure(f"value {answer['value']:,.0f}, gap {answer['gap']:.2%}, {seconds:.1f} s after the word to stop")
