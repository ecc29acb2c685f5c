"""Works of one worksite are one work before the threshold is held against them."""

from __future__ import annotations

from contado.kernel.portfolio.details import SitePair
from contado.kernel.portfolio.joint import joined, pairs_of
from contado.kernel.programme.joined import joined_works
from contado.kernel.programme.registry import Work


def work(key, eur, source="own", **more):
    facts = {
        "practice": "roads",
        "name": f"Tratto {key}",
        "design_level": "esecutivo",
        **more.pop("facts", {}),
    }
    return Work(id=key, start_year=2027, cents={(source, 2027): eur * 100}, facts=facts, **more)


def test_parts_of_one_worksite_are_one_work_under_the_dearest():
    found = joined_works(
        [work("A", 90), work("B", 70, "region"), work("C", 20), work("D", 10)], [["A", "B", "C"], ["D"]]
    )
    assert [(w.id, w.total_cents, w.members) for w in found] == [
        ("A", 18_000, ("A", "B", "C")),
        ("D", 1_000, ()),
    ]
    assert found[0].cents == {("own", 2027): 11_000, ("region", 2027): 7_000}
    assert found[0].text("description") == "Tratto A; Tratto B; Tratto C"


def test_what_has_a_code_and_what_is_of_another_practice_stays_a_work_of_its_own():
    coded = work("B", 70, cups=("G17H03000130011",))
    numbered = work("C", 60, cui="L08911820960202700001")
    other = work("D", 50, facts={"practice": "cycling"})
    found = joined_works([work("A", 90), coded, numbered, other, work("E", 5)], [["A", "B", "C", "D", "E"]])
    assert [(w.id, w.members) for w in found] == [("A", ("A", "E")), ("B", ()), ("C", ()), ("D", ())]


def test_the_design_level_is_the_lowest_and_unknown_where_one_is():
    early = work("B", 70, facts={"design_level": "quadro esigenziale"})
    (found,) = joined_works([work("A", 90), early], [["A", "B"]])
    assert found.text("design_level") == "quadro esigenziale"
    (found,) = joined_works([work("A", 90), work("B", 70, facts={"design_level": None})], [["A", "B"]])
    assert found.text("design_level") is None


def test_a_worksite_is_a_year_and_a_site_or_pairs_that_are_not_switched_off():
    relations = [
        {"kind": "joint_worksite", "a": "A", "b": "B", "saving_eur": 5.0, "reason": None},
        {"kind": "excludes", "a": "A", "b": "E"},
        {"kind": "joint_worksite", "a": "D", "b": "E", "saving_eur": 1.0, "reason": ""},
    ]
    pairs = pairs_of([SitePair(a="E", b="D", saving_eur=2.0), SitePair(a="A", b="C", off=True)], relations)
    assert [(p.a, p.b, p.saving_eur) for p in pairs] == [("E", "D", 2.0), ("A", "C", None), ("A", "B", 5.0)]
    starts = {"A": 2027, "B": 2027, "C": 2027, "D": 2027, "E": 2028, "F": 2027, "G": 2028}
    sites = {"B": "s", "F": "s", "G": "s", "C": None}
    assert joined(starts, sites, pairs) == [["A", "B", "F"], ["C"], ["D"], ["E"], ["G"]]
