"""Terms: the reference cases, an independent slow calendar, and what holds for every term."""

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contado.kernel.dates import Calendar, bulk, conference, find, term
from contado.kernel.dates.rules import shipped
from contado.kernel.errors import DataError

DAY = dt.timedelta(days=1)
OPINION = find("L241-14bis", "opinion", sensitive=False, on=dt.date(2026, 3, 2))
TYPES = ("calendar", "working", "months", "years")
EVENTS = st.dates(dt.date(1995, 1, 1), dt.date(2045, 12, 31))


@st.composite
def forward(draw):
    kind = draw(st.sampled_from(TYPES))
    return replace(OPINION, day_type=kind, days=draw(st.integers(0, 20 if kind == "years" else 200)))


def test_the_six_reference_cases(shared):
    cases = json.loads(shared("platform/termini_casi.json").read_text(encoding="utf-8"))["cases"]
    assert len(cases) == 6
    names = {
        "max_convened": "convene",
        "max_integration_request": "integration_request",
        "max_opinions": "opinion",
        "max_sync_meeting": "sync_meeting",
        "max_conclusion": "conclusion",
    }
    for case in cases:
        given_, expected = case["input"], case["expected"]
        day = {k: given_[k] and dt.date.fromisoformat(given_[k]) for k in ("received", "convened")}
        path = conference(
            day["received"],
            day["convened"],
            sensitive=given_["sensitive"],
            suspension_days=given_["suspension_days"],
        )
        told = {"regime": path.regime, "convened": path.convened.isoformat()}
        told |= {name: path.steps[step].due.isoformat() for name, step in names.items()}
        assert told == expected, given_["id"]
        assumed = "convening_assumed" in {f.rule for f in path.findings}
        assert assumed == (given_["convened"] is None)


@given(forward(), EVENTS, st.integers(0, 30))
def test_a_term_equals_the_slow_reference(slow, rule, event, suspension):
    assert term(rule, event, suspension_days=suspension).due == slow.due(
        event, rule.days, rule.day_type, suspension
    )


@given(forward(), EVENTS)
def test_due_is_open_and_never_before_the_raw_day(rule, event):
    found = term(rule, event)
    assert Calendar().closed(found.due) is None
    assert found.raw <= found.due
    assert [s.day for s in found.shifts] == [found.raw + n * DAY for n in range((found.due - found.raw).days)]


@given(forward(), EVENTS)
def test_a_later_event_never_makes_the_term_earlier(rule, event):
    assert term(rule, event).due <= term(rule, event + DAY).due


@given(forward(), EVENTS, st.integers(0, 30))
def test_a_suspension_lengthens_the_raw_day_exactly(rule, event, days):
    assert term(rule, event, suspension_days=days).raw == term(rule, event).raw + days * DAY


@pytest.mark.parametrize("office", [Calendar(), Calendar("06-24", saturday_closed=True)])
@given(
    st.lists(EVENTS, min_size=1, max_size=40), st.sampled_from(TYPES), st.integers(0, 40), st.integers(0, 30)
)
def test_terms_at_once_equal_terms_one_by_one(office, events, kind, length, stop):
    rule = replace(OPINION, day_type=kind, days=length)
    many = bulk.due(
        np.array(events, dtype="datetime64[D]"), length, kind, calendar=office, suspension_days=stop
    )
    assert many.tolist() == [term(rule, e, calendar=office, suspension_days=stop).due for e in events]


def test_terms_at_once_take_arrays_of_lengths_and_keep_unknown_events():
    events = np.array(["2026-03-05", "NaT", "2026-03-05"], dtype="datetime64[D]")
    assert bulk.due(events, np.array([30, 30, 60]), "calendar").astype(str).tolist() == [
        "2026-04-04",
        "NaT",
        "2026-05-04",
    ]
    unknown = np.array(["NaT"], dtype="datetime64[D]")
    assert np.isnat(bulk.due(unknown, 30, "calendar")).all()


def test_a_long_working_term_is_within_the_calendar_of_the_array():
    event = dt.date(2024, 12, 20)
    rule = replace(OPINION, day_type="working", days=2500)
    assert bulk.due(np.array([event], dtype="datetime64[D]"), 2500, "working")[0] == term(rule, event).due


@pytest.mark.parametrize(
    ("kind", "length", "event", "raw"),
    [
        ("months", 1, "2026-01-31", "2026-02-28"),
        ("months", 1, "2028-01-31", "2028-02-29"),
        ("months", 13, "2026-12-31", "2028-01-31"),
        ("years", 1, "2028-02-29", "2029-02-28"),
        ("years", 15, "2026-07-01", "2041-07-01"),
    ],
)
def test_months_and_years_end_on_the_same_day_or_the_last(kind, length, event, raw):
    rule = replace(OPINION, day_type=kind, days=length)
    assert term(rule, dt.date.fromisoformat(event)).raw.isoformat() == raw


