"""Dates of the law: dated rows, thresholds, holidays, terms with their explanation, recurrence, iCal.

Examples
--------
>>> import datetime as dt
>>> from contado.kernel.dates import find, term
>>> rule = find("L241-14bis", "opinion", sensitive=True, on=dt.date(2026, 3, 2))
>>> print(term(rule, dt.date(2026, 3, 5), body="ARPA").text("en").partition(";")[0])
opinion of ARPA: by 2026-05-04
"""

from __future__ import annotations

from contado.kernel.dates.dated import holding, holds, pick
from contado.kernel.dates.explain import Explanation, Shift
from contado.kernel.dates.holidays import Calendar, easter
from contado.kernel.dates.legal import legal_value
from contado.kernel.dates.local import legal_day, today
from contado.kernel.dates.rules import TermRule, find, read_rules
from contado.kernel.dates.terms import Conference, add_months, conference, term

__all__ = [
    "Calendar",
    "Conference",
    "Explanation",
    "Shift",
    "TermRule",
    "add_months",
    "conference",
    "easter",
    "find",
    "holding",
    "holds",
    "legal_day",
    "legal_value",
    "pick",
    "read_rules",
    "term",
    "today",
]
