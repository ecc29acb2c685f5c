"""Thresholds of the programme, dated: table ``legal_parameter``, else the rows shipped here."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.errors import DataError, Finding, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["EU", "PROGRAMME", "legal_value", "shipped"]

PROGRAMME: Final = "works_programme_threshold"
"""Works estimated at this much or more stand in the programme (D.Lgs. 36/2023 art. 37 c. 2)."""
EU: Final = "works_eu_threshold"
"""European threshold for works: from it on, the three years need a *documento di fattibilità*."""


def shipped() -> list[dict[str, Any]]:
    """Return the rows that come with the package; those of a workspace go before them."""
    path = Path(__file__).parent / "data" / "legal_parameter.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return [dict(row) for row in csv.DictReader(file)]


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
        No row names the parameter, or all begin later.
    """
    own = [r for r in rows if r["name"] == name]
    known = own or [r for r in shipped() if r["name"] == name]
    begun = [r for r in known if (_day(r.get("valid_from")) or dt.date.min) <= on]
    if not begun:
        raise DataError(
            f"No legal_parameter {name} holds on {on}.",
            rule="no_parameter",
            hint=did_you_mean(name, {r["name"] for r in shipped()}) or "add a dated row",
            field=name,
        )
    last = max(begun, key=lambda r: _day(r.get("valid_from")) or dt.date.min)
    end = _day(last.get("valid_to"))
    findings = [_expired(name, last, on)] if end is not None and end < on else []
    return float(last["value"]), findings


def _expired(name: str, row: Mapping[str, Any], on: dt.date) -> Finding:
    return Finding(
        severity="warning",
        table="legal_parameter",
        row=name,
        rule="parameter_expired",
        message=f"{name}: the last row known ({row['value']}) ended on {row['valid_to']}; it was used for {on}.",
        hint="add the row of the new period to legal_parameter",
    )


def _day(value: Any) -> dt.date | None:
    if value in (None, ""):
        return None
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
