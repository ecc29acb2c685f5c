"""Processes and jobs of the API without a server: who may, what is refused, filters and pages of the list."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from contado.kernel.declare import fields
from contado.verbs import load
from contado.web.app import create
from contado.web.ogc.processes import CONFORMANCE, PATHS
from contado.web.worker import find, offered, withheld


@pytest.fixture(scope="module")
def api(planning_city, planning_jobs):
    return TestClient(create(planning_city), base_url="http://127.0.0.1", raise_server_exceptions=False)


@pytest.fixture
def as_(api, sign_in):
    def make(account):
        api.cookies.set("contado_session", sign_in(account))
        return api

    yield make
    api.cookies.clear()


def test_a_verb_is_offered_where_its_declaration_says_so():
    assert find("serve") is None
    assert find("tables-import") is None
    assert find("plan") is load("plan")
    assert withheld(load("locate")) == {"points", "out", "engine"}
    for verb in offered().values():
        assert verb.workspace
        assert {f.name for f in fields(verb.request)} > withheld(verb)


def test_every_address_of_the_module_answers(api):
    for path in PATHS:
        reply = api.get(path.format(process="plan", job_id="none"))
        assert reply.status_code in {200, 404, 405}, path
        assert reply.headers["content-type"].partition(";")[0] in {
            "application/json",
            "application/problem+json",
            "text/html",
        }
    assert [uri.rpartition("/")[2] for uri in CONFORMANCE] == [
        "core",
        "ogc-process-description",
        "json",
        "job-list",
        "dismiss",
    ]


@pytest.mark.parametrize(
    ("account", "process", "inputs", "status"),
    [
        (None, "plan", {"draft": True}, 401),
        ("bruno", "plan", {"draft": True}, 403),
        ("carla", "plan", {"draft": True}, 201),
        ("carla", "plan", {}, 403),
        ("anna", "plan", {}, 201),
        ("carla", "diagnose", {"practice": "manto_stradale"}, 403),
        ("anna", "explain", {}, 400),
        ("anna", "locate", {"lon": 9.19, "lat": 45.46, "out": "/tmp/x"}, 400),
    ],
)
def test_running_needs_the_right_of_the_process(api, as_, account, process, inputs, status):
    client = as_(account) if account else api
    prefer = {"prefer": "respond-async"}
    reply = client.post(f"/api/processes/{process}/execution", json={"inputs": inputs}, headers=prefer)
    assert reply.status_code == status, reply.text
    if status == 201:
        assert reply.headers["preference-applied"] == "respond-async"
        assert client.delete(reply.headers["location"]).json()["status"] == "dismissed"


def test_an_account_has_so_many_jobs_waiting_and_no_more(as_):
    client = as_("carla")
    body = {"inputs": {"draft": True}}
    replies = [client.post("/api/processes/plan/execution", json=body) for _ in range(10)]
    begun = [reply.headers["location"] for reply in replies]
    refused = client.post("/api/processes/plan/execution", json=body)
    assert (refused.status_code, refused.json()["rule"]) == (429, "too_many_jobs")
    for address in begun:
        client.delete(address)


def test_the_list_goes_on_and_is_filtered(as_, planning_jobs):
    client, seen, address = as_("anna"), [], "/api/jobs?limit=3"
    while address:
        page = client.get(address).json()
        seen += [job["jobID"] for job in page["jobs"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert len(seen) == len(set(seen))
    assert set(planning_jobs.values()) <= set(seen)
    assert seen == sorted(seen, reverse=True)
    failed = client.get("/api/jobs?status=failed&limit=100").json()["jobs"]
    assert {planning_jobs["failed"], planning_jobs["lost"]} <= {job["jobID"] for job in failed}
    assert client.get("/api/jobs?type=other").json()["jobs"] == []
    assert client.get("/api/jobs?minDuration=100000").json()["jobs"] == []
    assert client.get("/api/jobs?datetime=2020-01-01T00:00:00Z/..&limit=1").json()["jobs"] != []
    for bad in (
        "limit=x",
        "status=good",
        "datetime=yesterday",
        "minDuration=-1",
        "datetime=a/b/c",
        "nothing=1",
    ):
        assert client.get(f"/api/jobs?{bad}").json()["rule"] == "bad_parameter", bad


def test_results_of_each_ending(as_, planning_jobs):
    client = as_("anna")
    told = {
        name: client.get(f"/api/jobs/{planning_jobs[name]}/results")
        for name in ("done", "failed", "lost", "stopped", "waiting")
    }
    assert told["done"].json()["answer"]["value"]["value"] == 147.2e6
    assert [told[n].status_code for n in ("failed", "lost", "stopped", "waiting")] == [422, 500, 410, 404]
    assert told["failed"].json()["rule"] == "bad"
    assert told["waiting"].json()["type"].endswith("/result-not-ready")
    assert client.delete(f"/api/jobs/{planning_jobs['done']}").json()["rule"] == "job_ended"
