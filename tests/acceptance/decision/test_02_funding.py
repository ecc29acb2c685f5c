"""Decision, item 2: funding rules of a day, to the cent."""

import itertools
import json
import re

import pytest

from contado.cli.app import run
from contado.kernel.funding.predicate import parse

INTERVENTIONS = """id,domain,cost_eur,area_m2,use,population
F1,building,200000,1000,school,12000
F2,building,100000,1000,office,
"""
RULES = """source,rule_id,domains,max_rate,max_eur_per_intervention,cumulable,max_eur_per_unit,unit_column,when,own_share_min,valid_to,article
gse,gse-a,building,1.0,,True,150,area_m2,population <= 15000 or use == school,,,art. 11
gse,gse-b,building,0.65,,True,150,area_m2,not (population <= 15000 or use == school),,,art. 11
regional,regional,building,0.4,,True,,,,0.1,2027-12-31,bando
own,own,*,1.0,,True,,,,,,bilancio
"""


@pytest.fixture
def answer(tmp_path, capsys):
    (tmp_path / "interventions.csv").write_text(INTERVENTIONS)
    (tmp_path / "funding_rules.csv").write_text(RULES)

    def ask(day):
        assert run(["funding", "evaluate", str(tmp_path), "--on", day, "--json"]) == 0
        return {a["id"]: a for a in json.loads(capsys.readouterr().out)["interventions"]}

    return ask


def mix(entry):
    return {p["source"]: p["amount_eur"] for p in entry["best_mix"]}


@pytest.mark.item("decision", 2, "worked case at both dates", "to the cent, ask population")
def test_the_worked_case(answer, figure):
    now, later = answer("2027-06-01"), answer("2028-01-01")
    figure(
        f"F1 {mix(now['F1'])}; F2 {now['F2']['at_least_public_eur']:.0f}-{now['F2']['at_most_public_eur']:.0f}"
    )
    assert mix(now["F1"]) == {"gse": 150_000, "regional": 30_000, "own": 20_000}
    assert now["F2"]["status"] == "unknown"
    assert now["F2"]["missing"] == ["population"]
    assert now["F2"]["ask_next"] == "population"
    assert (now["F2"]["at_least_public_eur"], now["F2"]["at_most_public_eur"]) == (90_000, 100_000)
    assert now["F2"]["best_mix"] is None
    assert mix(later["F1"]) == {"gse": 150_000, "own": 50_000}


@pytest.mark.item("decision", 2, "three-valued truth table", "27 rows")
def test_the_truth_table(figure):
    cell = {True: "1", False: "0", None: ""}
    rank = {False: 0, None: 1, True: 2}
    rows = list(itertools.product([True, False, None], repeat=3))
    for a, b, c in rows:
        row = {"a": cell[a], "b": cell[b], "c": cell[c]}
        found = parse("a == 1 and (b == 1 or c == 1)", ["a", "b", "c"]).holds(row)
        either = max((b, c), key=rank.__getitem__)
        assert found is min((a, either), key=rank.__getitem__)
    figure(f"{len(rows)} rows")


@pytest.mark.item("decision", 2, "formula strings recomputed by a test parser", "all")
def test_formulas_are_true(answer, figure):
    checked = 0
    for entry in answer("2027-06-01").values():
        for source in entry["sources"]:
            if source["eligible"] != "yes":
                continue
            left, _, right = source["formula"].rpartition(" = ")
            assert source["article"]
            assert float(right) == pytest.approx(source["amount_max_eur"], abs=0.005)
            assert recomputed(left) == pytest.approx(source["amount_max_eur"], abs=0.01)
            checked += 1
    figure(f"{checked} formulas")
    assert checked >= 5


def recomputed(text: str) -> float:
    """A parser of the formulas' tiny language: min(...), products of two numbers, numbers."""
    inner = re.fullmatch(r"min\((.*)\)", text)
    if inner:
        return min(recomputed(part) for part in inner[1].split(", "))
    factors = [float(f) for f in text.split(" * ")]
    result = 1.0
    for factor in factors:
        result *= factor
    return result
