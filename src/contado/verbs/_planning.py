"""What `plan`, `front`, `explain` and `robust` of a workspace share: its tables, checked, as one problem."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec

from contado.kernel.declare import Request, option
from contado.kernel.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from contado.kernel.declare import Context
    from contado.kernel.errors import Finding
    from contado.kernel.portfolio import Problem
    from contado.kernel.workspace import Workspace
    from contado.verbs._folders import Floors
    from contado.verbs._worksites import SharedWorksite

__all__ = ["Planning", "PlanningRequest", "budget_words", "read_planning", "with_budgets"]


class PlanningRequest(Request, frozen=True, kw_only=True):
    """What every question about the workspace's programme may fix."""

    floors: Annotated[bool, option("keep the floors of municipalities")] = True
    on: Annotated[dt.date | None, option("day whose funding rules count; default today")] = None
    discount_rate: Annotated[float, option("social discount rate a year", gt=-1)] | None = None
    time_limit_s: (
        Annotated[float, option("time the search may take", unit="s", gt=0, flags=("--time-limit",))] | None
    ) = None
    without_worksite: Annotated[
        list[str], option("pairs A,B of interventions that shall not share a worksite")
    ] = msgspec.field(default_factory=list)
    budget: Annotated[list[str], option("other budgets than the workspace's, each as 'SOURCE YEAR=EUR'")] = (
        msgspec.field(default_factory=list)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """The tables of a plan with the joint worksites in them, the problem that they state, what was found."""

    workspace: Workspace
    inputs: Mapping[str, pa.Table]
    problem: Problem
    worksites: Sequence[SharedWorksite]
    findings: Sequence[Finding]
    on: dt.date
    discount_rate_share: float
    time_limit_s: float

    @property
    def rows_set_aside(self) -> int:
        """How many rows were left out."""
        from contado.kernel.tables.findings import count

        return count(self.findings).rows_set_aside


def read_planning(request: PlanningRequest, context: Context) -> Planning:
    """Read the workspace, find its joint worksites, and state the problem.

    Raises
    ------
    DataError
        A finding refuses the tables.
    UsageError
        ``without_worksite`` names no pairs, or ``budget`` no budget.
    """
    from contado.kernel.appraisal.benefits import with_benefits
    from contado.kernel.funding.conditions import expired_findings
    from contado.kernel.portfolio import Problem, record
    from contado.kernel.portfolio.horizon import years_without_proposals
    from contado.kernel.tables.findings import raise_refused
    from contado.kernel.workspace import Workspace
    from contado.verbs._folders import checked_tables
    from contado.verbs._worksites import with_worksites

    assert context.workspace is not None
    workspace = Workspace.open(context.workspace)
    settings, rate = workspace.settings.planning, request.discount_rate
    rate_share = settings.discount_rate_share if rate is None else rate
    on = request.on or dt.date.today()  # noqa: DTZ011 - the local day is meant
    given = {name: workspace.read(name) for name in record.INPUTS}
    given["budget"] = with_budgets(given["budget"], request.budget)
    given["intervention"], unvalued = with_benefits(
        given["intervention"], workspace.read("effect"), workspace.read("objective"), rate_share=rate_share
    )
    floors: Floors = "hard" if request.floors else "none"
    checked = checked_tables(given, strict=context.strict, floors=floors)
    expired = expired_findings(checked.tables["funding_rule"].to_pylist(), on)
    found = [*unvalued, *checked.findings, *expired]
    raise_refused(found)
    links = workspace.read("road_link")
    inputs, shared, notes = with_worksites(checked.tables, links, request.without_worksite)
    problem = Problem.from_tables(inputs, floors=request.floors, discount_rate_share=rate_share, on=on)
    context.cancel.raise_if_requested()
    return Planning(
        workspace=workspace,
        inputs=inputs,
        problem=problem,
        worksites=shared,
        findings=context.accept([*found, *problem.findings, *years_without_proposals(problem), *notes]),
        on=on,
        discount_rate_share=rate_share,
        time_limit_s=request.time_limit_s or settings.time_limit_s,
    )


def budget_words(source: str, year: int, euros: float) -> str:
    """Return a budget as requests write it."""
    return f"{source} {year}={euros!r}"


def with_budgets(budget: pa.Table, edits: Sequence[str]) -> pa.Table:
    """Return table ``budget`` with other amounts [EUR]; a year that a source did not have is added.

    Raises
    ------
    UsageError
        An edit is no budget (rule ``bad_value``), or names a source or a year that no budget has
        (rule ``unknown_budget``).
    """
    from contado.kernel import tables

    if not edits:
        return budget
    rows = {(row["source"], row["year"]): row for row in budget.to_pylist()}
    sources, years = {s for s, _ in rows}, {y for _, y in rows}
    for source, year, euros in map(_edit, edits):
        if source not in sources or year not in years:
            raise UsageError(
                f"There is no budget {source} {year}.",
                rule="unknown_budget",
                hint=did_you_mean(source, sources) if source not in sources else f"years: {sorted(years)}",
                field="budget",
            )
        rows[source, year] = {
            **rows.get((source, year), {"source": source, "year": year}),
            "budget_eur": euros,
        }
    return tables.sort("budget", tables.from_rows("budget", list(rows.values())))


def _edit(words: str) -> tuple[str, int, float]:
    """Read one budget: source, year, amount [EUR]."""
    found = re.fullmatch(r"(.+) (\d{4})=(\d+(?:\.\d+)?(?:e[+-]?\d+)?)", words.strip())
    if found is None:
        raise UsageError(
            f"{words!r} is no budget.", rule="bad_value", hint="for example 'own 2027=500000'", field="budget"
        )
    return found[1], int(found[2]), float(found[3])
