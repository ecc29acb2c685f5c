"""What is known of a place in time: told whole or not at all, from the rows that hold, on the legal days."""

from __future__ import annotations

import datetime as dt

import pytest

from contado.engines.pavement.evidence import log, story
from contado.engines.pavement.evidence.story import Span
from contado.kernel import tables
from contado.kernel.errors import DataError, RecordNotFound
from invented.inspections import MILANO, drive, hole

DAY = dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.UTC)
"""In the legal time already 2 March."""


def event(seq, chainage_m, what, *, drive_id="d", revises=None, before="new", after="new"):
    """A row of evidence of anomaly A:1, as `log` writes them; each a day after the one before."""
    at = DAY + dt.timedelta(days=seq)
    return {
        "audit_seq": seq,
        "anomaly_id": "A:1",
        "section_id": "A",
        "chainage_m": chainage_m,
        "at_utc": at,
        "at_local": at.astimezone(dt.timezone(dt.timedelta(hours=1))).isoformat(),
        "recorded_at": at,
        "what": what,
        "source": "car",
        "drive_id": drive_id,
        "state_before": before,
        "state_after": after,
        "p_exists": 0.5,
        "revises": revises,
        "label": "estimated",
    }


def held(workspace, rows):
    with workspace.commit() as commit:
        commit.table(log.TABLE, tables.from_rows(log.TABLE, rows))
    return workspace


def span(from_m, to_m, **days):
    return Span(section_id="A", municipality=MILANO, from_m=from_m, to_m=to_m, **days)


@pytest.fixture
def moved(workspace):
    """First felt at 99.8 m, which a later row withdraws from a little further on; now at 100.3 m."""
    return held(
        workspace,
        [
            event(1, 99.8, "seen", before=None),
            event(2, 100.3, "not_seen", drive_id="e"),
            event(3, 100.3, "seen", drive_id="f"),
            event(4, 100.4, "withdrawn", revises=1, after=None),
        ],
    )


def test_a_withdrawn_row_is_no_fact_wherever_the_part_that_is_asked_about_ends(moved):
    (whole,) = story.stories(moved, span(90.0, 110.0))
    assert [e["audit_seq"] for e in whole.events] == [1, 2, 3, 4]
    assert [e["audit_seq"] for e in whole.holding] == [2, 3]
    assert story.stories(moved, span(100.3, 110.0)) == [whole]  # the rows before its edge are told too
    assert (whole.first_seen["audit_seq"], whole.last_not_seen["audit_seq"]) == (3, 2)


def test_an_anomaly_lies_where_its_last_row_that_holds_has_it(moved):
    assert story.stories(moved, span(90.0, 100.0)) == []
    assert story.stories(moved, span(100.35, 110.0)) == []
    assert story.stories(moved, Span(section_id="B", municipality=MILANO, from_m=90.0, to_m=110.0)) == []


def test_days_cut_what_is_told_and_not_what_holds(moved):
    first = dt.date(2026, 3, 3)
    (told,) = story.stories(moved, span(90.0, 110.0, first=first, last=first))
    assert [e["audit_seq"] for e in told.events] == [1]
    assert (told.holding, told.first_seen, told.repaired, told.closed) == ((), None, None, None)
    later = dt.date(2026, 4, 1)
    assert story.stories(moved, span(90.0, 110.0, first=later)) == []


def test_repair_and_closure_are_those_of_the_last_life(workspace):
    rows = [
        event(1, 100.0, "seen", before=None),
        event(2, 100.0, "repaired", drive_id="e", before="confirmed", after="repaired"),
        event(3, 100.0, "not_seen", drive_id="f", before="repaired", after="repaired"),
        event(4, 100.0, "not_seen", drive_id="g", before="repaired", after="closed"),
    ]
    (found,) = story.stories(held(workspace, rows), span(0.0, 600.0), only="A:1")
    assert (found.repaired["audit_seq"], found.closed["audit_seq"]) == (2, 4)
    assert (found.last_seen["audit_seq"], found.last_not_seen["audit_seq"]) == (1, 4)
    assert story.stories(workspace, span(0.0, 600.0), only="A:2") == []


def test_the_ways_to_ask_about_a_place_find_it(workspace):
    for k in range(2):
        drive(workspace, f"d{k}", DAY + dt.timedelta(days=k), {"A": [hole(300.0)], "B": []})
    (one,) = workspace.read("pavement_anomaly").to_pylist()
    named = story.of_anomaly(workspace, one["anomaly_id"])
    assert (named.section_id, named.from_m, named.to_m) == ("A", pytest.approx(292.0), pytest.approx(308.0))
    there = story.at_place(workspace, 9.17, 45.4627)
    assert there.from_m < 300.0 < there.to_m
    assert there.to_m - there.from_m == pytest.approx(30.0)
    whole = story.of_section(workspace, "A", None, None)
    assert (whole.from_m, whole.to_m, whole.municipality) == (0.0, 600.0, MILANO)
    told = [story.stories(workspace, asked) for asked in (named, there, whole)]
    assert [len(found) for found in told] == [1, 1, 1]
    assert told[0] == told[1] == told[2]
    for wrong, rule in (("A:0", "no_anomaly"), (None, "no_section")):
        with pytest.raises(RecordNotFound) as caught:
            story.of_anomaly(workspace, wrong) if wrong else story.of_section(workspace, "Z", None, None)
        assert caught.value.rule == rule
    with pytest.raises(DataError) as caught:
        story.at_place(workspace, 9.3, 45.3)
    assert caught.value.rule == "off_network"


def test_passes_are_told_with_what_they_met_and_undated_ones_of_no_day(workspace):
    for k, met in enumerate(([], [hole(300.0)], [hole(300.0)])):
        drive(workspace, f"d{k}", DAY + dt.timedelta(days=k), {"A": met}, on=dt.date(2026, 3, 9))
    drives = [
        {"drive_id": f"d{k}", "vehicle_id": "car", "start_utc": None if k == 2 else DAY, "label": "simulated"}
        for k in range(3)
    ]
    with workspace.commit() as commit:
        commit.table("pavement_drive", tables.from_rows("pavement_drive", drives))
    asked = story.of_section(workspace, "A", 250.0, 350.0)
    told = story.stories(workspace, asked)
    found = story.passes(workspace, asked, told)
    assert [(p.drive_id, p.seen, p.at_local[:10]) for p in found] == [
        ("d0", False, "2026-03-02"),
        ("d1", True, "2026-03-03"),
    ]
    assert found[1].audit_seq == (told[0].first_seen["audit_seq"],)
    (left_out,) = story.undated(workspace, asked, told)
    rows = tuple(e["audit_seq"] for e in told[0].events if e["drive_id"] == "d2")
    assert (left_out.drive_id, left_out.audit_seq) == ("d2", rows)
    assert rows
    (note,) = story.notes([left_out])
    assert (note.rule, note.row) == ("no_date", "d2")
    assert story.notes([]) == []


def test_an_undated_drive_that_met_nothing_is_told_too(workspace):
    drive(workspace, "d0", DAY, {"A": []}, on=dt.date(2026, 3, 9))
    nobody_knows = {"drive_id": "d0", "vehicle_id": "car", "start_utc": None, "label": "simulated"}
    with workspace.commit() as commit:
        commit.table("pavement_drive", tables.from_rows("pavement_drive", [nobody_knows]))
    asked = story.of_section(workspace, "A", 250.0, 350.0)
    assert story.passes(workspace, asked, []) == []
    (left_out,) = story.undated(workspace, asked, [])
    assert (left_out.drive_id, left_out.audit_seq) == ("d0", ())
