"""platform.md, definition of done 17: every task prints ours, peers, ratios; a ratio that falls fails the job."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from pathlib import Path

import pytest

from contado.cli.app import run
from invented.processes import program

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
PACKAGES = ("territory", "tiles", "records", "scale", "web")
TASKS = sorted(
    str(path.parent.relative_to(BENCHMARKS)).replace("/", ".")
    for package in PACKAGES
    for path in (BENCHMARKS / package).rglob("bench.py")
)
SIZES = {
    "scale.engines": 200_000,
    "tiles.encode": 2000,
    "tiles.pyramid": 500,
    "records.audit": 20,
    "web.items": 20,
}
"""Small sizes: what is printed counts here, not how fast."""


def answer(capsys, *words):
    code = run(["bench", *words, "--json", "--quiet"])
    return code, json.loads(capsys.readouterr().out)


def answer_of_a_process(*words):
    """Run a task in a process of its own: a browser of other tests keeps an event loop in this one."""
    done = subprocess.run(program("bench", *words, "--quiet"), capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("task", [t for t in TASKS if t != "web.tiles"])
@pytest.mark.item("platform", 17, "each task: ours, peers, ratios, absent peers by name", "all printed")
def test_each_task(task, monkeypatch, tmp_path, figure):
    monkeypatch.setenv("CONTADO_PEERS", str(tmp_path))
    code, said = answer_of_a_process(task, "--n", str(SIZES.get(task, 1000)))
    (found,) = said["tasks"]
    figure(
        f"{len(found['peers'])} ratios; skipped: {', '.join(s['name'] for s in found['skipped']) or 'none'}"
    )
    assert code == 0
    assert found["task"] == task
    assert found["ours"]["cpu_s"] >= 0
    assert found["peers"] or found["skipped"]
    assert all(s["name"] and s["reason"] for s in found["skipped"])
    assert all(p["version"] and p["ratio"] > 0 and p["identical"] is not False for p in found["peers"])


@pytest.mark.slow
@pytest.mark.item(
    "platform", 17, "200 tile clients, the layer replaced meanwhile", "0 wrong or truncated tiles"
)
def test_no_tile_is_wrong_under_load(monkeypatch, tmp_path, figure):
    if importlib.util.find_spec("contado.web.ogc") is None:
        pytest.skip("the server has no address for tiles")
    monkeypatch.setenv("CONTADO_PEERS", str(tmp_path))
    _, said = answer_of_a_process("web.tiles", "--n", "1000")
    figures = said["tasks"][0]["figures"]
    figure(
        f"0 wrong of 2,000; {figures['tiles_s']:.0f} tiles/s, p95 {figures['p95_ms']:.0f} ms; "
        f"{figures['replacements']:.0f} replacements"
    )
    assert figures["clients"] == 200
    assert [figures[key] for key in ("wrong", "wrong_while_replaced", "wrong_afterwards")] == [0, 0, 0]
    assert figures["replacements"] >= 1


def kept(file, ratio, peer="PostGIS", n=7):
    """Keep an answer with one ratio."""
    task = {
        "task": "fake.task",
        "n": n,
        "ours": {"cpu_s": 1.0},
        "peers": [{"name": peer, "version": "1", "cpu_s": ratio, "ratio": ratio}],
        "skipped": [],
    }
    file.write_text(json.dumps({"tasks": [task]}))
    return str(file)


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A benchmark whose ratio beside its peer is 4."""
    from contado.verbs import bench

    folder = tmp_path / "benchmarks" / "fake" / "task"
    folder.mkdir(parents=True)
    (folder / "bench.py").write_text(
        "def run(n=7):\n"
        "    peer = {'name': 'PostGIS', 'version': '3', 'cpu_s': 4.0, 'ratio': 4.0}\n"
        "    return {'task': 'fake.task', 'n': n, 'ours': {'cpu_s': 1.0}, 'peers': [peer], 'skipped': []}\n"
    )
    monkeypatch.setattr(bench, "_folder", lambda: tmp_path / "benchmarks")
    return tmp_path


@pytest.mark.item(
    "platform", 17, "a ratio more than a fifth below the one kept fails", "exit 3, named; else 0"
)
def test_a_ratio_that_falls_fails(fake, capsys, figure):
    codes = {}
    for before in (3.0, 4.0, 4.99, 5.01, 8.0):
        codes[before], said = answer(capsys, "fake.task", "--against", kept(fake / "before.json", before))
        (found,) = said["compared"]
        assert (found["ratio"], found["before"], found["fell"]) == (4.0, before, before > 5.0)
        assert [f["rule"] for f in said["findings"]] == (["ratio_fell"] if before > 5.0 else [])
    figure("4.0 against 4.99: 0; against 5.01: 3")
    assert codes == {3.0: 0, 4.0: 0, 4.99: 0, 5.01: 3, 8.0: 3}


@pytest.mark.item("platform", 17, "results are kept as JSON and compared with themselves", "no ratio fell")
def test_an_answer_is_kept(fake, capsys, figure):
    code, first = answer(capsys, "fake.task", "--out", str(fake / "kept.json"))
    assert (code, first["compared"]) == (0, [])
    assert json.loads((fake / "kept.json").read_text())["tasks"] == first["tasks"]
    code, again = answer(capsys, "fake.task", "--against", str(fake / "kept.json"))
    figure(f"{len(again['compared'])} ratio compared")
    assert (code, [c["fell"] for c in again["compared"]]) == (0, [False])


@pytest.mark.item("platform", 17, "what cannot be compared is said", "notes; a file that is none is refused")
def test_what_is_not_compared(fake, capsys, figure):
    for other in ({"peer": "DuckDB"}, {"n": 8}):
        code, said = answer(capsys, "fake.task", "--against", kept(fake / "before.json", 9.0, **other))
        assert (code, said["compared"], [f["rule"] for f in said["findings"]]) == (0, [], ["not_compared"])
    (fake / "no.json").write_text("[]")
    rules = [
        answer(capsys, "fake.task", "--against", str(fake / name))[1]["error"]["rule"]
        for name in ("no.json", "absent.json")
    ]
    figure(", ".join(rules))
    assert rules[0] == "no_bench"
