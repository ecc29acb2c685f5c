"""Events of the offices: taken in once, never silently overwritten."""

import datetime as dt

import pytest

from contado.kernel import tables
from contado.kernel.programme.record import record

CUP = "G17H03000130011"
WORKS = [{"id": "A", "cup": [CUP]}, {"id": "B", "cup": ["J11B21003450001"]}]
EMPTY = {name: tables.empty(name) for name in ("payment", "milestone", "observation")}


def take(*events, so_far=EMPTY, **more):
    settings = {"interventions": WORKS, "source_id": "events", **so_far, **more}
    return record(events, lines=range(2, 2 + len(events)), **settings)


def event(kind, **more):
    return {"intervention_id": "A", "kind": kind, "date": "2027-05-03", **more}


EVENTS = (
    event("committed", amount_eur=1000.0),
    event("paid", amount_eur="250.50", source="own"),
    event("works_start"),
    {**event("works_end"), "intervention_id": None, "cup": CUP.lower(), "date": "2027-09-01"},
    event("observation", indicator="condition_index_km_y", value=12.5, unit="km_y"),
)


def test_each_kind_goes_to_its_table():
    done = take(*EVENTS, programme=[{"intervention_id": "A", "source": "regional"}])
    assert (done.recorded, done.unchanged, done.rejected) == (5, 0, ())
    assert {(r["source"], r["amount_eur"]) for r in done.tables["payment"].to_pylist()} == {
        ("regional", 1000.0),
        ("own", 250.5),
    }
    assert {r["kind"]: r["done"] for r in done.tables["milestone"].to_pylist()} == {
        "works_start": dt.date(2027, 5, 3),
        "works_end": dt.date(2027, 9, 1),
    }
    assert done.tables["observation"].to_pylist()[0]["value"] == 12.5


def test_the_same_events_twice_change_nothing():
    once = take(*EVENTS)
    twice = take(*EVENTS, so_far=once.tables)
    assert (twice.recorded, twice.unchanged) == (0, 5)
    for name, table in once.tables.items():
        assert tables.content_hash(table) == tables.content_hash(twice.tables[name])


def test_a_planned_step_keeps_its_due_day():
    due = tables.from_rows(
        "milestone", [{"intervention_id": "A", "kind": "works_start", "due": dt.date(2027, 4, 1)}]
    )
    done = take(event("works_start"), so_far={**EMPTY, "milestone": due})
    assert done.tables["milestone"].to_pylist()[0]["due"] == dt.date(2027, 4, 1)


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        (event("payed"), "unknown_kind"),
        (event("paid", amount_eur="many"), "bad_number"),
        (event("paid", amount_eur=-1), "negative_amount"),
        (event("paid", amount_eur=float("nan")), "bad_number"),
        ({**event("works_start"), "date": "3/5/2027"}, "bad_date"),
        ({**event("works_start"), "date": "2027-02-30"}, "bad_date"),
        ({**event("works_start"), "intervention_id": "X"}, "unknown_reference"),
        ({**event("works_start"), "intervention_id": None}, "missing_value"),
        ({**event("works_start"), "intervention_id": None, "cup": "Z99Z99999999999"}, "unknown_reference"),
        (event("observation", indicator="condition_index_km_y", value=1, unit="km"), "unknown_unit"),
        (event("observation", value=1, unit="km"), "missing_value"),
    ],
)
def test_what_cannot_be_taken_in_is_rejected_with_its_line(bad, rule):
    done = take(EVENTS[2], bad)
    assert done.recorded == 1
    assert [(r.row, r.rule) for r in done.rejected] == [(3, rule)]


@pytest.mark.parametrize("k", [0, 2, 4])
def test_another_content_under_the_same_key_is_rejected(k):
    other = [
        event("committed", amount_eur=1001.0),
        None,
        {**EVENTS[2], "date": "2027-05-04"},
        None,
        {**EVENTS[4], "value": 13.0},
    ][k]
    once = take(*EVENTS)
    done = take(other, so_far=once.tables)
    assert [r.rule for r in done.rejected] == ["conflicting_event"]
    assert all(done.tables[name].equals(once.tables[name]) for name in EMPTY)


def test_a_cup_of_two_lots_asks_for_the_intervention():
    lots = [{"id": "A", "cup": [CUP]}, {"id": "B", "cup": [CUP]}]
    done = take({"cup": CUP, "kind": "works_start", "date": "2027-05-03"}, interventions=lots)
    assert [r.rule for r in done.rejected] == ["ambiguous_cup"]
