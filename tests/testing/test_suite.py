"""The suite itself: reports, targets, the toy territory."""

from __future__ import annotations

import pytest

from contado.kernel.errors import CheckFailed, PracticeError
from contado.kernel.territory import boundaries
from contado.testing import CHECKS, CheckResult, Report, load_target, toy, toy_territory

NAMES = [
    "contract",
    "schema",
    "units",
    "references",
    "years",
    "interval",
    "provenance",
    "determinism",
    "no_mutation",
    "silent",
    "no_network",
    "empty",
    "time",
]


class Named:
    name = "named"


@pytest.fixture
def workspace(tmp_path):
    return toy_territory(tmp_path / "toy", Named())


def test_thirteen_checks_each_documented():
    assert list(CHECKS) == NAMES
    assert all(check.__doc__ for check in CHECKS.values())


def test_a_report_names_what_failed():
    report = Report("p", (CheckResult("contract", True, ""), CheckResult("units", False, "effect row 1")))
    assert (report.ok, report.failed) == (False, ("units",))
    with pytest.raises(CheckFailed, match="units: effect row 1") as caught:
        report.raise_for_failures()
    assert caught.value.rule == "practice_contract"
    Report("p", report.checks[:1]).raise_for_failures()


def test_the_toy_has_two_municipalities_and_six_assets(workspace):
    assert workspace.read("asset")["id"].to_pylist() == ["A1", "A2", "A3", "A4", "A5", "A6"]
    assert set(workspace.read("asset")["source_id"].to_pylist()) == {"toy"}
    assert workspace.read("source")["source_id"].to_pylist() == ["toy"]
    assert len(boundaries.from_workspace(workspace)) == 2


def test_two_toys_are_the_same_to_the_byte(tmp_path, workspace):
    assert toy_territory(tmp_path / "again", Named()).file_hashes() == workspace.file_hashes()


def test_shuffling_changes_the_order_alone(tmp_path, workspace):
    other = toy.shuffled(toy.copy(workspace.path, tmp_path / "other"), 7)
    from contado.kernel import tables
    from contado.kernel.workspace import WorkspaceView

    raw = tables.read(other / "tables/asset/toy.parquet").table["id"].to_pylist()
    assert raw != sorted(raw)
    assert sorted(raw) == workspace.read("asset")["id"].to_pylist()
    assert WorkspaceView(other).layer("municipalities").num_rows == 2


def test_emptying_keeps_the_sources(tmp_path, workspace):
    from contado.kernel.workspace import WorkspaceView

    view = WorkspaceView(toy.emptied(toy.copy(workspace.path, tmp_path / "other")))
    assert view.tables() == {"asset": 0, "source": 1, "territory_unit": 0}
    assert view.layer("municipalities").num_rows == 0


FILE = "class P:\n    name = {name!r}\n"


def test_two_files_of_one_name_do_not_meet(tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "p.py").write_text(FILE.format(name=folder))
    targets = [f"{tmp_path / folder / 'p.py'}:P" for folder in "ab"]
    assert [load_target(t).name for t in targets] == ["a", "b"]
    (tmp_path / "a" / "p.py").write_text(FILE.format(name="changed"))
    assert load_target(targets[0]).name == "changed"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "broken_practice"),
        ("class P:\n    def __init__(self, x): ...\n", "broken_practice"),
        ("1/0\n", "broken_practice"),
    ],
)
def test_a_class_that_cannot_be_made_is_refused(tmp_path, text, rule):
    (tmp_path / "p.py").write_text(text)
    with pytest.raises(PracticeError) as caught:
        load_target(f"{tmp_path / 'p.py'}:P")
    assert caught.value.rule == rule
