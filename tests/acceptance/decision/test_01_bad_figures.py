"""decision.md, section 13: bad input of appraisal and monitoring, and a solver that is stopped."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from contado.cli import app
from invented.processes import program


def asked(capsys, *words):
    """Run the program in this process."""
    code = app.run([str(word) for word in words] + ["--json", "--quiet"])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, json.loads(captured.out)


TOPSIS = {"method": "topsis", "matrix": [[3, 5], [4, 2]], "sense": ["max", "max"], "weights": [0.5, 0.5]}


@pytest.mark.item("decision", 1, "rows of section 13: mcda", "bad_mcda_input, exit 2")
@pytest.mark.parametrize(
    ("change", "quoted"),
    [
        ({"method": "topsys"}, "topsys"),
        ({"weights": [0.5, 0.3, 0.2]}, "3"),
        ({"weights": [0, 0]}, "weights"),
        ({"matrix": [[3, 5], [4]]}, "matrix"),
        ({"matrix": [[3, math.nan], [4, 2]]}, ""),
    ],
)
def test_mcda(tmp_path, capsys, change, quoted):
    (tmp_path / "cases.json").write_text(json.dumps([TOPSIS | change]))
    code, answer = asked(capsys, "appraisal", "mcda", tmp_path / "cases.json")
    error = answer.get("error") or answer["results"][0]["error"]
    assert (code, error["rule"]) == (2, "bad_json" if quoted == "" else "bad_mcda_input")
    assert quoted in error["message"]
    assert error["hint"]


@pytest.mark.item("decision", 1, "rows of section 13: constant criterion", "finding, counts as no difference")
def test_a_constant_criterion_makes_no_difference(tmp_path, capsys):
    matrix = [[3, 5, 7], [4, 2, 7]]
    cases = [
        TOPSIS | {"matrix": matrix, "sense": ["max", "max", "max"], "weights": [0.4, 0.4, 0.2]},
        TOPSIS,
    ]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    code, answer = asked(capsys, "appraisal", "mcda", tmp_path / "cases.json")
    assert code == 0
    assert [(f["rule"], f["severity"]) for f in answer["findings"]] == [("bad_mcda_input", "warning")]
    assert answer["results"][0]["rank"] == answer["results"][1]["rank"]


def flows(tmp_path, *rows):
    path = tmp_path / "flows.csv"
    path.write_text("\n".join(["year,item,quantity,unit", *rows]) + "\n")
    return path


@pytest.mark.item(
    "decision", 1, "rows of section 13: cba", "bad_rate exit 2; carbon_year, no_parameter findings"
)
def test_cba(tmp_path, capsys):
    plain = flows(tmp_path, "2027,cost,1000,eur", "2028,benefit,2000,eur")
    code, answer = asked(capsys, "appraisal", "cba", plain, "--rate", "-1")
    assert (code, answer["error"]["rule"]) == (2, "bad_rate")
    assert "-1" in answer["error"]["message"]
    _, reference = asked(capsys, "appraisal", "cba", plain)
    late = flows(
        tmp_path,
        "2027,cost,1000,eur",
        "2028,benefit,2000,eur",
        "2060,carbon_avoided,5,tco2e",
        "2028,noise,3,person",
    )
    code, answer = asked(capsys, "appraisal", "cba", late)
    found = {f["rule"]: f for f in answer["findings"]}
    assert code == 0
    assert "2060" in found["carbon_year"]["message"]
    assert "noise" in found["no_parameter"]["message"]
    assert answer["npv_eur"] == pytest.approx(reference["npv_eur"])


def meter(name, days, *, zero=False, start=0):
    first = np_day("2025-01-01") + start
    return [
        f"{name},{first + k},{0 if zero else 20 + 5 * (k % 7)},{10 + 8 * math.cos(k / 58):.2f}"
        for k in range(days)
    ]


def np_day(text):
    import numpy as np

    return np.datetime64(text)


@pytest.mark.item(
    "decision", 1, "rows of section 13: meters", "flag; refused per meter; exit 0, 2 if none is left"
)
def test_meters(tmp_path, capsys):
    head = "meter,date,energy_kwh,temperature_degc"
    path = tmp_path / "meters.csv"
    good, short = meter("good", 600), meter("short", 300, start=300)
    zero, twice = meter("zero", 600, zero=True), meter("twice", 600)
    twice.append(twice[-1])
    path.write_text("\n".join([head, *good, *short, *zero, *twice]) + "\n")
    code, answer = asked(capsys, "monitoring", "savings", path, "--event", "2026-01-15")
    assert code == 0
    flags = {m["meter"]: [f["flag"] for f in m["flags"]] for m in answer["meters"]}
    saved = {m["meter"]: m["saving_kwh"] for m in answer["meters"]}
    assert "short_baseline" in flags["short"]
    assert [k for k, v in saved.items() if v is not None] == ["good"]
    refused = {f["rule"]: f for f in answer["findings"] if f["action"] == "refused"}
    assert set(refused) == {"short_baseline", "all_zero", "duplicate_dates"}
    assert all(
        name in refused[rule]["message"]
        for rule, name in (("all_zero", "zero"), ("duplicate_dates", "twice"))
    )
    path.write_text("\n".join([head, *short, *zero]) + "\n")
    code, _ = asked(capsys, "monitoring", "savings", path, "--event", "2026-01-15")
    assert code == 2


@pytest.mark.item(
    "decision", 1, "rows of section 13: one treated unit, no control", "interval null, with the reason"
)
def test_one_treated_unit(tmp_path, capsys):
    path = tmp_path / "panel.csv"
    path.write_text("unit,group,period,value\na,treated,2025,10\na,treated,2026,14\n")
    code, answer = asked(capsys, "monitoring", "compare", path, "--event", "2026")
    assert code == 0
    assert (answer["effect"], answer["low"], answer["high"], answer["p_value"]) == (4.0, None, None, None)
    assert [f["rule"] for f in answer["findings"]] == ["no_control"]


def child_of(pid):
    """Return the process ids of the solvers that a run of the program has started."""
    pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(p) for p in pids if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes()]


@pytest.mark.slow
@pytest.mark.item("decision", 1, "rows of section 13: solver killed", "best verified plan and bound, exit 3")
def test_a_killed_solver_leaves_its_best_plan(shared, tmp_path, figure):
    folder = shared("planning/programme/mid120")
    words = program("portfolio", "solve", folder)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        next(line for line in running.stderr if " gap " in line)
        (solver,) = child_of(running.pid)
        os.kill(solver, signal.SIGKILL)
        began = time.monotonic()
        out, error = running.communicate(timeout=60)
    answer = json.loads(out)
    figure(
        f"exit {running.returncode}, gap {answer['gap']:.2%}, {time.monotonic() - began:.1f} s after the kill"
    )
    assert running.returncode == 3
    assert (answer["status"], answer["verified"]) == ("feasible", True)
    assert answer["value"] <= answer["bound"]
    assert "Traceback" not in error


@pytest.mark.slow
@pytest.mark.item("decision", 1, "rows of section 13: time out", "best verified plan and bound, exit 3")
def test_a_time_out_leaves_the_best_plan(shared, capsys):
    folder = shared("planning/programme/mid120")
    code, answer = asked(capsys, "portfolio", "solve", folder, "--time-limit-s", "5")
    assert (code, answer["status"], answer["verified"]) == (3, "feasible", True)
    assert 0 < answer["value"] <= answer["bound"]
