"""Legal terms: the day by which something is due, with the explanation of that day.

A term in calendar days leaves out the day of the event; one that ends on a Sunday or holiday moves to the
next day that is neither (art. 2963 c.c., to be confirmed against the text of the norm). A term in working
days counts Monday to Friday without holidays. Months and years keep the day of the month, or take its last
day. A term counted backwards ("at least six months before the expiry") does not move.

Examples
--------
>>> day = term(find("AUA", "renewal_before_expiry", sensitive=False, on=dt.date(2026, 1, 1)),
...            dt.date(2027, 8, 31))
>>> day.due, day.prudent_due
(datetime.date(2027, 2, 28), datetime.date(2027, 2, 26))
>>> path = conference(dt.date(2026, 3, 2), dt.date(2026, 3, 5))
>>> [(step, path.steps[step].due.isoformat()) for step in ("convene", "opinion", "conclusion")]
[('convene', '2026-03-09'), ('opinion', '2026-04-04'), ('conclusion', '2026-04-13')]
"""

from __future__ import annotations

import calendar as months
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contado.kernel.dates.explain import Explanation, Shift
from contado.kernel.dates.holidays import Calendar
from contado.kernel.dates.rules import TermRule, find, others
from contado.kernel.dates.rules import steps as steps_of
from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SIMPLIFIED", "Conference", "add_months", "conference", "find", "term"]

SIMPLIFIED: Final = "L241-14bis"
"""Family of the simplified conference of services, the regime where none is named."""


def term(
    rule: TermRule,
    event: dt.date,
    *,
    calendar: Calendar | None = None,
    suspension_days: int = 0,
    body: str | None = None,
) -> Explanation:
    """Return when a term ends, and why.

    Parameters
    ----------
    rule
        As `find` returns it.
    event
        Legal day of the event; it is not counted.
    calendar
        Of the office; the default has the patron day of the settings' default.
    suspension_days
        Days in which the clock stood; they lengthen the term before any shift.
    body
        Who is bound, for the sentence.

    Raises
    ------
    DataError
        ``bad_suspension``: negative, or on a term counted backwards; ``bad_date``: the term leaves the calendar.
    """
    days = calendar or Calendar()
    _check_suspension(rule, suspension_days)
    try:
        raw = _raw(rule, event, days, suspension_days)
        if rule.direction == "backward":
            prudent = days.last_working_before(raw) if days.closed(raw) else None
            return Explanation(rule=rule, event_date=event, raw=raw, due=raw, body=body, prudent_due=prudent)
        shifts = _shifts(raw, days)
    except (OverflowError, ValueError):
        raise DataError(
            f"{rule.days} {rule.day_type} from {event} leave the calendar.",
            rule="bad_date",
            hint="check the day",
        ) from None
    due = shifts[-1].to if shifts else raw
    return Explanation(
        rule=rule,
        event_date=event,
        raw=raw,
        due=due,
        body=body,
        shifts=shifts,
        suspension_days=suspension_days,
    )


def add_months(day: dt.date, count: int) -> dt.date:
    """Return the same day of another month, or its last day.

    Examples
    --------
    >>> add_months(dt.date(2026, 1, 31), 1), add_months(dt.date(2024, 2, 29), -12)
    (datetime.date(2026, 2, 28), datetime.date(2023, 2, 28))
    """
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    last = months.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))


def _check_suspension(rule: TermRule, suspension_days: int) -> None:
    if suspension_days < 0 or (suspension_days and rule.direction == "backward"):
        raise DataError(
            f"{rule.step}: {suspension_days} days of suspension.",
            rule="bad_suspension",
            hint="a term counted forwards is lengthened by 0 days or more; one counted backwards by none",
            field="suspension_days",
        )


def _raw(rule: TermRule, event: dt.date, calendar: Calendar, suspension_days: int) -> dt.date:
    sign = -1 if rule.direction == "backward" else 1
    longer = dt.timedelta(days=suspension_days)
    if rule.day_type == "calendar":
        return event + dt.timedelta(days=sign * rule.days) + longer
    if rule.day_type == "working":
        move = calendar.take_working if sign < 0 else calendar.add_working
        return move(event, rule.days) + longer
    return add_months(event, sign * rule.days * (12 if rule.day_type == "years" else 1)) + longer


