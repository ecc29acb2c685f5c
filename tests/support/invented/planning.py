"""Accounts, drafts and jobs of the invented city."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from contado.kernel.workspace import Workspace
from invented.server import serve_in_thread

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def planning_city(workspace, tmp_path_factory) -> Path:
    """The workspace with records of its own: two accounts, and jobs in every state."""
    from contado.kernel import records

    path = tmp_path_factory.mktemp("planning") / "city"
    shutil.copytree(workspace, path)
    (path / "runs/run-2").mkdir()
    for part in ("run.json", "programme.parquet"):
        shutil.copy(path / "runs/run-0" / part, path / "runs/run-2" / part)
    shutil.copytree(path / "runs/run-0/inputs", path / "runs/run-2/inputs")
    (path / "runs/run-2/draft.json").write_text('{"draft": true}')
    view = Workspace.open(path)
    records.prepare(view)
    with records.open_store(view) as store, store.writing(records.local_administrator()) as session:
        for name, role in (("anna", "manager"), ("bruno", "citizen"), ("carla", "case_officer")):
            actor = records.accounts.create_actor(session, name=name)
            account = records.accounts.create_account(session, name, actor=actor)
            records.accounts.add_grant(session, account, role, ["*"])
    return path


@pytest.fixture(scope="module")
def planning_jobs(planning_city) -> dict[str, str]:
    """Jobs of anna: state -> id; the workers that ran them are of the test's making."""
    import msgspec

    from contado.kernel import records
    from contado.kernel.records import jobs

    best = {"plan": 147.2e6, "bound": 148.1e6, "gap": 0.006}
    answer = {"status": "optimal", "value": 147.2e6, "gap": 0.006, "programme": [], "candidates": 9}
    answer |= {
        "verified": True,
        "label": "simulated",
        "run": "run-2",
        "value_low": 131e6,
        "value_high": 166e6,
    }
    conflict = [{"rule": "floor", "key": "015146", "relax_eur": 1000.0}]
    endings = {
        "done": ("successful", {"exit_code": 0, "answer": answer}, "runs/run-2", None),
        "impossible": ("successful", {"answer": {"status": "infeasible", "conflict": conflict}}, None, None),
        "failed": ("failed", {"error": {"rule": "bad", "message": "Bad."}}, None, "bad"),
        "lost": ("failed", None, None, "worker_lost"),
        "stopped": ("dismissed", None, None, "asked"),
    }
    made = {}
    with records.open_store(Workspace.open(planning_city)) as store:
        anna, system = store.scope("anna"), records.Scope.system("jobs.worker")
        for name in (*endings, "running", "waiting"):
            with store.writing(anna) as session:
                asked = {"draft": True, "budget": ["Fondi propri 2027=390000.0"], "time_limit_s": 60.0}
                made[name] = jobs.create(session, "plan", asked).id
            if name == "waiting":
                continue
            with store.writing(system) as session:
                jobs.claim(session, "w")
                if name in {"running", "done"}:
                    jobs.progress(session, made[name], "w", stage="solve", done=41.0, total=60.0)
                    jobs.best(session, made[name], "w", best)
                if name in endings:
                    state, result, path, message = endings[name]
                    result = msgspec.json.decode(msgspec.json.encode(result))
                    jobs.finish(
                        session, made[name], "w", state, result=result, result_path=path, message=message
                    )
    return made


@pytest.fixture(scope="module")
def planning_address(planning_city):
    for address, _ in serve_in_thread(planning_city):
        yield address


@pytest.fixture(scope="module")
def sign_in(planning_city):
    """Function that gives an account a session and returns its secret."""
    from contado.kernel import records
    from contado.kernel.settings import Session
    from contado.web.security.keeper import Keeper

    def make(name: str) -> str:
        with records.open_store(Workspace.open(planning_city)) as store:
            return Keeper(lambda: store, Session).sign_in(store.scope(name).account_id, old=None).secret

    return make
