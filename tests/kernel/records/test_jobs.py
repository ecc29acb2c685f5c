"""Jobs: claimed once, reported, cancelled, swept."""

import json
import threading

import pytest
from sqlalchemy import update

from contado.kernel.errors import RecordNotFound
from contado.kernel.records import jobs
from contado.kernel.records.schema import Job
from contado.kernel.records.scopes import Scope

WORKER = Scope.system("jobs.worker")


@pytest.fixture
def job(store, account):
    scope = account("anna", ("case_officer", ["015146"]))
    with store.writing(scope) as session:
        return jobs.create(session, "plan", {"gap": 0.01}, unit_id="015146")


def get(store, job_id, scope=WORKER):
    with store.reading(scope) as session:
        return jobs.get(session, job_id)


def test_a_job_from_acceptance_to_its_result(store, job, verdict):
    assert (job.state, json.loads(job.request_json)) == ("accepted", {"gap": 0.01})
    with store.writing(WORKER) as session:
        assert jobs.claim(session, "w1", ["other"]) is None
        assert jobs.claim(session, "w1", ["plan"]).id == job.id
        assert jobs.claim(session, "w2") is None
    with store.writing(WORKER) as session:
        assert jobs.progress(session, job.id, "w1", stage="price", done=2.5, total=10)
        assert jobs.best(session, job.id, "w1", {"value": 1.5})
    running = get(store, job.id)
    assert (running.state, running.stage, running.done, running.total) == ("running", "price", 2.5, 10.0)
    assert json.loads(running.best_json) == {"value": 1.5}
    with store.writing(WORKER) as session:
        assert not jobs.finish(session, job.id, "w2", "successful")
        assert jobs.finish(session, job.id, "w1", "successful", result={"n": 3}, result_path="runs/x.json")
        assert not jobs.finish(session, job.id, "w1", "failed")
    ended = get(store, job.id, store.scope("anna"))
    assert (ended.state, json.loads(ended.result_json), ended.result_path) == (
        "successful",
        {"n": 3},
        "runs/x.json",
    )
    assert ended.created_at <= ended.started_at <= ended.ended_at
    assert verdict().ok


def test_many_workers_never_claim_the_same_job(store, admin):
    with store.writing(admin) as session:
        wanted = {jobs.create(session, "plan", {}).id for _ in range(12)}
    claimed, lock = [], threading.Lock()

    def work(name):
        while True:
            with store.writing(WORKER) as session:
                job = jobs.claim(session, name)
            if job is None:
                return
            with lock:
                claimed.append(job.id)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(wanted)
    assert set(claimed) == wanted


def test_a_waiting_job_is_dismissed_at_once(store, job):
    with store.writing(store.scope("anna")) as session:
        assert jobs.request_cancel(session, job.id).state == "dismissed"
    with store.writing(WORKER) as session:
        assert jobs.claim(session, "w1") is None
        assert jobs.request_cancel(session, job.id).state == "dismissed"  # once more changes nothing


def test_a_running_job_hears_of_its_cancellation(store, job):
    with store.writing(WORKER) as session:
        jobs.claim(session, "w1")
    with store.writing(store.scope("anna")) as session:
        assert jobs.request_cancel(session, job.id).state == "running"
    with store.writing(WORKER) as session:
        assert not jobs.progress(session, job.id, "w1", done=1)
        assert jobs.finish(session, job.id, "w1", "dismissed")
    assert get(store, job.id).state == "dismissed"


def test_a_silent_worker_loses_its_job(store, job):
    with store.writing(WORKER) as session:
        jobs.claim(session, "w1")
        assert jobs.sweep_stale(session, silent_s=60) == []
        session.execute(update(Job).values(heartbeat_at="2020-01-01T00:00:00.000Z"))
    with store.writing(WORKER) as session:
        assert jobs.sweep_stale(session, silent_s=60) == [job.id]
        assert not jobs.progress(session, job.id, "w1", done=1)
    assert (get(store, job.id).state, get(store, job.id).message) == ("failed", "worker_lost")


def test_own_jobs_are_reached_whatever_their_unit_and_public_ones_read_by_all(store, account, admin):
    citizen = account("carla", ("citizen", ["015146"]))
    with store.writing(citizen) as session:
        own = jobs.create(session, "plan", {})
    with store.writing(admin) as session:
        public = jobs.create(session, "plan", {}, visibility="public")
        hidden = jobs.create(session, "plan", {})
    with store.reading(citizen) as session:
        assert {j.id for j in jobs.listed(session)} == {own.id, public.id}
    with store.writing(Scope.visitor()) as session:
        assert [j.id for j in jobs.listed(session)] == [public.id]
        with pytest.raises(RecordNotFound):
            jobs.request_cancel(session, public.id)
        with pytest.raises(RecordNotFound):
            jobs.get(session, hidden.id)


def test_the_list_is_filtered_and_paged(store, admin):
    with store.writing(admin) as session:
        ids = [jobs.create(session, name, {}).id for name in ("a", "b", "a")]
    newest = sorted(ids, reverse=True)
    with store.reading(admin) as session:
        assert [j.id for j in jobs.listed(session, limit=2)] == newest[:2]
        assert [j.id for j in jobs.listed(session, before=newest[1])] == newest[2:]
        assert len(jobs.listed(session, process="a")) == 2
        assert jobs.listed(session, states=["failed"]) == []
