"""Two programmes side by side: what came in, what went out, what moved, who pays otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Comparison", "Moved", "compare"]


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """An intervention that both have, in other years."""

    id: str
    from_year: int
    to_year: int


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """From programme a to programme b."""

    added: list[str]
    removed: list[str]
    moved: list[Moved]
    refunded: list[str]
    """Same year, paid otherwise."""
    value_difference: float | None
    """Value of b less value of a [EUR]; None where one of them states none."""


def compare(a: Mapping[str, Any], b: Mapping[str, Any]) -> Comparison:
    """Compare two answers with ``programme`` (as `plan` and `portfolio solve` print them).

    Raises
    ------
    DataError
        Rule ``bad_plan``: one of them has no programme.
    """
    one, two = _lines(a), _lines(b)
    both = sorted(one.keys() & two.keys())
    years = {k: (int(one[k]["start_year"]), int(two[k]["start_year"])) for k in both}
    same = [k for k in both if years[k][0] == years[k][1]]
    values = _value(a), _value(b)
    return Comparison(
        added=sorted(two.keys() - one.keys()),
        removed=sorted(one.keys() - two.keys()),
        moved=[Moved(id=k, from_year=f, to_year=t) for k, (f, t) in years.items() if f != t],
        refunded=[k for k in same if _payments(one[k]) != _payments(two[k])],
        value_difference=values[1] - values[0] if values[0] is not None and values[1] is not None else None,
    )


def _lines(plan: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    try:
        lines = {str(line["intervention_id"]): line for line in plan["programme"]}
        return {key: {**line, "start_year": int(line["start_year"])} for key, line in lines.items()}
    except (KeyError, TypeError, ValueError):
        raise DataError(
            "There is no programme of intervention_id and start_year to compare.",
            rule="bad_plan",
            hint="give the JSON answer of `contado plan --json` or `contado portfolio solve --json`",
            field="programme",
        ) from None


def _payments(line: Mapping[str, Any]) -> dict[str, int]:
    """Payments by source in cents, whatever their order."""
    paid: dict[str, int] = {}
    for payment in line.get("payments", ()):
        source = str(payment["source"])
        paid[source] = paid.get(source, 0) + round(float(payment["amount_eur"]) * 100)
    return paid


def _value(plan: Mapping[str, Any]) -> float | None:
    value = plan.get("value")
    if value is not None:
        return float(value)
    worth = [line.get("value_eur") for line in plan["programme"]]
    return None if any(w is None for w in worth) else float(sum(worth))
