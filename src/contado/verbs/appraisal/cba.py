"""contado appraisal cba: costs and benefits over the years, discounted, by item."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option


class CbaRequest(Request, frozen=True, kw_only=True):
    """Flows by year and item, and how to discount them."""

    flows: Annotated[
        Path,
        argument(
            "table with year, item (cost, benefit, residual_value, carbon_avoided, deaths_avoided, "
            "injuries_avoided, crashes_avoided, or an item of --parameters), quantity, unit"
        ),
    ]
    rate: Annotated[
        float | None,
        option("discount rate a year as a fraction; default the social rate of Italy (parameter)"),
    ] = None
    base_year: Annotated[int | None, option("year that is not discounted; default the first")] = None
    price_year: Annotated[int | None, option("year whose EUR the amounts in eur are of")] = None
    parameters: Annotated[
        Path | None,
        option(
            "unit values: item, unit, value_eur, and sense, price_year, valid_from, valid_to, norm, status, source"
        ),
    ] = None
    price_index: Annotated[Path | None, option("price level by year: year, index; converts price years")] = (
        None
    )
    hold_carbon: Annotated[bool, option("after the last year of the carbon table, keep its value")] = False


class Item(msgspec.Struct, kw_only=True):
    """One item over all years; null where no parameter values it."""

    undiscounted_eur: float | None
    pv_eur: float | None
    status: Literal["given", "confirmed", "to_confirm", "no_parameter"]
    price_year: int | None
    source: str | None


class UsedParameter(msgspec.Struct, kw_only=True):
    """A parameter the figures rest on."""

    name: str
    value: float
    unit: str
    status: Literal["given", "confirmed", "to_confirm"]
    source: str | None


class CbaAnswer(Answer, kw_only=True):
    """Figures in EUR at the base year; ``err`` is a fraction."""

    npv_eur: float
    pv_costs_eur: float
    pv_benefits_eur: float
    benefit_cost_ratio: float | None
    err: float | None
    equivalent_annual_eur: float | None
    payback_year: int | None
    by_item: dict[str, Item]
    base_year: int | None
    price_year: int | None
    parameters: list[UsedParameter]


def _run(request: CbaRequest, context: Context) -> CbaAnswer:
    from contado.verbs.appraisal._flows import appraised, used

    found = appraised(request, request.flows, context)
    done = found.appraisal
    return CbaAnswer(
        npv_eur=done.npv_eur,
        pv_costs_eur=done.pv_costs_eur,
        pv_benefits_eur=done.pv_benefits_eur,
        benefit_cost_ratio=done.benefit_cost_ratio,
        err=done.err,
        equivalent_annual_eur=done.equivalent_annual_eur,
        payback_year=done.payback_year,
        by_item={
            name: msgspec.convert(total, Item, from_attributes=True) for name, total in done.by_item.items()
        },
        base_year=done.base_year,
        price_year=done.price_year,
        parameters=[msgspec.convert(used(found.rate), UsedParameter, from_attributes=True)],
        findings=found.findings,
    )


VERB = Verb(
    name="appraisal cba",
    help="Appraise costs and benefits over the years",
    request=CbaRequest,
    answer=CbaAnswer,
    run=_run,
    examples=("contado appraisal cba flows.csv --rate 0.03 --base-year 2027 --json",),
)
