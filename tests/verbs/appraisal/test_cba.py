"""contado appraisal cba: answer, options, and what is refused."""

import json

import pytest

from contado.cli.app import run

KEYS = {
    "npv_eur",
    "pv_costs_eur",
    "pv_benefits_eur",
    "benefit_cost_ratio",
    "err",
    "equivalent_annual_eur",
    "payback_year",
    "by_item",
}


@pytest.fixture
def ask(tmp_path, capsys):
    def call(text, *options, code=0):
        file = tmp_path / "flows.csv"
        file.write_text(text)
        assert run(["appraisal", "cba", str(file), *options, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return call


HEAD = "year,item,quantity,unit\n"


def rules(answer):
    return [f["rule"] for f in answer["findings"]]


def test_keys_and_the_default_rate_with_its_status(ask):
    answer = ask(HEAD + "2027,cost,100,eur\n2028,benefit,103,eur\n")
    assert set(answer) >= KEYS
    assert answer["npv_eur"] == pytest.approx(0, abs=1e-9)
    assert answer["err"] == pytest.approx(0.03)
    assert answer["parameters"][0]["status"] == "to_confirm"
    assert answer["by_item"]["cost"] == {
        "undiscounted_eur": 100,
        "pv_eur": 100,
        "status": "given",
        "price_year": None,
        "source": None,
    }


def test_options(ask, tmp_path):
    (tmp_path / "values.csv").write_text(
        "item,sense,unit,value_eur,price_year,status,source\npm25,benefit,kg,20,2020,confirmed,x\n"
    )
    (tmp_path / "index.csv").write_text("year,index\n2020,100\n2025,110\n")
    answer = ask(
        HEAD + "2027,cost,100,eur\n2027,pm25,10,kg\n",
        "--rate",
        "0",
        "--base-year",
        "2026",
        "--price-year",
        "2025",
        "--parameters",
        str(tmp_path / "values.csv"),
        "--price-index",
        str(tmp_path / "index.csv"),
    )
    assert answer["npv_eur"] == pytest.approx(120)
    assert rules(answer) == ["converted"]
    assert answer["by_item"]["pm25"]["status"] == "confirmed"
    assert answer["base_year"] == 2026
    assert answer["parameters"] == [
        {"name": "discount_rate", "value": 0, "unit": "share", "status": "given", "source": None}
    ]


def test_carbon_after_the_table_is_held_on_request_only(ask):
    text = HEAD + "2055,carbon_avoided,1,tco2e\n"
    assert rules(ask(text)) == ["carbon_year"]
    assert ask(text, "--hold-carbon")["npv_eur"] == 800


def test_a_semicolon_file_with_decimal_commas_is_read_and_said(ask):
    answer = ask("year;item;quantity;unit\n2027;cost;10,5;eur\n")
    assert answer["pv_costs_eur"] == 10.5
    assert set(rules(answer)) == {"converted"}


@pytest.mark.parametrize(
    ("text", "options", "rule", "said"),
    [
        (HEAD + "2027,cost,100,eur\n", ["--rate", "-1"], "bad_rate", "-1"),
        (HEAD + "2027,cost,many,eur\n", [], "bad_number", "'many'"),
        (HEAD + "2027,cost,,eur\n", [], "bad_number", "line 2"),
        (HEAD + "2027.5,cost,1,eur\n", [], "bad_number", "2027.5"),
        (HEAD + "2027,cost,1,keur\n", [], "unit_kind", "keur"),
        ("year,item,amount,unit\n2027,cost,1,eur\n", [], "missing_column", "quantity"),
        (HEAD + "2027,cost,1,eur\n", ["--parameters", "nowhere.csv"], "table_not_found", "nowhere"),
    ],
)
def test_what_is_refused(ask, text, options, rule, said):
    error = ask(text, *options, code=2)["error"]
    assert error["rule"] == rule
    assert said in error["message"]
    assert error["hint"]


def test_an_item_without_value_is_named(ask):
    answer = ask(HEAD + "2027,benefit,5,eur\n2027,noise_db,3,db\n")
    assert rules(answer) == ["no_parameter"]
    assert "noise_db" in answer["findings"][0]["message"]
    assert answer["by_item"]["noise_db"]["pv_eur"] is None
    assert answer["npv_eur"] == 5


def test_a_missing_file_names_the_nearest(tmp_path, capsys):
    (tmp_path / "flows.csv").write_text(HEAD)
    assert run(["appraisal", "cba", str(tmp_path / "flow.csv"), "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["rule"], "flows.csv" in error["hint"]) == ("table_not_found", True)


def test_strict_refuses_what_would_be_left_out(ask):
    text = HEAD + "2027,benefit,5,eur\n2027,noise_db,3,db\n"
    error = ask(text, "--strict", code=2)["error"]
    assert error["rule"] == "no_parameter"
    assert ask(HEAD + "2027,benefit,5,eur\n", "--strict")["npv_eur"] == 5
