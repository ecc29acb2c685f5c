"""The road practice keeps the state of each day of drives, and computes it once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from contado.kernel import tables
from contado.practices.manto_stradale import MantoStradale, history
from contado.testing.toy import toy_territory

ON = date(2026, 6, 1)


@pytest.fixture
def toy(tmp_path):
    return toy_territory(tmp_path / "toy", MantoStradale())


def keep(workspace, found) -> None:
    with workspace.commit() as commit:
        for name, table in found.items():
            commit.table(name, table)


def test_every_day_of_drives_has_a_state_of_every_section(toy):
    found = history.tables_of(toy, ON)
    rows = found[history.SECTIONS].to_pylist()
    days = {r["t_utc"].date() for r in toy.read("pavement_cell_obs").to_pylist()}
    assert {r["date"] for r in rows} == days
    assert all({r["section_id"] for r in rows if r["date"] == day} == {"T1", "T2", "T3"} for day in days)
    first, last = min(days), max(days)
    known = {(r["section_id"], r["date"]): r for r in rows}
    assert known["T1", last]["passes"] > known["T1", first]["passes"]
    assert known["T1", last]["high_m_km"] - known["T1", last]["low_m_km"] < (
        known["T1", first]["high_m_km"] - known["T1", first]["low_m_km"]
    )
    assert known["T3", last]["class"] is None
    faults = [f for name, table in found.items() for f in tables.validate(name, table)]
    assert [f.rule for f in faults if f.severity == "error"] == []


def test_states_of_the_past_are_those_of_a_diagnosis_on_that_day(toy):
    from contado.practices.manto_stradale.layers import SECTIONS, tables_of
    from contado.practices.manto_stradale.state import snapshot

    rows = history.tables_of(toy, ON)[history.SECTIONS].to_pylist()
    day = min(r["date"] for r in rows)
    on_that_day = {r["section_id"]: r for r in tables_of(snapshot(toy, day))[SECTIONS].to_pylist()}
    for row in (r for r in rows if r["date"] == day):
        assert row["iri_m_km"] == on_that_day[row["section_id"]]["iri_m_km"]
        assert row["class"] == on_that_day[row["section_id"]]["class"]


def test_a_state_is_computed_again_only_where_its_inputs_changed(toy, monkeypatch):
    keep(toy, history.tables_of(toy, ON))
    computed = []
    once = history.snapshot
    monkeypatch.setattr(
        history, "snapshot", lambda w, day, forced: computed.append(day) or once(w, day, forced)
    )
    same = history.tables_of(toy, ON)
    assert computed == []
    assert same[history.SECTIONS].equals(toy.read(history.SECTIONS))
    days = sorted({r["date"] for r in same[history.SECTIONS].to_pylist()})
    late = toy.read("pavement_cell_obs").to_pylist()[0]
    moment = datetime(days[2].year, days[2].month, days[2].day, 18, tzinfo=UTC)
    with toy.commit() as commit:
        rows = [*toy.read("pavement_cell_obs").to_pylist(), {**late, "drive_id": "late", "t_utc": moment}]
        commit.table("pavement_cell_obs", tables.from_rows("pavement_cell_obs", rows))
    history.tables_of(toy, ON)
    assert computed == days[2:]  # the days before the late drive stay as they are


def test_an_anomaly_is_told_repaired_until_passes_have_closed_it(toy):
    last = max(r["t_utc"] for r in toy.read("pavement_cell_obs").to_pylist())
    cells = [r for r in toy.read("pavement_cell_obs").to_pylist() if r["drive_id"] == "drive0"]
    quiet = [
        {**r, "drive_id": f"quiet{k}", "t_utc": last + timedelta(days=1 + k)} for k in range(6) for r in cells
    ]
    with toy.commit() as commit:
        both = [*toy.read("pavement_cell_obs").to_pylist(), *quiet]
        commit.table("pavement_cell_obs", tables.from_rows("pavement_cell_obs", both))
    rows = history.tables_of(toy, date(2026, 12, 1))[history.ANOMALIES].to_pylist()
    told = {r["date"]: (r["state"], r["open"]) for r in rows}
    days = sorted({(last + timedelta(days=1 + k)).date() for k in range(6)})
    states = [told.get(day) for day in days]
    assert ("repaired", False) in states
    assert states[-1] is None  # closed
    assert told[last.date()] == ("confirmed", True)


def test_of_many_days_the_latest_and_the_last_of_each_month_are_kept():
    days = [date(2024, 1, 1) + timedelta(days=k) for k in range(800)]
    kept = history.kept_days(days, days[-1])
    assert len(kept) == history.MOST_DAYS
    assert kept[-12:] == days[-12:]
    assert all((day + timedelta(days=1)).day == 1 for day in kept[1:11])
    assert kept == sorted(set(kept))
    assert history.kept_days(days[:20], days[9]) == days[:10]
