"""contado pavement strategies."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from contado.kernel.dates import today
from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.errors import Finding, UsageError
from contado.verbs.pavement._dialect import accepted

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.engines.pavement.maintenance.strategy import Roads, Strategies
    from contado.engines.pavement.maintenance.treatments import Treatment
    from contado.kernel.labels import Label
    from contado.verbs.pavement._strategies_folder import Limits

__all__ = ["VERB", "StrategiesAnswer", "StrategiesRequest"]


class StrategiesRequest(Request, frozen=True, kw_only=True):
    """Segments and treatments in, an options folder of the planner out."""

    segments: Annotated[
        Path,
        argument("segments: segment, iri_m_km, length_m[, width_m, severity_per_100m, growth_per_y, aadt]"),
    ]
    years: Annotated[str, option("years in which works can be done, first:last")]
    out: Annotated[Path, option("folder for strategies.csv and the options folder")]
    treatments: Annotated[
        Path | None, option("treatments: code, unit_cost_eur_m2, ...; default the illustrative catalogue")
    ] = None
    budget_per_year_eur: Annotated[float, option("budget of each year", unit="eur", ge=0)] = 0.0
    crew_m2_per_year: Annotated[float, option("what the crews can treat in a year", ge=0)] | None = None
    min_condition: (
        Annotated[float, option("least condition of every segment at the end of the programme", ge=0, le=100)]
        | None
    ) = None
    bundle: Annotated[
        bool, option("one worksite a road (column road): its segments in one year, with one set-up")
    ] = False
    history: Annotated[
        Path | None,
        option(
            "readings of other years: section (as segment), age_years, iri_m_km[, from_m, campaign, family]"
        ),
    ] = None
    hdm4: Annotated[
        bool, option("unknown growth by HDM-4, from columns snpk, ye4 (millions a year), surface_age_y")
    ] = False
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


def _run(request: StrategiesRequest, context: Context) -> StrategiesAnswer:
    import time

    from contado.engines.pavement import columns
    from contado.engines.pavement.labels import label_of_file
    from contado.engines.pavement.maintenance import strategy
    from contado.kernel import tables
    from contado.verbs.pavement._growth import with_growth
    from contado.verbs.pavement._strategies_folder import write_folder

    on = request.on or today()
    years = _years(request.years)
    read = tables.read(request.segments)
    settings = strategy.StrategySettings(
        discount_rate=request.discount_rate, horizon_y=request.horizon_y, hdm4=request.hdm4
    )
    treatments, findings = _treatments(request.treatments)
    ignored = columns.unknown(read.table, strategy.COLUMNS, request.segments.name)
    table, grown = with_growth(read, request)
    roads, assumed = strategy.roads_of(table, settings, name=request.segments.name, lines=read.lines)
    label = label_of_file(read.table, request.segments)
    limits = _limits(request, years, table, label)
    began = time.perf_counter()
    found = strategy.strategies(roads, treatments, years, on=on, settings=settings)
    seconds = time.perf_counter() - began
    benefit, more = _benefit(found, request, years[0])
    more += _unreachable(roads, found, request)
    more += _nothing_to_list(request, len(roads), len(treatments))
    if request.budget_per_year_eur == 0:
        more.append(_no_budget())
    told = accepted(context, [*read.findings, *ignored, *grown, *assumed, *findings, *more])
    return StrategiesAnswer(
        label=label,
        findings=told,
        segments=len(roads),
        strategies=len(found),
        unit="eur" if request.monetise else "index_km_y",
        treatments=[t.code for t in treatments],
        files=write_folder(request.out, roads, treatments, found, benefit, limits),
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
    from contado.engines.pavement.maintenance import treatments

    if path is None:
        note = Finding(
            severity="note",
            rule="illustrative",
            table="treatments",
            message="The treatments are those of the illustrative catalogue.",
            hint="give the body's price list with --treatments",
        )
        return treatments.catalogue(), [note]
    return treatments.of_file(path)


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


def _nothing_to_list(request: StrategiesRequest, segments: int, treatments: int) -> list[Finding]:
    """Say which file is empty, so that there is nothing to choose from."""
    return [
        Finding(
            severity="warning",
            rule="empty_table",
            table=path.name,
            message=f"{path.name} has no row: no strategy but doing nothing is listed.",
            hint=f"give at least one row of {what}",
        )
        for path, what, count in (
            (request.segments, "segments", segments),
            (request.treatments, "treatments", treatments),
        )
        if path is not None and count == 0
    ]


def _no_budget() -> Finding:
    return Finding(
        severity="note",
        rule="no_budget",
        table="budgets",
        message="The budgets of budgets.csv are 0.",
        hint="give --budget-per-year-eur, or fill budgets.csv",
    )


def _limits(request: StrategiesRequest, years: list[int], table: pa.Table, label: Label) -> Limits:
    """Return what the folder states; bundling needs to know the road of each segment.

    Raises
    ------
    UsageError
        Bundling and a least condition were asked for together.
    """
    from contado.engines.pavement import columns
    from contado.verbs.pavement._strategies_folder import Limits

    if request.bundle:
        columns.require(table, ["road"], request.segments.name)
        if request.min_condition is not None:
            raise UsageError(
                "--bundle and --min-condition state different sites: roads and segments.",
                hint="leave one of them out, or plan strategies.csv with `contado pavement programme`",
                field="bundle",
            )
    return Limits(
        years=years,
        budget_eur=request.budget_per_year_eur,
        crew_m2=request.crew_m2_per_year,
        min_condition=request.min_condition,
        label=label,
        road=columns.texts(table, "road") if request.bundle else None,
    )


def _unreachable(roads: Roads, found: Strategies, request: StrategiesRequest) -> list[Finding]:
    """Name the segments that no treatment brings to the least condition."""
    import numpy as np

    if request.min_condition is None:
        return []
    best = np.full(len(roads), -np.inf)
    np.maximum.at(best, found.segment, found.condition_end)
    return [
        Finding(
            severity="error",
            rule="infeasible_floor",
            table="segments",
            row=roads.segment[i],
            message=f"{roads.segment[i]} ends at a condition of {best[i]:.1f} at best, "
            f"{request.min_condition - best[i]:.1f} points short.",
            hint="lower --min-condition, or offer a treatment that reaches it",
            action="kept",
        )
        for i in np.flatnonzero(best < request.min_condition).tolist()
    ]


VERB = Verb(
    name="pavement strategies",
    help="List the treatments each segment could get",
    request=StrategiesRequest,
    answer=StrategiesAnswer,
    run=_run,
    examples=("contado pavement strategies segments.csv --years 2027:2031 --out options",),
)
