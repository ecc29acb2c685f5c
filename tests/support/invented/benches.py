"""The benchmarks of the house, run from tests."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture(scope="session")
def bench():
    """Return the module of a task, as ``bench("pavement/match")``."""

    def load(task: str):
        spec = importlib.util.spec_from_file_location(
            f"bench_{task.replace('/', '_')}", BENCHMARKS / task / "bench.py"
        )
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def answers_of(found):
    """Return the peers of a run by name; skip where none answered."""
    if not found["peers"]:
        pytest.skip("no peer: " + "; ".join(row["reason"] for row in found["skipped"]))
    return {peer["name"]: peer for peer in found["peers"]}
