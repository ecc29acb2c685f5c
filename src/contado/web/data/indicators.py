"""Indicators of one municipality beside those of all: value, metropolitan value, position, rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.kernel import tables
from contado.web.data.view import real, rows, text
from contado.web.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.territory import Territory
    from contado.web.data.view import Row

__all__ = ["Indicator", "Line", "Table", "load", "registry"]

_HIGHER_IS_BETTER = {"up", "max", "higher", "maximise"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """An indicator of the registry."""

    id: str
    name: Words
    unit: str
    higher_is_better: bool
    aggregation: str
    practice: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One indicator for one municipality; ``why_no_rank`` says why the rank cell is empty."""

    indicator: Indicator
    value: float | None
    low: float | None
    high: float | None
    metropolitan: float | None
    everywhere: tuple[float, ...]
    rank: int | None
    why_no_rank: Words | None
    period: str | None
    label: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The latest value of each indicator in each municipality."""

    indicators: Mapping[str, Indicator]
    latest: Mapping[str, Mapping[str, Row]]

    def lines(self, code: str, n_units: int) -> list[Line]:
        """Return the indicators of the municipality ``code``; those with no row anywhere are left out."""
        return [_line(self.indicators[i], by_unit, code, n_units) for i, by_unit in self.latest.items()]


def load(view: View, territory: Territory) -> Table:
    """Read `indicator_value`, keeping of each municipality and indicator the latest period."""
    codes = {u.code for u in territory.units}
    known = registry(view)
    latest: dict[str, dict[str, Row]] = {}
    for row in rows(view, "indicator_value"):
        name, subject = str(row["indicator"]), str(row["subject_id"])
        if subject not in codes:
            continue
        known.setdefault(name, _unregistered(name, row))
        seen = latest.setdefault(name, {})
        if subject not in seen or str(row["period"]) > str(seen[subject]["period"]):
            seen[subject] = row
    return Table(indicators=known, latest={i: latest[i] for i in known if i in latest})


def registry(view: View) -> dict[str, Indicator]:
    """Return the shipped indicators and those of the workspace, by id."""
    shipped = [{n: getattr(i, n) for n in _COLUMNS} for i in tables.indicators().values()]
    return {str(r["id"]): _indicator(r) for r in (*shipped, *rows(view, "indicator"))}


_COLUMNS = ("id", "name_it", "name_en", "unit", "direction", "aggregation", "practice")


def _indicator(row: Row) -> Indicator:
    return Indicator(
        id=str(row["id"]),
        name=Words(str(row["name_it"]), str(row["name_en"])),
        unit=str(row["unit"]),
        higher_is_better=str(row["direction"]) in _HIGHER_IS_BETTER,
        aggregation=str(row["aggregation"]),
        practice=text(row, "practice"),
    )


def _unregistered(name: str, row: Row) -> Indicator:
    return Indicator(
        id=name,
        name=Words(name, name),
        unit=str(row["unit"]),
        higher_is_better=True,
        aggregation="mean",
        practice=None,
    )


def _line(indicator: Indicator, by_unit: Mapping[str, Row], code: str, n_units: int) -> Line:
    values = {unit: v for unit, row in by_unit.items() if (v := real(row, "value")) is not None}
    row = by_unit.get(code, {})
    value = values.get(code)
    label = text(row, "label")
    why = _why_no_rank(value, len(values), n_units, label)
    better = [v for v in values.values() if value is not None and _is_better(v, value, indicator)]
    method = text(row, "method") or ""
    return Line(
        indicator=indicator,
        value=value,
        low=real(row, "low"),
        high=real(row, "high"),
        metropolitan=_aggregate(list(values.values()), indicator.aggregation),
        everywhere=tuple(sorted(values.values())),
        rank=None if why else len(better) + 1,
        why_no_rank=why,
        period=text(row, "period"),
        label=label,
        reason=method.partition("no_interval:")[2].strip() or None,
    )


def _why_no_rank(value: float | None, known: int, n_units: int, label: str | None) -> Words | None:
    """Municipalities are not ranked by a simulated or incomplete indicator."""
    if value is None:
        return Words("valore non noto", "value not known")
    if label == "simulated":
        return Words("nessun posto: dati simulati", "no rank: simulated data")
    if known < n_units:
        return Words(f"nessun posto: {known} comuni su {n_units}", f"no rank: {known} of {n_units}")
    return None


def _is_better(a: float, b: float, indicator: Indicator) -> bool:
    return a > b if indicator.higher_is_better else a < b


def _aggregate(values: Sequence[float], how: str) -> float | None:
    if not values:
        return None
    return sum(values) if how == "sum" else sum(values) / len(values)
