"""Milestones of works: what the programme makes due, what the offices report as done, and their calendar."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, Literal

from contado.kernel.dates import ical
from contado.kernel.dates.dated import day as read_day
from contado.kernel.funding.rules import read_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from contado.kernel.dates import Calendar
    from contado.kernel.funding.rules import Rule
    from contado.kernel.programme.registry import Work

__all__ = ["REPORTED", "calendar", "due", "reached"]

REPORTED: Final = ("works_start", "works_end")
"""Kinds of event that a milestone's ``done`` is made of."""
_TITLES: Final[Mapping[str, str]] = {
    "commit_by": "impegnare i fondi",
    "works_start": "inizio lavori",
    "works_end": "fine lavori",
    "spend_by": "spendere i fondi",
}


def reached(
    row: Mapping[str, Any] | None, *, day: dt.date
) -> tuple[Literal["new", "same", "conflict"], dt.date | None]:
    """Say what a reported day does to a milestone, with the day it holds so far.

    Examples
    --------
    >>> import datetime as dt
    >>> reached({"done": None}, day=dt.date(2027, 5, 3))
    ('new', None)
    >>> reached({"done": dt.date(2027, 5, 3)}, day=dt.date(2027, 5, 3))[0]
    'same'
    """
    done = None if row is None else row["done"]
    if done is None:
        return "new", None
    return ("same" if done == day else "conflict"), done


def due(
    works: Sequence[Work],
    rules: Sequence[Mapping[str, Any]] = (),
    reported: Iterable[Mapping[str, Any]] = (),
) -> list[dict[str, Any]]:
    """Return the milestones of a plan, ``intervention_id, kind, due, done, note``, in the order of their keys.

    Works start by the end of their start year and end by the end of the last year that is paid. Money is
    committed and spent by the nearest day among the rules that its sources may have paid under.

    Parameters
    ----------
    works
        As `contado.kernel.programme.registry.works` returns them.
    rules
        Rows of ``funding_rule``.
    reported
        Rows of ``milestone``: their own day due and day done come before what the plan says; those of other
        works are left out.

    Raises
    ------
    DataError
        A rule that cannot be read.
    """
    columns = {column for work in works for column in work.facts}
    held = list(zip(read_rules(rules, columns), rules, strict=True))
    found = {(work.id, kind): day for work in works for kind, day in _planned(work, held)}
    milestones = {key: _row(key, day) for key, day in found.items()}
    known = {work.id for work in works}
    for row in reported:
        key = (str(row["intervention_id"]), str(row["kind"]))
        if key[0] in known:
            old = milestones.get(key, _row(key, None))
            told = {name: row.get(name) for name in ("due", "done", "note") if row.get(name) is not None}
            milestones[key] = old | told
    return [milestones[key] for key in sorted(milestones)]


def _row(key: tuple[str, str], day: dt.date | None) -> dict[str, Any]:
    return {"intervention_id": key[0], "kind": key[1], "due": day, "done": None, "note": None}


def _planned(work: Work, rules: Sequence[tuple[Rule, Mapping[str, Any]]]) -> Iterator[tuple[str, dt.date]]:
    last = max((work.start_year, *(year for (_, year), cents in work.cents.items() if cents)))
    yield "works_start", dt.date(work.start_year, 12, 31)
    yield "works_end", dt.date(last, 12, 31)
    facts = {**work.facts, "domain": work.facts.get("domain") or work.facts.get("practice")}
    payers = {source for (source, _), cents in work.cents.items() if cents}
    held = [row for rule, row in rules if rule.source in payers and rule.eligible(facts) is not False]
    for kind, year in (("commit_by", work.start_year), ("spend_by", last)):
        days = [day for row in held if (day := read_day(row.get(kind), "funding_rule")) and day.year >= year]
        if days:
            yield kind, min(days)


def calendar(
    milestones: Iterable[Mapping[str, Any]],
    names: Mapping[str, str],
    *,
    domain: str,
    calendar: Calendar,
) -> bytes:
    """Write milestones that have a day due as a calendar of all-day events, in Italian.

    Parameters
    ----------
    milestones
        As `due` returns them.
    names
        Intervention -> what is done.
    domain
        Right-hand side of the UIDs; a calendar that is imported again replaces its events.
    calendar
        Of the office: a milestone on a Sunday or holiday names the last working day before.
    """
    entries = [
        ical.Entry(
            uid=f"{row['intervention_id']}:{row['kind']}@{domain}",
            summary=f"{_TITLES.get(row['kind'], row['kind'])}: {names[row['intervention_id']]}",
            start=row["due"],
            stamp=dt.datetime.combine(row["due"], dt.time(), tzinfo=dt.UTC),
            description=_description(row, calendar),
            categories=(row["kind"],),
        )
        for row in milestones
        if row["due"] is not None
    ]
    return ical.to_bytes(entries, name="Programma triennale: scadenze")


def _description(row: Mapping[str, Any], calendar: Calendar) -> str:
    day, done = row["due"], row["done"]
    parts = [row["intervention_id"]]
    if done is not None:
        parts.append(f"fatto il {done:%d/%m/%Y}")
    elif (reason := calendar.reason(day, "it")) is not None:
        parts.append(f"{reason}: per prudenza entro il {calendar.last_working_before(day):%d/%m/%Y}")
    return "\n".join([*parts, *([row["note"]] if row["note"] else [])])
