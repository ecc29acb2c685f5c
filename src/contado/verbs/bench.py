"""contado bench: a task of `benchmarks/`, ours beside the peers, in one run."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated, Any

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.errors import UsageError, did_you_mean


class BenchRequest(Request, frozen=True, kw_only=True):
    """Which task, how large."""

    task: Annotated[str, argument("PACKAGE.TASK (pavement.match), PACKAGE, or all")]
    n: Annotated[int, option("size of the task; each task has its own default", gt=0)] | None = None


class Ours(msgspec.Struct, kw_only=True):
    """Our own time."""

    cpu_s: float


class Peer(msgspec.Struct, kw_only=True):
    """A peer on the same data in the same run; ``ratio`` = its time over ours."""

    name: str
    version: str
    cpu_s: float
    ratio: float
    identical: bool | None = None
    note: str | None = None


class Skipped(msgspec.Struct, kw_only=True):
    """A peer that was left out, and why."""

    name: str
    reason: str


class Task(msgspec.Struct, kw_only=True):
    """One task's figures."""

    task: str
    n: int
    ours: Ours
    peers: list[Peer]
    skipped: list[Skipped]
    figures: dict[str, float] = {}


class BenchAnswer(Answer, kw_only=True):
    """One entry a task."""

    tasks: list[Task]


def _run(request: BenchRequest, context: Context) -> BenchAnswer:
    folder = _folder()
    known = sorted(str(p.parent.relative_to(folder)).replace("/", ".") for p in folder.rglob("bench.py"))
    chosen = [t for t in known if request.task in ("all", t) or t.startswith(f"{request.task}.")]
    if not chosen:
        raise UsageError(
            f"There is no task {request.task!r}.",
            rule="unknown_choice",
            hint=did_you_mean(request.task, known) or f"valid: all, {', '.join(known)}",
            field="task",
        )
    answers = []
    for name in chosen:
        if context.progress is not None:
            context.progress(name, 0, 1)
        raw: dict[str, Any] = _load(folder, name).run(request.n)
        answers.append(msgspec.convert(raw, Task, strict=False))
    return BenchAnswer(tasks=answers)


def _folder() -> Path:
    folder = Path(__file__).resolve().parents[3] / "benchmarks"
    if not folder.is_dir():
        raise UsageError(
            "The benchmarks stand in the source tree, which is not here.",
            rule="no_benchmarks",
            hint="run from a clone: make bench",
        )
    return folder


def _load(folder: Path, name: str) -> Any:
    path = folder.joinpath(*name.split("."), "bench.py")
    spec = importlib.util.spec_from_file_location(f"contado_bench_{name.replace('.', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VERB = Verb(
    name="bench",
    help="Time contado beside its peers",
    request=BenchRequest,
    answer=BenchAnswer,
    run=_run,
    examples=("contado bench pavement.iri", "contado bench all --json"),
)
