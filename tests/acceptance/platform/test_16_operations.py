"""platform.md, definition of done 16: logs, health, metrics, a graceful stop, two servers on one store."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager

import pytest

from contado.cli.app import run
from contado.kernel import records
from contado.kernel.workspace import Workspace
from invented.processes import server

SAMPLE = re.compile(r'([a-z_]+)(\{(?:[a-z]+="[^"]*",?)*\})? (-?[0-9.e+-]+|NaN|[+-]Inf)')


@contextmanager
def serving(workspace, **environment):
    """A real `contado serve`; yields its address and process."""
    command = server(workspace)
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        try:
            yield json.loads(process.stdout.readline())["url"], process
        finally:
            process.kill()


def ask(address, **headers):
    """Return status, headers and body, whatever the status."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as got:
            return got.status, got.headers, got.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A workspace with a layer whose table takes a while to be sent."""
    import geopandas
    import numpy as np

    rng = np.random.default_rng(0)
    workspace = Workspace.create(tmp_path_factory.mktemp("operations") / "city")
    points = geopandas.points_from_xy(rng.uniform(9, 9.4, 60_000), rng.uniform(45.3, 45.6, 60_000))
    trees = geopandas.GeoDataFrame(
        {"id": np.arange(60_000), "note": ["plane tree " * 9] * 60_000}, geometry=points, crs=4326
    )
    with workspace.commit() as commit:
        commit.layer("trees", trees, title_en="Trees")
    records.prepare(workspace)
    return workspace


@pytest.mark.item("platform", 16, "log lines, health and metrics of a server", "JSON lines; counted exactly")
def test_what_a_server_says_of_itself(city, figure):
    with records.open_store(city) as store, store.writing(records.local_administrator()) as session:
        for _ in range(3):
            records.jobs.create(session, "counted", {})
        records.outbox.queue(session, "email", "a@example.org", subject="s", body="b")
    with serving(city.path, CONTADO_METRICS_TOKEN="scrape-me") as (url, process):
        status, headers, body = ask(url + "healthz")
        health = json.loads(body)
        assert (status, health["alive"], health["store"]) == (
            200,
            True,
            {"reachable": True, "schema": records.schema.SCHEMA_VERSION},
        )
        assert health["workspace"] == {"schema": 1, "layers": 1}
        assert set(health["vendor_files"]) == {"present", "ok", "changed"}
        assert headers["Content-Security-Policy"]
        numbers = [ask(url + path)[1]["X-Request-ID"] for path in ("", "en/", "no-such-page", "favicon.ico")]
        status, headers, body = ask(url + "metrics")
        lines = body.decode().splitlines()
        assert all(line.startswith("# ") or SAMPLE.fullmatch(line) for line in lines)
        figures = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        assert figures['contado_requests_total{kind="page",status="404"}'] == "1"
        assert figures['contado_requests_total{kind="page",status="200"}'] == "3"
        assert figures['contado_request_seconds_bucket{kind="page",le="+Inf"}'] == "4"
        assert figures["contado_requests_running"] == "0"
        assert figures['contado_jobs{state="accepted"}'] == "3"
        assert figures['contado_outbox_messages{state="waiting"}'] == "1"
        assert figures["contado_store_up"] == "1"
        assert ask(url + "metrics", **{"X-Forwarded-For": "203.0.113.9"})[0] == 401
        assert ask(url + "metrics", Authorization="Bearer wrong")[0] == 401
        forwarded = {"X-Forwarded-For": "203.0.113.9", "Authorization": "Bearer scrape-me"}
        assert ask(url + "metrics", **forwarded)[0] == 200
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=40)
    entries = [json.loads(line) for line in log.splitlines()]
    seen = {e["request_id"]: e for e in entries if "request_id" in e}
    assert set(numbers) <= set(seen)
    assert all(e["ms"] >= 0 and e["at"].endswith("Z") and e["level"] for e in seen.values())
    assert not any("name" in e for e in entries)
    figure(f"{len(entries)} lines, all JSON; {len(figures)} figures")


@pytest.mark.item("platform", 16, "a store that this program may not read is said", "503, metrics without it")
def test_a_store_that_a_newer_program_took(city, figure):
    def version(number):
        with closing(sqlite3.connect(city.path / "records.sqlite")) as connection, connection:
            connection.execute("UPDATE schema_version SET version = ?", (number,))

    with serving(city.path) as (url, _):
        assert ask(url + "healthz")[0] == 200
        version(99)
        try:
            status, _, body = ask(url + "healthz")
            text = ask(url + "metrics")[2].decode()
        finally:
            version(records.schema.SCHEMA_VERSION)
        after = ask(url + "healthz")[0]
    assert (status, json.loads(body)["store"]) == (503, {"reachable": False, "schema": None})
    assert "contado_store_up 0" in text
    assert "contado_jobs" not in text
    assert after == 200
    figure("503 and contado_store_up 0, then 200 again")


@pytest.mark.item("platform", 16, "SIGTERM: running requests finish, no new work", "whole body, exit 0")
def test_a_graceful_stop(city, figure):
    with serving(city.path) as (url, process):
        port = int(url.rstrip("/").rpartition(":")[2])
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            slow.connect(("127.0.0.1", port))
            slow.sendall(b"GET /dati/trees.csv HTTP/1.1\r\nHost: a\r\n\r\n")
            begun = slow.recv(4096)
            process.send_signal(signal.SIGTERM)
            refused = _refuses(port)
            assert process.poll() is None
            rest = b"".join(iter(lambda: slow.recv(1 << 16), b""))
        code = process.wait(timeout=40)
    head, _, body = (begun + rest).partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
    assert head.startswith(b"HTTP/1.1 200")
    assert len(body) == length
    assert refused
    assert code == 0
    figure(f"{length / 1e6:.1f} MB whole, new connections refused, exit {code}")


def _refuses(port):
    """Whether new connections are refused within a few seconds."""
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def two_cities(postgres, database, city, tmp_path, monkeypatch):
    """Two copies of a workspace, as on two machines, whose records stand in one database."""
    name = database.rpartition("/")[2]
    postgres.execute("CREATE EXTENSION IF NOT EXISTS postgis", database=name)
    monkeypatch.setenv("CONTADO_DATABASE_URL", database)
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        shutil.copytree(city.path, folder, ignore=shutil.ignore_patterns("records.sqlite*"))
    records.prepare(Workspace.open(folders[0]))
    yield folders
    postgres.execute("DROP SCHEMA IF EXISTS contado_layer CASCADE", database=name)


HITS = """
import sys
from contado.kernel import records
from contado.kernel.workspace import WorkspaceView
done = []
with records.open_store(WorkspaceView(sys.argv[1])) as store:
    for _ in range(40):
        with store.writing(records.Scope.system("rates.test")) as session:
            done.append(records.rates.hit(session, "api:203.0.113.9", window_s=600).hits)
        with store.writing(records.Scope.system("jobs.worker")) as session:
            job = records.jobs.claim(session, sys.argv[2])
            if job is not None:
                print(job.id)
                records.jobs.finish(session, job.id, sys.argv[2], "successful")
