"""contado pavement iri: answer, bad input, speed of an answer."""

import json
import resource
import subprocess
import sys

import numpy as np
import pytest

from contado.cli.app import run


@pytest.fixture
def call(capsys):
    def answer(*words):
        code = run(["pavement", "iri", *map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return answer


@pytest.fixture
def profile(tmp_path):
    x = np.arange(0, 260, 0.25)
    y = np.cumsum(np.random.default_rng(0).normal(0, 0.001, x.size))
    lines = ["x_m,y_m", *(f"{a},{b:.6f}" for a, b in zip(x, y, strict=True))]
    (tmp_path / "p.csv").write_text("\n".join(lines))
    return tmp_path / "p.csv"


def test_answer(call, profile):
    code, answer = call(profile)
    assert code == 0
    assert list(answer) == ["findings", "label", "segments", "iri_m_km", "samples", "spacing_m", "compute_s"]
    assert [(s["from_m"], s["to_m"]) for s in answer["segments"]] == [(0, 100), (100, 200)]
    assert answer["iri_m_km"] == pytest.approx(np.mean([s["iri_m_km"] for s in answer["segments"]]))
    assert answer["samples"] == 1040
    assert answer["spacing_m"] == {"min": 0.25, "median": 0.25, "max": 0.25}
    assert answer["label"] == "measured"
    assert 0 < answer["compute_s"] < 1


def test_options(call, profile):
    _, answer = call(profile, "--segment-m", 20, "--start-m", 50)
    assert [s["from_m"] for s in answer["segments"]][:2] == [50, 70]
    assert len(answer["segments"]) == 10


def test_a_profile_without_a_complete_segment(call, profile):
    code, answer = call(profile, "--segment-m", 1000)
    assert (code, answer["segments"], answer["iri_m_km"]) == (0, [], None)
    assert [f["rule"] for f in answer["findings"]] == ["no_complete_segment"]


def test_measured_profile(call, shared):
    _, answer = call(shared("roads/profiles/profile_1.txt"), "--start-m", 478.5)
    found = [s["iri_m_km"] for s in answer["segments"]]
    assert found == pytest.approx([3.2898, 2.4396, 3.5671, 4.0826, 2.7246], abs=0.001)


@pytest.mark.parametrize(
    ("text", "rule", "rows"),
    [
        ("x_m,y_m\n0,0\n5,0\n5,0\n20,0\n", "x_not_increasing", [4]),
        ("x_m,y_m\n0,0\n5,0\n4,0\n20,0\n", "x_not_increasing", [4]),
        ("x_m,y_m\n0,0\n5,high\n20,0\n", "not_a_number", [3]),
        ("x_m,y_m\n0,0\n10,0\n", "profile_too_short", []),
        ("", "empty_file", []),
        ("x_m,height\n0,0\n", "missing_column", []),
    ],
)
def test_bad_input(call, tmp_path, text, rule, rows):
    (tmp_path / "bad.csv").write_text(text)
    code, answer = call(tmp_path / "bad.csv")
    assert code == 2
    assert (answer["error"]["rule"], answer["error"]["rows"]) == (rule, rows)
    assert answer["error"]["hint"]
    assert "bad.csv" in answer["error"]["message"]


def test_bad_options(call, profile, tmp_path):
    assert call(profile, "--segment-m", 0)[1]["error"]["field"] == "segment_m"
    assert call(profile, "--start-m", -3)[1]["error"]["field"] == "start_m"
    assert call(tmp_path / "none.csv")[1]["error"]["rule"] == "file_not_found"


def test_bad_input_is_answered_before_anything_is_compiled(tmp_path):
    (tmp_path / "bad.csv").write_text("x_m,y_m\n0,0\n5,0\n4,0\n20,0\n")
    code = "import sys; from contado.cli.app import run; run(sys.argv[1:]); assert 'numba' not in sys.modules"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", code, "pavement", "iri", str(tmp_path / "bad.csv"), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "x_not_increasing" in done.stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < 2
