"""Environmental declarations of mixes: indicators by module, and what an assessment lacks."""

from __future__ import annotations

import datetime as dt
import math

import pyarrow as pa
import pytest

from contado.engines.pavement.assessment import declarations
from contado.kernel.errors import ContadoError

BEFORE, AFTER = dt.date(2025, 9, 23), dt.date(2025, 9, 24)


def whole(**other):
    table = {"name": ["plain", "dear"], "module": ["A1-A3", "A1-A3"], "gwp_kg_m2": [6.0, 7.0]}
    return pa.table(table | other)


def rules(table, on=BEFORE):
    return [f.rule for f in declarations.lacking(declarations.declared(table), on)]


def test_modules_are_summed_but_the_one_beyond_the_boundary():
    table = pa.table(
        {
            "name": ["plain"] * 5 + ["dear"],
            "module": ["A1-A3", "A4", "A4", "C", "D", "A1-A3"],
            "gwp_kg_t": [60.0, 3.0, 2.0, 2.0, -10.0, None],
            "t_m2": [0.1, 0.1, 0.1, 0.1, 0.1, None],
            "gwp_kg_m2": [None, None, None, None, None, 7.0],
            "adpf_mj_t": [900.0, None, None, None, None, None],
        }
    )
    found = declarations.declared(table)
    assert found["plain"]["gwp"] == pytest.approx({"A1-A3": 6.0, "A4": 0.5, "C": 0.2, "D": -1.0})
    assert declarations.inside_boundary(found["plain"]["gwp"]) == pytest.approx(6.7)
    assert found["plain"]["adpf"] == {"A1-A3": 90.0}
    assert found["dear"] == {"gwp": {"A1-A3": 7.0}}
    assert declarations.inside_boundary({}) == 0
    assert math.isnan(declarations.inside_boundary(None))


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ({"module": ["A9"], "gwp_kg_m2": [1.0]}, "unknown_choice"),
        ({"module": ["A4"], "gwp_kg_t": [1.0]}, "missing_value"),
        ({"module": ["A4"], "gwp_kg_m2": [1.0], "adpf_mj_t": [1.0]}, "missing_value"),
        ({"module": ["A4"], "t_m2": [1.0]}, "missing_value"),
        ({"module": ["A4"], "gwp_kg_m2": ["much"]}, "not_a_number"),
        ({"gwp_kg_m2": [1.0]}, "missing_column"),
    ],
)
def test_declarations_that_cannot_be_are_refused(rows, rule):
    with pytest.raises(ContadoError) as refused:
        declarations.declared(pa.table({"name": ["plain"], **rows}))
    assert refused.value.rule == rule
    assert refused.value.hint


def test_an_assessment_wants_three_indicators_that_can_be_compared():
    two = {"adpf_mj_m2": [90.0, 95.0]}
    assert rules(whole(**two)) == ["few_indicators", "lca_review"]
    assert rules(whole(**two, ap_mol_m2=[0.1, None])) == ["few_indicators", "lca_review"]
    assert rules(whole(**two, ap_mol_m2=[0.1, 0.2])) == ["lca_review"]
    without_gases = pa.table(
        {"name": ["a"], "module": ["A4"], "adpf_mj_m2": [1.0], "ap_mol_m2": [1.0], "sm_kg_m2": [1.0]}
    )
    assert rules(without_gases) == ["few_indicators", "lca_review"]


def test_the_duty_of_a_review_ends_with_the_amendment():
    found = declarations.declared(whole())
    told = {on: declarations.lacking(found, on)[-1].message for on in (BEFORE, AFTER)}
    assert "no longer" not in told[BEFORE]
    assert "no longer" in told[AFTER]
    assert declarations.lacking(found, dt.date(2024, 12, 20)) == []


def test_every_indicator_has_its_names_and_its_own_column():
    known = declarations.known_indicators()
    assert known[0].indicator == "gwp"
    assert len({i.stem for i in known}) == len(known) == len({i.name_it for i in known})
