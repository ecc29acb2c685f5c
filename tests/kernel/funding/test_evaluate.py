"""Rules of a day -> euros with article and formula; unknown is told, never guessed."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contado.kernel.errors import DataError
from contado.kernel.funding import evaluate

DAY = date(2027, 6, 1)


def rule(source, **more):
    return {
        "source": source,
        "domains": "*",
        "max_rate": 1.0,
        "cumulable": "True",
        "article": f"art. {source}",
    } | more


def work(key="W", cost=100_000, **more):
    return {"id": key, "domain": "road", "cost_eur": cost} | more


def one(rules, row=None, on=DAY, **more):
    result = evaluate([row or work()], rules, on=on, **more)
    return result.interventions[0], result.findings


def mix(answer):
    return {p.source: p.amount_eur for p in answer.best_mix}


def test_formula_and_article_stand_beside_each_amount():
    answer, _ = one([rule("region", max_rate=0.4, max_eur_per_intervention=30_000), rule("own")])
    region = answer.sources[0]
    assert (region.eligible, region.amount_max_eur, region.article) == ("yes", 30_000, "art. region")
    assert region.formula == "min(0.4 * 100000, 30000) = 30000"
    assert mix(answer) == {"region": 30_000, "own": 70_000}


@pytest.mark.parametrize(
    ("more", "eligible"),
    [
        ({"valid_from": "2027-06-02"}, False),
        ({"valid_from": "2027-06-01"}, True),
        ({"valid_to": "2027-05-31"}, False),
        ({"valid_to": "2027-06-01"}, True),
        ({"commit_by": "2027-05-31"}, False),
        ({"domains": "cycle;trees"}, False),
        ({"domains": "cycle; road"}, True),
    ],
)
def test_dates_and_domains_decide(more, eligible):
    answer, _ = one([rule("region", **more), rule("own")])
    assert ("region" in mix(answer)) is eligible


def test_a_non_cumulable_source_stands_alone_beside_own_money():
    rules = [
        rule("eu", max_rate=0.5, cumulable="False"),
        rule("region", max_rate=0.4),
        rule("state", max_rate=0.3),
        rule("own"),
    ]
    answer, _ = one(rules)
    assert mix(answer) == {"region": 40_000, "state": 30_000, "own": 30_000}


def test_incompatible_sources_do_not_meet():
    rules = [
        rule("a", max_rate=0.3, incompatible_with="b"),
        rule("b", max_rate=0.3),
        rule("c", max_rate=0.2),
        rule("own"),
    ]
    answer, _ = one(rules)
    assert mix(answer) == {"a": 30_000, "c": 20_000, "own": 50_000}


def test_all_or_nothing_takes_its_whole_amount_or_stays_out():
    rules = [rule("a", max_rate=0.8), rule("b", max_rate=0.5, all_or_nothing="True"), rule("own")]
    answer, _ = one(rules)
    assert mix(answer) == {"a": 50_000, "b": 50_000}
    answer, _ = one([rule("b", max_rate=1.0, all_or_nothing="True", own_share_min=0.2), rule("own")])
    assert mix(answer) == {"own": 100_000}


def test_below_the_least_amount_a_source_pays_nothing():
    answer, _ = one([rule("region", max_rate=0.1, min_eur=20_000), rule("own")])
    assert mix(answer) == {"own": 100_000}
    assert answer.sources[0].amount_max_eur == 0


def test_what_nobody_pays_is_told():
    answer, _ = one([rule("region", max_rate=0.4)])
    assert (answer.own_eur, answer.unfunded_eur) == (0, 60_000)


def test_overlapping_rules_of_a_source_count_once_and_are_noted():
    answer, findings = one(
        [rule("region", max_rate=0.4, rule_id="x"), rule("region", max_rate=0.5, rule_id="y"), rule("own")]
    )
    assert mix(answer)["region"] == 50_000
    assert [f.rule for f in findings] == ["overlapping_rules"]


def test_an_engines_amount_stands_for_the_rule_within_its_cap():
    amounts = [
        {
            "intervention_id": "W",
            "source": "gse",
            "amount_eur": 44_000,
            "article": "D.M., all. 1",
            "formula": "kW",
            "on": "2027-01-01",
        },
        {
            "intervention_id": "W",
            "source": "gse",
            "amount_eur": 99_000,
            "article": "later",
            "formula": "kW",
            "on": "2028-01-01",
        },
    ]
    answer, _ = one([rule("gse", max_rate=0.1), rule("own")], amounts=amounts)
    assert (mix(answer)["gse"], answer.sources[0].article) == (44_000, "D.M., all. 1")
    answer, _ = one([rule("gse", max_eur_per_intervention=20_000), rule("own")], amounts=amounts)
    assert mix(answer)["gse"] == 20_000


def test_of_two_missing_columns_the_one_that_narrows_most_is_asked():
    rules = [
        rule("big", max_rate=0.9, when="population <= 15000", incompatible_with="small"),
        rule("small", max_rate=0.1, when="use == school"),
        rule("own"),
    ]
    answer, _ = one(rules, work(population="", use=None))
    assert answer.status == "unknown"
    assert answer.missing == ["population", "use"]
    assert (answer.at_least_public_eur, answer.at_most_public_eur) == (0, 90_000)
    assert answer.ask_next == "population"
    assert answer.best_mix is None


def test_a_missing_quantity_is_asked_for():
    answer, _ = one([rule("gse", max_eur_per_unit=150, unit_column="area_m2"), rule("own")], work(area_m2=""))
    assert (answer.missing, answer.ask_next) == (["area_m2"], "area_m2")
    assert (answer.at_least_public_eur, answer.at_most_public_eur) == (0, 100_000)


def test_a_cost_that_is_not_known_sets_the_row_aside():
    result = evaluate([work(), work("X", cost=""), work("Y", cost=-5)], [rule("own")], on=DAY)
    assert [a.id for a in result.interventions] == ["W"]
    assert [(f.row, f.rule) for f in result.findings] == [("X", "missing_cost"), ("Y", "negative_cost")]


@pytest.mark.parametrize(
    ("more", "rule_id"),
    [
        ({"max_rate": 1.2}, "rate_out_of_range"),
        ({"own_share_min": -0.1}, "rate_out_of_range"),
        ({"max_eur_per_unit": "many"}, "bad_number"),
        ({"valid_to": "31/12/2027"}, "bad_date"),
        ({"when": "no_such == 1"}, "bad_predicate"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(more, rule_id):
    with pytest.raises(DataError) as error:
        one([rule("region", **more)])
    assert error.value.rule == rule_id


RULES = st.lists(
    st.fixed_dictionaries(
        {
            "source": st.sampled_from(["a", "b", "c"]),
            "domains": st.sampled_from(["*", "road", "trees"]),
            "max_rate": st.floats(0, 1),
            "cumulable": st.booleans(),
            "max_eur_per_intervention": st.one_of(st.none(), st.integers(0, 90_000)),
            "own_share_min": st.one_of(st.none(), st.floats(0, 0.5)),
            "total_public_max": st.one_of(st.none(), st.floats(0.2, 1)),
            "incompatible_with": st.sampled_from(["", "a", "b"]),
            "valid_to": st.sampled_from(["", "2027-05-01", "2028-01-01"]),
        }
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda r: r["source"],
)


@settings(max_examples=150, deadline=None)
@given(rules=RULES, cost=st.integers(1, 300_000))
def test_no_mix_breaks_a_rule(rules, cost):
    answer, _ = one([*rules, rule("own")], work(cost=cost))
    paid = mix(answer)
    used = [r for r in rules if paid.get(r["source"])]
    assert sum(paid.values()) == pytest.approx(cost, abs=0.005)
    public = sum(paid[r["source"]] for r in used)
    for r in used:
        assert paid[r["source"]] <= r["max_rate"] * cost + 1e-6
        assert r["max_eur_per_intervention"] is None or paid[r["source"]] <= r["max_eur_per_intervention"]
        assert r["valid_to"] != "2027-05-01"
        assert r["domains"] in ("*", "road")
        assert public <= (r["total_public_max"] or 1) * cost + 1e-6 or r["total_public_max"] is None
        assert paid.get("own", 0) >= (r["own_share_min"] or 0) * cost - 0.011
    if len(used) > 1:
        assert all(r["cumulable"] for r in used)
        assert not any(a["source"] == b["incompatible_with"] for a in used for b in used if a is not b)


@settings(max_examples=60, deadline=None)
@given(rules=RULES, cost=st.integers(1, 100_000), more=st.integers(1, 100_000))
def test_public_money_never_falls_when_the_cost_grows(rules, cost, more):
    least, _ = one([*rules, rule("own")], work(cost=cost))
    greater, _ = one([*rules, rule("own")], work(cost=cost + more))
    assert greater.at_least_public_eur >= least.at_least_public_eur
