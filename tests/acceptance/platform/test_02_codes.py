"""Item 2: codes."""

from __future__ import annotations

import json

import pytest

from contado.cli.app import run


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    path = tmp_path_factory.mktemp("codes") / "city"
    assert run(["init", str(path), "--json", "--quiet"]) == 0
    return path


def ask(capsys, city, *words):
    capsys.readouterr()
    code = run(["territory", "unit", *words, "-w", str(city), "--json"])
    return code, json.loads(capsys.readouterr().out)["units"]


@pytest.mark.item("platform", 2, "five spellings of one municipality", "all 015146")
def test_spellings(city, capsys, figure):
    code, units = ask(capsys, city, "015146", "15146", " 015146 ", "F205", "milano")
    assert code == 0
    assert {u["istat"] for u in units} == {"015146"}
    assert {u["status"] for u in units} == {"current"}
    figure(f"{len(units)} of 5")


@pytest.mark.item("platform", 2, "merged codes", "015251 since 2019-02-08")
def test_merged_codes(city, capsys, figure):
    code, units = ask(capsys, city, "015235", "015246")
    assert code == 0
    assert [u["name"] for u in units] == ["Vermezzo", "Zelo Surrigone"]
    assert {(u["status"], u["successor"], u["since"]) for u in units} == {("merged", "015251", "2019-02-08")}
    figure("015251 since 2019-02-08")


@pytest.mark.item("platform", 2, "unknown name", "three nearest, exit 2")
def test_unknown(city, capsys, figure):
    code, units = ask(capsys, city, "Milnao", "015146")
    assert code == 2
    hint = units[0]["error"]["hint"]
    assert "Milano" in hint
    assert hint.count("(") == 3
    assert units[1]["istat"] == "015146"
    figure("three nearest, exit 2")
