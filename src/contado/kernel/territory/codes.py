"""Codes and names of municipalities: whatever a person types becomes an ISTAT code.

>>> from contado.kernel.territory import boundaries
>>> units = boundaries.shipped()
>>> [resolve(units, text).name for text in ("015146", 15146, " 015146 ", "F205", "milano")]
['Milano', 'Milano', 'Milano', 'Milano', 'Milano']
>>> merged = resolve(units, "Vermezzo")
>>> merged.istat, merged.status, merged.successor, merged.since
('015235', 'merged', '015251', '2019-02-08')
"""

from __future__ import annotations

import csv
import difflib
import functools
import re
import unicodedata
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from contado.kernel.errors import CodeError

if TYPE_CHECKING:
    from contado.kernel.territory.boundaries import Units

__all__ = ["Change", "Resolved", "changes", "fold", "resolve", "six_digits"]


class Change(NamedTuple):
    """A code that ceased: its successor, the first day of the successor, and whether that is confirmed."""

    code: str
    name: str
    belfiore: str
    successor: str
    since: str
    status: str
    source: str


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """A municipality that was found; ``successor`` and ``since`` where its code was merged into another."""

    query: str
    istat: str
    name: str
    status: Literal["current", "merged"]
    successor: str | None = None
    since: str | None = None
    pop: int | None = None
    area_km2: float | None = None


@functools.cache
def changes() -> tuple[Change, ...]:
    """Return the codes that ceased (``data/changes.csv``)."""
    text = (resources.files("contado.kernel.territory") / "data" / "changes.csv").read_text("utf-8")
    return tuple(Change(**row) for row in csv.DictReader(text.splitlines()))


def fold(name: str) -> str:
    """Return ``name`` without case, accents and punctuation: what two spellings have in common.

    >>> fold("Cassina de' Pecchi"), fold("CASSINA DE PECCHI"), fold("Roè Volciano")
    ('cassina de pecchi', 'cassina de pecchi', 'roe volciano')
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[a-z0-9]+", plain.casefold()))


def six_digits(value: object) -> str | None:
    """Return the 6-digit code of a text, integer or whole float, or None when it is none.

    >>> six_digits(15146), six_digits(" 015146 "), six_digits(15146.0), six_digits("F205")
    ('015146', '015146', '015146', None)
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    return text.zfill(6) if re.fullmatch(r"[0-9]{1,6}", text) else None


class _Index:
    """All codes and names of a set of units, current and ceased."""

    def __init__(self, units: Units) -> None:
        columns = ["istat", "name", "belfiore", "pop", "area_km2"]
        self.rows: dict[str, dict[str, Any]] = {
            str(row["istat"]): row for row in units.gdf[columns].to_dict("records")
        }
        self.ceased = {c.code: c for c in changes() if c.successor in self.rows and c.code not in self.rows}
        self.keys: dict[str, list[str]] = {}
        for code, row in self.rows.items():
            self._add(code, str(row["name"]), row["belfiore"])
        for code, change in self.ceased.items():
            self._add(code, change.name, change.belfiore)

    def _add(self, code: str, name: str, belfiore: object) -> None:
        keys = {code, fold(name)}
        if isinstance(belfiore, str) and belfiore:
            keys.add(fold(belfiore))
        for key in keys:
            self.keys.setdefault(key, []).append(code)

    def name(self, code: str) -> str:
        """Return the name that belongs to a code."""
        return self.ceased[code].name if code in self.ceased else str(self.rows[code]["name"])

    def nearest(self, key: str) -> list[str]:
        """Return the three codes whose code, Belfiore code or name resembles ``key`` most."""
        alike = [k for k in self.keys if k.isdecimal() == key.isdecimal()]
        found: list[str] = []
        for match in difflib.get_close_matches(key, alike, n=12, cutoff=0.0):
            found += [code for code in self.keys[match] if code not in found]
        return found[:3]


@functools.lru_cache(maxsize=4)
def _index(units: Units) -> _Index:
    """Return the index of ``units``, made once for each set in use."""
    return _Index(units)


def resolve(units: Units, text: str | float) -> Resolved:
    """Return the municipality that ``text`` names: ISTAT code, Belfiore code or name.

    Codes may lack leading zeros or be numbers; names are compared without case, accents and punctuation.
    A merged code answers its successor and the first day of it.

    Raises
    ------
    CodeError
        Nothing has this code or name (the hint gives the three nearest), or several have this name.
    """
    index = _index(units)
    query = str(text)
    key = six_digits(text) or fold(query)
    found = index.keys.get(key, [])
    if len(found) == 1:
        return _resolved(index, query, found[0])
    if found:
        names = ", ".join(f"{code} {index.name(code)}" for code in sorted(found))
        raise CodeError(
            f"{query!r} names {len(found)} municipalities.",
            rule="ambiguous_name",
            hint=f"give the code: {names}",
            field=query,
        )
    near = ", ".join(f"{index.name(code)} ({code})" for code in index.nearest(key))
    raise CodeError(
        f"No municipality of this territory has the code or name {query!r}.",
        hint=f"did you mean {near}?",
        field=query,
    )


def _resolved(index: _Index, query: str, code: str) -> Resolved:
    if code in index.ceased:
        change = index.ceased[code]
        return Resolved(
            query=query,
            istat=code,
            name=change.name,
            status="merged",
            successor=change.successor,
            since=change.since,
        )
    import pandas as pd

    row = index.rows[code]
    return Resolved(
        query=query,
        istat=code,
        name=str(row["name"]),
        status="current",
        pop=None if pd.isna(row["pop"]) else int(row["pop"]),
        area_km2=float(row["area_km2"]),
    )
