"""Project codes as offices type them."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from contado.kernel.tables import exchange
from contado.kernel.tables.codes import split_cup

A, B = "G17H03000130011", "J11B21003450001"


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        (A, [A]),
        (A.lower(), [A]),
        (f" {A} ", [A]),
        (f"{A};{B}", [A, B]),
        (f"{A} - {B}", [A, B]),
        (f"{A}/{B},{A}", [A, B, A]),
        ("G17-H03-000-130-011", [A]),
        ("-", ["-"]),
        ("????", ["????"]),
        ("", []),
    ],
)
def test_a_cell_is_split_and_upper_cased(cell, codes):
    assert split_cup(cell) == codes


@pytest.mark.item("decision", 14, "CUP of 3,667 real works", "93 empty, 3 upper-cased, 9 several, 8 bad")
def test_the_codes_of_real_public_works(shared, figure):
    path = shared("planning/opere_pubbliche/pubblica.csv.gz")
    amount = "importo_programmato_esclusi_oc_126"
    found = exchange.check_file(path, "interventions", rename={"cupxall": "cup", amount: "cost_eur"})
    rules = Counter(f.rule for f in found.findings)
    upper = [f for f in found.findings if f.rule == "converted" and ";" not in f.message]
    (table,) = found.tables.values()
    assert found.rows == {"pubblica": 3667}
    counted = (len(upper), rules["several_cups"], rules["bad_cup"])
    figure(f"{counted[0]} upper-cased, {counted[1]} several, {counted[2]} bad, amounts to the cent")
    assert counted == (3, 9, 8)
    assert any("'????'" in f.message for f in found.findings if f.rule == "bad_cup")
    assert all(isinstance(f.row, int) for f in found.findings if f.rule in {"bad_cup", "several_cups"})
    total = sum(Decimal(str(v)) for v in table["cost_eur"].to_pylist() if v is not None)
    assert round(total, 2) == Decimal("4859514008.39")


def test_no_cup_is_no_finding(shared):
    path = shared("planning/opere_pubbliche/pubblica.csv.gz")
    found = exchange.check_file(path, "interventions", rename={"cupxall": "cup"})
    (table,) = found.tables.values()
    assert table["cup"].null_count == 93
