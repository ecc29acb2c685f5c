"""Shared fixtures: the open data beside the checkout, and the table of the definitions of done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("CONTADO_SHARED", ROOT.parent / "shared")) / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--acceptance-table", action="store_true", help="print item, figure, goal, holds")


def shared_path(relative: str) -> Path:
    """Path of open test data, or a skip that says what is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"open test data shared/data/{relative} is not beside this checkout")
    return path


@pytest.fixture(scope="session")
def shared():
    """Function from a path below shared/data to the real path; skips when absent."""
    return shared_path


@pytest.fixture
def figure(record_property):
    """Call it with what an acceptance test measured; the text stands in the table."""

    def note(text: object) -> None:
        record_property("figure", str(text))

    return note


@pytest.fixture(autouse=True)
def _item_of_the_definition_of_done(request, record_property):
    if marker := request.node.get_closest_marker("item"):
        spec, number, what, goal = marker.args
        record_property("item", f"{spec}|{number}|{what}|{goal}")


def pytest_terminal_summary(terminalreporter, config) -> None:
    if not config.getoption("--acceptance-table"):
        return
    rows = []
    for outcome in ("passed", "failed", "skipped", "xfailed", "xpassed"):
        for report in terminalreporter.getreports(outcome):
            facts = dict(getattr(report, "user_properties", ()))
            if "item" in facts and (report.when == "call" or outcome in {"skipped", "failed"}):
                spec, number, what, goal = facts["item"].split("|")
                figure = facts.get("figure") or getattr(report, "wasxfail", "") or "-"
                holds = {"passed": "yes", "skipped": "not run"}.get(outcome, "NO")
                rows.append((spec, int(number), what, figure, goal, holds))
    terminalreporter.section("definition of done")
    for spec, number, what, figure, goal, holds in sorted(set(rows)):
        terminalreporter.write_line(f"{spec:9} {number:>2}  {what:52} {figure:42} {goal:34} {holds}")
