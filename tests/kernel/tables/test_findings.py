"""Findings are counted, made strict, and refuse where they must."""

from __future__ import annotations

import pytest

from contado.kernel.errors import DataError, Finding
from contado.kernel.tables.findings import count, made_strict, raise_refused, refuse_strictly

NOTE = Finding(severity="note", rule="a", message="a.", table="t", row=1)
WARNING = Finding(severity="warning", rule="b", message="b.", table="t", row=2)
ASIDE = Finding(severity="error", rule="c", message="c.", table="t", row=3, action="row_set_aside")
AGAIN = Finding(severity="warning", rule="d", message="d.", table="t", row=3, action="row_set_aside")
REFUSED = Finding(severity="error", rule="e", message="e.", table="t", row=4, action="refused", hint="h")


def test_rows_are_counted_once():
    assert count([NOTE, WARNING, ASIDE, AGAIN, REFUSED]) == (2, 2, 1, 1)


def test_strict_refuses_all_but_notes():
    strict = made_strict([NOTE, WARNING, ASIDE, REFUSED])
    assert [(f.severity, f.action) for f in strict] == [("note", "kept"), *[("error", "refused")] * 3]


def test_the_first_refusal_is_raised_with_the_rows():
    raise_refused([NOTE, WARNING, ASIDE])
    with pytest.raises(DataError, match=r"e\. \(1 more") as error:
        raise_refused(
            [
                NOTE,
                REFUSED,
                Finding(severity="error", rule="f", message="f.", table="t", row=9, action="refused"),
            ]
        )
    assert (error.value.rule, error.value.rows, error.value.hint) == ("e", (4, 9), "h")


def test_what_is_refused_strictly_always_has_a_hint():
    refuse_strictly([NOTE])
    with pytest.raises(DataError, match="Hint: h") as error:
        refuse_strictly([REFUSED])
    with pytest.raises(DataError, match="without --strict") as error:
        refuse_strictly([NOTE, WARNING, ASIDE])
    assert (error.value.rule, error.value.rows) == ("b", (2, 3))
