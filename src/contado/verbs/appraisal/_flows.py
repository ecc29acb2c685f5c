"""What the verbs of cost-benefit analysis share: a table of flows appraised as the request asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.kernel.errors import ColumnNotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from contado.kernel.appraisal import Appraisal, Flow
    from contado.kernel.appraisal.parameters import Parameter
    from contado.kernel.declare import Context
    from contado.kernel.errors import Finding
    from contado.verbs.appraisal.cba import CbaRequest

__all__ = ["Appraised", "Used", "appraise_flows", "appraised", "used"]

_COLUMNS = ("year", "item", "quantity", "unit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A parameter the figures rest on."""

    name: str
    value: float
    unit: str
    status: str
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraised:
    """Flows, their appraisal, the rate it was made with and all findings."""

    flows: Sequence[Flow]
    appraisal: Appraisal
    rate: float | Parameter
    findings: list[Finding]


def appraised(request: CbaRequest, path: Path, context: Context) -> Appraised:
    """Read a table of flows and appraise it as the request asks.

    Raises
    ------
    ColumnNotFound, DataError, UnitError, UsageError
        As `contado.kernel.appraisal.appraise` and the readers of its tables.
    """
    from contado.kernel.appraisal import parameters

    flows, findings = _flows(path)
    rate = parameters.parameter("social_discount_rate", area="IT") if request.rate is None else request.rate
    done = appraise_flows(request, flows, rate)
    told = context.accept([*findings, *done.findings])
    return Appraised(flows=flows, appraisal=done, rate=rate, findings=told)


def appraise_flows(request: CbaRequest, flows: Sequence[Flow], rate: float | Parameter) -> Appraisal:
    """Appraise flows at a rate, all else as the request asks."""
    from contado.kernel.appraisal import appraise, parameters

    return appraise(
        flows,
        rate=rate,
        base_year=request.base_year,
        price_year=request.price_year,
        values=parameters.read_unit_values(request.parameters) if request.parameters else (),
        price_index=parameters.read_price_index(request.price_index) if request.price_index else None,
        hold_carbon=request.hold_carbon,
    )


def _flows(path: Path) -> tuple[list[Flow], list[Finding]]:
    from contado.kernel import tables
    from contado.kernel.appraisal.cba import flows_from_rows

    table, findings, lines = tables.read(path)
    missing = [c for c in _COLUMNS if c not in table.column_names]
    if missing:
        raise ColumnNotFound.from_missing(missing, table.column_names, table=path.name)
    rows = table.select(_COLUMNS).to_pylist()
    return flows_from_rows(zip(lines or range(1, len(rows) + 1), rows, strict=True)), findings


def used(rate: float | Parameter) -> Used:
    """Return the discount rate as a parameter with its status."""
    if isinstance(rate, int | float):
        return Used(name="discount_rate", value=rate, unit="share", status="given", source=None)
    return Used(name=rate.name, value=rate.value, unit=rate.unit, status=rate.status, source=rate.source)
