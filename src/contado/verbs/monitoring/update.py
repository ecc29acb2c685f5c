"""contado monitoring update: realised over planned by domain, shrunk by empirical Bayes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.errors import ColumnNotFound, DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

_COLUMNS = ("domain", "planned_eur", "realised_eur")


class UpdateRequest(Request, frozen=True, kw_only=True):
    """Works as planned and as realised."""

    observed: Annotated[
        Path, argument("table with domain, planned_eur, realised_eur: one row a finished work")
    ]
    confidence: Annotated[float, option("probability of the intervals", gt=0, lt=1)] = 0.9


class Ratio(msgspec.Struct, kw_only=True):
    """Realised over planned in a domain; low, high of the domain, work_low, work_high of a further work."""

    domain: str
    n: int
    mean_ratio: float
    shrunk_ratio: float
    low: float | None
    high: float | None
    work_low: float | None
    work_high: float | None


class UpdateAnswer(Answer, kw_only=True):
    """Ratios by domain; variances within (s2) and between (tau2) domains of the log ratios."""

    domains: list[Ratio]
    s2: float | None
    tau2: float | None
    rows_set_aside: int


def _run(request: UpdateRequest, context: Context) -> UpdateAnswer:
    from contado.kernel import monitoring, tables
    from contado.kernel.tables.findings import raise_refused

    table, findings, lines = tables.read(request.observed, declared="folder/observed")
    missing = [c for c in _COLUMNS if c not in table.column_names]
    if missing:
        raise ColumnNotFound.from_missing(missing, table.column_names, table=request.observed.name)
    raise_refused(findings)
    rows = zip(lines or range(1, table.num_rows + 1), table.select(_COLUMNS).to_pylist(), strict=True)
    works, aside = _works(rows)
    context.accept([*findings, *aside])
    if not works:
        raise DataError(
            "observed: no work with a planned and a realised amount.",
            rule="empty_table",
            hint="give one row a finished work",
        )
    done = monitoring.feedback(works, confidence=request.confidence)
    findings += aside + ([_no_spread()] if done.s2 is None else [])
    return UpdateAnswer(
        domains=[msgspec.convert(d, Ratio, from_attributes=True) for d in done.domains],
        s2=done.s2,
        tau2=done.tau2,
        rows_set_aside=len(aside),
        findings=context.accept(findings),
    )


def _works(
    rows: Iterable[tuple[int, dict[str, object]]],
) -> tuple[list[tuple[str, float, float]], list[Finding]]:
    works, aside = [], []
    for line, row in rows:
        domain = str(row["domain"] or "").strip()
        planned, realised = row["planned_eur"], row["realised_eur"]
        good = isinstance(planned, float) and isinstance(realised, float) and planned > 0 and realised > 0
        if domain and good:
            assert isinstance(planned, float)
            assert isinstance(realised, float)
            works.append((domain, planned, realised))
        else:
            aside.append(_aside(line, domain, planned, realised))
    return works, aside


def _aside(line: int, domain: str, planned: object, realised: object) -> Finding:
    return Finding(
        severity="error",
        rule="not_positive",
        message=f"observed, line {line} ({domain or 'no domain'}): planned {planned}, realised {realised} give no ratio.",
        table="observed",
        row=line,
        hint="give both amounts, in EUR, of a finished work and its domain",
        action="row_set_aside",
    )


def _no_spread() -> Finding:
    return Finding(
        severity="warning",
        rule="no_spread",
        message="No domain has two works: how ratios scatter is unknown, so none is shrunk and no interval is given.",
        table="observed",
        hint="add finished works",
    )


VERB = Verb(
    name="monitoring update",
    help="Correct planned costs by what works really cost",
    request=UpdateRequest,
    answer=UpdateAnswer,
    run=_run,
    examples=("contado monitoring update observed.csv --json",),
)
