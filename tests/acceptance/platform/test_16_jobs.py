"""Jobs over several servers: each job once, lost workers, a graceful end; OGC API - Processes 1."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import jsonschema
import pytest

from contado.kernel import records
from contado.kernel.records import jobs
from contado.kernel.settings import Jobs
from contado.kernel.workspace import Workspace

SCHEMAS = json.loads((Path(__file__).parent / "ogc_processes.json").read_text())
ENDED = {"successful", "failed", "dismissed"}
QUICK = {"draft": True, "robust": False}
HARD = {"draft": True, "gap": 0.0, "robust": False, "time_limit_s": 120.0}


def ended(state):
    return state["status"] in ENDED and "finished" in state


def check(name, body):
    schema = {"$ref": f"#/$defs/{name}", "$defs": SCHEMAS["$defs"]}
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(body)
    return body


def has_best(state):
    return state.get("best", {}).get("plan") is not None


def workers_of(city):
    """Return the worker of each job."""
    with records.open_store(Workspace.open(city)) as store, store.reading(records.local_administrator()) as s:
        return {job.id: job.worker for job in jobs.listed(s)}


@pytest.mark.slow
@pytest.mark.item("platform", 16, "jobs: OGC API - Processes 1, every answer against its schema", "all")
def test_processes_and_jobs_answer_as_the_standard_says(programme, planned_city, serving, token_of, figure):
    city = planned_city(programme({"equity_floors": [(None, None)]}))
    served = serving(city, token_of(city, "anna", "manager"))
    listed = check("processList", served.ask("GET", "/api/processes", token="").json)["processes"]
    ids = {p["id"] for p in listed}
    assert ids == {"plan", "front", "explain", "robust", "diagnose", "propose", "monitor", "locate"}
    for one in ids:
        described = check("process", served.ask("GET", f"/api/processes/{one}", token="").json)
        for given in described["inputs"].values():
            jsonschema.Draft202012Validator.check_schema(given["schema"])
            assert given["schema"].get("format") != "path"
        jsonschema.Draft202012Validator.check_schema(described["outputs"]["answer"]["schema"])
    assert served.ask("GET", "/api/processes/plan?lang=it").json["title"] == "Programma"
    page = check("processList", served.ask("GET", "/api/processes?limit=3").json)
    assert len(page["processes"]) == 3
    assert [link["rel"] for link in page["links"]] == ["self", "next"]

    job = served.start("plan", QUICK)
    state = check("statusInfo", served.until(job, ended))
    assert state["status"] == "successful"
    results = check("results", served.ask("GET", f"/api/jobs/{job}/results").json)
    answer = served.ask("GET", "/api/processes/plan").json["outputs"]["answer"]["schema"]
    jsonschema.Draft202012Validator(answer).validate(results["answer"]["value"])
    assert (
        check("jobList", served.ask("GET", "/api/jobs?status=successful&processID=plan").json)["jobs"][0][
            "jobID"
        ]
        == job
    )
    assert served.ask("GET", "/api/jobs?status=failed").json["jobs"] == []
    assert served.ask("GET", "/api/jobs?datetime=../2020-01-01T00:00:00Z").json["jobs"] == []
    assert served.ask("DELETE", f"/api/jobs/{job}").status == 409

    refused = (
        ("GET", "/api/processes/nothing", None, None, 404, "no_such_process"),
        ("GET", "/api/processes?unknown=1", None, None, 400, "bad_parameter"),
        ("GET", "/api/jobs/nothing", None, None, 404, "no_record"),
        ("GET", "/api/jobs?limit=0", None, None, 400, "bad_parameter"),
        ("GET", f"/api/jobs/{job}", None, "", 404, "no_record"),
        ("POST", "/api/processes/plan/execution", {"inputs": QUICK}, "", 401, "sign_in_needed"),
        ("POST", "/api/processes/plan/execution", {"inputs": {"gapp": 1}}, None, 400, "unknown_field"),
        ("POST", "/api/processes/plan/execution", {"inputs": {"gap": -1}}, None, 400, "bad_value"),
        ("POST", "/api/processes/locate/execution", {"inputs": {"points": "/x"}}, None, 400, "unknown_field"),
        ("POST", "/api/processes/serve/execution", {"inputs": {}}, None, 404, "no_such_process"),
        ("POST", "/api/processes/plan/execution", [1], None, 400, "bad_body"),
    )
    for method, path, body, token, status, rule in refused:
        reply = served.ask(method, path, body, token=token)
        assert (reply.status, reply.json["rule"]) == (status, rule), path
        assert reply.headers["content-type"] == "application/problem+json"
        check("exception", reply.json)
    officer = token_of(city, "bruno", "case_officer")
    reply = served.ask("POST", "/api/processes/plan/execution", {"inputs": {}}, token=officer)
    assert (reply.status, reply.json["rule"]) == (403, "not_allowed")
    assert not any(reply.status >= 500 for reply in served.seen)
    figure(f"{len(served.seen)} answers, {len(ids)} processes, {len(refused) + 1} refusals as problem+json")


@pytest.mark.slow
@pytest.mark.item("platform", 16, "jobs: two servers of one store run each job exactly once", "6 of 6")
def test_two_servers_share_one_store(programme, planned_city, serving, token_of, figure):
    city = planned_city(programme({"equity_floors": [(None, None)]}), Jobs(waiting=30))
    token = token_of(city, "anna", "manager")
    one, two = serving(city, token), serving(city, token)
    begun = [
        (one, two)[i % 2].start("plan", QUICK | {"budget": [f"own 2027={100000 + i}"]}) for i in range(6)
    ]
    for i, job in enumerate(begun):
        state = (two, one)[i % 2].until(job, ended)
        assert state["status"] == "successful", state
    shares = Counter(worker.rpartition(":")[0] for worker in workers_of(city).values())
    with records.open_store(Workspace.open(city)) as store, store.connection() as connection:
        query = "SELECT object, count(*) FROM audit WHERE verb = 'job.started' GROUP BY object"
        started = dict(connection.exec_driver_sql(query).all())
    assert started == {f"job:{job}": 1 for job in begun}
    assert len(shares) == 2
    assert (one.end(), two.end()) == (0, 0)
    figure(f"6 jobs, each started once, shared {sorted(shares.values())}")


@pytest.mark.slow
@pytest.mark.item(
    "platform", 16, "jobs: a worker killed with -9 leaves no process, its job is marked", "marked"
)
def test_a_killed_server_leaves_a_job_that_is_marked_and_can_run_again(
    shared, planned_city, serving, token_of, figure
):
    city = planned_city(shared("planning/programme/mid120"))
    token = token_of(city, "anna", "manager")
    first = serving(city, token)
    job = first.start("plan", HARD)
    first.until(job, has_best)
    below = descendants(first.process.pid)
    assert below
    first.end(signal.SIGKILL)
    started = time.monotonic()
    second = serving(city, token)
    state = second.until(job, ended)
    seconds = time.monotonic() - started
    assert (state["status"], state["message"]) == ("failed", "worker_lost")
    assert state["best"]["plan"] > 0
    reply = second.ask("GET", f"/api/jobs/{job}/results")
    assert (reply.status, reply.json["rule"]) == (500, "worker_lost")
    again = second.start("plan", HARD | {"gap": 0.1})
    assert second.until(again, ended)["status"] == "successful"
    assert [pid for pid in below if alive(pid)] == []
    figure(f"marked {seconds:.1f} s after the kill at silent_s = 3; {len(below)} child processes gone")


@pytest.mark.slow
@pytest.mark.item("platform", 16, "jobs: SIGTERM hands over the best and says so, exit 0", "kept")
def test_a_server_that_ends_keeps_the_best(shared, planned_city, serving, token_of, figure):
    city = planned_city(shared("planning/programme/mid120"))
    token = token_of(city, "anna", "manager")
    first = serving(city, token)
    job = first.start("plan", HARD)
    first.until(job, has_best)
    started = time.monotonic()
    assert first.end() == 0
    seconds = time.monotonic() - started
    second = serving(city, token)
    state = second.ask("GET", f"/api/jobs/{job}").json
    assert (state["status"], state["message"]) == ("successful", "server_stopped")
    answer = second.ask("GET", f"/api/jobs/{job}/results").json["answer"]["value"]
    assert (answer["status"], answer["verified"]) == ("feasible", True)
    assert (city / "runs" / answer["run"]).is_dir()
    figure(f"ended in {seconds:.1f} s with a verified plan of {answer['value']:,.0f}")


def descendants(pid):
    """Return the ids of all processes below one."""
    told = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout
    parents = {int(a): int(b) for a, b in (line.split() for line in told.splitlines()[1:])}
    below, edge = [], {pid}
    while edge := {child for child, parent in parents.items() if parent in edge}:
        below += edge
    return below


def alive(pid):
    """Whether a process runs (one that waits to be collected does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in {"Z", "X"}