@pytest.mark.parametrize(
    ("expiry", "due", "prudent"),
    [
        ("2027-08-31", "2027-02-28", "2027-02-26"),
        ("2026-09-30", "2026-03-30", None),
        ("2026-09-28", "2026-03-28", None),
    ],
)
def test_a_backward_term_stays_and_names_the_prudent_day(expiry, due, prudent):
    rule = find("AUA", "renewal_before_expiry", sensitive=False, on=dt.date(2026, 1, 1))
    found = term(rule, dt.date.fromisoformat(expiry))
    assert found.shifts == ()
    assert (found.due.isoformat(), found.prudent_due and found.prudent_due.isoformat()) == (due, prudent)


def test_working_days_backwards():
    rule = replace(OPINION, day_type="working", direction="backward", days=3)
    assert term(rule, dt.date(2026, 4, 8)).due == dt.date(2026, 4, 2)  # Easter Monday is the 6th


@pytest.mark.parametrize("days", [-1, 31])
def test_a_suspension_beyond_the_law_is_refused_with_the_norm(days):
    with pytest.raises(DataError) as raised:
        conference(dt.date(2026, 3, 2), suspension_days=days)
    assert raised.value.rule == "bad_suspension"
    assert days < 0 or "art. 2 c. 7" in raised.value.message


def test_a_backward_term_has_no_suspension():
    rule = find("AUA", "renewal_before_expiry", sensitive=False, on=dt.date(2026, 1, 1))
    with pytest.raises(DataError, match="1 days of suspension"):
        term(rule, dt.date(2027, 1, 1), suspension_days=1)


def test_a_term_beyond_the_calendar_is_refused():
    with pytest.raises(DataError) as raised:
        term(OPINION, dt.date(9999, 12, 20))
    assert raised.value.rule == "bad_date"


def test_convened_too_late_is_told_and_too_early_refused():
    late = conference(dt.date(2026, 3, 2), dt.date(2026, 3, 12))
    assert "convened_late" in {f.rule for f in late.findings}
    assert late.steps["opinion"].event_date == dt.date(2026, 3, 12)
    with pytest.raises(DataError) as raised:
        conference(dt.date(2026, 3, 2), dt.date(2026, 3, 1))
    assert raised.value.rule == "convened_before_received"


def test_a_modifying_regime_follows_the_one_it_modifies_elsewhere():
    path = conference(dt.date(2026, 3, 2), dt.date(2026, 3, 5), regime="DL76-2020-13")
    assert (path.regime, path.steps["convene"].due) == ("DL76-2020-13", dt.date(2026, 3, 9))
    assert list(path.steps) == ["convene", "integration_request", "opinion", "online_meeting", "conclusion"]
    assert path.steps["opinion"].due == dt.date(2026, 5, 4)


@pytest.mark.parametrize("lang", ["it", "en"])
def test_every_rule_explains_itself_in_both_languages(lang):
    for rule in shipped():
        found = term(rule, dt.date(2026, 12, 8), body="ARPA")
        text = found.text(lang)
        assert rule.norm in text
        assert "_" not in text, text
        assert ("da confermare sul testo" in text or "to be confirmed against" in text) != found.confirmed
        silent = found.if_silent(lang)
        assert silent is None or silent in text


def test_the_object_of_a_date_holds_all_it_follows_from():
    rule = find("L241-14bis", "opinion", sensitive=False, on=dt.date(2025, 11, 28))
    told = term(rule, dt.date(2025, 12, 4), body="ATS").as_dict("it")
    text = told.pop("text")
    assert told == {
        "step": "opinion",
        "body": "ATS",
        "due": "2026-01-19",
        "days": 45,
        "day_type": "calendar",
        "counted_from": "convened",
        "event_date": "2025-12-04",
        "raw": "2026-01-18",
        "shifts": [{"from": "2026-01-18", "to": "2026-01-19", "reason": "domenica"}],
        "suspension_days": 0,
        "regime": "L241-14bis/DLgs127-2016",
        "valid_from": "2016-07-28",
        "valid_to": "2026-02-19",
        "norm": "L. 241/1990 art. 14-bis c. 2 lett. c",
        "confirmed": True,
        "if_silent": "assenso senza condizioni (c. 4)",
        "prudent_due": None,
    }
    assert "18/01/2026 è domenica, quindi 19/01/2026" in text


def test_a_day_that_is_moved_twice_names_both_reasons():
    rule = replace(OPINION, days=1)
    shifts = term(rule, dt.date(2026, 4, 4)).shifts
    assert [(s.day.day, s.reason.en) for s in shifts] == [(5, "Easter Sunday"), (6, "Easter Monday")]
