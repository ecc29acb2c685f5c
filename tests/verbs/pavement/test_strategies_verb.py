"""Verb strategies: the options folder, and what is refused."""

from __future__ import annotations

from datetime import date

import pytest

from contado.kernel import tables
from contado.kernel.declare import convert
from contado.kernel.errors import ContadoError
from contado.verbs import load

SEGMENTS = (
    "segment,iri_m_km,length_m,severity_per_100m,aadt,accident_rate,hydro_risk\n"
    "a,2.1,400,10,9000,0.3,1\nb,4.8,300,60,,0.3,1\nc,1.1,900,0,22000,1.3,0\n"
)


def run(name, **values):
    verb = load(name)
    return verb(convert(verb.request, values))


def test_strategies_write_an_options_folder(write, tmp_path):
    answer = run(
        "pavement strategies",
        segments=write("s.csv", SEGMENTS),
        years="2027:2029",
        out=tmp_path / "options",
        budget_per_year_eur=100_000,
        on="2026-11-01",
    )
    rows = tables.read(tmp_path / "options" / "strategies.csv").table.to_pylist()
    options = tables.read(tmp_path / "options" / "options.csv").table
    assert answer.unit == "index_km_y"
    assert answer.strategies == len(rows)
    assert sum(r["year"] == -1 for r in rows) == answer.segments == 3
    assert options.num_rows == len(rows) - 3
    assert options["benefit_eur"].to_pylist() == [r["benefit"] for r in rows if r["strategy"]]
    budgets = tables.read(tmp_path / "options" / "budgets.csv").table.to_pylist()
    assert budgets[0] == {"budget": 0, "year": 2027, "source": "own", "budget_eur": 100_000}


@pytest.mark.parametrize(
    ("segments", "treatments", "file"),
    [
        (SEGMENTS.splitlines()[0] + "\n", None, "s.csv"),
        (
            SEGMENTS,
            "code,unit_cost_eur_m2,min_condition,max_condition,iri_after_m_km,growth_factor\n",
            "t.csv",
        ),
    ],
)
def test_strategies_tell_a_file_without_a_row(write, tmp_path, segments, treatments, file):
    answer = run(
        "pavement strategies",
        segments=write("s.csv", segments),
        years="2027",
        out=tmp_path / "options",
        on="2026-11-01",
        **({"treatments": write("t.csv", treatments)} if treatments else {}),
    )
    assert [f.table for f in answer.findings if f.rule == "empty_table"] == [file]


def test_strategies_in_euros_set_aside_what_has_no_traffic(write, tmp_path):
    answer = run(
        "pavement strategies",
        segments=write("s.csv", SEGMENTS),
        years="2027",
        out=tmp_path / "options",
        monetise=True,
        on=date(2026, 11, 1).isoformat(),
    )
    assert answer.unit == "eur"
    assert {"missing_benefit", "illustrative", "no_budget"} <= {f.rule for f in answer.findings}
    rows = tables.read(tmp_path / "options" / "strategies.csv").table.to_pylist()
    assert {r["segment"] for r in rows if r["strategy"]} == {"a"}


@pytest.mark.parametrize(
    ("segments", "treatments", "more", "rule", "rows"),
    [
        ("a,2,100,7\na,3,100,7\n", None, {}, "duplicate_id", (3,)),
        ("a,2,100,7\n,3,100,7\n", None, {}, "missing_value", (3,)),
        ("a,2,100,0\n", None, {}, "length_not_positive", (2,)),
        ("a,2,100,7\n", "x,3,0,9,\n", {}, "iri_not_positive", (2,)),
        ("a,2,100,7\n", "x,3,1,0,\n", {}, "bad_life", (2,)),
        ("a,2,100,7\n", "x,3,1,9,-1\n", {}, "negative_value", (2,)),
        ("a,2,100,7\n", ",3,1,9,\n", {}, "missing_value", (2,)),
        ("a,2,100,7\n", None, {"years": "2027:2060"}, "year_outside_horizon", ()),
        ("a,2,100,7\n", None, {"horizon_y": 1}, "year_outside_horizon", ()),
    ],
)
def test_strategies_name_file_and_line(write, tmp_path, segments, treatments, more, rule, rows):
    table = None
    if treatments:
        head = "code,unit_cost_eur_m2,iri_after_m_km,life_y,growth_factor\n"
        table = write("t.csv", head + treatments)
    asked = {"years": "2027:2028", "out": tmp_path / "o", "on": "2026-11-01", **more}
    with pytest.raises(ContadoError) as caught:
        run(
            "pavement strategies",
            segments=write("s.csv", f"segment,iri_m_km,length_m,width_m\n{segments}"),
            treatments=table,
            **asked,
        )
    assert (caught.value.rule, caught.value.rows, bool(caught.value.hint)) == (rule, rows, True)
    if rows:
        assert ("t.csv" if treatments else "s.csv") in caught.value.message
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("catalogue", "years", "rule"),
    [
        ("code,unit_cost_eur_m2\nx,-3\n", "2027", "negative_cost"),
        ("code,unit_cost\nx,3\n", "2027", "missing_column"),
        ("code,unit_cost_eur_m2\nx,3\n", "2029:2027", "bad_value"),
        ("code,unit_cost_eur_m2\nx,3\n", "2001:2003", "year_outside_horizon"),
    ],
)
def test_strategies_refuse(write, tmp_path, catalogue, years, rule):
    with pytest.raises(ContadoError) as caught:
        run(
            "pavement strategies",
            segments=write("s.csv", SEGMENTS),
            treatments=write("t.csv", catalogue),
            years=years,
            out=tmp_path / "o",
        )
    assert caught.value.rule == rule
    assert not (tmp_path / "o").exists()
