"""A panel as a table (unit, group, period, value) -> values by unit and period; faults are named."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.kernel.errors import ColumnNotFound, DataError, Finding, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Panel", "panel_from_table"]

_COLUMNS: Final = ("unit", "group", "period", "value")
_GROUPS: Final = ("treated", "control")


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Units that were observed before and after the event."""

    units: list[str]
    values: NDArray[np.float64]
    """(units, periods) in the order of time, NaN where not observed."""
    treated: NDArray[np.bool_]
    n_before: int
    findings: list[Finding]


def panel_from_table(table: pa.Table, *, event: str, lines: Sequence[int] | None = None) -> Panel:
    """Return the panel of a table; units without a value before or after are set aside.

    Parameters
    ----------
    table
        unit, group (treated, control), period, value.
    event
        First period after the change; periods are ordered as numbers where all are, else as text.
    lines
        Line of the file of each row.

    Raises
    ------
    DataError
        ``missing_column``; ``unknown_group``, ``two_groups``, ``duplicate_period`` (rows quoted); ``bad_period``:
        no period before or none after; ``no_treated``: no treated unit is left.
    """
    missing = [c for c in _COLUMNS if c not in table.column_names]
    if missing:
        raise ColumnNotFound.from_missing(missing, table.column_names, table="panel")
    rows = table.select(_COLUMNS).to_pylist()
    group = _groups(rows, lines or range(1, len(rows) + 1))
    periods, n_before = _periods({str(r["period"]) for r in rows}, event)
    units = sorted(group)
    values = np.full((len(units), len(periods)), np.nan)
    row_of, column_of = ({k: i for i, k in enumerate(keys)} for keys in (units, periods))
    for row in rows:
        if row["value"] is not None:
            values[row_of[str(row["unit"])], column_of[str(row["period"])]] = row["value"]
    seen = np.isfinite(values)
    whole = seen[:, :n_before].any(axis=1) & seen[:, n_before:].any(axis=1)
    treated = np.array([group[u] == "treated" for u in units], bool)
    if not (treated & whole).any():
        raise DataError(
            "panel: no treated unit is observed both before and after the event.",
            rule="no_treated",
            hint="write treated in the column group",
        )
    return Panel(
        units=[u for u, w in zip(units, whole, strict=True) if w],
        values=values[whole],
        treated=treated[whole],
        n_before=n_before,
        findings=[_one_sided(u) for u, w in zip(units, whole, strict=True) if not w],
    )


def _groups(rows: Sequence[dict[str, Any]], lines: Sequence[int]) -> dict[str, str]:
    """Return unit -> group, or refuse an unknown group, a unit in two groups, a period that stands twice."""
    group: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    for line, row in zip(lines, rows, strict=True):
        unit, word = str(row["unit"]), str(row["group"] or "")
        if word not in _GROUPS:
            hint = did_you_mean(word, _GROUPS)
            raise _bad(line, f"group = {word!r} is neither treated nor control", "unknown_group", hint)
        if group.setdefault(unit, word) != word:
            raise _bad(line, f"{unit} stands in both groups", "two_groups", "a unit is treated or a control")
        key = (unit, str(row["period"]))
        if key in seen:
            raise _bad(
                line, f"{unit} has period {key[1]} twice", "duplicate_period", "keep one value a period"
            )
        seen.add(key)
    return group


def _bad(line: int, what: str, rule: str, hint: str) -> DataError:
    return DataError(f"panel, line {line}: {what}.", rule=rule, hint=hint, rows=[line])


def _periods(found: set[str], event: str) -> tuple[list[str], int]:
    numbers = all(_number(p) is not None for p in (*found, event))

    def place(period: str) -> tuple[float, str]:
        return (_number(period) or 0.0 if numbers else 0.0, period)

    ordered = sorted(found, key=place)
    n_before = sum(_number(p) < _number(event) if numbers else p < event for p in ordered)  # type: ignore[operator]
    if n_before in (0, len(ordered)):
        side = "before" if n_before == 0 else "on or after"
        raise DataError(
            f"panel: no period {side} {event!r}.",
            rule="bad_period",
            hint=f"the periods are {ordered[0]} to {ordered[-1]}" if ordered else "the table has no rows",
            field="event",
        )
    return ordered, n_before


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _one_sided(unit: str) -> Finding:
    return Finding(
        severity="warning",
        rule="one_sided_unit",
        message=f"panel: {unit} has no value before or none after the event.",
        table="panel",
        row=unit,
        hint="a change needs both",
        action="row_set_aside",
    )
