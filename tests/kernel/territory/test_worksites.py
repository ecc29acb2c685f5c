"""Joint worksites: two practices on one street or ground, in one year; a set-up is saved once."""

import pytest
import shapely

from contado.kernel import tables
from contado.kernel.territory import worksites

SQUARE = shapely.box(9.10, 45.40, 9.11, 45.41)


def candidate(key, practice, links=None, **more):
    row = {
        "id": key,
        "practice": practice,
        "type": "work",
        "asset_id": None,
        "site_id": None,
        "municipality": "015146",
        "cost_eur": 100_000.0,
        "benefit_eur": 1.0,
        "earliest_year": 2027,
        "latest_year": 2028,
        "worksite_cost_eur": 10_000.0,
        "road_link_ids": links,
        "geometry": None,
    }
    return {**row, **more}


def found(*rows, **more):
    return worksites.find(tables.from_rows("intervention", rows), **more)


def savings(result):
    return {(p.a, p.b): p.saving_eur for p in result.pairs}


def test_two_practices_on_one_street_save_the_smaller_set_up_once():
    result = found(
        candidate("road:1", "road", ["L1", "L2"], worksite_cost_eur=8_000.0, cost_eur=50_000.0),
        candidate("trees:1", "trees", ["L2", "L3"]),
    )
    assert savings(result) == {("trees:1", "road:1"): 8_000.0}
    assert result.sites == {"road:1": "site:road:1", "trees:1": "site:road:1"}
    assert [(r["kind"], r["a"], r["saving_eur"]) for r in result.relations.to_pylist()] == [
        ("joint_worksite", "trees:1", 8_000.0)
    ]


@pytest.mark.parametrize(
    "other",
    [
        candidate("b", "trees", ["L2"]),
        candidate("b", "road", ["L1"]),
        candidate("b", "trees", ["L1"], earliest_year=2029, latest_year=2030),
        candidate("b", "trees", ["L1"], choice_group="one"),
    ],
    ids=["two streets", "one practice", "never in one year", "alternatives of one choice"],
)
def test_others_share_nothing(other):
    result = found(candidate("a", "road", ["L1"], choice_group="one"), other)
    assert result.pairs == ()
    assert result.relations.num_rows == 0
    assert result.sites == {}


def test_a_common_year_must_have_a_budget():
    rows = candidate("a", "road", ["L1"]), candidate("b", "trees", ["L1"], earliest_year=2028)
    assert found(*rows, years=[2027]).pairs == ()
    assert len(found(*rows, years=[2027, 2028]).pairs) == 1


def test_an_unknown_cost_is_a_note_and_no_saving():
    result = found(candidate("a", "road", ["L1"]), candidate("b", "trees", ["L1"], worksite_cost_eur=None))
    assert savings(result) == {("a", "b"): 0.0}
    assert result.relations.num_rows == 0
    assert [(f.rule, f.row, f.severity) for f in result.findings] == [("unknown_worksite_cost", "b", "note")]


def test_a_pair_can_be_switched_off_in_either_order():
    rows = candidate("a", "road", ["L1"]), candidate("b", "trees", ["L1"])
    assert found(*rows, without=[("b", "a")]).pairs == ()


@pytest.mark.parametrize("kind", ["joint_worksite", "excludes"])
def test_a_pair_that_is_related_already_gets_no_second_row(kind):
    related = tables.from_rows("relation", [{"kind": kind, "a": "b", "b": "a", "saving_eur": 1.0}])
    rows = candidate("a", "road", ["L1"]), candidate("b", "trees", ["L1"])
    assert found(*rows, relations=related).pairs == ()


def test_two_directions_are_one_street_where_the_links_say_so():
    rows = candidate("a", "road", ["f"]), candidate("b", "trees", ["b"])
    line = shapely.to_wkb(shapely.LineString([(9, 45), (9.1, 45)]))
    link = {"source": "osm", "way_id": 7, "geometry": line, "length_m": 1.0, "highway": None}
    links = tables.from_rows(
        "road_link",
        [
            {**link, "link_id": "f", "from_node": 1, "to_node": 2, "direction": "forward"},
            {**link, "link_id": "b", "from_node": 2, "to_node": 1, "direction": "backward"},
        ],
    )
    assert found(*rows).pairs == ()
    assert len(found(*rows, links=links).pairs) == 1


def test_three_practices_on_one_street_save_two_set_ups_not_three():
    result = found(
        candidate("a", "road", ["L1"], worksite_cost_eur=30.0),
        candidate("b", "cycle", ["L1"], worksite_cost_eur=20.0),
        candidate("c", "trees", ["L1"], worksite_cost_eur=10.0),
    )
    assert savings(result) == {("a", "b"): 20.0, ("a", "c"): 10.0, ("b", "c"): 0.0}
    assert "third intervention" in result.pairs[2].reason
    assert len(set(result.sites.values())) == 1


def test_alternatives_of_one_choice_each_save_with_their_neighbour():
    result = found(
        candidate("a1", "road", ["L1"], choice_group="a"),
        candidate("a2", "road", ["L1"], choice_group="a", worksite_cost_eur=4_000.0),
        candidate("b", "trees", ["L1"]),
    )
    assert savings(result) == {("a1", "b"): 10_000.0, ("a2", "b"): 4_000.0}


@pytest.mark.parametrize(("shift", "share"), [(0.0, True), (0.005, True), (0.0095, False), (0.02, False)])
def test_grounds_that_overlap_by_more_than_a_tenth_are_one_site(shift, share):
    other = shapely.affinity.translate(SQUARE, shift, 0.0)
    result = found(
        candidate("a", "road", geometry=shapely.to_wkb(SQUARE)),
        candidate("b", "trees", geometry=shapely.to_wkb(other)),
    )
    assert len(result.pairs) == share
    assert not share or result.pairs[0].reason == "same ground"


def test_a_saving_never_reaches_the_cost_it_is_taken_off():
    result = found(
        candidate("a", "road", ["L1"], cost_eur=9_000.0), candidate("b", "trees", ["L1"], cost_eur=10_000.0)
    )
    assert savings(result) == {("b", "a"): 0.0}


def test_the_order_of_rows_does_not_matter():
    rows = [candidate(k, p, ["L1"]) for k, p in (("a", "road"), ("b", "trees"), ("c", "cycle"))]
    assert found(*rows).pairs == found(*rows[::-1]).pairs
