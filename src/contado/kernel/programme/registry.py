"""The project registry: what a plan starts, with its payments, codes and facts; codes joined to registers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from contado.kernel.errors import DataError, did_you_mean
from contado.kernel.identifiers import check_cup
from contado.kernel.tables.codes import split_cup

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["CupClasses", "Partners", "Work", "cup_classes", "partners", "works"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A work of the programme: when it starts, who pays what in which year [whole cents], what is known of it."""

    id: str
    start_year: int
    cents: Mapping[tuple[str, int], int]
    """(source, year) -> cents."""
    cups: tuple[str, ...] = ()
    cui: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The row of the intervention."""
    members: tuple[str, ...] = ()
    """Interventions that are this one work; () = the intervention itself."""

    @property
    def total_cents(self) -> int:
        """Payments of all years together: the amount that is held against the threshold."""
        return sum(self.cents.values())

    def year_cents(self, year: int) -> int:
        """Payments of one year."""
        return sum(cents for (_, y), cents in self.cents.items() if y == year)

    def text(self, name: str) -> str | None:
        """Return a fact as text, None where it is unknown."""
        value = self.facts.get(name)
        return None if value is None or str(value).strip() == "" else str(value).strip()


def works(programme: Iterable[Mapping[str, Any]], interventions: Iterable[Mapping[str, Any]]) -> list[Work]:
    """Return the works of a plan in the order of their ids.

    Parameters
    ----------
    programme
        Rows ``intervention_id, start_year, payments: [{source, amount_eur[, year]}]``; a payment without
        a year falls into the start year.
    interventions
        Rows of the candidates (shared or folder columns).

    Raises
    ------
    DataError
        The plan names an intervention that is not there, or one twice.
    """
    known = {str(row["id"]): row for row in interventions}
    found: dict[str, Work] = {}
    for row in programme:
        key = str(row["intervention_id"])
        if key not in known:
            raise DataError(
                f"The plan starts {key}, which is no intervention.",
                rule="unknown_reference",
                hint=did_you_mean(key, known) or "give the tables the plan was made from",
                field="intervention_id",
            )
        if key in found:
            raise DataError(
                f"The plan starts {key} twice.", rule="duplicate_id", hint="keep one start", field="programme"
            )
        found[key] = _work(key, row, known[key])
    return [found[key] for key in sorted(found)]


def _work(key: str, row: Mapping[str, Any], facts: Mapping[str, Any]) -> Work:
    start = int(row["start_year"])
    cents: Counter[tuple[str, int]] = Counter()
    for payment in row["payments"]:
        year = payment.get("year")
        cents[str(payment["source"]), start if year is None else int(year)] += round(
            float(payment["amount_eur"]) * 100
        )
    cui = str(facts.get("cui") or "").strip().upper() or None
    return Work(
        id=key, start_year=start, cents=dict(cents), cups=_cups(facts.get("cup")), cui=cui, facts=facts
    )


def _cups(cell: Any) -> tuple[str, ...]:
    parts = [cell] if isinstance(cell, str) else cell or []
    return tuple(code for part in parts for code in split_cup(str(part)))


class CupClasses(NamedTuple):
    """Positions of cells of a CUP column, by how they are written."""

    empty: tuple[int, ...]
    well_formed: tuple[int, ...]
    upper_cased: tuple[int, ...]
    several: tuple[int, ...]
    malformed: tuple[int, ...]


def cup_classes(cells: Sequence[str | None]) -> CupClasses:
    """Sort the cells of a CUP column: empty, as it should be, right once upper-cased, several codes, malformed.

    Examples
    --------
    >>> cup_classes(["G17H03000130011", None, "g17h03000130011", "????"]).malformed
    (3,)
    """
    found: dict[str, list[int]] = {name: [] for name in CupClasses._fields}
    for i, cell in enumerate(cells):
        found[_class(cell)].append(i)
    return CupClasses(**{name: tuple(where) for name, where in found.items()})


def _class(cell: str | None) -> str:
    text = (cell or "").strip()
    if not text:
        return "empty"
    if check_cup(text) is None:
        return "well_formed"
    codes = split_cup(text)
    if len(codes) > 1:
        return "several"
    return "upper_cased" if codes and check_cup(codes[0]) is None else "malformed"


class Partners(NamedTuple):
    """Codes of works looked up in two registers; counts of distinct codes."""

    codes: int
    in_register: int
    with_tender: int
    tenders: int
    """CIG of the codes, distinct."""
    without_register: tuple[str, ...]
    without_tender: tuple[str, ...]
    rows_without_code: int


def partners(
    cells: Sequence[str | None], register: Iterable[str], tenders: Iterable[tuple[str, str]]
) -> Partners:
    """Join the CUP of works to the projects of OpenCUP and to their tenders (CUP, CIG); nothing is dropped."""
    lists = [split_cup(cell) if cell else [] for cell in cells]
    codes = sorted({code for found in lists for code in found if check_cup(code) is None})
    known = set(register)
    by_code: dict[str, set[str]] = {}
    for cup, cig in tenders:
        by_code.setdefault(cup, set()).add(cig)
    missing = tuple(code for code in codes if code not in known)
    untendered = tuple(code for code in codes if code not in by_code)
    return Partners(
        codes=len(codes),
        in_register=len(codes) - len(missing),
        with_tender=len(codes) - len(untendered),
        tenders=len({cig for code in codes for cig in by_code.get(code, ())}),
        without_register=missing,
        without_tender=untendered,
        rows_without_code=sum(not any(check_cup(c) is None for c in found) for found in lists),
    )
