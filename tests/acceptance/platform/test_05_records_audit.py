"""platform.md, definition of done 5: records and the audit chain."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from contado.cli.app import run as main
from contado.kernel import records
from contado.kernel.records import (
    accounts,
    audit,
    credentials,
    documents,
    erasure,
    features,
    jobs,
    outbox,
    values,
)
from contado.kernel.workspace import Workspace

COLUMNS = "seq, at, actor, verb, object, body_json, prev_hash, hash"


def independent_head(database):
    """The rule of the documentation and nothing of contado; returns seq and hash, raises on the first fault."""
    previous, expected = "0" * 64, 1
    connection = sqlite3.connect(database)
    for row in connection.execute(f"SELECT {COLUMNS} FROM audit ORDER BY seq"):
        *content, prev_hash, stored = row
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
        computed = hashlib.sha256((prev_hash + "\n" + text).encode()).hexdigest()
        body = json.loads(content[5])
        canonical = json.dumps(body, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
        assert canonical == content[5]
        assert (content[0], prev_hash, stored) == (expected, previous, computed), f"row {content[0]}"
        previous, expected = stored, expected + 1
    connection.close()
    return {"seq": expected - 1, "hash": previous}


def everything(session):
    """Write a record of every kind; yield the audited verb that each must leave."""
    actor = accounts.create_actor(session, name="Società Agricola Però", fiscal_code="12345670017")
    yield "actor.created"
    account = accounts.create_account(session, "però", actor=actor)
    yield "account.created"
    accounts.add_grant(session, account, "producer", ["015146"])
    yield "grant.added"
    accounts.read_actor(session, actor.id)
    yield "actor.read"
    token = credentials.issue(session, "token", account.id, minutes=5)
    yield "token.issued"
    credentials.close(session, token.secret)
    yield "session.closed"
    credentials.use_link(session, credentials.issue(session, "link", account.id, minutes=5).secret)
    yield "link.used"
    credentials.open_session(session, account.id, minutes=5)
    yield "session.opened"
    documents.erase(session, documents.add(session, b"%PDF-1.7", unit_id="015146"))
    yield "document.erased"
    features.append(session, "created", "trees", "è/1", b'{"h":1.5}', unit_id="015146")
    yield "feature.created"
    job = jobs.create(session, "plan", {"gap": 0.01})
    yield "job.created"
    jobs.claim(session, "w")
    yield "job.started"
    jobs.finish(session, job.id, "w", "successful")
    yield "job.finished"
    outbox.queue(session, "email", "a@example.org", subject="s", body="b", to_actor=actor.id)
    yield "outbox.queued"
    values.set_value(session, "a", 1.5)
    yield "setting.changed"
    erasure.apply_retention(session)
    yield "retention.applied"
    accounts.disable(session, account.id)
    yield "account.disabled"
    erasure.erase_actor(session, actor.id)
    yield "actor.erased"


@pytest.fixture
def city(tmp_path, monkeypatch):
    monkeypatch.delenv("CONTADO_DATABASE_URL", raising=False)
    return Workspace.create(tmp_path / "città")


@pytest.fixture
def filled(city):
    """A workspace whose chain has a row of every kind."""
    with records.open_store(city) as store, store.writing(records.local_administrator()) as session:
        for _ in everything(session):
            pass
    return city


@pytest.fixture
def run(capsys):
    def call(city, *words):
        code = main([*words, "-w", str(city.path), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


@pytest.mark.item("platform", 5, "every write of a record leaves its row", "all kinds of write")
def test_every_write_leaves_a_row(city, figure):
    written = []
    with records.open_store(city) as store, store.writing(records.local_administrator()) as session:
        for verb in everything(session):
            last = session.connection().exec_driver_sql("SELECT verb FROM audit ORDER BY seq DESC").first()
            assert last == (verb,)
            written.append(verb)
    figure(f"{len(written)} kinds of write, {len(written)} rows")


@pytest.mark.item("platform", 5, "an independent verifier recomputes the chain", "same head, no name in it")
def test_independent_verifier(filled, run, figure):
    code, head = run(filled, "audit", "head")
    assert code == 0
    assert independent_head(filled.path / "records.sqlite") == {"seq": head["seq"], "hash": head["hash"]}
    code, verdict = run(filled, "audit", "verify", "--anchor", f"{head['seq']}:{head['hash']}")
    assert (code, verdict["ok"], verdict["events"], verdict["problems"]) == (0, True, head["seq"], [])
    chain = sqlite3.connect(filled.path / "records.sqlite")
    text = str(chain.execute(f"SELECT {COLUMNS} FROM audit").fetchall())
    chain.close()
    assert not [word for word in ("Però", "però", "12345670017", "example.org") if word in text]
    figure(f"{head['seq']} rows, erased person absent, chain valid")


def forge(city, *statements):
    """Write past the triggers, as somebody with the file could."""
    connection = sqlite3.connect(city.path / "records.sqlite", isolation_level=None)
    for name in ("audit_no_update", "audit_no_delete"):
        connection.execute(f"DROP TRIGGER IF EXISTS {name}")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def attack(kind, seq, other, last):
    """SQL of a forgery, and the problem (seq, kind) that must be found."""
    if kind == "changed":
        return [f"UPDATE audit SET body_json = '{{\"forged\":true}}' WHERE seq = {seq}"], [(seq, "changed")]
    if kind == "removed":
        return [f"DELETE FROM audit WHERE seq = {seq}"], [(seq, "missing")]
    if kind == "swapped":
        moves = [(seq, -1), (other, seq), (-1, other)]
        both = sorted((seq, other))
        return [f"UPDATE audit SET seq = {to} WHERE seq = {old}" for old, to in moves], [
            (n, "reordered") for n in both
        ]
    return [f"DELETE FROM audit WHERE seq > {seq}"], [(last, "anchor")]


def verified(database, head):
    """What `contado audit verify` finds, without starting the program."""
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        anchor = audit.Head(seq=head["seq"], hash=head["hash"])
        found = audit.verify(audit.rows(connection), anchor)
    engine.dispose()
    return found


@pytest.mark.item("platform", 5, "changed, removed, swapped, cut rows are found", "100 of 100")
def test_forgeries_are_found(filled, run, figure, tmp_path):
    database = filled.path / "records.sqlite"
    _, head = run(filled, "audit", "head")
    original, last = database.read_bytes(), head["seq"]
    rng, found = random.Random(0), 0
    for n in range(100):
        database.write_bytes(original)
        seq, other = rng.sample(range(1, last), 2)
        statements, expected = attack(("changed", "removed", "swapped", "cut")[n % 4], seq, other, last)
        forge(filled, *statements)
        if n < 8:
            code, verdict = run(filled, "audit", "verify", "--anchor", f"{last}:{head['hash']}")
            assert (code, verdict["ok"]) == (3, False)
            problems = [(p["seq"], p["kind"]) for p in verdict["problems"]]
        else:
            problems = [(p.seq, p.kind) for p in verified(database, head).problems]
        found += problems == expected
    assert found == 100
    figure(f"{found} of 100, at their seq and of their kind")


@pytest.mark.item("platform", 5, "UPDATE and DELETE of the chain fail", "both stores")
@pytest.mark.parametrize("where", ["sqlite", "postgres"])
def test_the_chain_is_append_only(tmp_path, monkeypatch, request, figure, where):
    monkeypatch.delenv("CONTADO_DATABASE_URL", raising=False)
    if where == "postgres":
        monkeypatch.setenv("CONTADO_DATABASE_URL", request.getfixturevalue("database"))
    with records.open_store(Workspace.create(tmp_path / "city")) as store:
        with store.writing(records.local_administrator()) as session:
            for _ in everything(session):
                pass
        for statement in ("UPDATE audit SET at = 'x' WHERE seq = 1", "DELETE FROM audit WHERE seq = 1"):
            with pytest.raises(DBAPIError, match="append-only"), store.engine.begin() as connection:
                connection.exec_driver_sql(statement)
        with store.connection() as connection:
            assert records.audit.verify(records.audit.rows(connection)).ok
    figure(f"{where}: refused by the database")
