"""pavement.md, definition of done 18, through the command line on real files: strategies, programmes and trials."""

from __future__ import annotations

import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from invented.spoiled import accepted, item, refused, rules, write

STRATEGIES = "segment,strategy,year,cost_eur,benefit,area_m2,condition_end"
OFFERS = (
    "a,0,-1,0,0,0,20",
    "a,1,2027,100,50,10,80",
    "a,2,2028,110,48,10,85",
    "b,0,-1,0,5,0,60",
    "b,1,2027,60,40,30,90",
    "b,2,2028,60,38,30,92",
)
SEGMENTS = ("segment,iri_m_km,length_m,width_m", "a,4.5,400,7", "b,2.6,300,6")
TREATMENTS = "code,unit_cost_eur_m2,iri_after_m_km,growth_factor"
PANEL = "section,group,age_years,iri_m_km"


def offers(*lines):
    return STRATEGIES, *lines


def panel(sections=9, treated=2, ages=(0, 1, 2)):
    """The lines of a trial whose treated sections grow by 0.05 a year less, each section by its own."""
    return [
        f"S{s},{'treated' if s < treated else 'control'},{age},"
        f"{1.3 * math.exp((0.07 + 0.004 * (s % 4) - 0.05 * (s < treated)) * age):.6f}"
        for s in range(sections)
        for age in ages
    ]


@item("negative cost in strategies")
def test_negative_cost(ask, tmp_path):
    spoiled = [*OFFERS[:4], OFFERS[4].replace(",60,40", ",-60,40"), OFFERS[5]]
    path = write(tmp_path / "s.csv", *offers(*spoiled))
    refused(
        ask("programme", path, "--budget-per-year", 100),
        "negative_cost",
        rows=[6],
        says=["s.csv", "cost_eur", "-60"],
    )
    table = {"segment": ["a", "a"], "strategy": [0, 1], "year": [-1, 2027]}
    pq.write_table(
        pa.table({**table, "cost_eur": [0.0, -3.0], "benefit": [0.0, 1.0]}), tmp_path / "s.parquet"
    )
    refused(
        ask("programme", tmp_path / "s.parquet", "--budget-per-year", 100),
        "negative_cost",
        rows=[2],
        says=["row 2"],
    )
    out = tmp_path / "out"
    treatments = write(tmp_path / "t.csv", TREATMENTS, "wearing,12,1.1,1", "micro,-4,1.8,1")
    segments = write(tmp_path / "segments.csv", *SEGMENTS)
    words = ["--treatments", treatments, "--years", "2027:2028", "--out", out]
    refused(ask("strategies", segments, *words), "negative_cost", rows=[3], says=["t.csv", "-4"])
    assert not out.exists()


@item("a budget of 0")
def test_no_budget(ask, tmp_path):
    answer = accepted(ask("programme", write(tmp_path / "s.csv", *offers(*OFFERS)), "--budget-per-year", 0))
    assert (answer["objective"], answer["bound"], answer["gap"]) == (5.0, 5.0, 0.0)
    assert [c for c in answer["chosen"] if c["year"] >= 0] == []
    assert all(year["spent_eur"] == 0 for year in answer["years"])
    # a year's first euro is worth what the steepest strategy brings for one
    assert {y["year"]: y["shadow_price"] for y in answer["years"]} == pytest.approx(
        {2027: 35 / 60, 2028: 33 / 60}
    )


@item("treatment without effect")
def test_no_effect(ask, tmp_path):
    path = write(tmp_path / "s.csv", *offers(*OFFERS, "a,3,2027,10,0,1,20"))
    answer = accepted(ask("programme", path, "--budget-per-year", 160))
    assert [(f["rule"], f["row"]) for f in answer["findings"]] == [("no_effect", "a 3")]
    assert all(f["hint"] for f in answer["findings"])
    assert all(c["strategy"] != 3 for c in answer["chosen"])
    treatments = write(tmp_path / "t.csv", TREATMENTS, "wearing,12,1.1,1", "paint,3,,1")
    words = ["--treatments", treatments, "--years", "2027:2028", "--out", tmp_path / "out"]
    answer = accepted(ask("strategies", write(tmp_path / "segments.csv", *SEGMENTS), *words))
    assert ("no_effect", "paint") in {(f["rule"], f["row"]) for f in answer["findings"]}


