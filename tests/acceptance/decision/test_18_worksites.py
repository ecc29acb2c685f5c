"""Item 18: one worksite for interventions of two practices on one street."""

import json

import pytest

from contado.cli.app import run
from contado.kernel import tables
from contado.kernel.workspace import Workspace

SPEC = "decision"


def candidate(key, practice, links, cost_eur=100_000.0, worksite_cost_eur=10_000.0):
    return {
        "id": key,
        "practice": practice,
        "type": "work",
        "asset_id": None,
        "site_id": None,
        "municipality": "015146",
        "cost_eur": cost_eur,
        "benefit_eur": 200_000.0,
        "earliest_year": 2027,
        "latest_year": 2028,
        "worksite_cost_eur": worksite_cost_eur,
        "road_link_ids": links,
    }


@pytest.fixture
def planned(tmp_path, capsys):
    """Function that plans candidates under a budget that reaches for both only with one worksite."""

    def plan(rows, *words, budget=190_000.0):
        path = tmp_path / "city"
        workspace = Workspace.open(path) if path.exists() else Workspace.create(path)
        with workspace.commit() as commit:
            for practice in sorted({r["practice"] for r in rows}):
                share = [r for r in rows if r["practice"] == practice]
                commit.table("intervention", tables.from_rows("intervention", share), practice=practice)
            money = {"source": "own", "year": 2027, "budget_eur": budget}
            commit.table("budget", tables.from_rows("budget", [money]))
        assert run(["plan", "-w", str(path), "--gap", "0", *words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return plan


ROAD = candidate("road:1", "manto_stradale", ["L1", "L2"])
TREES = candidate("trees:1", "forestazione", ["L2"], cost_eur=90_000.0, worksite_cost_eur=6_000.0)


@pytest.mark.item(SPEC, 18, "two practices on one street: one site_id, one saving", "1 pair, 6,000 EUR")
def test_one_street(planned, figure, tmp_path):
    answer = planned([ROAD, TREES], budget=184_000.0)
    (pair,) = answer["worksites"]
    assert ({pair["a"], pair["b"]}, pair["saving_eur"]) == ({"road:1", "trees:1"}, 6_000.0)
    assert len(answer["programme"]) == 2
    assert answer["verified"]
    assert [w["saving_eur"] for w in answer["joint_worksites"]] == [6_000.0]
    programme = Workspace.open(tmp_path / "city").read("programme").to_pylist()
    assert {row["site_id"] for row in programme} == {pair["site_id"]}
    assert Workspace.open(tmp_path / "city").read("relation").num_rows == 0  # no share was written into
    figure(f"1 pair, {pair['saving_eur']:,.0f} EUR")


@pytest.mark.item(SPEC, 18, "on two streets, or of one practice, none", "0 pairs")
@pytest.mark.parametrize("change", [{"road_link_ids": ["L9"]}, {"practice": "manto_stradale"}])
def test_two_streets(planned, figure, change):
    answer = planned([ROAD, {**TREES, **change}])
    assert answer["worksites"] == []
    figure("0 pairs")


@pytest.mark.item(SPEC, 18, "unknown worksite_cost_eur gives a note that names the id", "saving 0, note")
def test_unknown_cost(planned, figure):
    answer = planned([ROAD, {**TREES, "worksite_cost_eur": None}])
    (pair,) = answer["worksites"]
    assert pair["saving_eur"] == 0.0
    (note,) = [f for f in answer["findings"] if f["rule"] == "unknown_worksite_cost"]
    assert note["severity"] == "note"
    assert "trees:1" in note["message"]
    figure("saving 0, note")


@pytest.mark.item(SPEC, 18, "switching a row off restores the plan without it", "same programme")
def test_switching_off(planned, figure):
    alone = planned([ROAD, {**TREES, "road_link_ids": ["L9"]}], budget=184_000.0)
    joined = planned([ROAD, TREES], budget=184_000.0)
    off = planned([ROAD, TREES], "--without-worksite", "trees:1,road:1", budget=184_000.0)
    assert len(joined["programme"]) == 2
    assert off["worksites"] == []
    assert off["programme"] == alone["programme"]
    assert off["value"] == alone["value"]
    figure("same programme")
