"""Treatments as offices write them: words for them, what their own price list says of the surface."""

from __future__ import annotations

import pyarrow as pa
import pytest

from contado.engines.pavement.maintenance.treatments import catalogue, coded, from_table, of_file
from contado.kernel import tables
from contado.kernel.errors import UsageError
from contado.practices.manto_stradale import ids


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("tappeto d'usura", "wearing_4cm"),
        ("Tappeto d’usura", "wearing_4cm"),
        ("Rifacimento tappeto 4 cm", "wearing_4cm"),
        ("tappeto di usura 4 cm", "wearing_4cm"),
        ("Tappeto di usura (3,5 cm)", "wearing_4cm"),
        ("TAPPETO D'USURA sp. 40 mm", "wearing_4cm"),
        ("Fresatura e rifacimento tappeto d'usura, 4cm", "wearing_4cm"),
        ("Rifacimento binder e usura 10 cm", "binder_wearing_10cm"),
        ("Risanamento binder+usura 10 cm", "binder_wearing_10cm"),
        ("Riciclaggio a freddo 25 cm", "cold_recycling"),
        ("sigillatura lesioni", "crack_sealing"),
    ],
)
def test_works_are_known_by_the_words_of_offices(word, code):
    assert coded(pa.table({"treatment": [word]}), catalogue())["treatment"].to_pylist() == [code]


@pytest.mark.parametrize("word", ["4 cm", "tappeto rosso", "tappeto 4", "usura del binder 4 cm"])
def test_other_words_are_no_treatment(word):
    with pytest.raises(UsageError):
        coded(pa.table({"treatment": [word]}), catalogue())


def test_a_name_with_a_thickness_of_the_own_list_comes_before_one_without():
    own = pa.table(
        {"code": ["T3", "T5"], "unit_cost_eur_m2": [9.0, 12.0], "also": ["tappeto 3 cm", "tappeto"]}
    )
    known, _ = from_table(own)
    found = coded(pa.table({"treatment": ["Tappeto 3 cm", "Tappeto 5 cm"]}), known)
    assert found["treatment"].to_pylist() == ["T3", "T5"]


def test_an_unknown_treatment_names_each_known_one_once_in_italian():
    with pytest.raises(UsageError) as caught:
        coded(pa.table({"treatment": ["asfalto"]}), catalogue(), lines=[2])
    told = f"{caught.value.message} {caught.value.hint}"
    for treatment in catalogue():
        assert told.count(treatment.code) == 1
        assert told.count(treatment.name_it) == 1


@pytest.mark.parametrize(
    ("said", "iri_after", "cuts"),
    [
        ("no", 2.0, False),
        ("false", 2.0, False),
        (False, 2.0, False),
        ("sì", None, True),
        (True, None, True),
        (None, 2.0, True),
        ("", 2.0, True),
        (None, None, False),
    ],
)
def test_what_a_price_list_says_of_the_surface_counts_no_too(said, iri_after, cuts):
    row = {
        "code": ["a"],
        "unit_cost_eur_m2": [6.1],
        "cuts_surface": [said],
        "iri_after_m_km": pa.array([iri_after], pa.float64()),
        "growth_factor": [0.9],
    }
    [found], _ = from_table(pa.table(row))
    assert found.cuts_surface is cuts


def test_an_italian_price_list_is_read_as_it_says(tmp_path):
    file = tmp_path / "t.csv"
    rows = "SL-01;Slurry seal;6,10;2,0;no\nRT-04;Rifacimento tappeto 4 cm;15,80;1,5;sì\n"
    file.write_text(f"code;name_it;unit_cost_eur_m2;iri_after_m_km;cuts_surface\n{rows}", encoding="utf-8")
    found, _ = of_file(file)
    assert [t.cuts_surface for t in found] == [False, True]


@pytest.mark.parametrize(("status", "own"), [(None, True), ("confirmed", True), ("illustrative", False)])
def test_a_catalogue_that_was_replaced_is_not_called_illustrative(status, own):
    def title(rows):
        made = ids.sources(tables.from_rows("pavement_treatment", rows)).to_pylist()
        return next(r["title"] for r in made if r["source_id"] == ids.CATALOGUE)

    assert "illustrative" in title([])
    row = {"code": "RT-04", "unit_cost_eur_m2": 15.8, "status": status}
    assert ("illustrative" in title([row])) is not own
