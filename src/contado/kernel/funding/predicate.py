"""Conditions of funding rules: a small language, parsed by our own grammar, three-valued.

::

    population <= 15000 or use == school
    not (zone in (A; B)) and cost_eur >= 50000

An empty cell is *unknown*. Kleene's logic: ``unknown or true`` is true, ``unknown and false`` is false,
anything else with an unknown stays unknown (S. C. Kleene, Introduction to Metamathematics, 1952, par. 64).

>>> rule = parse("population <= 15000 or use == school", ["population", "use"])
>>> rule.holds({"population": "", "use": "school"}), rule.holds({"population": "", "use": "office"})
(True, None)
>>> sorted(rule.columns())
['population', 'use']
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from contado.kernel.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Comparison", "Predicate", "is_unknown", "parse"]

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<op>==|!=|<=|>=|<|>)|(?P<mark>[();])|(?P<text>'[^']*'|\"[^\"]*\")|(?P<word>[\w.+-]+))"
)
_WORDS: Final = {"and", "or", "not", "in"}


class Predicate(Protocol):
    """A condition over the cells of one row."""

    def holds(self, row: Mapping[str, Any]) -> bool | None:
        """Return True, False, or None where the answer is unknown."""

    def columns(self) -> set[str]:
        """Return the columns it asks for."""

    def comparisons(self) -> list[Comparison]:
        """Return its comparisons, whose values tell which answers differ."""


def is_unknown(cell: Any) -> bool:
    """Whether a cell is empty: None, empty text or NaN."""
    return cell is None or (isinstance(cell, str) and not cell.strip()) or cell != cell  # noqa: PLR0124 - NaN


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column against a value, or against a list of them."""

    column: str
    operator: str
    values: tuple[str, ...]

    def holds(self, row: Mapping[str, Any]) -> bool | None:
        """Compare as numbers where the value is one, else as words without regard to case."""
        cell = row.get(self.column)
        if is_unknown(cell):
            return None
        if self.operator == "in":
            return any(_compare(self.column, cell, "==", v) for v in self.values)
        return _compare(self.column, cell, self.operator, self.values[0])

    def columns(self) -> set[str]:
        """Return its one column."""
        return {self.column}

    def comparisons(self) -> list[Comparison]:
        """Return itself."""
        return [self]


@dataclass(frozen=True, slots=True)
class _Joined:
    """`and` (decided by one False) or `or` (decided by one True) of several conditions."""

    parts: tuple[Predicate, ...]
    decides: bool

    def holds(self, row: Mapping[str, Any]) -> bool | None:
        answers = [part.holds(row) for part in self.parts]
        if self.decides in answers:
            return self.decides
        return None if None in answers else not self.decides

    def columns(self) -> set[str]:
        return set().union(*(part.columns() for part in self.parts))

    def comparisons(self) -> list[Comparison]:
        return [c for part in self.parts for c in part.comparisons()]


@dataclass(frozen=True, slots=True)
class _Not:
    part: Predicate

    def holds(self, row: Mapping[str, Any]) -> bool | None:
        answer = self.part.holds(row)
        return None if answer is None else not answer

    def columns(self) -> set[str]:
        return self.part.columns()

    def comparisons(self) -> list[Comparison]:
        return self.part.comparisons()


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def _compare(column: str, cell: Any, operator: str, value: str) -> bool:
    limit = _number(value)
    if limit is None:
        same = str(cell).strip().casefold() == value.casefold()
        return same if operator == "==" else not same
    found = _number(cell)
    if found is None:
        raise DataError(
            f"{column}: {cell!r} is not a number.",
            rule="bad_number",
            hint=f"the rule compares it with {value}",
            field=column,
        )
    return {
        "==": found == limit,
        "!=": found != limit,
        "<": found < limit,
        "<=": found <= limit,
        ">": found > limit,
        ">=": found >= limit,
    }[operator]


def parse(text: str, columns: Iterable[str]) -> Predicate:
    """Parse a condition over ``columns``.

    Raises
    ------
    DataError
        Rule ``bad_predicate``: a syntax error or an unknown column; the message quotes the position.
    """
    return _Parser(text, frozenset(columns)).whole()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


class _Parser:
    """Recursive descent: or > and > not > comparison."""

    def __init__(self, text: str, columns: frozenset[str]) -> None:
        self.text = text
        self.known = columns
        self.tokens = self._tokens()
        self.next = 0

    def _tokens(self) -> Sequence[_Token]:
        found, position = [], 0
        stripped = self.text.rstrip()
        while position < len(stripped):
            match = _TOKEN.match(stripped, position)
            if match is None or match.lastgroup is None:
                raise self._error("a name, a value or an operator", position)
            kind, word = match.lastgroup, match.group(match.lastgroup)
            kind = word if kind == "word" and word in _WORDS else kind
            found.append(_Token(kind, word, match.start(match.lastgroup)))
            position = match.end()
        return found

    def whole(self) -> Predicate:
        """Parse everything."""
        predicate = self._or()
        if self.next < len(self.tokens):
            raise self._error("`and`, `or` or the end")
        return predicate

    def _error(self, wanted: str, position: int | None = None, hint: str = "") -> DataError:
        if position is None:
            position = self.tokens[self.next].position if self.next < len(self.tokens) else len(self.text)
        return DataError(
            f"The condition {self.text!r} cannot be read at position {position + 1}: {wanted} is expected there.",
            rule="bad_predicate",
            hint=hint or "write for example: population <= 15000 or use == school",
            field="when",
        )

    def _take(self, *kinds: str) -> _Token | None:
        if self.next < len(self.tokens) and self.tokens[self.next].kind in kinds:
            self.next += 1
            return self.tokens[self.next - 1]
        return None

    def _mark(self, mark: str) -> bool:
        here = self.tokens[self.next] if self.next < len(self.tokens) else None
        if here is not None and here.kind == "mark" and here.text == mark:
            self.next += 1
            return True
        return False

    def _or(self) -> Predicate:
        parts = [self._and()]
        while self._take("or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else _Joined(tuple(parts), decides=True)

    def _and(self) -> Predicate:
        parts = [self._not()]
        while self._take("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else _Joined(tuple(parts), decides=False)

    def _not(self) -> Predicate:
        if self._take("not"):
            return _Not(self._not())
        if self._mark("("):
            inner = self._or()
            if not self._mark(")"):
                raise self._error("`)`")
            return inner
        return self._comparison()

    def _comparison(self) -> Comparison:
        column = self._take("word")
        if column is None:
            raise self._error("the name of a column")
        if column.text not in self.known:
            hint = did_you_mean(column.text, self.known)
            raise self._error(f"a known column instead of {column.text!r}", column.position, hint)
        if self._take("in"):
            return Comparison(column.text, "in", self._list())
        operator = self._take("op")
        if operator is None:
            raise self._error("one of == != < <= > >= in")
        value = self._value()
        if operator.text not in ("==", "!=") and _number(value) is None:
            raise self._error("a number", self.tokens[self.next - 1].position)
        return Comparison(column.text, operator.text, (value,))

    def _value(self) -> str:
        token = self._take("word", "text")
        if token is None:
            raise self._error("a value")
        return token.text.strip("'\"")

    def _list(self) -> tuple[str, ...]:
        if not self._mark("("):
            raise self._error("`(`")
        values = [self._value()]
        while self._mark(";"):
            values.append(self._value())
        if not self._mark(")"):
            raise self._error("`;` or `)`")
        return tuple(values)
