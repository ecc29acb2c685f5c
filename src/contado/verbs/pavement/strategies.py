"""contado pavement strategies."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from contado.kernel.dates import today
from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.errors import Finding, UsageError
from contado.verbs.pavement._label import label_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from contado.engines.pavement.strategy import Roads, Strategies
    from contado.engines.pavement.treatments import Treatment

__all__ = ["VERB", "StrategiesAnswer", "StrategiesRequest"]


class StrategiesRequest(Request, frozen=True, kw_only=True):
    """Segments and treatments in, an options folder of the planner out."""

    segments: Annotated[
        Path,
        argument("segments: segment, iri_m_km, length_m[, width_m, severity_per_100m, growth_per_y, aadt]"),
    ]
    years: Annotated[str, option("years in which works can be done, first:last")]
    out: Annotated[Path, option("folder for options.csv, budgets.csv and strategies.csv")]
    treatments: Annotated[
        Path | None, option("treatments: code, unit_cost_eur_m2, ...; default the illustrative catalogue")
    ] = None
    budget_per_year_eur: Annotated[float, option("budget of each year", unit="eur", ge=0)] = 0.0
    monetise: Annotated[bool, option("benefit in EUR of user costs instead of condition gained")] = False
    discount_rate: Annotated[float, option("social discount rate a year", gt=-1)] = 0.03
    horizon_y: Annotated[int, option("years over which with and without are compared", unit="y", ge=1)] = 20
    on: Annotated[date | None, option("day of the condition; default today")] = None


class StrategiesAnswer(LabelledAnswer, kw_only=True):
    """How many strategies were written, and in which unit their benefit is."""

    segments: int
    strategies: int
    unit: str
    treatments: list[str]
    files: list[str]
    compute_s: float


def _run(request: StrategiesRequest, context: Context) -> StrategiesAnswer:  # noqa: ARG001 - the shape of every verb
    import time

    from contado.engines.pavement import strategy
    from contado.kernel import tables

    on = request.on or today()
    years = _years(request.years)
    read = tables.read(request.segments)
    settings = strategy.StrategySettings(discount_rate=request.discount_rate, horizon_y=request.horizon_y)
    roads, assumed = strategy.roads_of(read.table, settings, lines=read.lines)
    treatments, findings = _treatments(request.treatments)
    began = time.perf_counter()
    found = strategy.strategies(roads, treatments, years, on=on, settings=settings)
    seconds = time.perf_counter() - began
    benefit, more = _benefit(found, request, years[0])
    files = _write(request, years, roads, treatments, found, benefit)
    if request.budget_per_year_eur == 0:
        more.append(_no_budget())
    return StrategiesAnswer(
        label=label_of(read.table),
        findings=[*read.findings, *assumed, *findings, *more],
        segments=len(roads),
        strategies=len(found),
        unit="eur" if request.monetise else "index_km_y",
        treatments=[t.code for t in treatments],
        files=files,
        compute_s=seconds,
    )


def _years(text: str) -> list[int]:
    found = re.fullmatch(r"(\d{4})(?::(\d{4}))?", text.strip())
    if found is None or int(found[2] or found[1]) < int(found[1]):
        raise UsageError(
            f"years: {text!r} is no range of years.",
            rule="bad_value",
            hint="first:last, as 2027:2031",
            field="years",
        )
    return list(range(int(found[1]), int(found[2] or found[1]) + 1))


def _treatments(path: Path | None) -> tuple[tuple[Treatment, ...], list[Finding]]:
    from contado.engines.pavement import treatments
    from contado.kernel import tables

    if path is None:
        note = Finding(
            severity="note",
            rule="illustrative",
            table="treatments",
            message="The treatments are those of the illustrative catalogue.",
            hint="give the body's price list with --treatments",
        )
        return treatments.catalogue(), [note]
    read = tables.read(path)
    found, findings = treatments.from_table(read.table, lines=read.lines)
    return found, [*read.findings, *findings]


def _benefit(
    found: Strategies, request: StrategiesRequest, first_year: int
) -> tuple[NDArray[np.float64], list[Finding]]:
    """Return the benefit in the unit asked for, discounted to the first year."""
    import numpy as np

    if not request.monetise:
        return found.condition_gain, []
    wait = np.maximum(found.year - first_year, 0)
    eur = found.user_eur * (1 + request.discount_rate) ** -wait
    unknown = np.isnan(eur)
    findings = [
        Finding(
            severity="note",
            rule="illustrative",
            table="strategies",
            message="The user costs are illustrative.",
            hint="replace data/user_cost.csv before a decision",
        )
    ]
    if unknown.any():
        segments = np.unique(found.segment[unknown]).size
        findings.append(
            Finding(
                severity="warning",
                rule="missing_benefit",
                table="segments",
                message=f"aadt is unknown for {segments} segments: their strategies have no benefit in EUR.",
                hint="give the column aadt",
                action="row_set_aside",
            )
        )
    return eur, findings


def _no_budget() -> Finding:
    return Finding(
        severity="note",
        rule="no_budget",
        table="budgets",
        message="The budgets of budgets.csv are 0.",
        hint="give --budget-per-year-eur, or fill budgets.csv",
    )


def _write(
    request: StrategiesRequest,
    years: list[int],
    roads: Roads,
    treatments: tuple[Treatment, ...],
    found: Strategies,
    benefit: NDArray[np.float64],
) -> list[str]:
    import numpy as np
    import pyarrow as pa

    from contado.kernel import tables

    names = np.array([*(t.code for t in treatments), ""], object)
    site = np.array(roads.segment, object)[found.segment]
    known = ~np.isnan(benefit)
    full = {
        "segment": site,
        "strategy": found.strategy,
        "year": found.year,
        "treatment": names[found.treatment],
        "cost_eur": found.cost_eur,
        "benefit": benefit,
    }
    treated = known & (found.strategy > 0)
    options = {
        "site": site[treated],
        "benefit_eur": benefit[treated],
        "budget_a": found.year[treated] - years[0],
        "cost_a_eur": found.cost_eur[treated],
        "budget_b": found.year[treated] - years[0],
        "cost_b_eur": np.zeros(int(treated.sum()), np.int64),
    }
    budgets = {
        "budget": list(range(len(years))),
        "year": years,
        "source": ["own"] * len(years),
        "budget_eur": [request.budget_per_year_eur] * len(years),
    }
    request.out.mkdir(parents=True, exist_ok=True)
    kept = {name: values[known] for name, values in full.items()}
    files: dict[str, dict[str, Any]] = {
        "strategies.csv": kept,
        "options.csv": options,
        "budgets.csv": budgets,
    }
    for name, content in files.items():
        columns = {column: pa.array(values) for column, values in content.items()}
        tables.write_csv(pa.table(columns), request.out / name)
    return [str(request.out / name) for name in files]


VERB = Verb(
    name="pavement strategies",
    help="List the treatments each segment could get",
    request=StrategiesRequest,
    answer=StrategiesAnswer,
    run=_run,
    examples=("contado pavement strategies segments.csv --years 2027:2031 --out options",),
)
