"""Terms of the law as dated rows: which one holds for a regime, a step, a sensitivity and a day.

A regime is a family with versions (``L241-14bis`` with ``L241-14bis/DLgs127-2016``): a family takes the row
of whichever version holds on the day of receipt. A version keeps to its own rows of a step; where it has
none, those of its family count. The rows stand in ``data/term_rule.csv``; an office adds its own in the
table ``term_rule``.

Examples
--------
>>> import datetime as dt
>>> old = find("L241-14bis", "opinion", sensitive=False, on=dt.date(2025, 11, 28))
>>> new = find("L241-14bis", "opinion", sensitive=False, on=dt.date(2026, 3, 2))
>>> old.regime, old.days, new.regime, new.days
('L241-14bis/DLgs127-2016', 45, 'L241-14bis/DL19-2026', 30)
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from contado.kernel.dates import dated
from contado.kernel.dates.holidays import Name
from contado.kernel.errors import DataError, Finding, did_you_mean

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["DayType", "TermRule", "find", "others", "read_rules", "shipped", "steps"]

DayType = Literal["calendar", "working", "months", "years"]

_UNSAID: Final = Name("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class TermRule:
    """One dated row: ``days`` of ``day_type``, ``forward`` from the event or ``backward`` before it."""

    regime: str
    step: str
    days: int
    day_type: DayType
    direction: Literal["forward", "backward"]
    counted_from: str
    sensitive_interest: Literal["yes", "no", "any"]
    valid_from: dt.date | None
    valid_to: dt.date | None
    norm: str
    status: Literal["confirmed", "to_confirm"]
    modifies: str = ""
    """Family of regimes that this one may replace on choice."""
    if_silent: Name = _UNSAID
    note: str = ""

    @property
    def family(self) -> str:
        """Return the regime without its version."""
        return self.regime.partition("/")[0]


@cache
def shipped() -> tuple[TermRule, ...]:
    """Return the rows of ``term_rule.csv``."""
    return read_rules(dated.shipped("term_rule"))


def read_rules(rows: Iterable[Mapping[str, Any]]) -> tuple[TermRule, ...]:
    """Read rows of the table ``term_rule``; the table's schema says what each column holds.

    Raises
    ------
    DataError
        ``bad_number``: a length that is no whole number from 0 on; ``bad_value``: a word outside its list.
    """
    return tuple(_rule(row, number) for number, row in enumerate(rows, start=1))


def find(regime: str, step: str, *, sensitive: bool, on: dt.date, rules: Sequence[TermRule] = ()) -> TermRule:
    """Return the row of a step that holds on a day.

    Parameters
    ----------
    regime
        A family, or one version of it.
    sensitive
        Whether environment, landscape, heritage or health are protected.
    on
        Day of receipt of the application.
    rules
        Rows of the office; they stand beside the shipped ones.

    Raises
    ------
    DataError
        ``no_term``: no row; the message names regime, step, sensitivity and day. ``several_dated_rows``: two rows
        began on the same day.
    """
    return _find(regime, step, "yes" if sensitive else "no", on, tuple(rules))


@lru_cache(maxsize=1 << 16)
def _find(regime: str, step: str, wanted: str, on: dt.date, rules: tuple[TermRule, ...]) -> TermRule:
    lines = _lines(regime, step, rules)
    fitting = [r for r in lines if r.sensitive_interest in {"any", wanted}]
    if not dated.holding(fitting, on):
        raise DataError(
            f"No term for regime {regime}, step {step}, sensitive interest {wanted}, day {on}.",
            rule="no_term",
            hint=_hint(regime, step, lines, (*shipped(), *rules)),
            field="regime" if not lines else "step",
        )
    return dated.pick(fitting, on)


def others(rule: TermRule, on: dt.date, rules: Sequence[TermRule] = ()) -> list[Finding]:
    """Say which other regimes could apply to a step on a day: they are chosen, never taken by themselves."""
    known = dated.holding((*shipped(), *rules), on)
    return [
        Finding(
            severity="note",
            table="term_rule",
            row=other.regime,
            rule="other_regime",
            message=f"{other.regime} could apply to {rule.step}: {other.days} days ({other.norm}).",
            hint=f"choose the regime {other.regime} where it does",
        )
        for other in known
        if other.modifies and other.modifies == rule.family and other.step == rule.step
    ]


def steps(regime: str, rules: Sequence[TermRule] = ()) -> set[str]:
    """Return the steps that a regime has rows of, those of its family included."""
    family = regime.partition("/")[0]
    return {step for known, step in _index(tuple(rules)) if known in {regime, f"{family}/*"}}


def _lines(regime: str, step: str, rules: tuple[TermRule, ...]) -> list[TermRule]:
    """Rows of a version's step, else of its family's."""
    index = _index(rules)
    family, _, version = regime.partition("/")
    if version and not any(known == regime for known, _ in index):
        return []
    own = index.get((regime, step), []) if version else []
    return own or index.get((f"{family}/*", step), [])


@cache
def _index(rules: tuple[TermRule, ...]) -> dict[tuple[str, str], list[TermRule]]:
    """Rows by regime and step; ``FAMILY/*`` holds those of a family and all its versions."""
    index: dict[tuple[str, str], list[TermRule]] = defaultdict(list)
    for rule in (*shipped(), *rules):
        index[rule.regime, rule.step].append(rule)
        index[f"{rule.family}/*", rule.step].append(rule)
    return dict(index)


def _hint(regime: str, step: str, lines: Sequence[TermRule], known: Sequence[TermRule]) -> str:
    names = {r.regime for r in known} | {r.family for r in known}
    if regime not in names:
        return did_you_mean(regime, names) or "see data/term_rule.csv for the regimes"
    if not lines:
        own = {r.step for r in known if r.family == regime.partition("/")[0]}
        return did_you_mean(step, own) or f"its steps are {', '.join(sorted(own))}"
    spans = ", ".join(f"{r.sensitive_interest} {r.valid_from} to {r.valid_to or 'today'}" for r in lines)
    return f"rows of this step: {spans}; add a dated row to term_rule"


def _rule(row: Mapping[str, Any], number: int) -> TermRule:
    return TermRule(
        regime=str(row["regime"]),
        step=str(row["step"]),
        days=_length(row["days"], number),
        day_type=cast(
            "DayType", _choice(row, "day_type", ("calendar", "working", "months", "years"), number)
        ),
        direction=_choice(row, "direction", ("forward", "backward"), number),
        counted_from=str(row["counted_from"]),
        sensitive_interest=_choice(row, "sensitive_interest", ("any", "yes", "no"), number),
        valid_from=dated.day(row.get("valid_from"), "term_rule"),
        valid_to=dated.day(row.get("valid_to"), "term_rule"),
        norm=str(row.get("norm") or ""),
        status="confirmed" if row.get("status") == "confirmed" else "to_confirm",
        modifies=str(row.get("modifies") or ""),
        if_silent=Name(str(row.get("if_silent_it") or ""), str(row.get("if_silent_en") or "")),
        note=str(row.get("note") or ""),
    )


def _choice(row: Mapping[str, Any], column: str, valid: Sequence[str], number: int) -> Any:
    """Read a word of a list; an empty cell is its first."""
    word = str(row.get(column) or valid[0])
    if word not in valid:
        raise DataError(
            f"term_rule: {column} {word!r}.",
            rule="bad_value",
            hint=f"valid: {', '.join(valid)}",
            rows=[number],
            field=column,
        )
    return word


def _length(cell: Any, number: int) -> int:
    text = str(cell)
    if not text.isdecimal():
        raise DataError(
            f"term_rule: days {text!r}.",
            rule="bad_number",
            hint="a whole number from 0 on",
            rows=[number],
            field="days",
        )
    return int(text)
