"""Thresholds of the law: the row of the day, an office's rows first, an expired one is told."""

import datetime as dt

import pytest

from contado.kernel import tables
from contado.kernel.dates import dated, legal_value
from contado.kernel.errors import DataError


def test_the_threshold_of_the_day_is_picked_and_an_expired_one_is_told():
    assert legal_value("works_eu_threshold", dt.date(2025, 5, 1)) == (5_538_000.0, [])
    assert legal_value("works_eu_threshold", dt.date(2027, 1, 1)) == (5_404_000.0, [])
    value, findings = legal_value("works_eu_threshold", dt.date(2028, 1, 1))
    assert (value, [f.rule for f in findings]) == (5_404_000.0, ["parameter_expired"])


def test_rows_of_the_office_go_before_the_shipped_ones():
    own = [{"name": "works_programme_threshold", "value": 1.0, "valid_from": None, "valid_to": None}]
    assert legal_value("works_programme_threshold", dt.date(2027, 1, 1), own)[0] == 1.0
    assert legal_value("works_eu_threshold", dt.date(2027, 1, 1), own)[0] == 5_404_000.0


@pytest.mark.parametrize("name", ["no_such", "works_eu_treshold"])
def test_an_unknown_parameter_is_refused(name):
    with pytest.raises(DataError, match=name) as raised:
        legal_value(name, dt.date(2027, 1, 1))
    assert raised.value.rule == "no_parameter"
    assert raised.value.hint


@pytest.mark.parametrize(
    ("day", "eur"),
    [("2019-06-01", 40_000), ("2020-07-17", 75_000), ("2021-06-01", 139_000), ("2023-07-01", 140_000)],
)
def test_direct_award_limits_follow_the_law_of_the_day(day, eur):
    assert legal_value("goods_direct_award_limit", dt.date.fromisoformat(day)) == (eur, [])


@pytest.mark.parametrize("name", ["legal_parameter", "term_rule"])
def test_the_shipped_rows_are_valid_rows_of_the_shared_table(name):
    rows = dated.shipped(name)
    findings = tables.validate(name, tables.from_rows(name, rows))
    assert [f for f in findings if f.severity != "note"] == []
