"""Speed bumps shake a car on purpose: they make no road worse and buy no asphalt."""

from __future__ import annotations

import json
from datetime import date

import pytest

from contado.kernel import tables
from contado.practices.manto_stradale import MantoStradale, history, state
from contado.testing.toy import toy_territory

ON = date(2026, 6, 1)
BUMP_M = 155.0
SHAKEN = {140.0, 160.0}
"""Starts of the cells within reach of the bump."""


@pytest.fixture
def toy(tmp_path):
    return toy_territory(tmp_path / "toy", MantoStradale())


def lay_bump(toy, *, felt, fixture_id=None):
    """Lay a bump on the smooth half of T1: its cells read five times as rough; ``felt`` by so many drives."""
    cells = [
        {**r, "iri_m_km": 5 * r["iri_m_km"]}
        if r["section_id"] == "T1" and r["cell"] * r["cell_m"] in SHAKEN
        else r
        for r in toy.read("pavement_cell_obs").to_pylist()
    ]
    holes = toy.read("pavement_anomaly_obs").to_pylist()
    bumps = [
        {**r, "chainage_m": BUMP_M, "kind": "speed_bump", "height_mm": 60.0, "fixture_id": fixture_id}
        for r in holes[:felt]
    ]
    with toy.commit() as commit:
        commit.table("pavement_cell_obs", tables.from_rows("pavement_cell_obs", cells))
        commit.table("pavement_anomaly_obs", tables.from_rows("pavement_anomaly_obs", [*holes, *bumps]))


def segments_of(found):
    return [r for r in found.tables["pavement_segment"].to_pylist() if r["section_id"] == "T1"]


def planned(toy, found):
    rows = MantoStradale().propose(toy, found, on=ON).tables["intervention"].to_pylist()
    return {r["id"]: r["benefit_eur"] for r in rows if r["asset_id"] == "manto_stradale:T1"}


@pytest.mark.parametrize("fixture_id", [None, "declared_bump:1"])
def test_a_bump_that_is_known_makes_no_road_worse_and_buys_no_asphalt(toy, fixture_id):
    smooth = MantoStradale().diagnose(toy, on=ON)
    wanted, bought = segments_of(smooth), planned(toy, smooth)
    lay_bump(toy, felt=4, fixture_id=fixture_id)
    found = MantoStradale().diagnose(toy, on=ON)
    rows = segments_of(found)
    assert [(r["from_m"], r["to_m"]) for r in rows] == [(0, 300), (300, 600)]
    for row, before in zip(rows, wanted, strict=True):
        for name in ("iri_m_km", "low_m_km", "high_m_km", "condition_index", "priority"):
            assert row[name] == pytest.approx(before[name], rel=0.06), name
        assert row["cv"] < 0.08
        assert (row["criticality"], row["rank"]) == (before["criticality"], before["rank"])
    assert planned(toy, found) == {key: pytest.approx(value, rel=0.1) for key, value in bought.items()}
    past = history.tables_of(toy, ON)[history.SECTIONS].to_pylist()
    level = [r["iri_m_km"] for r in past if r["section_id"] == "T1"][-1]
    assert level == pytest.approx(sum(r["iri_m_km"] for r in rows) / 2, rel=0.01)  # some days younger


def test_what_was_left_out_is_told_with_its_reason_and_its_measured_value(toy):
    lay_bump(toy, felt=4)
    first, second = segments_of(MantoStradale().diagnose(toy, on=ON))
    left = json.loads(first["why"])["left_out"]
    assert [(c["from_m"], c["to_m"], c["kind"], c["chainage_m"]) for c in left] == [
        (140.0, 160.0, "speed_bump", BUMP_M),
        (160.0, 180.0, "speed_bump", BUMP_M),
    ]
    assert all(c["iri_m_km"] > 8 for c in left)
    assert json.loads(second["why"])["left_out"] == []
    kept = {c["from_m"]: c for c in state.snapshot(toy, ON).cells["T1"]}
    assert {place for place, c in kept.items() if c["explained_by"] is not None} == SHAKEN
    assert all(kept[place]["iri_m_km"] > 8 for place in SHAKEN)


@pytest.mark.parametrize(("felt", "kind"), [(0, "speed_bump"), (4, "raised")])
def test_a_rough_spot_that_no_bump_explains_counts(toy, felt, kind):
    smooth = segments_of(MantoStradale().diagnose(toy, on=ON))
    lay_bump(toy, felt=felt)
    rows = [
        {**r, "kind": kind} if r["kind"] == "speed_bump" else r
        for r in toy.read("pavement_anomaly_obs").to_pylist()
    ]
    with toy.commit() as commit:
        commit.table("pavement_anomaly_obs", tables.from_rows("pavement_anomaly_obs", rows))
    found = segments_of(MantoStradale().diagnose(toy, on=ON))
    assert min(r["condition_index"] for r in found) <= min(r["condition_index"] for r in smooth)
    assert max(r["iri_m_km"] for r in found if r["from_m"] < 300) > 1.5 * smooth[0]["iri_m_km"]
