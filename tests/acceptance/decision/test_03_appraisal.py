"""Decision, item 3: discounting, CBA, carbon and accidents, to the digits of the page."""

import csv
import json

import pytest

from contado.cli.app import run
from contado.kernel import appraisal

HEAD = "year,item,quantity,unit\n"


@pytest.fixture
def ask(tmp_path, capsys):
    def call(rows, *options):
        file = tmp_path / "flows.csv"
        file.write_text(HEAD + "".join(f"{','.join(map(str, row))}\n" for row in rows))
        assert run(["appraisal", "cba", str(file), *options, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return call


@pytest.mark.item("decision", 3, "annuities; 1,000 EUR/y for 30 years", "0.085811, 0.0510193, 19,600.44")
def test_annuities(figure):
    first, second = appraisal.annuity(0.07, 25), appraisal.annuity(0.03, 30)
    value = appraisal.npv(dict.fromkeys(range(2028, 2058), 1000.0), rate=0.03, base_year=2027)
    figure(f"{first:.6f}, {second:.7f}, {value:.2f}")
    assert (round(first, 6), round(second, 7), round(value, 2)) == (0.085811, 0.0510193, 19600.44)


@pytest.mark.item("decision", 3, "worked case of 7.1", "all seven figures")
def test_the_worked_case(ask, figure):
    rows = [(2027, "cost", 100_000, "eur"), (2042, "residual_value", 10_000, "eur")]
    for year in range(2028, 2043):
        rows += [(year, "benefit", 9000, "eur"), (year, "carbon_avoided", 12, "tco2e")]
    answer = ask(rows, "--rate", "0.03", "--base-year", "2027")
    found = [
        round(answer["by_item"]["carbon_avoided"]["pv_eur"], 2),
        round(answer["npv_eur"], 2),
        round(answer["benefit_cost_ratio"], 6),
        round(100 * answer["err"], 4),
        answer["payback_year"],
        round(answer["equivalent_annual_eur"], 2),
    ]
    figure(" ".join(map(str, found)))
    assert found == [53815.21, 67675.24, 1.676752, 10.3653, 2037, 5668.92]
    assert answer["by_item"]["carbon_avoided"]["status"] == "to_confirm"


@pytest.mark.item("decision", 3, "10 t/y, 2027-2036", "29,850; 25,696.01")
def test_carbon(ask, figure):
    answer = ask([(year, "carbon_avoided", 10, "tco2e") for year in range(2027, 2037)])
    item = answer["by_item"]["carbon_avoided"]
    figure(f"{item['undiscounted_eur']:.2f}; {item['pv_eur']:.2f}")
    assert (item["undiscounted_eur"], round(item["pv_eur"], 2)) == (29850, 25696.01)


@pytest.mark.item("decision", 3, "shadow cost of carbon, every year of the file", "31 of 31 equal")
def test_shadow_cost(shared, figure):
    with shared("planning/cba/shadow_cost_of_carbon_eib.csv").open() as file:
        rows = list(csv.DictReader(file))
    equal = sum(
        appraisal.carbon.shadow_cost(int(r["year"])).eur_tco2e == float(r["eur_per_tco2e"]) for r in rows
    )
    figure(f"{equal} of {len(rows)} equal")
    assert equal == len(rows) == 31


@pytest.mark.item("decision", 3, "one crash, 1 dead, 2 injured", "1,915,803 EUR, statuses shown")
def test_accidents(ask, figure):
    items = [
        ("deaths_avoided", 1, "person"),
        ("injuries_avoided", 2, "person"),
        ("crashes_avoided", 1, "crash"),
    ]
    answer = ask([(2027, *item) for item in items])
    figure(f"{answer['npv_eur']:.0f} EUR")
    assert answer["npv_eur"] == 1_915_803
    assert {i["status"] for i in answer["by_item"].values()} == {"confirmed"}
    assert {i["price_year"] for i in answer["by_item"].values()} == {2018}


@pytest.mark.item("decision", 3, "parameters of the page, with status", "all equal, none without status")
def test_parameters(shared, figure):
    names = {"accident_cost_death": "deaths_avoided", "accident_cost_injury": "injuries_avoided"}
    names["accident_cost_per_accident_general"] = "crashes_avoided"
    with shared("planning/cba/parameters.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["parameter"] in names:
            ours = appraisal.parameters.unit_value(names[row["parameter"]])
            value = ours.value_eur
        else:
            ours = appraisal.parameters.parameter(row["parameter"], area=row["area"])
            value = ours.value
        assert value == float(row["value"])
        assert ours.status == {"verified": "confirmed", "to_verify": "to_confirm"}[row["status"]]
    figure(f"{len(rows)} equal")


@pytest.mark.item("decision", 3, "price years never mixed silently", "finding, or converted by the index")
def test_price_years(ask, tmp_path, figure):
    rows = [(2030, "benefit", 1000, "eur"), (2030, "carbon_avoided", 1, "tco2e")]
    (tmp_path / "index.csv").write_text("year,index\n2016,100\n2026,125\n")
    plain = [ask(rows), ask(rows, "--price-year", "2026")]
    converted = ask(rows, "--price-year", "2026", "--price-index", str(tmp_path / "index.csv"))
    figure(f"1250 with a finding, {converted['npv_eur']:.1f} converted")
    for answer in plain:
        assert [f["rule"] for f in answer["findings"]] == ["price_year_differs"]
        assert answer["npv_eur"] == 1250
    assert converted["npv_eur"] == 1000 + 250 * 1.25


@pytest.mark.item("decision", 3, "bad_rate; carbon_year, no_parameter", "exit 2; findings, named, left out")
def test_bad_inputs(ask, tmp_path, capsys, figure):
    answer = ask(
        [(2051, "carbon_avoided", 1, "tco2e"), (2027, "noise_avoided", 1, "db"), (2027, "benefit", 7, "eur")]
    )
    found = {f["rule"]: f["message"] for f in answer["findings"]}
    assert set(found) == {"carbon_year", "no_parameter"}
    assert "2051" in found["carbon_year"]
    assert "noise_avoided" in found["no_parameter"]
    assert answer["npv_eur"] == 7
    assert run(["appraisal", "cba", str(tmp_path / "flows.csv"), "--rate", "-1.2", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["rule"] == "bad_rate"
    figure("exit 2; 2 findings")
