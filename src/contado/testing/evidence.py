"""Runs of a practice on the toy territory: what the checks look at.

Each of the three functions gets a fresh copy of the toy, in which the results of the functions before it are
recorded as a run of the platform records them. There are four runs: a first one, a second one that is warm
and timed, one in another process with another hash seed and shuffled rows, and one on empty tables.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from contado.kernel import tables
from contado.kernel.errors import ContadoError
from contado.kernel.practice import STEPS, Diagnosis, Outcome, Proposal
from contado.kernel.workspace import Workspace, WorkspaceView
from contado.testing import guards, toy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa

__all__ = ["ON", "RESULTS", "SEED", "Evidence", "Run", "Step", "collect", "run_practice", "tidy_tables"]

ON: Final = date(2026, 6, 1)
"""The day on which the toy is diagnosed."""
SEED: Final = 7
RESULTS: Final = {"diagnose": Diagnosis, "propose": Proposal, "monitor": Outcome}
_OTHER_PROCESS_LIMIT_S: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One function's run: its result or its error, and what the guards saw."""

    name: str
    result: Any = None
    error: Exception | None = None
    seen: guards.Observed | None = None
    changed: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def refused(self) -> bool:
        """Whether it failed because the network guard refused a connection."""
        return guards.caused_by_refusal(self.error)


@dataclass(frozen=True, slots=True)
class Run:
    """The three functions, one after the other; after an error there is nothing more."""

    steps: tuple[Step, ...]

    @property
    def whole(self) -> bool:
        """Whether all three came to an end."""
        return all(step.error is None for step in self.steps) and len(self.steps) == len(STEPS)

    def tables(self) -> Iterator[tuple[str, str, pa.Table]]:
        """Yield function, table name and table of all results that fit their schemas."""
        for step in self.steps:
            yield from ((step.name, name, table) for name, table in tidy_tables(step.result).items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that the checks need to know of a practice."""

    practice: Any
    known: Mapping[str, pa.Table]
    """Tables of the toy, the practice's own additions included."""
    first: Run
    again: Run
    empty: Run
    other: Mapping[str, Mapping[str, pa.Table]] = field(default_factory=dict)
    """Function -> table name -> table, from the other process."""
    other_problem: str = ""
    toy_problem: str = ""


def tidy_tables(result: Any) -> dict[str, pa.Table]:
    """Return the tables of a result that fit their schemas, conformed and in the order of their keys."""
    out: dict[str, pa.Table] = {}
    given: Any = getattr(result, "tables", None)
    for name, table in given.items() if hasattr(given, "items") else ():
        try:
            out[name] = tables.sort(name, tables.conform(name, table))
        except (ContadoError, AttributeError, TypeError, ValueError):
            continue  # the check `schema` says what is wrong with it
    return out


def collect(practice: Any, folder: Path) -> Evidence:
    """Run ``practice`` four times below ``folder``."""
    base = folder / "toy"
    try:
        workspace = toy.toy_territory(base, practice)
    except Exception as error:  # noqa: BLE001 - foreign code: its failure is a result of the suite
        nothing = Run(())
        text = f"toy: {type(error).__name__}: {error}"
        return Evidence(
            practice=practice, known={}, first=nothing, again=nothing, empty=nothing, toy_problem=text
        )
    known = {name: workspace.read(name) for name in workspace.tables()}
    first = run_practice(practice, base, folder / "first")
    again = run_practice(practice, base, folder / "again")
    empty = run_practice(practice, toy.emptied(toy.copy(base, folder / "empty_toy")), folder / "empty")
    other, problem = _other_process(practice, base, folder / "other")
    return Evidence(
        practice=practice,
        known=known,
        first=first,
        again=again,
        empty=empty,
        other=other,
        other_problem=problem,
    )


def run_practice(practice: Any, base: Path, folder: Path) -> Run:
    """Run the three functions of ``practice``, each on its own copy of ``base`` below ``folder``."""
    steps: list[Step] = []
    for name in STEPS:
        root = toy.copy(base, folder / name)
        for before in steps:
            _record(root, practice, before.result)
        step = _step(practice, name, root, steps)
        steps.append(step)
        if step.error is not None:
            break
    return Run(tuple(steps))


def _record(root: Path, practice: Any, result: Any) -> None:
    """Write a result's tables as the practice's share, as a run of the platform does."""
    with Workspace.open(root).commit() as commit:
        for name, table in tidy_tables(result).items():
            commit.table(name, table, practice=practice.name)


def _step(practice: Any, name: str, root: Path, before: list[Step]) -> Step:
    view = WorkspaceView(root)
    hashes = view.file_hashes()
    given = _input(name, before)
    held = dict(given.tables) if given is not None else {}
    result, error = None, None
    with guards.watch(root) as seen:
        start = time.perf_counter()
        try:
            arguments = (view,) if given is None else (view, given)
            result = getattr(practice, name)(*arguments, on=ON, seed=SEED, progress=_quiet)
        except Exception as failure:  # noqa: BLE001 - foreign code: its failure is a result of the suite
            error = failure
        seconds = time.perf_counter() - start
    changed = _changed(hashes, WorkspaceView(root).file_hashes())
    if given is not None:
        changed += tuple(f"input table {n}" for n in _changed_tables(held, given.tables))
    return Step(name=name, result=result, error=error, seen=seen, changed=changed, seconds=seconds)


def _quiet(stage: str, done: float, total: float | None = None, info: object = None) -> None:
    """Take progress and show nothing."""


def _input(name: str, before: list[Step]) -> Any:
    """Return what a function is given beside the workspace: nothing, the diagnosis, the programme."""
    if name == "diagnose":
        return None
    if name == "propose":
        found = before[0].result
        return Diagnosis(dict(found.tables)) if isinstance(found, Diagnosis) else Diagnosis({})
    try:
        return toy.programme(before[1].result)
    except (ContadoError, AttributeError, TypeError):
        return toy.programme(None)


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(name for name in {*before, *after} if before.get(name) != after.get(name)))


def _changed_tables(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in {*before, *after} if before.get(name) is not after.get(name))


def _other_process(practice: Any, base: Path, folder: Path) -> tuple[dict[str, dict[str, pa.Table]], str]:
    """Run the practice in another process, with another hash seed, on shuffled rows."""
    root = toy.shuffled(toy.copy(base, folder / "toy"), SEED)
    out = folder / "out"
    out.mkdir()
    kind = type(practice)
    module = sys.modules.get(kind.__module__)
    file = getattr(module, "__file__", None) if module else None
    order = {
        "module": kind.__module__,
        "name": kind.__qualname__,
        "file": file,
        "root": str(root),
        "out": str(out),
    }
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "12345",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    command = [sys.executable, "-m", "contado.testing.other_process", json.dumps(order)]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, our own module
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_OTHER_PROCESS_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {}, f"the other process was still running after {_OTHER_PROCESS_LIMIT_S:g} s"
    if done.returncode != 0:
        return {}, (done.stderr.strip().splitlines() or ["the other process failed"])[-1]
    failed = [file.read_text(encoding="utf-8") for file in out.glob("*.error")]
    return _read_back(out), "".join(failed)


def _read_back(out: Path) -> dict[str, dict[str, pa.Table]]:
    return {
        step.name: {
            file.stem: tables.conform(file.stem, tables.read(file).table)
            for file in sorted(step.glob("*.parquet"))
        }
        for step in sorted(out.iterdir())
        if step.is_dir()
    }
