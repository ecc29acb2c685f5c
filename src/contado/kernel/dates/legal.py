"""Thresholds of the law, dated: table ``legal_parameter``, else the rows shipped here.

Examples
--------
>>> import datetime as dt
>>> legal_value("works_eu_threshold", dt.date(2026, 5, 1))[0]
5404000.0
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from contado.kernel.dates import dated
from contado.kernel.errors import DataError, Finding, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["legal_value"]


def legal_value(
    name: str, on: dt.date, rows: Iterable[Mapping[str, Any]] = ()
) -> tuple[float, list[Finding]]:
    """Return the value of ``name`` on the day ``on``, and what is doubtful about it.

    Where no row holds on that day, the last one that began before it is used and a warning says so.

    Parameters
    ----------
    rows
        Rows of the workspace's ``legal_parameter``; where they name the parameter, only they count.

    Raises
    ------
    DataError
        ``no_parameter``: no row names the parameter, or all begin later; ``several_dated_rows``: two rows
        began on the same day.
    """
    shipped = dated.shipped("legal_parameter")
    known = [r for r in rows if r["name"] == name] or [r for r in shipped if r["name"] == name]
    if dated.holding(known, on):
        return float(dated.pick(known, on, name=name)["value"]), []
    begun = [r for r in known if (dated.day(r.get("valid_from")) or dt.date.min) <= on]
    if not begun:
        raise DataError(
            f"No legal_parameter {name} holds on {on}.",
            rule="no_parameter",
            hint=did_you_mean(name, {r["name"] for r in shipped}) or "add a dated row",
            field=name,
        )
    last = dated.newest(begun)[0]
    return float(last["value"]), [_expired(name, last, on)]


def _expired(name: str, row: Mapping[str, Any], on: dt.date) -> Finding:
    return Finding(
        severity="warning",
        table="legal_parameter",
        row=name,
        rule="parameter_expired",
        message=f"{name}: the last row known ({row['value']}) ended on {row['valid_to']}; it was used for {on}.",
        hint="add the row of the new period to legal_parameter",
    )
