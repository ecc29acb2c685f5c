"""Evidence: a row of the chain for each row of the table, none changed, none lost."""

from __future__ import annotations

import dataclasses
import datetime as dt

import msgspec
import pytest

from contado.engines.pavement.evidence import log
from contado.engines.pavement.evidence.told import Told, desk
from contado.kernel import records, tables
from contado.kernel.records import audit
from invented.inspections import SYSTEM, drive, hole

DAY = dt.datetime(2026, 3, 29, 0, 30, tzinfo=dt.UTC)
TOLD = Told(
    id="citizen:1",
    section_id="B",
    chainage_m=50.0,
    lon=9.18,
    lat=45.46,
    kind="pothole",
    source="citizen",
    at=DAY,
)


def rows(workspace):
    return workspace.read(log.TABLE).to_pylist()


def links(workspace):
    with records.open_store(workspace) as store, store.connection() as connection:
        return [r for r in audit.rows(connection) if r.verb in {log.OBSERVED, log.ANSWERED}]


def differing(workspace):
    with records.open_store(workspace) as store, store.reading(SYSTEM) as session:
        return log.differing(session, workspace.read(log.TABLE))


@pytest.fixture(scope="module")
def driven(made):
    """Three passes that feel a hole, then four that do not."""
    workspace = made()
    for k in range(7):
        met = [hole(300.0)] if k < 3 else []
        drive(workspace, f"d{k}", DAY + dt.timedelta(days=k), {"A": met, "B": []})
    return workspace


@pytest.fixture
def season(driven, copied):
    """A copy of the season for one test."""
    return copied(driven)


def test_every_meeting_is_a_row_with_its_link(season):
    found = rows(season)
    assert [(r["what"], r["state_before"], r["state_after"]) for r in found] == [
        ("seen", None, "new"),
        ("seen", "new", "confirmed"),
        ("seen", "confirmed", "confirmed"),
        ("not_seen", "confirmed", "confirmed"),
        ("not_seen", "confirmed", "confirmed"),
        ("not_seen", "confirmed", "confirmed"),
        ("not_seen", "confirmed", "repaired"),
    ]
    chain = links(season)
    assert [r["audit_seq"] for r in found] == [link.seq for link in chain]
    bodies = [msgspec.json.decode(link.body_json) for link in chain]
    assert [b["state_after"] for b in bodies] == [r["state_after"] for r in found]
    assert {link.object for link in chain} == {f"anomaly:{found[0]['anomaly_id']}"}
    assert differing(season) == []
    assert not [f for f in tables.validate(log.TABLE, season.read(log.TABLE)) if f.severity == "error"]


def test_times_are_told_in_the_legal_time_across_the_change_of_clocks(season):
    assert [r["at_local"] for r in rows(season)[:2]] == [
        "2026-03-29T01:30:00+01:00",
        "2026-03-30T02:30:00+02:00",
    ]


def test_the_same_again_adds_nothing(season):
    before = rows(season)
    drive(season, "d6", DAY + dt.timedelta(days=6), {})
    assert rows(season) == before


def test_a_drive_that_comes_in_late_revises_and_withdraws_but_changes_nothing(season):
    before = rows(season)
    drive(season, "late", DAY - dt.timedelta(days=9), {"A": [hole(301.0)]})
    found = rows(season)
    assert found[: len(before)] == before
    old = before[0]["anomaly_id"]
    new = {r["anomaly_id"] for r in found} - {old}
    assert len(new) == 1
    gone = [r for r in found if r["what"] == "withdrawn"]
    assert {r["revises"] for r in gone} == {r["audit_seq"] for r in before}
    assert {(r["anomaly_id"], r["state_after"]) for r in gone} == {(old, None)}
    again = [r for r in found if r["anomaly_id"] in new]
    assert [r["drive_id"] for r in sorted(again, key=lambda r: r["at_utc"])] == [
        "late",
        *(f"d{k}" for k in range(7)),
    ]
    assert differing(season) == []


def test_what_the_chain_has_and_the_table_lost_is_made_whole(season):
    before = rows(season)
    with season.commit() as commit:  # as if the writer had been killed between chain and table
        commit.table(log.TABLE, tables.from_rows(log.TABLE, before[:4]))
    assert len(differing(season)) == 3
    drive(season, "d7", DAY + dt.timedelta(days=7), {"B": [hole(100.0)]})
    found = rows(season)
    at_most = {"recorded_at"}
    assert [{k: v for k, v in r.items() if k not in at_most} for r in found[:7]] == [
        {k: v for k, v in r.items() if k not in at_most} for r in before
    ]
    assert differing(season) == []


def test_a_changed_row_of_the_table_is_found(season):
    altered = rows(season)
    altered[3]["what"] = "seen"
    with season.commit() as commit:
        commit.table(log.TABLE, tables.from_rows(log.TABLE, altered))
    assert differing(season) == [altered[3]["audit_seq"]]


def test_nothing_is_left_when_taking_in_fails(season):
    before, chain = rows(season), len(links(season))
    with pytest.raises(KeyError), desk(season, SYSTEM) as open_desk:
        assert open_desk.take([TOLD, dataclasses.replace(TOLD, id="x", source="drone")])
    assert (rows(season), len(links(season))) == (before, chain)
