"""contado rerun: repeat a recorded plan from the tables kept beside it and compare the bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument
from contado.verbs._runs import read_inputs, read_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from contado.kernel.portfolio import record


_NO_CLOCK_S = 86_400.0
"""A day: long enough for a search that ends at its count of improving plans."""


class RerunRequest(Request, frozen=True, kw_only=True):
    """Which run."""

    run: Annotated[
        Path,
        argument("run.json of a recorded run: runs/ID of a workspace, or what portfolio solve --out wrote"),
    ]


class RerunAnswer(Answer, kw_only=True):
    """Whether the programme came out byte for byte the same."""

    identical: bool
    sha256: str
    sha256_recorded: str
    differences: list[str]

    def exit_code(self) -> int:
        """3 when something differs."""
        return 0 if self.identical else 3


def _run(request: RerunRequest, context: Context) -> RerunAnswer:
    old = read_record(request.run)
    inputs = read_inputs(request.run.parent / "inputs", sorted(old.inputs))
    again = _options if "options" in inputs else _programme
    new = again(old, inputs, context)
    same = new.programme_sha256 == old.programme_sha256
    return RerunAnswer(
        identical=same,
        sha256=new.programme_sha256,
        sha256_recorded=old.programme_sha256,
        differences=[] if same else _differences(old, new),
    )


def _programme(old: record.RunRecord, inputs: Mapping[str, pa.Table], context: Context) -> record.RunRecord:
    """Plan again; a search that the clock ended stops where it had got to then."""
    from contado.kernel.portfolio import Problem, record
    from contado.verbs.plan import assessed

    asked = old.settings
    problem = Problem.from_tables(
        inputs, floors=asked.floors, discount_rate_share=asked.discount_rate_share, on=asked.day
    )
    result = problem.solve(
        gap_share=asked.gap_share,
        time_limit_s=asked.time_limit_s if old.stop_after is None else _NO_CLOCK_S,
        seed=asked.seed,
        method=asked.method,
        path=_loops(old),
        improvements=old.stop_after,
        progress=context.progress,
        cancel=context.cancel,
    )
    sturdy = assessed(result, asked, context)
    return record.recorded(old.verb, inputs, result, asked, record.programme_table(result, sturdy))


def _options(old: record.RunRecord, inputs: Mapping[str, pa.Table], context: Context) -> record.RunRecord:
    """Choose among the options again."""
    from contado.kernel.portfolio.options import Options
    from contado.verbs.portfolio._options import solved_options
    from contado.verbs.portfolio._out import programme_of, recorded_options

    asked = old.settings
    options = Options.from_tables(inputs, floors=asked.floors)
    result, _ = solved_options(options, asked, context, _loops(old), old.stop_after)
    return recorded_options(inputs, result, asked, programme_of(inputs, result))


def _loops(old: record.RunRecord) -> Literal["compiled", "numpy"] | None:
    """Return the loops that a run of the price method took; None for another method."""
    if not old.solver.startswith("price method"):
        return None
    return "numpy" if old.solver.endswith("numpy") else "compiled"


def _differences(old: record.RunRecord, new: record.RunRecord) -> list[str]:
    """Say in words what differs between two records of one run."""
    before, after = msgspec.to_builtins(old), msgspec.to_builtins(new)
    found = []
    for key, value in before.items():
        if isinstance(value, dict):
            changed = [k for k in value if value[k] != after[key].get(k)]
            found += [f"{key}.{k}: {value[k]} became {after[key].get(k)}" for k in changed]
        elif value != after[key]:
            found.append(f"{key}: {value} became {after[key]}")
    if old.stop == "time" and old.stop_after is None:
        found.append("the recorded run was stopped by the clock, which cannot be repeated")
    return found


VERB = Verb(
    name="rerun",
    help="Repeat a recorded run and compare the bytes",
    request=RerunRequest,
    answer=RerunAnswer,
    run=_run,
    examples=("contado rerun city/runs/plan-0123456789ab/run.json",),
)
