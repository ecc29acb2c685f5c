"""platform.md, definition of done 16: logs, health, metrics, a graceful stop, two servers on one store."""

from __future__ import annotations

import json
import os
import re
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

from contado.kernel import records
from contado.kernel.workspace import Workspace

SAMPLE = re.compile(r'([a-z_]+)(\{(?:[a-z]+="[^"]*",?)*\})? (-?[0-9.e+-]+|NaN|[+-]Inf)')


@contextmanager
def serving(workspace, **environment):
    """A real `contado serve`; yields its address and process."""
    command = [sys.executable, "-m", "contado.cli", "serve", "-w", str(workspace), "--port", "0", "--json"]
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
            records.jobs.create(session, "plan", {})
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
