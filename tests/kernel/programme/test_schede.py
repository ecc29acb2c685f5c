"""Sheets of the programme: A = D, each work once, and what filing asks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contado.kernel.errors import DataError
from contado.kernel.programme import priority
from contado.kernel.programme.registry import Work
from contado.kernel.programme.schede import prepare
from contado.kernel.programme.schede.columns import columns

BODY = "08911820960"
GOOD = {"cup": None, "design_level": "esecutivo"}


def work(key, start=2027, eur=200_000, source="own", cups=("G17H03000130011",), **facts):
    cents = {(source, start): round(eur * 100)}
    return Work(id=key, start_year=start, cents=cents, cups=cups, facts={**GOOD, **facts})


def filed(works, **more):
    settings = {
        "years": (2027, 2028, 2029),
        "candidates": [{"id": w.id, **w.facts} for w in works],
        "sources": [{"source": "own", "resource_type": "stanziamenti di bilancio"}],
        "threshold_eur": 150_000,
        "eu_threshold_eur": 5_404_000,
        "fiscal_code": BODY,
    }
    return prepare(works, **{**settings, **more})


def rules(filing):
    return [(f.rule, f.row) for f in filing.findings]


def test_the_threshold_belongs_to_the_programme():
    filing = filed([work("A", eur=150_000), work("B", eur=149_999.99)])
    assert [w.id for w in filing.listed] == ["A"]
    assert [w.id for w in filing.below] == ["B"]
    assert filing.cuis == {"A": f"L{BODY}202700001"}
    assert filing.sheets["annex"]["intervention_id"].to_pylist() == ["B"]


def test_e_is_the_first_year_of_d():
    filing = filed([work("A"), work("B", start=2028)])
    assert filing.first == ("A",)
    assert filing.sheets["scheda_e"]["intervention_id"].to_pylist() == ["A"]


def test_nothing_to_find_on_a_work_that_is_ready():
    assert rules(filed([work("A")])) == []


@pytest.mark.parametrize(
    ("one", "rule"),
    [
        (work("A", cups=()), "missing_cup"),
        (work("A", design_level="quadro esigenziale"), "design_level_too_low"),
        (work("A", start=2028, eur=6e6, design_level="quadro esigenziale"), "design_level_too_low"),
        (work("A", design_level=None), "missing_design_level"),
        (work("A", pnrr_measure="M2C2"), "pnrr_without_target"),
        (work("A", cui="L1"), "bad_cui"),
        (work("A", cups=("????",)), "bad_cup"),
    ],
)
def test_what_stands_in_the_way_of_filing_is_found(one, rule):
    if rule == "bad_cui":
        one = Work(id="A", start_year=2027, cents=one.cents, cups=one.cups, cui="L1", facts=one.facts)
    assert (rule, "A") in rules(filed([one]))


@pytest.mark.parametrize(
    "one",
    [
        work("A", start=2028, cups=(), design_level="quadro esigenziale"),
        work("A", type="ordinary_maintenance", design_level=None),
        work("A", pnrr_measure="M2C2", target_value=3, due_date="2026-06-30"),
    ],
)
def test_what_a_work_need_not_have_is_not_asked_for(one):
    assert rules(filed([one])) == []


def test_a_source_without_type_stands_under_other():
    filing = filed([work("A", source="gift")])
    assert rules(filing) == [("no_resource_type", "gift")]
    assert list(filing.resources_cents) == ["altra tipologia"]


def test_a_higher_priority_that_is_left_out_is_named():
    left = {"id": "Z", "priority_class": "calamity"}
    filing = filed([work("A", priority_class="3")], candidates=[{"id": "A", "priority_class": "3"}, left])
    assert rules(filing) == [("priority_passed_over", "Z")]
    assert priority.passed_over([work("A", priority_class="1")], [left]) == []


def test_without_fiscal_code_no_cui_is_invented():
    filing = filed([work("A")], fiscal_code=None)
    assert filing.cuis == {}
    assert [f.rule for f in filing.findings] == ["missing_fiscal_code"]


def test_payments_before_the_first_year_are_refused():
    with pytest.raises(DataError, match="A is paid before 2027"):
        filed([work("A", start=2026)])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.tuples(st.sampled_from(["own", "loan", "pnrr"]), st.integers(2027, 2032)),
            st.integers(0, 10**9),
            min_size=1,
        ),
        max_size=8,
    )
)
def test_a_by_year_is_the_sum_over_d(payments):
    works = [
        Work(id=f"W{k}", start_year=min(y for _, y in cents), cents=cents, facts=GOOD)
        for k, cents in enumerate(payments)
    ]
    filing = filed(works)
    for year in filing.years:
        by_type = sum(money.get(year, 0) for money in filing.resources_cents.values())
        assert by_type == sum(w.year_cents(year) for w in filing.listed)
    total = filing.sheets["scheda_a"].to_pylist()[-1]
    names = [c.field for c in columns("scheda_a", 2027) if c.field.startswith("amount")]
    assert round(sum(total[n] for n in names) * 100) == round(total["total_eur"] * 100)
    assert len(filing.listed) + len(filing.below) == len(works)