def _shifts(raw: dt.date, calendar: Calendar) -> tuple[Shift, ...]:
    shifts, day = [], raw
    while (reason := calendar.closed(day)) is not None:
        after = day + dt.timedelta(days=1)
        shifts.append(Shift(day=day, to=after, reason=reason))
        day = after
    return tuple(shifts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conference:
    """The days of a conference of services: step -> its term, in the order of the procedure."""

    regime: str
    """Version whose opinions' term holds."""
    convened: dt.date
    """Day of the convening; the last lawful one where none was given."""
    steps: Mapping[str, Explanation]
    findings: tuple[Finding, ...]


def conference(
    received: dt.date,
    convened: dt.date | None = None,
    *,
    sensitive: bool = False,
    suspension_days: int = 0,
    regime: str = SIMPLIFIED,
    calendar: Calendar | None = None,
    rules: Sequence[TermRule] = (),
) -> Conference:
    """Return all days of a simplified conference (L. 241/1990 art. 14-bis).

    Parameters
    ----------
    received
        Legal day of receipt; its rows count to the end.
    convened
        Legal day of the convening; None: the last lawful one is taken, and a note says so.
    sensitive
        Whether a body protects environment, landscape, heritage or health.
    suspension_days
        Days of suspension that lengthen the opinions' term.
    regime
        A family or version; one that modifies another follows it in the steps it says nothing on.
    calendar, rules
        Of the office.

    Raises
    ------
    DataError
        ``convened_before_received``; ``no_term``; ``bad_suspension``: more days than the law allows.
    """
    days = calendar or Calendar()

    def row(step: str) -> TermRule:
        follows = step not in own and opinion_rule.modifies
        return find(follows or regime, step, sensitive=sensitive, on=received, rules=rules)

    own = steps_of(regime, rules)
    opinion_rule = find(regime, "opinion", sensitive=sensitive, on=received, rules=rules)
    _check_longest(
        find("L241-2", "suspension_max", sensitive=sensitive, on=received, rules=rules), suspension_days
    )
    convene = term(row("convene"), received, calendar=days)
    start = convened or convene.due
    opinion = term(opinion_rule, start, calendar=days, suspension_days=suspension_days)
    meeting = "online_meeting" if "online_meeting" in own else "sync_meeting"
    steps = {
        "convene": convene,
        "integration_request": term(row("integration_request"), start, calendar=days),
        "opinion": opinion,
        meeting: term(row(meeting), opinion.due, calendar=days),
        "conclusion": term(row("conclusion"), opinion.due, calendar=days),
    }
    findings = (*_convening(received, convened, convene), *others(opinion.rule, received, rules))
    return Conference(regime=opinion.rule.regime, convened=start, steps=steps, findings=findings)


def _check_longest(longest: TermRule, suspension_days: int) -> None:
    if suspension_days > longest.days:
        raise DataError(
            f"{suspension_days} days of suspension; the law allows {longest.days} ({longest.norm}).",
            rule="bad_suspension",
            hint=f"at most {longest.days} days count",
            field="suspension_days",
        )


def _convening(received: dt.date, convened: dt.date | None, convene: Explanation) -> list[Finding]:
    if convened is None:
        return [
            Finding(
                severity="note",
                rule="convening_assumed",
                message=f"No day of convening is given: the last lawful one, {convene.due}, was used.",
                hint="give the day of convening",
            )
        ]
    if convened < received:
        raise DataError(
            f"Convened on {convened}, before the receipt of {received}.",
            rule="convened_before_received",
            hint="check both days",
            field="convened",
        )
    if convened <= convene.due:
        return []
    return [
        Finding(
            severity="warning",
            rule="convened_late",
            message=f"Convened on {convened}; it was due by {convene.due} ({convene.rule.norm}).",
            hint="the later steps are counted from the real day",
        )
    ]
