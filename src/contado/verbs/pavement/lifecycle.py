"""contado pavement lifecycle."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from contado.kernel.dates import today
from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, option
from contado.kernel.errors import Finding, UsageError
from contado.verbs.pavement._dialect import accepted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.engines.pavement.assessment.declarations import Declared

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
        Path | None,
        option(
            "declarations (EPD) by module of EN 15804: name, module, gwp_kg_m2 or gwp_kg_t and t_m2,"
            " and further indicators alike (adpf_mj_m2, ap_mol_m2 ...)"
        ),
    ] = None
    period_y: Annotated[float, option("analysis period", unit="y", gt=0, le=200)] = 30.0
    on: Annotated[date | None, option("day whose duties on the assessment count; default today")] = None
    draws: Annotated[int, option("draws of the Monte Carlo", ge=100, le=1_000_000)] = 10_000
    seed: Annotated[int, option("seed of the draws", ge=0)] = 0


class IndicatorRow(msgspec.Struct):
    """An indicator of EN 15804 of a square metre: modules A to C summed, a year of life, and each module apart."""

    indicator: str
    unit: str
    value_m2: float
    value_m2_y: float
    by_module: dict[str, float]


class AlternativeRow(msgspec.Struct, kw_only=True):
    """A square metre of one mix: annual cost with its 90 % interval, gases a year, share of draws it is cheapest in.

    ``npv_eur`` is the cost over the analysis period, less what the last laying is still worth.
    """

    name: str
    euac_eur: float
    low: float
    high: float
    npv_eur: float
    gwp_kg_m2_y: float | None
    gwp_low_kg_m2_y: float | None
    gwp_high_kg_m2_y: float | None
    recycled_share: float | None
    break_even_life_y: float | None
    p_cheapest: float
    indicators: list[IndicatorRow]


class LifecycleAnswer(LabelledAnswer, kw_only=True):
    """Annual cost of the base, the life at which the dearer mix costs the same, and the alternatives."""

    euac_base_eur: float | None
    break_even_life_y: float | None
    alternatives: list[AlternativeRow]
    compute_s: float


def _run(request: LifecycleRequest, context: Context) -> LifecycleAnswer:
    from contado.engines.pavement.assessment import lifecycle

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
        if found.break_even_life_y is None:
            answer.findings.append(_never("The dearer mix", found.euac_base_eur))
    if request.alternatives is not None:
        _assess(request, request.alternatives, answer)
    answer.findings = accepted(context, answer.findings)
    return answer


def _assess(request: LifecycleRequest, file: Path, answer: LifecycleAnswer) -> None:
    """Add the alternatives of a file to the answer."""
    from contado.engines.pavement import columns
    from contado.engines.pavement.assessment import declarations, lifecycle
    from contado.engines.pavement.labels import label_of_file
    from contado.kernel import tables

    read = tables.read(file)
    told = {} if request.modules is None else _declared(request.modules, request.on or today(), answer)
    gases = {name: declarations.inside_boundary(kinds.get("gwp")) for name, kinds in told.items()}
    given, assumed = lifecycle.alternatives_of(
        read.table, name=file.name, lines=read.lines, gwp=gases if told else None
    )
    ignored = columns.unknown(read.table, lifecycle.COLUMNS, file.name)
    answer.findings += [*read.findings, *ignored, *assumed]
    began = time.perf_counter()
    found = lifecycle.assess(
        given, rate=request.rate, period_y=request.period_y, draws=request.draws, seed=request.seed
    )
    answer.compute_s += time.perf_counter() - began
    answer.findings += [_never(r.name, found[0].euac_eur) for r in found[1:] if r.break_even_life_y is None]
    answer.label = label_of_file(read.table, file)
    answer.alternatives = [
        AlternativeRow(
            **{n: getattr(row, n) for n in AlternativeRow.__struct_fields__ if hasattr(row, n)},
            recycled_share=own.recycled_share,
            indicators=_indicators(told.get(row.name, {}), own.life_y.value),
        )
        for row, own in zip(found, given, strict=True)
    ]


def _never(name: str, base_eur: float) -> Finding:
    """Say why there is no life at which a mix costs as little a year as the base."""
    return Finding(
        severity="note",
        rule="no_break_even",
        message=f"{name} has no break-even life: its interest alone costs more a year than the base ({base_eur:g} EUR).",
        hint="it pays at no life; a lower rate or cost may change that",
    )


def _declared(file: Path, on: date, answer: LifecycleAnswer) -> Declared:
    from contado.engines.pavement.assessment import declarations
    from contado.kernel import tables

    read = tables.read(file)
    told = declarations.declared(read.table, name=file.name, lines=read.lines)
    answer.findings += [*read.findings, *declarations.lacking(told, on, name=file.name)]
    return told


def _indicators(kinds: Mapping[str, dict[str, float]], life_y: float) -> list[IndicatorRow]:
    from contado.engines.pavement.assessment import declarations

    rows = []
    for known in declarations.known_indicators():
        modules = kinds.get(known.indicator)
        if modules is not None:
            value = declarations.inside_boundary(modules)
            rows.append(IndicatorRow(known.indicator, known.unit, value, value / life_y, modules))
    return rows


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
