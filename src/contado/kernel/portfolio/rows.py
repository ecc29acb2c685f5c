"""Plain rows of a programme, read: money in cents, rows that cannot be used, floors, spend profiles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from contado.kernel.errors import DataError, Finding
from contado.kernel.portfolio.offers import rules_on

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

__all__ = [
    "counts_on",
    "floor_key",
    "spend_profile",
    "to_cents",
    "to_cents_or_none",
    "usable_rows",
    "value_or",
]


def to_cents(amount: Any) -> int:
    """Return EUR as whole cents (half a cent goes to the even one)."""
    return round(float(amount) * 100)


def to_cents_or_none(amount: Any) -> int | None:
    """Return EUR as whole cents, or None for an empty cell."""
    return None if amount is None or amount == "" else to_cents(amount)


def value_or(value: int | None, default: int) -> int:
    """Return a value, or the default for an empty one."""
    return default if value is None else value


def usable_rows(rows: list[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[Finding]]:
    """Set aside rows without cost or with a window upside down; a missing benefit is refused."""
    kept: list[Mapping[str, Any]] = []
    findings: list[Finding] = []
    seen: set[str] = set()
    for row in rows:
        key = str(row["id"])
        if key in seen:
            raise DataError(
                f"intervention {key} stands twice.", rule="duplicate_id", hint="keep one row an id"
            )
        seen.add(key)
        if problem := _why_unusable(row):
            rule, message = problem
            findings.append(
                Finding(
                    severity="error",
                    table="intervention",
                    row=key,
                    rule=rule,
                    message=f"{key}: {message}",
                    hint="correct the row; it was set aside",
                    action="row_set_aside",
                )
            )
        else:
            kept.append(row)
    return kept, findings


def _why_unusable(row: Mapping[str, Any]) -> tuple[str, str] | None:
    key, cost, benefit = row["id"], row.get("cost_eur"), row.get("benefit_eur")
    if cost is None or cost == "" or not math.isfinite(float(cost)):
        return "missing_cost", "the cost is empty"
    if float(cost) < 0:
        return "negative_cost", f"the cost is {cost}"
    if int(row["latest_year"]) < int(row["earliest_year"]):
        return (
            "year_order",
            f"latest_year {row['latest_year']} is before earliest_year {row['earliest_year']}",
        )
    if benefit is None or benefit == "" or not math.isfinite(float(benefit)):
        raise DataError(
            f"intervention {key}: the benefit is {benefit!r}.",
            rule="missing_benefit",
            hint="give benefit_eur, or effects with unit values",
            field="benefit_eur",
        )
    return None


def floor_key(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return (kind, key) of a floor; the folder format knows floors of municipalities only."""
    if "municipality" in row:
        return "municipality", str(row["municipality"])
    return str(row["kind"]), str(row["key"])


def spend_profile(row: Mapping[str, Any]) -> tuple[float, ...]:
    """Read spend_profile: shares that sum to 1, as a list or separated by ``;``."""
    cell = row.get("spend_profile")
    words = cell if isinstance(cell, list) else str(cell or "").split(";")
    try:
        shares = tuple(float(w) for w in words if str(w).strip())
    except ValueError:
        shares = (math.nan,)
    if not shares:
        return (1.0,)
    if not (all(s >= 0 for s in shares) and abs(math.fsum(shares) - 1) <= 1e-6):
        raise DataError(
            f"intervention {row['id']}: spend_profile {cell!r} does not sum to 1.",
            rule="spend_profile",
            hint="give the share of each year from the start, such as 0.4;0.6",
            field="spend_profile",
        )
    while len(shares) > 1 and shares[-1] == 0:
        shares = shares[:-1]
    return shares


def counts_on(row: Mapping[str, Any], on: dt.date | None) -> bool:
    """Whether a row of ``funding_rule`` counts on a day."""
    return on is None or bool(rules_on([{**row, "when": None}], (), on))
