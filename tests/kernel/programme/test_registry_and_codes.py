"""Works of a plan, their codes, and codes joined to registers."""

import pytest

from contado.kernel.errors import DataError, UsageError
from contado.kernel.programme import codes
from contado.kernel.programme.registry import Work, cup_classes, partners, works

BODY = "08911820960"


def work(key, **more):
    return Work(id=key, start_year=2027, cents={("own", 2027): 20_000_000}, **more)


def test_a_plan_becomes_works_in_the_order_of_id_with_payments_in_cents():
    plan = [
        {"intervention_id": "B", "start_year": 2027, "payments": [{"source": "own", "amount_eur": 0.1}] * 3},
        {
            "intervention_id": "A",
            "start_year": 2028,
            "payments": [{"source": "own", "year": 2029, "amount_eur": 5}],
        },
    ]
    found = works(plan, [{"id": "A", "cup": "g17h03000130011"}, {"id": "B", "cup": None}])
    assert [w.id for w in found] == ["A", "B"]
    assert found[0].cups == ("G17H03000130011",)
    assert found[0].cents == {("own", 2029): 500}
    assert found[1].total_cents == found[1].year_cents(2027) == 30


@pytest.mark.parametrize(
    ("plan", "rule"),
    [
        ([{"intervention_id": "A1", "start_year": 2027, "payments": []}], "unknown_reference"),
        ([{"intervention_id": "A", "start_year": 2027, "payments": []}] * 2, "duplicate_id"),
    ],
)
def test_a_plan_of_other_tables_is_refused(plan, rule):
    with pytest.raises(DataError) as error:
        works(plan, [{"id": "A"}])
    assert error.value.rule == rule


def test_cui_follow_the_order_of_id_and_leave_out_those_in_use():
    kept = f"L{BODY}202700002"
    found = codes.propose_cui(
        [work("C"), work("A"), work("B", cui=kept), work("D")],
        fiscal_code=BODY,
        year=2027,
        taken=[f"L{BODY}202700003"],
    )
    assert found == {
        "A": f"L{BODY}202700001",
        "B": kept,
        "C": f"L{BODY}202700004",
        "D": f"L{BODY}202700005",
    }


def test_a_wrong_fiscal_code_is_refused():
    with pytest.raises(UsageError, match="check digit"):
        codes.propose_cui([work("A")], fiscal_code="08911820961", year=2027)


def test_codes_are_checked_for_form_and_for_being_shared():
    shared = "G17H03000130011"
    found = codes.check_codes(
        [
            work("A", cups=(shared,), cui="L1"),
            work("B", cups=(shared, "????")),
            work("C", cui=f"L{BODY}202700001"),
            work("D", cui=f"L{BODY}202700001"),
        ]
    )
    assert [(f.rule, f.row) for f in found] == [
        ("bad_cui", "A"),
        ("bad_cup", "B"),
        ("duplicate_cup", "A"),
        ("duplicate_cui", "C"),
    ]
    assert "A, B" in found[2].message


def test_cells_of_a_cup_column_are_sorted_by_how_they_are_written():
    good = "G17H03000130011"
    cells = [good, None, " ", good.lower(), f"{good}; J11B21003450001", "????", good[:-1]]
    assert cup_classes(cells) == ((1, 2), (0,), (3,), (4,), (5, 6))


def test_codes_without_partner_are_counted_and_named():
    one, two = "G17H03000130011", "J11B21003450001"
    found = partners([one, f"{one} {two}", None, "????"], [one], [(two, "X"), (two, "Y"), ("other", "Z")])
    assert (found.codes, found.in_register, found.with_tender, found.tenders) == (2, 1, 1, 2)
    assert found.without_register == (two,)
    assert found.without_tender == (one,)
    assert found.rows_without_code == 2