"""


@pytest.mark.item("platform", 16, "two servers on one PostgreSQL", "same answers; limits and jobs shared")
def test_two_servers_on_one_database(two_cities, capsys, figure):
    first, second = two_cities
    layer = Workspace.open(first)
    import geopandas

    with layer.commit() as commit:
        squares = geopandas.GeoDataFrame(
            {"municipality": ["015146", "015002"]},
            geometry=geopandas.points_from_xy([9.1, 9.2], [45, 46]),
            crs=4326,
        )
        commit.layer("benches", squares, title_en="Benches")
    assert run(["export", "layer", "benches", "--to", "postgis", "-w", str(first), "--json"]) == 0
    assert run(["import", "postgis", "--layer", "benches", "-w", str(second), "--json"]) == 0
    capsys.readouterr()
    assert Workspace.open(second).layer_info("benches") == layer.layer_info("benches")
    with records.open_store(layer) as store, store.writing(records.local_administrator()) as session:
        jobs = {records.jobs.create(session, "counted", {"n": n}).id for n in range(30)}
    with serving(first) as (one, _), serving(second) as (two, _):
        paths = [
            "",
            "en/",
            "dati/",
            "en/data/",
            "dati/benches.geojson",
            "dati/benches.csv",
            "dati/benches.gpkg",
        ]
        answers = [[ask(address + path) for path in paths] for address in (one, two)]
        same = [
            a[0] == b[0] and a[2].replace(one.encode(), two.encode()) == b[2]
            for a, b in zip(*answers, strict=True)
        ]
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", HITS, str(folder), f"w{i}"], stdout=subprocess.PIPE, text=True
            )
            for i, folder in enumerate(two_cities)
        ]
        claimed = [worker.communicate(timeout=120)[0].split() for worker in workers]
        counts = [
            [
                line
                for line in ask(address + "metrics")[2].decode().splitlines()
                if line.startswith("contado_jobs{")
            ]
            for address in (one, two)
        ]
    assert all(same)
    assert sorted(claimed[0] + claimed[1]) == sorted(jobs)
    assert counts[0] == counts[1]
    assert 'contado_jobs{state="successful"} 30' in counts[0]
    with records.open_store(layer) as store, store.reading(records.local_administrator()) as session:
        hits = records.rates.peek(session, "api:203.0.113.9").hits
    assert hits == 80
    figure(
        f"{len(same)} addresses equal; 80 hits counted, 30 jobs claimed once ({len(claimed[0])} + {len(claimed[1])})"
    )


@pytest.mark.item(
    "platform", 16, "the whole workspace backed up and restored", "layers, tables, files, records equal"
)
@pytest.mark.parametrize("target", ["sqlite", "postgres"])
def test_a_workspace_restored(city, tmp_path, monkeypatch, capsys, request, target, figure):
    shutil.copytree(city.path, tmp_path / "city")
    workspace = Workspace.open(tmp_path / "city")
    with workspace.commit() as commit:
        commit.file("runs/r1/plan.json", b'{"a": 1}')
        commit.source("weather", {"milano.epw": b"LOCATION"})
    with records.open_store(workspace) as store, store.writing(records.local_administrator()) as session:
        records.documents.add(session, b"%PDF-1.7", unit_id="015146", name="a.pdf")
    saved = str(tmp_path / "city.zip")
    assert run(["records", "backup", "--whole", saved, "-w", str(workspace.path), "--json"]) == 0
    before, rows = workspace.file_hashes(), _rows(workspace)
    if target == "postgres":
        monkeypatch.setenv("CONTADO_DATABASE_URL", request.getfixturevalue("database"))
    assert run(["records", "restore", saved, str(tmp_path / "back"), "--json"]) == 0
    *_, last = capsys.readouterr().out.splitlines()
    answer = json.loads(last)
    back = Workspace.open(tmp_path / "back")
    assert answer["findings"] == []
    assert back.file_hashes() == before
    assert _rows(back) == rows
    assert {i.id for i in back.layers()} == {"trees"}
    figure(f"{len(before)} files and {sum(map(len, rows.values()))} rows equal on {target}")


def _rows(workspace):
    """Return every row of the records and the attachments' bytes."""
    with records.open_store(workspace) as store, store.connection() as connection:
        tables = records.schema.Base.metadata.sorted_tables
        found = {t.name: sorted(map(tuple, connection.execute(t.select()))) for t in tables}
    return found | {
        "files": sorted(p.read_bytes() for p in (workspace.path / "files").rglob("*") if p.is_file())
    }
