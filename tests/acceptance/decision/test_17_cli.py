"""decision.md, definition of done 17: the command line and reproducibility."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from contado.cli import app
from contado.kernel.workspace import Workspace
from invented.processes import program

ROOT = Path(__file__).resolve().parents[3]


def asked(capsys, *words):
    """Run the program in this process; the exit code and the object that it printed."""
    code = app.run([str(word) for word in words] + ["--json", "--quiet"])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, json.loads(captured.out)


# ---------------------------------------------------------------- time, gap line
@pytest.mark.slow
@pytest.mark.item(
    "decision", 17, "portfolio solve on small40 with a gap line", "<= 30 s, gap on standard error"
)
def test_small40_in_time_with_a_gap_line(shared, figure):
    began = time.monotonic()
    done = subprocess.run(
        program("portfolio", "solve", shared("planning/programme/small40")),
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - began
    answer = json.loads(done.stdout)
    lines = [line for line in done.stderr.splitlines() if " gap " in line]
    figure(f"{seconds:.1f} s, {len(lines)} gap lines, the last: {lines[-1].strip() if lines else '-'}")
    assert done.returncode == 0
    assert answer["value"] == pytest.approx(7_140_822.04, abs=1)
    assert lines
    assert seconds <= 30


# ---------------------------------------------------------------- again, to the byte
@pytest.mark.item("decision", 17, "rerun of a programme folder", "programme.parquet byte-equal")
def test_a_programme_folder_is_run_again_to_the_byte(shared, tmp_path, capsys):
    folder = shared("planning/programme/tiny7")
    out = tmp_path / "out"
    words = ("portfolio", "solve", folder, "--no-floors", "--draws", "20", "--seed", "3", "--out", out)
    assert asked(capsys, *words)[0] == 0
    code, again = asked(capsys, "rerun", out / "run.json")
    assert (code, again["identical"], again["differences"]) == (0, True, [])
    assert again["sha256"] == again["sha256_recorded"]
    first = {p.name: p.read_bytes() for p in out.iterdir() if p.is_file()}
    assert sorted(first) == ["price.parquet", "programme.parquet", "run.json"]
    assert asked(capsys, *words)[0] == 0
    assert {p.name: p.read_bytes() for p in out.iterdir() if p.is_file()} == first


@pytest.mark.slow
@pytest.mark.item("decision", 17, "rerun of an options folder", "programme.parquet byte-equal")
def test_an_options_folder_is_run_again_to_the_byte(shared, tmp_path, capsys):
    out = tmp_path / "out"
    asked(capsys, "portfolio", "solve", shared("planning/options10k"), "--gap", "1e-3", "--out", out)
    code, again = asked(capsys, "rerun", out / "run.json")
    assert (code, again["identical"]) == (0, True)


@pytest.mark.slow
@pytest.mark.item("decision", 17, "rerun of a search that the clock ended", "programme.parquet byte-equal")
def test_a_run_that_the_clock_ended_is_repeated(shared, tmp_path, capsys, figure):
    out = tmp_path / "out"
    words = ("portfolio", "solve", shared("planning/programme/mid120"), "--time-limit-s", "6", "--out", out)
    code, answer = asked(capsys, *words)
    record = json.loads((out / "run.json").read_text())
    figure(f"stopped after {record['stop_after']} improving plans, gap {answer['gap']:.2%}")
    assert (code, answer["status"], record["stop"]) == (3, "feasible", "time")
    code, again = asked(capsys, "rerun", out / "run.json")
    assert (code, again["identical"], again["differences"]) == (0, True, [])


# ---------------------------------------------------------------- order of rows never matters
def shuffled(folder, out, seed):
    """Copy a folder with the rows of every file in another order; the order of the rules says who pays first."""
    out.mkdir()
    for file in sorted(folder.glob("*.csv")):
        head, *rows = file.read_text().splitlines()
        if file.name != "funding_rules.csv":
            random.Random(seed).shuffle(rows)
        (out / file.name).write_text("\n".join([head, *rows]) + "\n")
    return out


@pytest.mark.item("decision", 17, "shuffled rows of every input file", "same programme bytes and JSON")
@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_the_input_does_not_matter(shared, tmp_path, capsys, seed):
    folder = shared("planning/programme/tiny7")
    answers = []
    for name, path in (("a", folder), ("b", shuffled(folder, tmp_path / "shuffled", seed))):
        words = ("portfolio", "solve", path, "--no-floors", "--draws", "20", "--out", tmp_path / name)
        answers.append(asked(capsys, *words)[1])
    one, other = ((tmp_path / name / "programme.parquet").read_bytes() for name in "ab")
    assert one == other
    timeless = [json.dumps({k: v for k, v in a.items() if k not in {"seconds", "findings"}}) for a in answers]
    assert timeless[0] == timeless[1]


@pytest.mark.slow
@pytest.mark.item("decision", 17, "small40 with shuffled rows", "same programme bytes")
def test_the_order_of_small40_does_not_matter(shared, tmp_path, capsys):
    folder = shared("planning/programme/small40")
    for name, path in (("a", folder), ("b", shuffled(folder, tmp_path / "shuffled", 5))):
        asked(capsys, "portfolio", "solve", path, "--gap", "2e-3", "--out", tmp_path / name)
    one, other = ((tmp_path / name / "programme.parquet").read_bytes() for name in "ab")
    assert one == other


@pytest.mark.item("decision", 17, "options folder with shuffled rows", "same options chosen")
def test_the_order_of_options_does_not_matter(tmp_path, capsys):
    rows = [
        {
            "site": f"S{k // 3:03}",
            "benefit_eur": 900 + 37 * k % 811,
            "budget_a": str(k % 2),
            "cost_a_eur": 500 + 53 * k % 607,
        }
        for k in range(300)
    ]
    chosen = []
    for seed in (None, 4):
        order = list(range(len(rows)))
        if seed is not None:
            random.Random(seed).shuffle(order)
        folder = tmp_path / f"options{seed}"
        folder.mkdir()
        with (folder / "options.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows[k] for k in order)
        (folder / "budgets.csv").write_text(
            "budget,year,source,budget_eur\n0,2027,own,9000\n1,2028,own,8000\n"
        )
        _, answer = asked(capsys, "portfolio", "solve", folder, "--gap", "1e-3", "--method", "price")
        chosen.append(sorted(order[o] for o in answer["chosen"]))
    assert chosen[0] == chosen[1]


# ---------------------------------------------------------------- Ctrl-C
def interrupted(*words, at):
    """Run the program, press Ctrl-C (to the whole group, as a terminal does) when a line holds ``at``."""
    with subprocess.Popen(
        program(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        seen = next(line for line in child.stderr if at in line)
        os.killpg(child.pid, signal.SIGINT)
        began = time.monotonic()
        out, error = child.communicate(timeout=60)
    assert "Traceback" not in error
    return child.returncode, json.loads(out), seen, time.monotonic() - began


@pytest.mark.slow
@pytest.mark.item(
    "decision", 17, "Ctrl-C during portfolio solve of mid120", "exit 3, verified plan + bound, whole files"
)
def test_ctrl_c_leaves_the_best_plan_and_no_partial_file(shared, tmp_path, capsys, figure):
    folder, out = shared("planning/programme/mid120"), tmp_path / "out"
    code, answer, _, seconds = interrupted("portfolio", "solve", folder, "--out", out, at=" gap ")
    figure(f"exit {code}, gap {answer['gap']:.2%}, ended {seconds:.1f} s after")
    assert (code, answer["status"], answer["verified"]) == (3, "feasible", True)
    assert 0 < answer["value"] <= answer["bound"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]
    assert sorted(p.name for p in out.iterdir()) == [
        "inputs",
        "price.parquet",
        "programme.parquet",
        "run.json",
    ]
    (tmp_path / "plan.json").write_text(json.dumps(answer))
    assert asked(capsys, "portfolio", "verify", folder, tmp_path / "plan.json")[0] == 0
    assert asked(capsys, "rerun", out / "run.json")[1]["identical"]


@pytest.mark.slow
@pytest.mark.item("decision", 17, "Ctrl-C during plan of a workspace", "exit 3, plan recorded")
def test_ctrl_c_during_a_plan_of_a_workspace(shared, tmp_path, capsys):
    city = Workspace.create(tmp_path / "city").path
    assert asked(capsys, "tables", "import", shared("planning/programme/mid120"), "-w", city)[0] == 0
    code, answer, _, _ = interrupted("plan", "-w", city, at=" gap ")
    assert (code, answer["status"], answer["verified"]) == (3, "feasible", True)
    assert not list((city / ".commit").iterdir())
    assert not (city / "commit.json").exists()
    assert asked(capsys, "rerun", city / "runs" / answer["run"] / "run.json")[1]["identical"]


@pytest.mark.slow
@pytest.mark.item("decision", 17, "Ctrl-C during a front", "exit 3, proven points, complete: false")
def test_ctrl_c_during_a_front(shared, figure):
    folder = shared("planning/momkp/2kp50")
    code, answer, _, _ = interrupted("portfolio", "front", folder, at="front")
    with (folder / "pareto_sols.csv").open() as file:
        reference = {tuple(float(cell) for cell in row[1:]) for row in list(csv.reader(file))[1:]}
    figure(f"exit {code}, {answer['n']} points")
    assert (code, answer["complete"]) == (3, False)
    assert {tuple(p) for p in answer["points"]} <= reference


@pytest.mark.slow
@pytest.mark.item("decision", 17, "Ctrl-C before there is any plan", "exit 130, nothing written")
def test_ctrl_c_before_any_plan(tmp_path):
    """The folder is large, so that it is still being read when the key is pressed."""
    folder = tmp_path / "options"
    folder.mkdir()
    lines = [f"S{k // 4},{1000 + k % 977},{k % 3},{500 + k % 613}" for k in range(150_000)]
    (folder / "options.csv").write_text("\n".join(["site,benefit_eur,budget_a,cost_a_eur", *lines]) + "\n")
    (folder / "budgets.csv").write_text(
        "budget,year,source,budget_eur\n0,2027,a,1e6\n1,2027,b,1e6\n2,2027,c,1e6\n"
    )
    with subprocess.Popen(
        program("portfolio", "solve", folder, "--out", tmp_path / "out"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        _while_reading(child)
        os.killpg(child.pid, signal.SIGINT)
        out, error = child.communicate(timeout=60)
    assert child.returncode == 130
    assert json.loads(out)["error"]["rule"] == "interrupted"
    assert "Traceback" not in error
    assert sorted(p.name for p in tmp_path.iterdir()) == ["options"]


def _while_reading(child):
    """Wait until a process has loaded what reads tables; it then has a large folder before it."""
    while child.poll() is None:
        if "libarrow" in Path(f"/proc/{child.pid}/maps").read_text():
            return
        time.sleep(0.01)
    pytest.fail("the program ended before it read its tables")
