"""The benefit of an intervention in EUR, from its effects and the value of one unit of each indicator.

An effect is a change in each year of effect: it begins ``start_lag_y`` years after the works and lasts the
intervention's ``life_y``. With the unit value u [EUR] and the rate r the present value at the start year is
``value u sum_{t=0}^{n-1} (1+r)^-(lag+t)`` (a part of a year at the end counts in proportion to the annuity).

Examples
--------
>>> round(present_value(12.0, 100.0, life_y=15, lag_y=1, rate_share=0.03), 2)
14325.52
>>> present_value(1.0, 1.0, life_y=3, lag_y=0, rate_share=0.0)
3.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from contado.kernel.appraisal.discount import annuity
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

__all__ = ["Benefit", "present_value", "with_benefits"]


class Benefit(NamedTuple):
    """Present value at the start year [EUR]; an end that is not known is None."""

    value_eur: float
    low_eur: float | None
    high_eur: float | None


def present_value(
    value: float, unit_value_eur: float, *, life_y: float, lag_y: float, rate_share: float
) -> float:
    """Return what a yearly change is worth at the start year [EUR]."""
    from_start: float = (1 + rate_share) ** (1 - lag_y)
    return value * unit_value_eur * from_start / annuity(rate_share, life_y)


def with_benefits(
    intervention: pa.Table, effect: pa.Table, objective: pa.Table, *, rate_share: float
) -> tuple[pa.Table, list[Finding]]:
    """Fill the empty benefits of interventions from their effects.

    Parameters
    ----------
    intervention, effect, objective
        Tables of the workspace; an indicator counts where its objective states ``unit_value_eur``.
    rate_share
        Social discount rate a year.

    Returns
    -------
    tuple
        The table with ``benefit_eur`` (and its ends, where all effects state theirs) filled where they were
        empty, and a finding for each intervention whose benefit stays unknown though effects of it count.
    """
    objectives = {o["indicator"]: o for o in objective.to_pylist() if o["unit_value_eur"] is not None}
    rows = intervention.to_pylist()
    empty = {r["id"] for r in rows if r["benefit_eur"] is None}
    valued: dict[str, list[Mapping[str, Any]]] = {}
    for e in effect.to_pylist():
        if e["intervention_id"] in empty and e["indicator"] in objectives:
            valued.setdefault(e["intervention_id"], []).append(e)
    findings: list[Finding] = []
    made: dict[str, Benefit] = {}
    for row in rows:
        effects = valued.get(row["id"], [])
        if not effects:
            continue
        if problem := _unknown(row, effects, objectives):
            findings.append(problem)
        else:
            made[row["id"]] = _benefit(row, effects, objectives, rate_share)
    return (_filled(intervention, rows, made) if made else intervention), findings


def _unknown(
    row: Mapping[str, Any], effects: Sequence[Mapping[str, Any]], objectives: Mapping[str, Mapping[str, Any]]
) -> Finding | None:
    """Return why the benefit cannot be computed, or None."""
    if row["life_y"] is None or row["life_y"] <= 0:
        return _left(row, "missing_life", "its life_y is empty", "state how long the effect lasts")
    if lacking := sorted(e["indicator"] for e in effects if e["value"] is None):
        return _left(row, "missing_benefit", f"the effect {lacking[0]} is empty", "fill in the effect")
    years = {objectives[e["indicator"]]["price_year"] for e in effects} | {row["price_year"]}
    known = sorted(y for y in years if y is not None)
    if len(known) > 1:
        told = ", ".join(map(str, known))
        return _left(row, "price_year_differs", f"price years differ: {told}", "bring them to one year")
    return None


def _left(row: Mapping[str, Any], rule: str, why: str, hint: str) -> Finding:
    return Finding(
        severity="warning",
        rule=rule,
        message=f"{row['id']}: the benefit is not computed from effects, for {why}.",
        table="intervention",
        row=row["id"],
        hint=hint,
    )


def _benefit(
    row: Mapping[str, Any],
    effects: Iterable[Mapping[str, Any]],
    objectives: Mapping[str, Mapping[str, Any]],
    rate_share: float,
) -> Benefit:
    """Sum the effects; the ends of the sum are the sums of the ends."""
    total, low, high = 0.0, 0.0, 0.0
    whole = True
    for e in effects:
        unit = objectives[e["indicator"]]["unit_value_eur"]

        def worth(value: float, unit: float = unit, lag: float = e["start_lag_y"] or 0.0) -> float:
            return present_value(value, unit, life_y=row["life_y"], lag_y=lag, rate_share=rate_share)

        total += worth(e["value"])
        whole = whole and e["low"] is not None and e["high"] is not None
        if whole:
            ends = sorted((worth(e["low"]), worth(e["high"])))
            low, high = low + ends[0], high + ends[1]
    return Benefit(total, low if whole else None, high if whole else None)


def _filled(
    intervention: pa.Table, rows: Sequence[Mapping[str, Any]], made: Mapping[str, Benefit]
) -> pa.Table:
    import pyarrow as pa

    for column, end in (("benefit_eur", 0), ("benefit_low_eur", 1), ("benefit_high_eur", 2)):
        values = [made[r["id"]][end] if r["id"] in made and r[column] is None else r[column] for r in rows]
        at = intervention.schema.get_field_index(column)
        intervention = intervention.set_column(at, intervention.field(at), pa.array(values, pa.float64()))
    return intervention
