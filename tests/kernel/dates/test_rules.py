"""Which term holds: every row of the open table is reachable, families follow the day, nothing is a default."""

import csv
import datetime as dt

import pytest

from contado.kernel.dates import find, read_rules
from contado.kernel.dates.rules import others, shipped
from contado.kernel.errors import DataError

ROW = {
    "regime": "CITY-trees",
    "step": "decision",
    "days": 45,
    "day_type": "calendar",
    "counted_from": "application_received",
    "valid_from": dt.date(2026, 1, 1),
    "norm": "regolamento del verde art. 7",
}


def test_every_row_of_the_open_table_is_reached_with_its_facts(shared):
    with shared("platform/termini_procedimenti.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 27
    for row in rows:
        day = dt.date.fromisoformat(row["valid_from"])
        rule = find(row["regime"], row["step"], sensitive=row["sensitive_interest"] == "yes", on=day)
        told = (rule.regime, str(rule.days), rule.day_type, rule.counted_from, rule.valid_from)
        assert told == (row["regime"], row["days"], row["day_type"], row["counted_from"], day)
        assert (rule.status == "confirmed") == (row["seen_or_memory"] == "seen")
        assert row["norm"].partition(" c. ")[0] in rule.norm


def test_every_shipped_row_is_reached_by_its_own_keys():
    for rule in shipped():
        assert rule.norm
        assert (
            find(rule.regime, rule.step, sensitive=rule.sensitive_interest == "yes", on=rule.valid_from)
            == rule
        )


@pytest.mark.parametrize(
    ("day", "version", "days"),
    [("2026-02-19", "DLgs127-2016", (45, 90)), ("2026-02-20", "DL19-2026", (30, 60))],
)
def test_a_family_takes_the_version_of_the_day_of_receipt(day, version, days):
    found = [find("L241-14bis", "opinion", sensitive=s, on=dt.date.fromisoformat(day)) for s in (False, True)]
    assert [r.days for r in found] == list(days)
    assert {r.regime for r in found} == {f"L241-14bis/{version}"}


def test_a_version_keeps_to_its_own_rows_and_follows_its_family_elsewhere():
    new = dt.date(2026, 3, 2)
    assert find("L241-14bis/DL19-2026", "convene", sensitive=False, on=new).days == 5
    assert find("L241-14bis/DLgs127-2016", "sync_meeting", sensitive=False, on=new).days == 10
    with pytest.raises(DataError, match="DLgs127-2016"):
        find("L241-14bis/DLgs127-2016", "opinion", sensitive=False, on=new)


@pytest.mark.parametrize(
    ("regime", "step", "sensitive", "day", "hint"),
    [
        ("AUAA", "validity", False, "2026-01-01", "AUA"),
        ("AUA", "validities", False, "2026-01-01", "validity"),
        ("L241-14bis/DL20-2026", "opinion", False, "2026-03-01", "DL19-2026"),
        ("AUA", "validity", False, "2010-01-01", "2013-06-13"),
        ("L241-20", "silent_assent", True, "2026-01-01", "add a dated row"),
    ],
)
def test_no_row_is_an_error_that_names_all_four(regime, step, sensitive, day, hint):
    with pytest.raises(DataError) as raised:
        find(regime, step, sensitive=sensitive, on=dt.date.fromisoformat(day))
    assert raised.value.rule == "no_term"
    for word in (regime, step, "yes" if sensitive else "no", day):
        assert word in raised.value.message
    assert hint in raised.value.hint


@pytest.mark.parametrize(("day", "told"), [("2026-12-31", ["DL76-2020-13"]), ("2027-01-01", [])])
def test_the_accelerated_conference_is_named_while_it_could_apply(day, told):
    on = dt.date.fromisoformat(day)
    rule = find("L241-14bis", "opinion", sensitive=False, on=on)
    assert [f.row for f in others(rule, on)] == told


def test_an_office_adds_rows_and_supersedes_shipped_ones_by_a_later_start():
    own = read_rules([ROW, {**ROW, "regime": "AUA", "step": "change", "days": 50}])
    assert find("CITY-trees", "decision", sensitive=True, on=dt.date(2026, 5, 1), rules=own).days == 45
    assert find("AUA", "change", sensitive=False, on=dt.date(2026, 5, 1), rules=own).days == 50
    assert find("AUA", "change", sensitive=False, on=dt.date(2025, 5, 1), rules=own).days == 60


@pytest.mark.parametrize(
    ("cell", "rule"),
    [({"days": "-1"}, "bad_number"), ({"days": 1.5}, "bad_number"), ({"day_type": "weeks"}, "bad_value")],
)
def test_a_row_that_cannot_be_read_is_quoted(cell, rule):
    with pytest.raises(DataError) as raised:
        read_rules([ROW, {**ROW, **cell}])
    assert (raised.value.rule, raised.value.rows) == (rule, (2,))
    assert str(next(iter(cell.values()))) in raised.value.message
