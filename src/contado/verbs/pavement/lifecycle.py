"""contado pavement lifecycle."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, option
from contado.kernel.errors import UsageError
from contado.verbs.pavement._dialect import named

__all__ = ["VERB", "LifecycleAnswer", "LifecycleRequest"]


class LifecycleRequest(Request, frozen=True, kw_only=True):
    """Either a base and a dearer mix, or a table of alternatives."""

    base_cost: Annotated[float, option("cost of the base, in EUR", gt=0)] | None = None
    base_life: Annotated[float, option("life of the base, in years", gt=0)] | None = None
    extra_cost_share: Annotated[float, option("how much more the other mix costs; 0.20 is 20 %", gt=-1)] = 0.0
    rate: Annotated[float, option("discount rate a year", gt=-1)] = 0.03
    alternatives: Annotated[
        Path | None,
        option("table: name, cost_eur_m2, life_y[, gwp_kg_m2, recycled_share, and low/high of each]"),
    ] = None
    modules: Annotated[
        Path | None, option("gases by module of EN 15804: name, module, gwp_kg_m2 or gwp_kg_t and t_m2")
    ] = None
    draws: Annotated[int, option("draws of the Monte Carlo", ge=100, le=1_000_000)] = 10_000
    seed: Annotated[int, option("seed of the draws", ge=0)] = 0


class AlternativeRow(msgspec.Struct, kw_only=True):
    """A square metre of one mix: annual cost with its 90 % interval, gases a year, share of draws it is cheapest in.

    ``gwp_by_module_kg_m2`` tells the modules apart; D is never in the sum.
    """

    name: str
    euac_eur: float
    low: float
    high: float
    gwp_kg_m2_y: float | None
    gwp_low_kg_m2_y: float | None
    gwp_high_kg_m2_y: float | None
    recycled_share: float | None
    break_even_life_y: float | None
    p_cheapest: float
    gwp_by_module_kg_m2: dict[str, float] | None


class LifecycleAnswer(LabelledAnswer, kw_only=True):
    """Annual cost of the base, the life at which the dearer mix costs the same, and the alternatives."""

    euac_base_eur: float | None
    break_even_life_y: float | None
    alternatives: list[AlternativeRow]
    compute_s: float


def _run(request: LifecycleRequest, context: Context) -> LifecycleAnswer:  # noqa: ARG001 - the shape of every verb
    from contado.engines.pavement import lifecycle

    both = request.base_cost is not None and request.base_life is not None
    if request.alternatives is None and not both:
        raise UsageError(
            "Give either a base (--base-cost and --base-life) or --alternatives.",
            rule="missing_value",
            hint="--base-cost 100 --base-life 12 --extra-cost-share 0.20 --rate 0.03",
            field="base_cost",
        )
    answer = LifecycleAnswer(
        label="estimated", euac_base_eur=None, break_even_life_y=None, alternatives=[], compute_s=0.0
    )
    if request.base_cost is not None and request.base_life is not None:
        began = time.perf_counter()
        found = lifecycle.compare_mixes(
            base_cost=request.base_cost,
            base_life_y=request.base_life,
            extra_cost_share=request.extra_cost_share,
            rate=request.rate,
        )
        answer.compute_s = time.perf_counter() - began
        answer.euac_base_eur, answer.break_even_life_y = found.euac_base_eur, found.break_even_life_y
    if request.alternatives is not None:
        _assess(request, request.alternatives, answer)
    return answer


def _assess(request: LifecycleRequest, file: Path, answer: LifecycleAnswer) -> None:
    """Add the alternatives of a file to the answer."""
    from contado.engines.pavement import columns, lifecycle
    from contado.engines.pavement.labels import label_of_file
    from contado.kernel import tables

    read = tables.read(file)
    by_module = _modules(request, answer)
    sums = None if by_module is None else {n: lifecycle.inside_boundary(m) for n, m in by_module.items()}
    given, assumed = lifecycle.alternatives_of(read.table, name=file.name, lines=read.lines, gwp=sums)
    ignored = columns.unknown(read.table, lifecycle.COLUMNS, file.name)
    answer.findings += named([*read.findings, *ignored, *assumed])
    began = time.perf_counter()
    found = lifecycle.assess(given, rate=request.rate, draws=request.draws, seed=request.seed)
    answer.compute_s += time.perf_counter() - began
    answer.label = label_of_file(read.table, file)
    answer.alternatives = [
        AlternativeRow(
            **{n: getattr(row, n) for n in AlternativeRow.__struct_fields__ if hasattr(row, n)},
            recycled_share=own.recycled_share,
            gwp_by_module_kg_m2=(by_module or {}).get(row.name),
        )
        for row, own in zip(found, given, strict=True)
    ]


def _modules(request: LifecycleRequest, answer: LifecycleAnswer) -> dict[str, dict[str, float]] | None:
    from contado.engines.pavement import lifecycle
    from contado.kernel import tables

    if request.modules is None:
        return None
    read = tables.read(request.modules)
    answer.findings += named(read.findings)
    return lifecycle.gwp_of_modules(read.table, name=request.modules.name, lines=read.lines)


VERB = Verb(
    name="pavement lifecycle",
    help="Compare mixes over their life: annual cost, break-even life, gases",
    request=LifecycleRequest,
    answer=LifecycleAnswer,
    run=_run,
    examples=(
        "contado pavement lifecycle --base-cost 100 --base-life 12 --extra-cost-share 0.20 --rate 0.03",
        "contado pavement lifecycle --alternatives mixes.csv --draws 10000 --seed 1",
    ),
)
