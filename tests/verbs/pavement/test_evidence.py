"""contado pavement evidence: the questions of a claim."""

from __future__ import annotations

import datetime as dt
import shutil

import pytest

from contado.engines.pavement.evidence import answers, log
from contado.kernel import records, tables
from contado.kernel.declare import Context, convert
from contado.kernel.errors import RecordNotFound, UsageError
from contado.kernel.records import accounts
from contado.kernel.workspace import Workspace
from contado.verbs import load
from invented.inspections import LEGNANO, MILANO, add_sections, drive, hole, section

DAY = dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.UTC)
"""In the legal time already 2 March."""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Two clean passes, three that feel a hole, an inspector who confirms, one who finds it repaired."""
    workspace = Workspace.create(tmp_path_factory.mktemp("claim") / "w")
    add_sections(workspace, [section("A", 9.17, 45.46), section("B", 9.18, 45.46)])
    for k in range(5):
        drive(workspace, f"d{k}", DAY + dt.timedelta(days=k), {"A": [hole(300.0)] if k >= 2 else [], "B": []})
    with records.open_store(workspace) as store:
        for name, units in (("anna", [MILANO]), ("bea", [MILANO]), ("carla", [LEGNANO])):
            with store.writing(records.local_administrator()) as session:
                accounts.add_grant(session, accounts.ensure_account(session, name), "case_officer", units)
        [one] = workspace.read("pavement_anomaly")["anomaly_id"].to_pylist()
        for name, what, day in (("anna", "present", 6), ("bea", "repaired", 30)):
            found = answers.Found(anomaly_id=one, answer=what, key=name, at=DAY + dt.timedelta(days=day))
            assert answers.answer(workspace, store.scope(name), found).accepted
    return workspace


def ask(workspace, account=None, **values):
    verb = load("pavement evidence")
    return verb(convert(verb.request, values), Context(workspace=workspace.path, account=account))


def test_the_lawyers_question_is_answered(workspace):
    done = ask(workspace, at="9.17,45.4627")
    [place] = done.anomalies
    assert place.first_seen.at == "2026-03-04T00:30:00+01:00"
    assert place.last_driven_before == "2026-03-03T00:30:00+01:00"
    assert place.last_seen.at == "2026-03-08T00:30:00+01:00"
    assert place.repaired.at == "2026-04-01T01:30:00+02:00"
    assert place.repaired.who.startswith("account:")
    assert [m.who for m in place.confirmed] == [place.last_seen.who]
    assert (place.state, place.closed) == ("repaired", None)
    assert [(p.drive, p.seen, len(p.audit_seq)) for p in done.passes] == [
        ("d0", False, 0),
        ("d1", False, 0),
        ("d2", True, 1),
        ("d3", True, 1),
        ("d4", True, 1),
    ]
    assert (done.label, done.chain.ok, done.chain.differing, done.exit_code()) == ("simulated", True, [], 0)
    last = max(e.audit_seq for e in place.events)
    assert done.chain.head.startswith(f"{last + 1}:")  # the row of the commit comes after its evidence


def test_the_three_ways_to_ask_agree(workspace):
    by_place = ask(workspace, at="9.17,45.4627").anomalies
    [one] = by_place
    assert ask(workspace, anomaly=one.anomaly_id).anomalies == by_place
    assert ask(workspace, section="A").anomalies == by_place
    assert ask(workspace, section="A", from_m=0, to_m=200).anomalies == []
    clean = ask(workspace, section="B")
    assert (clean.anomalies, [p.seen for p in clean.passes]) == ([], [False] * 5)


def test_an_end_before_its_start_is_no_question(workspace):
    for wrong in (
        {"first": "2026-12-31", "last": "2026-01-01"},
        {"from_m": 300.0, "to_m": 100.0},
        {"from_m": 9e5},
    ):
        with pytest.raises(UsageError) as told:
            ask(workspace, section="A", **wrong)
        assert told.value.rule == "interval_order"


def test_simulated_drives_that_saw_nothing_are_simulated(workspace):
    clean = ask(workspace, section="B")
    assert (clean.anomalies, clean.label) == ([], "simulated")


def test_days_are_legal_days(workspace):
    inside = ask(workspace, section="A", first="2026-03-04", last="2026-03-04")
    assert [p.drive for p in inside.passes] == ["d2"]
    assert [e.after for e in inside.anomalies[0].events] == ["new"]
    assert ask(workspace, section="A", first="2026-03-01", last="2026-03-01").passes == []


def test_an_account_of_another_municipality_finds_no_such_place(workspace):
    with pytest.raises(RecordNotFound):
        ask(workspace, "carla", section="A")
    assert ask(workspace, "anna", section="A").anomalies
    for wrong in ({"anomaly": "x"}, {"section": "x"}):
        with pytest.raises(RecordNotFound):
            ask(workspace, **wrong)
    for wrong in ({}, {"section": "A", "at": "9,45"}, {"at": "here"}):
        with pytest.raises(UsageError):
            ask(workspace, **wrong)


def test_a_table_that_says_something_else_than_the_chain_ends_with_3(workspace, tmp_path):
    shutil.copytree(workspace.path, tmp_path / "altered")
    workspace = Workspace.open(tmp_path / "altered")
    rows = workspace.read(log.TABLE).to_pylist()
    rows[0]["at_utc"] -= dt.timedelta(days=30)
    with workspace.commit() as commit:
        commit.table(log.TABLE, tables.from_rows(log.TABLE, rows))
    done = ask(workspace, section="A")
    assert (done.exit_code(), done.chain.ok, done.chain.differing) == (3, False, [rows[0]["audit_seq"]])


@pytest.mark.parametrize("ending", ["html", "pdf", "xlsx"])
def test_the_report_is_the_same_each_time(workspace, tmp_path, ending):
    files = [tmp_path / f"{n}.{ending}" for n in "ab"]
    hashes = [ask(workspace, section="A", out=str(file)).file.sha256 for file in files]
    assert hashes[0] == hashes[1]
    if ending == "html":
        text = files[0].read_text(encoding="utf-8")
        for words in (
            "Prima volta visto",
            "04/03/2026 00:30:00",
            "non visto",
            "Osservazioni simulate",
            "La catena regge",
        ):
            assert words in text
        assert "+01:00" not in text
        assert f"{workspace.settings.whose}: A, " in text


@pytest.fixture
def undated(workspace, tmp_path):
    """The same claim, where nobody knows the day of one drive that felt the hole and of one that felt nothing."""
    shutil.copytree(workspace.path, tmp_path / "undated")
    made = Workspace.open(tmp_path / "undated")
    rows = [
        {
            "drive_id": f"d{k}",
            "vehicle_id": "car",
            "start_utc": None if k in {0, 3} else DAY,
            "label": "simulated",
        }
        for k in range(5)
    ]
    with made.commit() as commit:
        commit.table("pavement_drive", tables.from_rows("pavement_drive", rows))
    return made


def test_drives_without_a_date_are_told_and_are_no_passes(undated):
    done = ask(undated, section="A")
    assert [p.drive for p in done.passes] == ["d1", "d2", "d4"]
    of_d3 = [e.audit_seq for e in done.anomalies[0].events if e.drive == "d3"]
    assert [(d.drive, d.audit_seq) for d in done.undated] == [("d0", []), ("d3", of_d3)]
    assert [f.rule for f in done.findings] == ["no_date"]
    assert [(d.drive, d.audit_seq) for d in ask(undated, section="B").undated] == [("d0", []), ("d3", [])]


@pytest.mark.parametrize(
    ("lang", "lead", "rows"),
    [
        ("it", "2 passaggi sono senza data.", "Righe che portano il giorno del primo caricamento"),
        ("en", "2 drives have no date.", "Rows that carry the day of the first loading"),
    ],
)
def test_the_report_says_which_drives_have_no_date(undated, tmp_path, lang, lead, rows):
    verb, out = load("pavement evidence"), tmp_path / "claim.html"
    context = Context(workspace=undated.path, published_lang=lang)
    done = verb(convert(verb.request, {"section": "A", "out": str(out)}), context)
    text = out.read_text(encoding="utf-8")
    assert lead in text
    assert "d0, d3." in text
    assert rows in text
    assert f": {done.undated[1].audit_seq[0]}." in text


def test_a_report_without_undated_drives_has_no_such_sentence(workspace, tmp_path):
    out = tmp_path / "claim.html"
    assert ask(workspace, section="A", out=str(out)).undated == []
    assert "senza data" not in out.read_text(encoding="utf-8")
