"""Segments end where municipality, bridge, owner or works change: a road of one roughness, cut by facts alone."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import shapely

from contado.kernel import tables
from contado.kernel.workspace import Workspace
from contado.practices.manto_stradale import MantoStradale, history
from contado.testing.toy import copy, toy_territory

ON = date(2026, 6, 1)
METRE = 1 / 111_195.0
"""A metre along a meridian [deg]."""


@pytest.fixture(scope="module")
def roads(tmp_path_factory):
    """The toy roads; T2 has one roughness on all its 600 m, and no works."""
    made = toy_territory(tmp_path_factory.mktemp("roads") / "toy", MantoStradale())
    put(made, "pavement_works", [])
    even = [
        {**r, "iri_m_km": 7.6 if r["cell"] % 2 else 7.4} if r["section_id"] == "T2" else r
        for r in made.read("pavement_cell_obs").to_pylist()
    ]
    put(made, "pavement_cell_obs", even)
    return made.path


@pytest.fixture
def toy(roads, tmp_path):
    return Workspace.open(copy(roads, tmp_path / "toy"))


def put(workspace, table, rows):
    with workspace.commit() as commit:
        commit.table(table, tables.from_rows(table, rows))


def segments(workspace, on=ON):
    found = MantoStradale().diagnose(workspace, on=on).tables["pavement_segment"].to_pylist()
    return [(r["from_m"], r["to_m"], r["cut_by"]) for r in found if r["section_id"] == "T2"]


def lay(workspace, points):
    """Lay T2 along a line of (longitude, latitude)."""
    rows = workspace.read("pavement_lrs_section").to_pylist()
    line = shapely.LineString(points)
    put(
        workspace,
        "pavement_lrs_section",
        [{**r, "geometry": line} if r["section_id"] == "T2" else r for r in rows],
    )


def test_without_facts_it_is_one_segment(toy):
    assert segments(toy) == [(0, 600, [])]


def test_the_border_of_two_municipalities(toy):
    east = METRE / np.cos(np.radians(45.05))
    lay(toy, [(9.1 - 196 * east, 45.05), (9.1 + 404 * east, 45.05)])
    assert segments(toy) == [(0, 200, ["municipality"]), (200, 600, [])]


def test_a_road_that_winds_about_the_border_is_not_cut_again_and_again(toy):
    east = METRE / np.cos(np.radians(45.05))
    x, y = [-5, -5, 5, 5, -5, -5], [0, 200, 200, 260, 260, 590]
    lay(toy, [(9.1 + a * east, 45.03 + b * METRE) for a, b in zip(x, y, strict=True)])
    assert segments(toy) == [(0, 600, [])]


def test_a_road_that_leaves_the_known_territory_is_not_cut_there(toy):
    lay(toy, [(9.15, 45.1 - 200 * METRE), (9.15, 45.1 + 400 * METRE)])
    assert segments(toy) == [(0, 600, [])]


def test_the_ends_of_a_bridge(toy):
    def fixture(name, chainage, kind="bridge_joint", lon=9.15):
        return {"fixture_id": name, "kind": kind, "lon": lon, "lat": 45.02 + chainage * METRE}

    elsewhere = fixture("parallel", 300, lon=9.15 + 20 * METRE)
    ends = [fixture("a", 200), fixture("b", 441), fixture("bump", 520, "declared_bump"), elsewhere]
    put(toy, "pavement_fixture", ends)
    assert segments(toy) == [(0, 200, ["bridge"]), (200, 440, ["bridge"]), (440, 600, [])]


@pytest.mark.parametrize(
    ("owners", "expected"),
    [
        (("Provincia", "Comune"), [(0, 300, ["owner"]), (300, 600, [])]),
        (("Provincia", "Provincia"), [(0, 600, [])]),
        (("Provincia", None), [(0, 600, [])]),
    ],
)
def test_the_junction_of_two_owners(toy, owners, expected):
    of_link = {"T2-0": owners[0], "T2-1": owners[1]}
    rows = [{**r, "owner": of_link.get(r["link_id"])} for r in toy.read("road_link").to_pylist()]
    put(toy, "road_link", rows)
    assert segments(toy) == expected


def works(from_m, to_m, day, treatment):
    return {"section_id": "T2", "from_m": from_m, "to_m": to_m, "date": day, "treatment": treatment}


def test_the_limits_of_works_and_of_treatments(toy):
    old, new = date(2025, 3, 1), date(2025, 9, 1)
    put(
        toy,
        "pavement_works",
        [
            works(0, 180, old, "slurry_seal"),
            works(100, 300, new, "wearing_4cm"),
            works(300, 460, new, "rehabilitation"),
            works(500, 600, date(2026, 8, 1), "wearing_4cm"),  # not yet done
        ],
    )
    cuts = [(0, 100, ["works"]), (100, 300, ["works"]), (300, 460, ["works"]), (460, 600, [])]
    assert segments(toy) == cuts


def test_a_bridge_that_becomes_known_changes_the_states_of_earlier_days(toy):
    def kept():
        return {r["inputs_sha256"] for r in history.tables_of(toy, ON)[history.SECTIONS].to_pylist()}

    before = kept()
    assert kept() == before
    put(
        toy,
        "pavement_fixture",
        [{"fixture_id": "a", "kind": "bridge_joint", "lon": 9.15, "lat": 45.02 + 200 * METRE}],
    )
    assert before.isdisjoint(kept())
