"""Milestones: nearest days of the money, years of the works, what was reported first; a calendar read back."""

import datetime as dt

import icalendar
import pytest

from contado.kernel.dates import Calendar
from contado.kernel.programme import milestones
from contado.kernel.programme.registry import works

INTERVENTIONS = [
    {"id": "W1", "practice": "road", "name": "Strada", "crash_count": 4},
    {"id": "W2", "practice": "trees", "name": None, "crash_count": None},
]
PLAN = [
    {
        "intervention_id": "W1",
        "start_year": 2027,
        "payments": [
            {"source": "pnrr", "amount_eur": 100.0},
            {"source": "own", "amount_eur": 50.0, "year": 2028},
            {"source": "gse", "amount_eur": 0.0, "year": 2029},
        ],
    },
    {"intervention_id": "W2", "start_year": 2028, "payments": [{"source": "own", "amount_eur": 9.0}]},
]


def rule(source, domains="*", **more):
    return {"source": source, "domains": domains, "max_rate": 1.0, "cumulable": "True", **more}


RULES = [
    rule("pnrr", commit_by="2027-06-30", spend_by="2029-08-31"),
    rule("pnrr", commit_by="2027-03-07", spend_by=dt.date(2028, 6, 30), when="crash_count >= 3"),
    rule("pnrr", domains="trees", commit_by="2027-01-31"),
    rule("pnrr", commit_by="2026-12-31", spend_by="2027-12-31"),
    rule("gse", commit_by="2027-02-01"),
    rule("own"),
]


def due(rules=RULES, reported=()):
    return {
        (row["intervention_id"], row["kind"]): (row["due"], row["done"])
        for row in milestones.due(works(PLAN, INTERVENTIONS), rules, reported)
    }


def test_a_plan_makes_starts_ends_and_the_nearest_days_of_its_money_due():
    assert due() == {
        ("W1", "commit_by"): (dt.date(2027, 3, 7), None),
        ("W1", "spend_by"): (dt.date(2028, 6, 30), None),
        ("W1", "works_end"): (dt.date(2028, 12, 31), None),
        ("W1", "works_start"): (dt.date(2027, 12, 31), None),
        ("W2", "works_end"): (dt.date(2028, 12, 31), None),
        ("W2", "works_start"): (dt.date(2028, 12, 31), None),
    }


def test_a_rule_that_does_not_hold_for_a_work_sets_no_day():
    strict = [rule("pnrr", commit_by="2027-03-07", when="crash_count >= 9")]
    assert ("W1", "commit_by") not in due(strict)


def test_what_the_offices_reported_comes_first():
    reported = [
        {"intervention_id": "W1", "kind": "works_start", "due": None, "done": dt.date(2027, 5, 3)},
        {"intervention_id": "W1", "kind": "works_end", "due": dt.date(2028, 3, 1), "done": None},
        {"intervention_id": "W1", "kind": "test", "due": dt.date(2028, 4, 1), "done": None},
        {"intervention_id": "gone", "kind": "works_end", "due": dt.date(2028, 3, 1), "done": None},
    ]
    found = due(reported=reported)
    assert found["W1", "works_start"] == (dt.date(2027, 12, 31), dt.date(2027, 5, 3))
    assert found["W1", "works_end"] == (dt.date(2028, 3, 1), None)
    assert found["W1", "test"] == (dt.date(2028, 4, 1), None)
    assert ("gone", "works_end") not in found


@pytest.fixture
def written():
    reported = [
        {"intervention_id": "W1", "kind": "works_start", "due": None, "done": dt.date(2027, 5, 3)},
        {"intervention_id": "W2", "kind": "works_start", "due": None, "done": None, "note": "con la scuola"},
        {"intervention_id": "W2", "kind": "idea", "due": None, "done": None},
    ]
    rows = milestones.due(works(PLAN, INTERVENTIONS), RULES, reported)
    return milestones.calendar(rows, {"W1": "Strada", "W2": "W2"}, domain="city", calendar=Calendar())


def test_the_calendar_holds_each_milestone_with_a_day(written):
    events = {str(e["UID"]): e for e in icalendar.Calendar.from_ical(written).walk("VEVENT")}
    assert sorted(events) == [
        "W1:commit_by@city",
        "W1:spend_by@city",
        "W1:works_end@city",
        "W1:works_start@city",
        "W2:works_end@city",
        "W2:works_start@city",
    ]
    commit = events["W1:commit_by@city"]
    assert (str(commit["SUMMARY"]), commit["DTSTART"].dt) == (
        "impegnare i fondi: Strada",
        dt.date(2027, 3, 7),
    )
    assert str(commit["DESCRIPTION"]) == "W1\ndomenica: per prudenza entro il 05/03/2027"
    assert str(events["W1:works_start@city"]["DESCRIPTION"]) == "W1\nfatto il 03/05/2027"
    assert "con la scuola" in str(events["W2:works_start@city"]["DESCRIPTION"])
