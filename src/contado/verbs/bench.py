"""contado bench: a task of `benchmarks/`, ours beside the peers, in one run."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.errors import DataError, Finding, TableNotFound, UsageError, did_you_mean


class BenchRequest(Request, frozen=True, kw_only=True):
    """Which task, how large."""

    task: Annotated[str, argument("PACKAGE.TASK (pavement.match), PACKAGE, or all")]
    n: Annotated[int, option("size of the task; each task has its own default", gt=0)] | None = None
    out: Annotated[Path | None, option("keep the answer in this JSON file")] = None
    against: Annotated[
        Path | None, option("an answer kept before: a ratio more than a fifth below it fails, exit 3")
    ] = None


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


class Comparison(msgspec.Struct, kw_only=True):
    """A ratio beside the one kept before, at the same size."""

    task: str
    n: int
    peer: str
    ratio: float
    before: float
    fell: bool


class BenchAnswer(Answer, kw_only=True):
    """One entry a task; ``compared`` = the ratios that were kept before too."""

    tasks: list[Task]
    compared: list[Comparison] = msgspec.field(default_factory=list)

    def exit_code(self) -> int:
        """Return 3 when a ratio fell."""
        return 3 if any(found.fell for found in self.compared) else 0


_FALL = 0.2
"""Share by which a ratio may fall between two runs: noise of a shared machine."""


def _run(request: BenchRequest, context: Context) -> BenchAnswer:
    folder = _folder()
    before = None if request.against is None else _kept(request.against)
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
        size = () if request.n is None else (request.n,)
        raw: dict[str, Any] = _load(folder, name).run(*size)
        answers.append(msgspec.convert(raw, Task, strict=False))
    answer = BenchAnswer(tasks=answers)
    if before is not None:
        answer.compared = _compared(answers, before)
        answer.findings = _fallen(answer.compared) + _gone(answers, before)
    if request.out is not None:
        from contado.kernel import tables

        with tables.atomic(request.out) as temporary:
            temporary.write_bytes(msgspec.json.format(msgspec.json.encode(answer), indent=1))
    return answer


def _kept(file: Path) -> list[Task]:
    """Read the tasks of an answer kept before."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=BenchAnswer).tasks
    except FileNotFoundError:
        raise TableNotFound(
            f"There is no file {file}.", hint="keep one with --out", field="against"
        ) from None
    except msgspec.MsgspecError as error:
        raise DataError(
            f"{file} is no answer of bench: {error}.",
            rule="no_bench",
            hint="keep one with --out",
            field="against",
        ) from None


def _ratios(tasks: list[Task]) -> dict[tuple[str, int, str], float]:
    return {(task.task, task.n, peer.name): peer.ratio for task in tasks for peer in task.peers}


def _compared(now: list[Task], before: list[Task]) -> list[Comparison]:
    """Return the ratios of both answers, where task, size and peer are the same."""
    old = _ratios(before)
    return [
        Comparison(
            task=key[0],
            n=key[1],
            peer=key[2],
            ratio=ratio,
            before=old[key],
            fell=ratio < (1 - _FALL) * old[key],
        )
        for key, ratio in _ratios(now).items()
        if key in old
    ]


def _fallen(compared: list[Comparison]) -> list[Finding]:
    return [
        Finding(
            severity="error",
            rule="ratio_fell",
            table=found.task,
            message=f"{found.task} (n {found.n}) beside {found.peer}: {found.ratio:.3g}, was {found.before:.3g}.",
            hint="run it again on a quiet machine; then look at what changed",
        )
        for found in compared
        if found.fell
    ]


def _gone(now: list[Task], before: list[Task]) -> list[Finding]:
    """Return a note for each ratio kept before that this run of the same tasks does not give."""
    ran = {task.task for task in now}
    gone = sorted(key for key in _ratios(before).keys() - _ratios(now).keys() if key[0] in ran)
    return [
        Finding(
            severity="note",
            rule="not_compared",
            table=task,
            message=f"{task} (n {n}) beside {peer} was kept before and is not in this run.",
            hint="give the same --n, and the peer's environment",
        )
        for task, n, peer in gone
    ]


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
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


VERB = Verb(
    name="bench",
    help="Time contado beside its peers",
    request=BenchRequest,
    answer=BenchAnswer,
    run=_run,
    examples=(
        "contado bench pavement.iri",
        "contado bench all --out bench.json",
        "contado bench all --against bench.json",
    ),
)
