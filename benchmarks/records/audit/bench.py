"""records.audit: what the chain costs, beside the same inserts without it, in the same run."""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

from contado.kernel import records
from contado.kernel.records import audit
from contado.kernel.records.schema import Setting
from contado.kernel.records.scopes import now
from contado.kernel.workspace import Workspace

BODY = {"unit": "015146", "sha256": "0" * 64, "version": 1}
PLAIN = "CREATE TABLE plain (seq INTEGER PRIMARY KEY, at TEXT, actor TEXT, verb TEXT, object TEXT, body_json TEXT) STRICT"


def run(n=2_000):
    """Return task, n, ours, peers, skipped, figures.

    Transactions with and without take turns and medians are compared, so that a busy machine hurts both alike.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        records.open_store(Workspace.create(Path(folder) / "w")) as store,
    ):
        with store.engine.begin() as connection:
            connection.exec_driver_sql(PLAIN)
        times = [(timed(chained, store, i), timed(plain, store, i)) for i in range(n)]
        verified = verification(store)
    (chain_s, chain_cpu), (plain_s, plain_cpu) = (
        [statistics.median(pair[side][kind] for pair in times) for kind in (0, 1)] for side in (0, 1)
    )
    return {
        "task": "records.audit",
        "n": n,
        "ours": {"cpu_s": chain_cpu * n},
        "peers": [
            {
                "name": "the same inserts without a chain",
                "version": sqlite3.sqlite_version,
                "cpu_s": plain_cpu * n,
                "ratio": plain_cpu / chain_cpu,
                "identical": None,
            }
        ],
        "skipped": [],
        "figures": {
            "cpu_overhead_share": chain_cpu / plain_cpu - 1,
            "rate_lost_share": 1 - plain_s / chain_s,
            "chained_commits_per_s": 1 / chain_s,
            "verified_events_per_s": verified,
        },
    }


def timed(write, store, number):
    """Return wall and CPU seconds of one transaction."""
    wall, cpu = time.perf_counter(), time.process_time()
    write(store, number)
    return time.perf_counter() - wall, time.process_time() - cpu


def record(session, kind, number):
    session.add(Setting(key=f"{kind}-{number}", value_json="{}", updated_at=now()))
    session.flush()


def chained(store, number):
    """A record and its audit row."""
    with store.writing(records.local_administrator()) as session:
        record(session, "chain", number)
        audit.append(session, "setting.changed", "setting:a", BODY)


def plain(store, number):
    """The same record and the same row, without the link to the row before, written in the same way."""
    scope = records.local_administrator()
    with store.writing(scope) as session:
        record(session, "plain", number)
        row = (now(), scope.actor, "setting.changed", "setting:a", audit.canonical(BODY))
        cursor = session.connection().connection.cursor()
        cursor.execute("INSERT INTO plain (at, actor, verb, object, body_json) VALUES (?, ?, ?, ?, ?)", row)
        cursor.close()


def verification(store, copies=50):
    """Events a CPU second that a verification recomputes, best of ``copies`` walks over rows in memory."""
    with store.connection() as connection:
        rows = list(audit.rows(connection))
    times = []
    for _ in range(copies):
        start = time.process_time()
        assert audit.verify(rows).ok
        times.append(time.process_time() - start)
    return len(rows) / min(times)


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000), indent=1))
