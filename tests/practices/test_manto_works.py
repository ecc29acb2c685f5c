"""Ended works and chosen interventions: who is hit, on which stretch, what is told of the others."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from contado.kernel import tables
from contado.kernel.practice import Programme
from contado.kernel.workspace import Workspace
from contado.practices.manto_stradale import MantoStradale, outcome
from contado.testing.toy import copy, toy_territory

ON, LATER = date(2026, 6, 1), date(2027, 6, 30)
WORK_DAY = date(2027, 5, 20)
FIRST, SECOND = "manto_stradale:T1:000000:micro_surfacing", "manto_stradale:T1:000300:wearing_4cm"


@pytest.fixture(scope="module")
def proposed(tmp_path_factory):
    """The toy roads with proposals; in June 2027 T1 is driven twice at 1.3 m/km as far as 300 m, at 2.0 beyond."""
    practice = MantoStradale()
    toy = toy_territory(tmp_path_factory.mktemp("roads") / "toy", practice)
    found = practice.propose(toy, practice.diagnose(toy, on=ON), on=ON).tables
    old = toy.read("pavement_cell_obs").to_pylist()
    new = [
        {
            **row,
            "drive_id": f"after{k}",
            "iri_m_km": 1.3 if row["cell"] < 15 else 2.0,
            "t_utc": datetime(2027, 6, 1 + k, 9, tzinfo=UTC),
        }
        for k in range(2)
        for row in old
        if row["section_id"] == "T1" and row["drive_id"] == "drive0"
    ]
    with toy.commit() as commit:
        for name in ("intervention", "pavement_strategy"):
            commit.table(name, found[name], practice="manto_stradale")
        commit.table("pavement_cell_obs", tables.from_rows("pavement_cell_obs", [*old, *new]))
    return toy.path


@pytest.fixture
def toy(proposed, tmp_path):
    return Workspace.open(copy(proposed, tmp_path / "toy"))


def work(from_m, to_m, *, section="T1", day=WORK_DAY, **more):
    return {"section_id": section, "from_m": from_m, "to_m": to_m, "date": day} | more


def monitor(toy, *works, chosen=(FIRST, SECOND), start_year=2027, on=LATER):
    with toy.commit() as commit:
        commit.table("pavement_works", tables.from_rows("pavement_works", works))
    rows = [
        {
            "intervention_id": name,
            "source": "own",
            "year": start_year,
            "start_year": start_year,
            "amount_eur": 1.0,
        }
        for name in chosen
    ]
    empty = {name: tables.empty(name) for name in ("price", "run")}
    programme = Programme({"programme": tables.from_rows("programme", rows), **empty})
    return MantoStradale().monitor(toy, programme, on=on)


def iri(found):
    rows = [r for r in found.tables["observation"].to_pylist() if r["indicator"] == "iri_m_km"]
    return {(r["subject_id"], r["period"]): r["value"] for r in rows}


def rules(found):
    return [f.rule for f in found.findings]


@pytest.mark.parametrize(
    ("from_m", "to_m", "hit"),
    [
        (0.0, 600.0, {FIRST, SECOND}),
        (60.0, 600.0, {FIRST, SECOND}),
        (90.0, 260.0, {FIRST}),  # more than half of the segment, not from its start
        (180.0, 240.0, {FIRST}),  # a fifth of the segment, all of the works
        (200.0, 400.0, {FIRST, SECOND}),  # half of the works in each
        (260.0, 600.0, {SECOND}),  # a tail in the first segment
    ],
)
def test_works_reach_every_segment_that_they_share_half_with(toy, from_m, to_m, hit):
    found = monitor(toy, work(from_m, to_m))
    assert {name for name, _ in iri(found)} == hit
    assert sorted(f.row for f in found.findings if f.rule == "before_after") == sorted(hit)
    assert "works_not_chosen" not in rules(found)


def test_each_segment_is_measured_on_the_common_stretch_and_the_works_count_once(toy):
    found = monitor(toy, work(0.0, 600.0, treatment="wearing_4cm", cost_eur=42_000.0))
    seen = iri(found)
    assert seen[FIRST, "2027-06-30"] == pytest.approx(1.3, rel=0.05)
    assert seen[SECOND, "2027-06-30"] == pytest.approx(2.0, rel=0.05)
    learnt = {r["code"]: r for r in found.tables["pavement_treatment"].to_pylist()}["wearing_4cm"]
    assert (learnt["works"], learnt["cost_measured_eur_m2"]) == (1, pytest.approx(10.0))
    assert learnt["iri_after_measured_m_km"] == pytest.approx(1.65, rel=0.05)


def test_works_without_a_treatment_spread_their_cost_over_those_that_were_chosen(toy):
    found = monitor(toy, work(0.0, 600.0, cost_eur=42_000.0))
    learnt = {r["code"]: r for r in found.tables["pavement_treatment"].to_pylist() if r["works"]}
    assert {code: r["cost_measured_eur_m2"] for code, r in learnt.items()} == {
        "micro_surfacing": pytest.approx(10.0),
        "wearing_4cm": pytest.approx(10.0),
    }


def test_works_in_stages_are_one_before_and_one_after(toy):
    stages = [work(300.0, 440.0, day=date(2027, 4, 10)), work(440.0, 600.0)]
    found = monitor(toy, *stages, chosen=[SECOND])
    assert [period for _, period in sorted(iri(found))] == ["2027-04-09", "2027-06-30"]
    assert rules(found).count("before_after") == 1


def test_works_that_belong_to_nothing_are_told_in_one_note(toy):
    others = [
        work(0.0, 100.0, section="T2", day=date(2025, 9, 1)),  # before the programme
        work(0.0, 200.0, section="T2"),
        work(300.0, 600.0, section="T2"),
    ]
    found = monitor(toy, work(300.0, 600.0), *others)
    [note] = [f for f in found.findings if f.rule == "works_not_chosen"]
    assert (note.severity, note.row) == ("note", "T2 0")
    assert note.message.startswith("2 works since 2027")
    assert rules(monitor(toy, *others)) == ["no_works_yet", "works_not_chosen"]


def test_works_before_the_first_year_count_only_where_they_name_their_intervention(toy):
    assert rules(monitor(toy, work(300.0, 600.0), start_year=2028)) == ["no_works_yet"]
    found = monitor(toy, work(300.0, 600.0, intervention_id=SECOND), start_year=2028)
    assert {name for name, _ in iri(found)} == {SECOND}


def test_a_gap_behind_the_segment_is_not_the_segment(toy):
    """The next segment begins at 300 m, but the line of the first one ends at 160 m."""
    rows = [
        {**r, "geometry": shortened(r["geometry"], 160 / 300)} if r["id"] == FIRST else r
        for r in toy.read("intervention").to_pylist()
    ]
    with toy.commit() as commit:
        commit.table("intervention", tables.from_rows("intervention", rows), practice="manto_stradale")
    assert rules(monitor(toy, work(180.0, 290.0))) == ["no_works_yet", "works_not_chosen"]
    assert {name for name, _ in iri(monitor(toy, work(60.0, 290.0)))} == {FIRST}


def shortened(wkb, share):
    import shapely.ops

    line = shapely.from_wkb(wkb)
    return shapely.ops.substring(line, 0.0, share, normalized=True)


def test_each_day_is_fused_once(toy, monkeypatch):
    days = []
    told = outcome.told
    monkeypatch.setattr(outcome, "told", lambda workspace, on: days.append(on) or told(workspace, on))
    monitor(toy, work(0.0, 300.0), work(300.0, 600.0))
    assert sorted(days) == [date(2027, 5, 19), LATER]


def drives_after(toy, cells, iri_m_km, year=2027):
    """Put drives on T1 in the first days of June on these cells only, in place of those after the works."""
    old = [r for r in toy.read("pavement_cell_obs").to_pylist() if not r["drive_id"].startswith("after")]
    new = [
        {**r, "drive_id": f"after{k}", "iri_m_km": iri_m_km, "t_utc": datetime(year, 6, 1 + k, 9, tzinfo=UTC)}
        for k in range(3)
        for r in old
        if r["section_id"] == "T1" and r["drive_id"] == "drive0" and r["cell"] in cells
    ]
    with toy.commit() as commit:
        commit.table("pavement_cell_obs", tables.from_rows("pavement_cell_obs", [*old, *new]))


def test_before_and_after_are_of_the_same_cells(toy):
    """Half of the works was driven afterwards, and there nothing changed."""
    half = set(range(15, 22))
    rows = toy.read("pavement_cell_obs").to_pylist()
    for row in rows:
        if row["section_id"] == "T1" and row["iri_m_km"] is not None:
            row["iri_m_km"] = 2.0 if row["cell"] in half else 6.0
    with toy.commit() as commit:
        commit.table("pavement_cell_obs", tables.from_rows("pavement_cell_obs", rows))
    drives_after(toy, half, 2.0)
    found = monitor(toy, work(300.0, 600.0), chosen=[SECOND])
    seen = iri(found)
    assert seen[SECOND, "2027-05-19"] == pytest.approx(seen[SECOND, "2027-06-30"], rel=0.1)
    [told] = [f.message for f in found.findings if f.rule == "before_after"]
    assert "on the 47% of the works" in told
    assert "not demonstrated" in told


def test_drives_that_share_no_cell_compare_nothing(toy):
    rows = [
        {**r, "iri_m_km": None} if r["section_id"] == "T1" and r["cell"] < 25 else r
        for r in toy.read("pavement_cell_obs").to_pylist()
    ]
    with toy.commit() as commit:
        commit.table("pavement_cell_obs", tables.from_rows("pavement_cell_obs", rows))
    drives_after(toy, set(range(15, 20)), 1.3)
    found = monitor(toy, work(300.0, 600.0), chosen=[SECOND])
    assert iri(found) == {}
    [told] = [f.message for f in found.findings if f.rule == "not_comparable"]
    assert "other cells" in told


def test_what_a_treatment_leaves_does_not_age_with_the_day_of_the_question(toy):
    drives_after(toy, set(range(15, 30)), 1.3)

    def learnt(year):
        found = monitor(toy, work(300.0, 600.0, treatment="wearing_4cm"), on=date(year, 6, 30))
        [row] = [r for r in found.tables["pavement_treatment"].to_pylist() if r["works"]]
        return row["iri_after_measured_m_km"]

    assert learnt(2027) == pytest.approx(1.3, rel=0.02)
    assert learnt(2032) == pytest.approx(learnt(2029)) == pytest.approx(1.3, rel=0.06)
