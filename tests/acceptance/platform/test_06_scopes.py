"""platform.md, definition of done 6: scopes. The property test over both stores is in tests/kernel/records."""

from __future__ import annotations

import random

import psycopg
import pytest
from sqlalchemy import delete, func, select, update

from contado.kernel import records
from contado.kernel.errors import RecordNotFound, ScopeMissing
from contado.kernel.identifiers import ulid
from contado.kernel.records import accounts, jobs
from contado.kernel.records.schema import Document, FeatureVersion, Job
from contado.kernel.records.scopes import now
from contado.kernel.workspace import Workspace

UNITS = [f"0151{n:02}" for n in range(12)]
ACCOUNTS = 20
ROWS = 300


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path, monkeypatch):
    monkeypatch.delenv("CONTADO_DATABASE_URL", raising=False)
    if request.param == "postgres":
        monkeypatch.setenv("CONTADO_DATABASE_URL", request.getfixturevalue("database"))
    with records.open_store(Workspace.create(tmp_path / "city")) as opened:
        yield opened


def fill(store):
    """Random grants and rows; return the units of each account and of each row."""
    rng, held, placed = random.Random(6), {}, {}
    with store.writing(records.local_administrator()) as session:
        for n in range(ACCOUNTS):
            units = ["*"] if n == 0 else rng.sample(UNITS, n % 5)
            account = accounts.ensure_account(session, f"a{n}")
            if units:
                accounts.add_grant(session, account, rng.choice(["manager", "case_officer"]), units)
            held[f"a{n}"] = set(UNITS) if n == 0 else set(units)
        for n in range(ROWS):
            common = {"id": ulid(), "unit_id": rng.choice(UNITS), "created_at": now()}
            if n % 3 == 0:
                row = Document(**common, sha256="0" * 64, mime="text/plain", bytes=1, visibility="private")
            elif n % 3 == 1:
                ready = {"process": "p", "request_json": "{}", "state": "accepted"}
                row = Job(**common, **ready, visibility="org", cancel_requested=0)
            else:
                row = FeatureVersion(**common, layer="l", fid=ulid(), version=1, sha256="0" * 64)
            session.add(row)
            placed[row.id] = (type(row), row.unit_id)
    return held, placed


@pytest.mark.item(
    "platform", 6, "nothing outside the scope is returned, counted, changed", "0 leaks, both stores"
)
def test_no_leak(store, figure):
    held, placed = fill(store)
    asked = 0
    for name, units in held.items():
        scope = store.scope(name)
        for cls in (Document, Job, FeatureVersion):
            mine = {i for i, (kind, unit) in placed.items() if kind is cls and unit in units}
            with store.reading(scope) as session:
                assert set(session.scalars(select(cls.id))) == mine
                assert session.scalar(select(func.count()).select_from(cls)) == len(mine)
            with store.writing(scope) as session:
                assert session.execute(update(cls).values(created_at=now())).rowcount == len(mine)
                assert set(session.scalars(delete(cls).returning(cls.id))) == mine
                session.rollback()
            asked += 4
    figure(f"0 leaks in {asked} questions of {len(held)} accounts")


@pytest.mark.item("platform", 6, "a row outside answers as a wrong id does", "same answer")
def test_no_hint(store, figure):
    with store.writing(records.local_administrator()) as session:
        accounts.add_grant(session, accounts.ensure_account(session, "a"), "manager", ["015146"])
        outside = jobs.create(session, "plan", {}, unit_id="015182").id
    answers = set()
    for identifier in (outside, ulid()):
        with store.reading(store.scope("a")) as session, pytest.raises(RecordNotFound) as caught:
            jobs.get(session, identifier)
        answers.add(str(caught.value).replace(identifier, "ID"))
    assert len(answers) == 1
    figure(answers.pop()[:40])


@pytest.mark.item("platform", 6, "a call without a scope raises", "ScopeMissing")
def test_no_scope(store, figure):
    for opened in (store.reading, store.writing):
        with pytest.raises(ScopeMissing), opened(None):
            pass
    figure("ScopeMissing")


@pytest.mark.item("platform", 6, "a raw connection that forgets the filter", "rows of its scope only")
def test_second_barrier(database, tmp_path, monkeypatch, figure):
    monkeypatch.setenv("CONTADO_DATABASE_URL", database)
    with records.open_store(Workspace.create(tmp_path / "city")) as store:
        held, placed = fill(store)
    with psycopg.connect(database) as connection:
        for name, units in held.items():
            with connection.transaction():
                connection.execute("SET LOCAL ROLE contado_app")
                said = "*" if name == "a0" else ",".join(units) or "-"
                connection.execute("SELECT set_config('contado.units', %s, true)", [said])
                for table, cls in (("document", Document), ("job", Job), ("feature_version", FeatureVersion)):
                    rows = {i for (i,) in connection.execute(f"SELECT id FROM {table}")}
                    assert rows == {i for i, (kind, unit) in placed.items() if kind is cls and unit in units}
        with connection.transaction():
            connection.execute("SET LOCAL ROLE contado_app")
            assert connection.execute("SELECT count(*) FROM document").fetchone() == (0,)
    figure(f"{len(held)} accounts x 3 tables; nothing said: 0 rows")
