"""Answers of inspectors: taken once, refused with the reason, decisive."""

from __future__ import annotations

import datetime as dt

import pytest

from contado.engines.pavement.evidence import answers, log
from contado.engines.pavement.evidence.answers import Found, Outcome
from contado.kernel import records
from contado.kernel.errors import ScopeError
from contado.kernel.records import accounts
from invented.inspections import MILANO, SYSTEM, drive, hole

DAY = dt.datetime(2026, 6, 1, 8, 0, tzinfo=dt.UTC)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(3) + b"\x00IEND\xaeB`\x82"


def scope_of(workspace, name="anna", role="case_officer", units=(MILANO,)):
    with records.open_store(workspace) as store:
        with store.writing(records.local_administrator()) as session:
            accounts.add_grant(session, accounts.ensure_account(session, name), role, list(units))
        return store.scope(name)


@pytest.fixture(scope="module")
def felt_before(made):
    """One hole on each road, felt by three cars."""
    workspace = made()
    felt = {"A": [hole(300.0)], "L": [hole(300.0)]}
    for k in range(3):
        drive(workspace, f"d{k}", DAY + dt.timedelta(days=k), felt)
    return workspace


@pytest.fixture
def known(felt_before, copied):
    """A copy of the workspace for one test."""
    return copied(felt_before)


def anomaly(workspace, section="A"):
    return next(a for a in workspace.read("pavement_anomaly").to_pylist() if a["section_id"] == section)


def said(workspace, answer, key="k1", section="A", day=10, **more):
    at = DAY + dt.timedelta(days=day)
    return Found(anomaly_id=anomaly(workspace, section)["anomaly_id"], answer=answer, key=key, at=at, **more)


def last(workspace):
    return workspace.read(log.TABLE).to_pylist()[-1]


@pytest.mark.parametrize(
    ("answer", "state", "what", "likely"),
    [
        ("present", "confirmed", "confirmed", True),
        ("absent", "closed", "denied", False),
        ("repaired", "repaired", "repaired", False),
    ],
)
def test_what_was_found_on_the_spot_decides(known, answer, state, what, likely):
    scope = scope_of(known)
    assert answers.answer(known, scope, said(known, answer, away_m=12, accuracy_m=8)) == Outcome(
        accepted=True
    )
    now = anomaly(known)
    assert now["state"] == state
    assert (now["p_exists"] > 0.5) is likely
    row = last(known)
    assert (row["what"], row["state_before"], row["state_after"]) == (what, "confirmed", state)
    assert (row["who"], row["away_m"], row["accuracy_m"]) == (f"account:{scope.account_id}", 12, 8)
    assert now["confirmed_by"] == (row["who"] if answer == "present" else None)
    assert (now["passes"], now["passes_possible"]) == (3, 3)  # people are no passes of cars


def test_one_answer_confirms_what_one_car_felt(workspace):
    drive(workspace, "d", DAY, {"A": [hole(300.0)]})
    assert anomaly(workspace)["state"] == "new"
    answers.answer(workspace, scope_of(workspace), said(workspace, "present"))
    assert anomaly(workspace)["state"] == "confirmed"


def test_the_same_key_is_taken_once_and_another_content_under_it_is_refused(known):
    scope = scope_of(known)
    for _ in range(3):
        assert answers.answer(known, scope, said(known, "present")).accepted
    rows = known.read(log.TABLE).num_rows
    assert sum(r["drive_id"] == "answer:k1" for r in known.read(log.TABLE).to_pylist()) == 1
    assert answers.answer(known, scope, said(known, "absent")) == Outcome(
        accepted=False, reason="other_content"
    )
    assert known.read(log.TABLE).num_rows == rows


def test_what_a_colleague_closed_is_refused_with_the_day(known):
    answers.answer(known, scope_of(known, "bea"), said(known, "absent", key="bea"))
    refused = answers.answer(known, scope_of(known), said(known, "present", key="anna", day=11))
    assert refused == Outcome(accepted=False, reason="closed", closed_on=dt.date(2026, 6, 11), by_person=True)
    assert answers.answer(known, scope_of(known, "bea"), said(known, "absent", key="bea")).accepted


def test_a_place_outside_the_scope_or_an_unknown_one_does_not_exist(known):
    scope = scope_of(known)
    outside = answers.answer(known, scope, said(known, "present", section="L"))
    unknown = answers.answer(known, scope, Found(anomaly_id="x", answer="present", key="k", at=DAY))
    assert outside == unknown == Outcome(accepted=False, reason="unknown")
    with pytest.raises(ScopeError):
        answers.answer(known, scope_of(known, "carla", "citizen", ["*"]), said(known, "present"))


def test_a_clock_that_runs_ahead_is_refused(known):
    late = Found(
        anomaly_id=anomaly(known)["anomaly_id"],
        answer="present",
        key="k",
        at=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1),
    )
    assert answers.answer(known, scope_of(known), late).reason == "in_the_future"


def test_an_anomaly_that_was_renamed_is_found_by_its_place(known):
    found = said(known, "present")
    drive(known, "late", DAY - dt.timedelta(days=9), {"A": [hole(301.0)]})
    assert anomaly(known)["anomaly_id"] != found.anomaly_id
    assert answers.answer(known, scope_of(known), found).accepted
    assert anomaly(known)["confirmed_by"]


def test_a_photograph_is_kept_with_its_answer_or_not_at_all(known):
    scope = scope_of(known)
    answers.answer(known, scope, said(known, "present", photo=PNG))
    assert anomaly(known)["photo"].startswith("document:")
    answers.answer(known, scope, said(known, "present", key="k2", photo=PNG))
    answers.answer(known, scope, said(known, "present", key="k2", photo=PNG))
    with records.open_store(known) as store, store.reading(SYSTEM) as session:
        assert session.query(records.schema.Document).count() == 2


def test_cars_that_feel_it_after_its_repair_open_it_again(known):
    answers.answer(known, scope_of(known), said(known, "repaired"))
    for k in range(2):
        drive(known, f"after{k}", DAY + dt.timedelta(days=20 + k), {"A": [hole(300.0)]})
    assert anomaly(known)["state"] == "confirmed"
    assert [r["state_after"] for r in known.read(log.TABLE).to_pylist()][-2:] == ["new", "confirmed"]