@item("minimum condition that no budget meets")
def test_infeasible_floor(ask, tmp_path):
    path = write(tmp_path / "s.csv", *offers(*OFFERS))
    code, answer = ask("programme", path, "--budget-per-year", 70, "--min-condition", 65)
    assert (code, answer["bound"], answer["gap"]) == (3, None, None)
    assert answer["shortfalls"] == [{"segment": "a", "shortfall": 45.0}]
    (told,) = (f for f in answer["findings"] if f["rule"] == "infeasible_floor")
    assert "a by 45.0 points" in told["message"]
    assert told["hint"]
    assert answer["objective"] == pytest.approx(sum(c["benefit"] for c in answer["chosen"]))
    code, answer = ask("programme", path, "--budget-per-year", 1e6, "--min-condition", 91)
    assert (code, answer["shortfalls"]) == (3, [{"segment": "a", "shortfall": 6.0}])


@item("IRI zero or negative in a panel; missing column")
@pytest.mark.parametrize("value", ["0", "-1.4"])
def test_panel_not_positive(ask, tmp_path, value):
    lines = panel()
    lines[4] = f"{lines[4].rpartition(',')[0]},{value}"
    refused(
        ask("trial", write(tmp_path / "p.csv", PANEL, *lines)),
        "iri_not_positive",
        rows=[6],
        says=["p.csv", value],
    )
    wrong = write(tmp_path / "p.csv", PANEL.replace("iri_m_km", "iri_mkm"), *panel())
    refused(ask("trial", wrong), "missing_column", says=["iri_m_km"], hint=["iri_mkm"])


@item("trial with too few sections")
@pytest.mark.parametrize(("sections", "treated"), [(2, 1), (9, 1), (6, 2), (4, 4)])
def test_not_identifiable(ask, tmp_path, sections, treated):
    path = write(tmp_path / "p.csv", PANEL, *panel(sections, treated))
    answer = accepted(ask("trial", path))
    assert answer["verdict"] == "not_identifiable"
    assert "not_identifiable" in rules(answer)
    assert (answer["effect_per_year"] is None) == (sections == treated)
    assert answer["warnings"]


@item("unequal campaigns")
def test_unequal_campaigns(ask, tmp_path):
    whole = accepted(ask("trial", write(tmp_path / "p.csv", PANEL, *panel(ages=(0, 2)))))
    assert whole["verdict"] == "demonstrated"
    some = [line for line in panel() if not line.startswith("S5,control,1")]
    answer = accepted(ask("trial", write(tmp_path / "p.csv", PANEL, *some)))
    (told,) = (f for f in answer["findings"] if f["rule"] == "unequal_campaigns")
    assert told["message"]
    assert told["hint"]
    assert (answer["epochs"], answer["verdict"]) == (2, "demonstrated")
    assert answer["effect_per_year"] == pytest.approx(whole["effect_per_year"], abs=1e-12)
    apart = [line for line in panel(ages=(0, 1, 2, 3)) if (line < "S5") == (line.split(",")[2] in "01")]
    answer = accepted(ask("trial", write(tmp_path / "p.csv", PANEL, *apart)))
    assert answer["verdict"] == "not_identifiable"
    assert rules(answer) == {"unequal_campaigns", "not_identifiable"}


@item("unknown group, layer, module, term and model")
def test_unknown_choice(ask, tmp_path):
    lines = panel()
    lines[3] = lines[3].replace("treated", "traeted")
    panel_file = write(tmp_path / "p.csv", PANEL, *lines)
    refused(ask("trial", panel_file), "unknown_choice", rows=[5], says=["treated, control", "traeted"])
    mix = write(tmp_path / "m.csv", "layer,recycled_share", "wearing,0.2", "roof,0.2")
    refused(ask("cam", mix), "unknown_choice", rows=[3], says=["m.csv", "body", "wearing", "porous", "roof"])
    mixes = write(tmp_path / "a.csv", "name,cost_eur_m2,life_y", "plain,12,10")
    modules = write(tmp_path / "g.csv", "name,module,gwp_kg_m2", "plain,A9,3")
    words = ["--alternatives", mixes, "--modules", modules]
    refused(ask("lifecycle", *words), "unknown_choice", rows=[2], says=["A1-A3", "B2-B5", "A9"])
    weights = write(tmp_path / "w.csv", "term,weight", "looks,1")
    segments = write(tmp_path / "segments.csv", *SEGMENTS)
    refused(ask("condition", segments, "--weights", weights), "unknown_choice", hint=["condition", "traffic"])
