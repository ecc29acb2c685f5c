"""A drive over an invented road to spoil, and what an answer to bad input must say."""

from __future__ import annotations

import csv
import json
import shutil
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contado.cli.app import run

ACC, GNSS = "car1_pass1_acc.parquet", "car1_pass1_gnss.csv"
ANSWER_S = 2.0
"""Processor seconds that an answer to bad input may take."""


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    """One drive over 2 km of an invented road."""
    folder = tmp_path_factory.mktemp("road") / "drives"
    words = ["--seed", "18", "--length-m", "2000", "--vehicles", "1", "--passes", "1", "--out", str(folder)]
    assert run(["pavement", "simulate", *words, "--quiet"]) == 0
    return folder


@pytest.fixture
def ask(capsys):
    """Function that runs a pavement verb and returns its exit code and its answer."""

    def call(*words):
        capsys.readouterr()
        start = time.process_time()
        code = run(["pavement", *map(str, words), "--json"])
        spent = time.process_time() - start
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        if code == 2:
            assert spent <= ANSWER_S, f"{spent:.1f} s"
        return code, json.loads(said.out)

    return call


@pytest.fixture
def drives(road, tmp_path):
    """A copy of the drive to spoil."""
    folder = tmp_path / "drives"
    folder.mkdir()
    for name in (ACC, GNSS):
        shutil.copy(road / name, folder / name)
    return folder


@pytest.fixture
def process(ask, road):
    """Function that processes a folder on the road."""

    def call(folder, *words):
        files = ["--network", road / "network.geojson", "--route", road / "truth_route.csv"]
        return ask("process", folder, *files, *words)

    return call


@pytest.fixture(scope="module")
def whole(road):
    """What the drive says when nothing is wrong with it."""
    from contado.engines.pavement.telemetry.align import align
    from contado.engines.pavement.telemetry.read import read_drive
    from contado.engines.pavement.telemetry.summary import summarise

    return summarise(align(read_drive(road / ACC)))


def refused(result, rule, *, rows=(), says=(), hint=()):
    code, answer = result
    error = answer["error"]
    assert (code, error["rule"], error["rows"]) == (2, rule, list(rows)), error
    assert error["hint"]
    for word in says:
        assert word in error["message"]
    for word in hint:
        assert word in error["hint"]


def accepted(result):
    code, answer = result
    assert code == 0, answer
    return answer


def rules(answer):
    return {finding["rule"] for finding in answer["findings"]}


def samples(folder, change):
    """Rewrite the accelerometer's file: ``change`` takes and gives the columns as arrays."""
    table = pq.read_table(folder / ACC)
    columns = change({name: table[name].to_numpy().copy() for name in ("t_s", "ax", "ay", "az")})
    pq.write_table(pa.table(columns), folder / ACC)


def fixes(folder, change):
    """Rewrite the fixes: ``change`` takes and gives the rows."""
    with (folder / GNSS).open(newline="") as file:
        rows = change(list(csv.DictReader(file)))
    with (folder / GNSS).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write(path, *lines, encoding="utf-8"):
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def driven(road):
    """The rows of the drive's fixes."""
    with (road / GNSS).open(newline="") as file:
        return list(csv.DictReader(file))


def traces(road, *more):
    """The lines of a trace file with the drive's fixes."""
    rows = driven(road)
    return ["trip,t_s,lon,lat", *(f"a,{row['t_s']},{row['lon']},{row['lat']}" for row in rows), *more]


def profile(count=200, dx=0.25):
    return [f"{k * dx},{0.002 * np.sin(k * dx):.6f}" for k in range(count)]


def item(row):
    return pytest.mark.item("pavement", 18, f"bad input: {row}", "code, rule, rows, hint, <= 2 s")
