"""Cost-benefit analysis: yearly flows valued by item, and the figures of an appraisal.

``NPV = sum_t (B_t - C_t) (1 + r)^-(t - base)``: the base year is not discounted [1]_.

References
----------
.. [1] European Commission, Guide to Cost-Benefit Analysis of Investment Projects, 2014.

Examples
--------
>>> flows = [Flow(year=2027, item="cost", quantity=100.0, unit="eur")]
>>> flows += [Flow(year=2028, item="crashes_avoided", quantity=0.01, unit="crash")]
>>> done = appraise(flows, rate=0.03)
>>> round(done.npv_eur, 2), done.by_item["crashes_avoided"].status, [f.rule for f in done.findings]
(20.33, 'confirmed', ['price_year_differs'])
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from contado.kernel.appraisal import carbon
from contado.kernel.appraisal.discount import checked_rate, equivalent_annual, err, npv, payback_year
from contado.kernel.appraisal.parameters import Parameter, UnitValue, unit_value, unit_values
from contado.kernel.errors import DataError, Finding, UnitError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["MONEY_ITEMS", "Appraisal", "Flow", "ItemTotal", "appraise", "flows_from_rows"]

MONEY_ITEMS: Final[Mapping[str, Literal["benefit", "cost"]]] = {
    "cost": "cost",
    "benefit": "benefit",
    "residual_value": "benefit",
}
_CARBON: Final = "carbon_avoided"
_GIVEN: Final = "given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """An amount of an item in a year; ``row`` is the line of the file it came from."""

    year: int
    item: str
    quantity: float
    unit: str
    row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTotal:
    """An item over all years [EUR], and year by year undiscounted; None where no parameter values it."""

    undiscounted_eur: float | None
    pv_eur: float | None
    status: Literal["given", "confirmed", "to_confirm", "no_parameter"]
    price_year: int | None = None
    source: str | None = None
    sense: Literal["benefit", "cost"] = "benefit"
    by_year: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """The figures of an appraisal [EUR at ``base_year``]; ``err`` is a fraction."""

    npv_eur: float
    pv_costs_eur: float
    pv_benefits_eur: float
    benefit_cost_ratio: float | None
    err: float | None
    equivalent_annual_eur: float | None
    payback_year: int | None
    by_item: dict[str, ItemTotal]
    base_year: int | None
    price_year: int | None
    rate: float
    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class _Item:
    """What is gathered about one item while its flows are valued."""

    sense: Literal["benefit", "cost"]
    amounts: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    statuses: set[str] = field(default_factory=set)
    price_years: set[int] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    unvalued: dict[int, str] = field(default_factory=dict)


def appraise(
    flows: Sequence[Flow],
    *,
    rate: float | Parameter = 0.03,
    base_year: int | None = None,
    price_year: int | None = None,
    values: Sequence[UnitValue] = (),
    price_index: Mapping[int, float] | None = None,
    hold_carbon: bool = False,
) -> Appraisal:
    """Value flows by item, discount them, and return the figures of the appraisal [1]_.

    Parameters
    ----------
    flows
        Quantities by year and item: ``cost``, ``benefit``, ``residual_value`` in eur (costs are written
        positive), ``carbon_avoided`` in tco2e, and items with a unit value.
    rate
        Discount rate [share a year], or the parameter that holds it.
    base_year
        The year that is not discounted; default the first.
    price_year
        The year whose EUR the flows in eur are of, and the figures will be.
    values
        Unit values beside the shipped ones.
    price_index
        Price level by year; converts values of another price year.
    hold_carbon
        After the last year of the carbon table, keep its last value.

    Raises
    ------
    UsageError
        ``bad_rate``.
    UnitError
        A flow is not in the unit of its item.

    Notes
    -----
    An item without parameter, and carbon outside its table, are named in findings and are in no total. EUR of
    several price years are summed only with a finding ``price_year_differs``, unless the index converts them.
    """
    number = checked_rate(rate.value if isinstance(rate, Parameter) else rate)
    findings = [] if flows else [_empty()]
    items = _valued(flows, values, hold_carbon=hold_carbon)
    findings += _unvalued_findings(items, values) + _negative_costs(flows)
    findings += _one_price_year(items, price_year, price_index or {})
    years = sorted({f.year for f in flows})
    base = years[0] if base_year is None and years else base_year
    totals, net = _totals(items, number, base or 0)
    root, kind = err(net)
    if kind == "ambiguous":
        findings.append(_ambiguous())
    costs = math.fsum(t.pv_eur or 0.0 for k, t in totals.items() if items[k].sense == "cost")
    benefits = math.fsum(t.pv_eur or 0.0 for k, t in totals.items() if items[k].sense == "benefit")
    return Appraisal(
        npv_eur=benefits - costs,
        pv_costs_eur=costs,
        pv_benefits_eur=benefits,
        benefit_cost_ratio=benefits / costs if costs > 0 else None,
        err=root,
        equivalent_annual_eur=equivalent_annual(benefits - costs, number, (years or [0])[-1] - (base or 0)),
        payback_year=payback_year(net, number, base),
        by_item=totals,
        base_year=base,
        price_year=price_year,
        rate=number,
        findings=findings,
    )


def _totals(
    items: Mapping[str, _Item], rate: float, base: int
) -> tuple[dict[str, ItemTotal], dict[int, float]]:
    """Totals by item, and the net flow by year."""
    totals: dict[str, ItemTotal] = {}
    net: dict[int, float] = defaultdict(float)
    for name, item in items.items():
        for year, amount in item.amounts.items():
            net[year] += amount if item.sense == "benefit" else -amount
        known = bool(item.amounts)
        totals[name] = ItemTotal(
            undiscounted_eur=math.fsum(item.amounts.values()) if known else None,
            pv_eur=npv(item.amounts, rate, base) if known else None,
            status=_status(item),
            price_year=next(iter(item.price_years)) if len(item.price_years) == 1 else None,
            source="; ".join(sorted(item.sources)) or None,
            sense=item.sense,
            by_year=dict(sorted(item.amounts.items())),
        )
    return totals, net


def _status(item: _Item) -> Literal["given", "confirmed", "to_confirm", "no_parameter"]:
    if not item.amounts:
        return "no_parameter"
    if "to_confirm" in item.statuses:
        return "to_confirm"
    return "confirmed" if "confirmed" in item.statuses else "given"


def _valued(flows: Sequence[Flow], values: Sequence[UnitValue], *, hold_carbon: bool) -> dict[str, _Item]:
    items: dict[str, _Item] = {}
    for flow in flows:
        if flow.item in MONEY_ITEMS and not any(v.item == flow.item for v in values):
            _unit_fits(flow, "eur")
            item = items.setdefault(flow.item, _Item(MONEY_ITEMS[flow.item]))
            item.amounts[flow.year] += flow.quantity
            item.statuses.add(_GIVEN)
        elif flow.item == _CARBON and not any(v.item == _CARBON for v in values):
            _add_carbon(items.setdefault(_CARBON, _Item("benefit")), flow, hold_carbon=hold_carbon)
        else:
            _add_value(items, flow, unit_value(flow.item, year=flow.year, extra=values))
    return items


def _add_carbon(item: _Item, flow: Flow, *, hold_carbon: bool) -> None:
    _unit_fits(flow, "tco2e")
    cost = carbon.shadow_cost(flow.year, hold_last=hold_carbon)
    if cost is None:
        item.unvalued[flow.year] = "carbon_year"
        return
    item.amounts[flow.year] += flow.quantity * cost.eur_tco2e
    item.statuses.add(cost.status)
    item.price_years.add(cost.price_year)
    item.sources.add(carbon.SOURCE)


def _add_value(items: dict[str, _Item], flow: Flow, value: UnitValue | None) -> None:
    item = items.setdefault(flow.item, _Item(value.sense if value else "benefit"))
    if value is None:
        item.unvalued[flow.year] = "no_parameter"
        return
    if value.unit:
        _unit_fits(flow, value.unit)
    item.sense = value.sense
    item.amounts[flow.year] += flow.quantity * value.value_eur
    item.statuses.add(value.status)
    item.price_years |= {value.price_year} if value.price_year else set()
    item.sources |= {value.source} if value.source else set()


def _unit_fits(flow: Flow, unit: str) -> None:
    if flow.unit == unit:
        return
    raise UnitError(
        f"{flow.item} of {flow.year} is in {flow.unit!r}, not in {unit}.",
        rule="unit_kind",
        hint=f"write the quantity in {unit}",
        rows=[flow.row] if flow.row else [],
        field="unit",
    )


def _one_price_year(
    items: Mapping[str, _Item], price_year: int | None, index: Mapping[int, float]
) -> list[Finding]:
    """Bring all items to one price year where the index can, and say where EUR of several years are summed."""
    money = [n for n, i in items.items() if _GIVEN in i.statuses]
    stated = sorted({y for i in items.values() for y in i.price_years})
    target = price_year if price_year is not None or money else (stated[0] if len(stated) == 1 else None)
    findings = []
    for name, item in items.items():
        odd = sorted(y for y in item.price_years if y != target)
        if not odd:
            continue
        if target is not None and len(item.price_years) == 1 and {odd[0], target} <= set(index):
            factor = index[target] / index[odd[0]]
            item.amounts = {year: amount * factor for year, amount in item.amounts.items()}
            findings.append(_converted(name, odd[0], target, factor))
            item.price_years = {target}
        else:
            findings.append(_differs(name, odd, target))
    return findings


def _converted(name: str, old: int, new: int, factor: float) -> Finding:
    return Finding(
        severity="note",
        rule="converted",
        message=f"{name}: EUR of {old} were brought to EUR of {new} (x {factor:.6g}).",
        table="flows",
        row=name,
        action="converted",
    )


def _differs(name: str, odd: Sequence[int], target: int | None) -> Finding:
    other = f"EUR of {target}" if target is not None else "EUR whose price year is not stated"
    return Finding(
        severity="warning",
        rule="price_year_differs",
        message=f"{name} is valued in EUR of {', '.join(map(str, odd))} and summed with {other}, unconverted.",
        table="flows",
        row=name,
        hint="give --price-year and an index table (--price-index) that holds both years",
    )


def _unvalued_findings(items: Mapping[str, _Item], values: Sequence[UnitValue]) -> list[Finding]:
    known = {*MONEY_ITEMS, _CARBON, *(v.item for v in (*values, *unit_values()))}
    findings = []
    for name, item in items.items():
        if not item.unvalued:
            continue
        years = ", ".join(map(str, sorted(item.unvalued)))
        if name == _CARBON:
            findings.append(_outside_carbon(years))
        else:
            findings.append(_no_parameter(name, years, did_you_mean(name, known)))
    return findings


def _outside_carbon(years: str) -> Finding:
    return Finding(
        severity="warning",
        rule="carbon_year",
        message=f"{_CARBON} in {years}: outside the table of the shadow cost of carbon; left out of the totals.",
        table="flows",
        row=_CARBON,
        hint="--hold-carbon keeps the last value after the last year",
        action="row_set_aside",
    )


def _no_parameter(name: str, years: str, hint: str) -> Finding:
    return Finding(
        severity="warning",
        rule="no_parameter",
        message=f"{name} in {years}: no unit value; left out of the totals.",
        table="flows",
        row=name,
        hint=hint or "add its row to a file of unit values (--parameters)",
        action="row_set_aside",
    )


def _negative_costs(flows: Sequence[Flow]) -> list[Finding]:
    return [
        Finding(
            severity="warning",
            rule="negative_cost",
            message=f"cost of {f.year} is {f.quantity:g}: costs are written positive; counted as it stands.",
            table="flows",
            row=f.row,
            hint="write an amount received as a benefit",
        )
        for f in flows
        if f.item == "cost" and f.quantity < 0
    ]


def _ambiguous() -> Finding:
    return Finding(
        severity="warning",
        rule="err_ambiguous",
        message="The yearly net flow changes sign more than once: several rates of return may fit, none is given.",
        table="flows",
        hint="judge by the net present value",
    )


def _empty() -> Finding:
    return Finding(severity="note", rule="empty_table", message="flows: no rows.", table="flows")


def flows_from_rows(rows: Iterable[tuple[int, Mapping[str, object]]]) -> list[Flow]:
    """Build flows from numbered rows with year, item, quantity, unit.

    Raises
    ------
    DataError
        ``bad_number``: a year or quantity that is no number; row and value are quoted.
    """
    return [
        Flow(
            year=_whole(row["year"], line),
            item=str(row["item"] or "").strip(),
            quantity=_finite(row["quantity"], "quantity", line),
            unit=str(row["unit"] or "").strip(),
            row=line,
        )
        for line, row in rows
    ]


def _finite(cell: object, column: str, line: int) -> float:
    try:
        number = float(str(cell))
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        return number
    raise DataError(
        f"flows, line {line}: {column} = {'' if cell is None else cell!r} is not a number.",
        rule="bad_number",
        hint="write a number with a decimal point, without unit",
        rows=[line],
        field=column,
    )


def _whole(cell: object, line: int) -> int:
    number = _finite(cell, "year", line)
    if number != int(number):
        raise DataError(
            f"flows, line {line}: year = {cell!r} is no calendar year.",
            rule="bad_number",
            hint="write 2027",
            rows=[line],
            field="year",
        )
    return int(number)
