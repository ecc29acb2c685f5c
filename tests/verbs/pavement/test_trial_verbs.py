"""Verbs trial, trial-power, trial-published, lifecycle and cam: what they read, write and refuse."""

from __future__ import annotations

import json

import pytest

from contado.cli.app import run
from contado.kernel.declare import convert
from contado.kernel.errors import ContadoError
from contado.verbs import load

PANEL = "section,group,age_years,iri_m_km\n" + "".join(
    f"S{s},{'treated' if s < 2 else 'control'},{a},{1.2 * 2.718281828 ** ((0.05 + 0.002 * s) * a):.6f}\n"
    for s in range(9)
    for a in (0, 1, 2)
)
MIXES = "name,cost_eur_m2,life_y,gwp_kg_m2,recycled_share\nplain,12,10,6.5,0.15\ndear,15,14,6.9,0.2\n"
MIX = "layer,recycled_share\nwearing,0.15\nbinder,\n"


@pytest.fixture
def write(tmp_path):
    def put(name, text, encoding="utf-8"):
        (tmp_path / name).write_text(text, encoding=encoding)
        return str(tmp_path / name)

    return put


def ask(name, **values):
    verb = load(name)
    return verb(convert(verb.request, values))


def printed(capsys, *words):
    code = run([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_trial_answers_every_key(write, capsys):
    code, answer = printed(capsys, "pavement", "trial", write("panel.csv", PANEL))
    assert code == 0
    assert answer["label"] == "estimated"
    assert (answer["treated_sections"], answer["control_sections"], answer["permutations"]) == (2, 7, 21)
    assert answer["effect_per_year"] == pytest.approx(0.002 * (0.5 - 5.0), abs=1e-4)
    assert answer["verdict"] == "demonstrated"
    assert len(answer["events"]) == 3
    assert answer["mixed_model"] is None


def test_trial_reads_an_italian_csv_and_its_label(write):
    plain = ask("pavement trial", panel=write("panel.csv", PANEL))
    italian = PANEL.replace(",", ";").replace(".", ",")
    other = ask("pavement trial", panel=write("pannello.csv", italian, "utf-8-sig"))
    assert other.effect_per_year == pytest.approx(plain.effect_per_year)
    lines = [line + (",label" if i == 0 else ",simulated") for i, line in enumerate(PANEL.splitlines())]
    assert ask("pavement trial", panel=write("simulated.csv", "\n".join(lines))).label == "simulated"
    write("meta.json", '{"label": "simulated"}')
    assert ask("pavement trial", panel=write("panel.csv", PANEL)).label == "simulated"


def test_trial_tells_a_person(write, capsys):
    assert run(["pavement", "trial", write("panel.csv", PANEL), "--lang", "it"]) == 0
    text = capsys.readouterr().out
    assert "Effetto dimostrato." in text
    assert "-0,0090" in text


def test_trial_evaluates_another_metric_by_its_own_column(write, capsys):
    rows = [line.split(",") for line in PANEL.splitlines()[1:]]
    loud = [f"{s},{g},{a},{94 + 0.5 * int(a) * (1 + 0.1 * int(s[1]))}" for s, g, a, _ in rows]
    path = write("noise.csv", "\n".join(["section,group,age_years,noise_cpx_db", *loud]))
    code, answer = printed(capsys, "pavement", "trial", path, "--metric", "noise_cpx_db")
    assert (code, answer["metric"], answer["unit"], answer["findings"]) == (0, "noise_cpx_db", "dB(A)", [])
    assert answer["effect_per_year"] == pytest.approx(0.05 * (0.5 - 5.0))
    assert answer["events"][0]["control_value"] == pytest.approx(94)
    assert run(["pavement", "trial", path, "--metric", "noise_cpx_db", "--lang", "it"]) == 0
    assert "Metrica noise_cpx_db: crescite ed effetti sono usura, in dB(A) l'anno." in capsys.readouterr().out
    code, refused = printed(capsys, "pavement", "trial", path)
    assert (code, refused["error"]["rule"]) == (2, "missing_column")


def test_skid_resistance_wears_by_losing(write):
    rows = [line.split(",") for line in PANEL.splitlines()[1:]]
    slick = [
        f"{s},{g},{a},{0.6 - (0.01 if g == 'treated' else 0.03) * int(a) - 0.001 * int(s[1]) * int(a)}"
        for s, g, a, _ in rows
    ]
    path = write("skid.csv", "\n".join(["section,group,age_years,skid_sfc", *slick]))
    found = ask("pavement trial", panel=path, metric="skid_sfc")
    assert found.effect_per_year == pytest.approx(-0.02 + 0.001 * (0.5 - 5))
    assert (found.verdict, found.unit) == ("demonstrated", "SFC")
    assert found.control_growth_per_year == pytest.approx(0.035)


def test_the_verb_offers_every_metric_of_the_engine():
    import typing

    from contado.engines.pavement.trial import METRICS
    from contado.verbs.pavement.trial import TrialRequest

    offered = typing.get_type_hints(TrialRequest)["metric"]
    assert typing.get_args(offered) == tuple(METRICS)


def test_trial_tells_a_person_the_second_opinion(write, capsys):
    pytest.importorskip("statsmodels", reason="extra stats is not installed")
    path = write("panel.csv", PANEL)
    second = ask("pavement trial", panel=path, mixed_model=True).mixed_model
    assert run(["pavement", "trial", path, "--mixed-model", "--lang", "en"]) == 0
    text = capsys.readouterr().out
    assert f"Mixed model by REML, second opinion (95 %): {second.effect_per_year:+.4f} (" in text
    assert ("did not converge" in text) is not second.converged
    assert run(["pavement", "trial", path, "--lang", "it"]) == 0
    assert "Modello misto" not in capsys.readouterr().out


def test_trial_counts_the_campaigns_since_the_last_laying(write, capsys):
    lines = PANEL.splitlines()
    rows = [line.split(",") for line in lines[1:]]
    moved = [[s, g, str(int(a) - (1 if g == "treated" else -4)), iri, a] for s, g, a, iri in rows]
    text = "\n".join([lines[0] + ",campaign", *map(",".join, moved)])
    code, answer = printed(capsys, "pavement", "trial", write("panel.csv", text))
    assert (code, answer["epochs"], answer["counted_epochs"]) == (0, 3, 2)
    assert [e["counted"] for e in answer["events"]] == [False, True, True]
    assert [f["rule"] for f in answer["findings"]] == ["campaigns_not_used"]


@pytest.mark.parametrize(
    ("old", "new", "rule", "rows"),
    [
        ("iri_m_km", "iri_m_kn", "missing_column", []),
        ("S0,treated,1,1.261", "S0,treated,1,-1.261", "iri_not_positive", [3]),
        ("S3,control,0,1.2", "S3,control,zero,1.2", "not_a_number", [11]),
        ("S4,control,2", "S4,kontrol,2", "unknown_choice", [16]),
    ],
)
def test_a_bad_panel_is_refused_with_its_line(write, capsys, old, new, rule, rows):
    assert old in PANEL
    code, answer = printed(capsys, "pavement", "trial", write("panel.csv", PANEL.replace(old, new)))
    error = answer["error"]
    assert (code, error["rule"], error["rows"]) == (2, rule, rows)
    assert error["hint"]
    if rows:
        assert "panel" in error["message"]


def test_too_few_sections_are_an_answer_not_an_error(write, capsys):
    few = "".join(
        line for line in PANEL.splitlines(keepends=True) if line[:2] not in {"S0", "S8", "S7", "S6"}
    )
    code, answer = printed(capsys, "pavement", "trial", write("panel.csv", few))
    assert (code, answer["verdict"]) == (0, "not_identifiable")
    assert answer["effect_per_year"] is not None
    assert [f["rule"] for f in answer["findings"]] == ["not_identifiable"]
    assert answer["warnings"]


def test_unequal_campaigns_are_reported(write):
    some = "".join(line for line in PANEL.splitlines(keepends=True) if not line.startswith("S5,control,1"))
    answer = ask("pavement trial", panel=write("panel.csv", some))
    assert (answer.epochs, [f.rule for f in answer.findings]) == (2, ["unequal_campaigns"])


def test_power_takes_campaigns_as_a_list(capsys):
    words = ["--sd", "0.012", "--treated", "2", "--control", "40"]
    code, plain = printed(capsys, "pavement", "trial-power", *words)
    assert code == 0
    assert plain["minimum_detectable_effect"] == pytest.approx(0.02498, abs=1e-5)
    _, noted = printed(capsys, "pavement", "trial-power", *words, "--campaigns", "0,1,2")
    assert [f["rule"] for f in noted["findings"]] == ["not_used"]
    _, dated = printed(
        capsys, "pavement", "trial-power", *words, "--campaigns", "0,1,2", "--residual-sd", "0.02"
    )
    assert dated["standard_error"] > plain["standard_error"]
    code, refused = printed(
        capsys, "pavement", "trial-power", *words, "--campaigns", "1", "--residual-sd", "0.02"
    )
    assert (code, refused["error"]["rule"]) == (2, "no_campaigns")
    code, refused = printed(capsys, "pavement", "trial-power", *words[:-1], "1")
    assert (code, refused["error"]["field"]) == (2, "control")


def test_power_says_what_can_never_be_demonstrated_in_both_languages(capsys):
    words = ["pavement", "trial-power", "--sd", "0.012", "--treated", "2", "--control", "5"]
    code, answer = printed(capsys, *words)
    assert (code, answer["minimum_detectable_effect"]) == (0, None)
    assert [(f["severity"], f["rule"]) for f in answer["findings"]] == [("warning", "no_placebo")]
    assert {s["treated"] for s in answer["sections_needed"]} == {None}
    assert run([*words, "--lang", "it"]) == 0
    told = capsys.readouterr()
    assert "Minimo effetto rilevabile (potenza 0,8): nessuno, per quanto grande" in told.out
    assert "0,005: non raggiungibile" in told.out
    assert "unknown" not in told.out
    assert "no_placebo" in told.err
    assert run([*words[:-1], "40", "--lang", "en"]) == 0
    english = capsys.readouterr().out
    assert "Minimum detectable effect (power 0.8): 0.0250" in english
    assert "0.005: not reachable" in english
    assert "0.025: 2" in english


@pytest.mark.parametrize("campaigns", ["0,inf", "0,1e999", "0,nan"])
def test_power_takes_no_time_without_end(capsys, campaigns):
    words = ["--sd", "0.012", "--treated", "2", "--control", "40", "--residual-sd", "0.02"]
    code, refused = printed(capsys, "pavement", "trial-power", *words, "--campaigns", campaigns)
    assert (code, refused["error"]["rule"], refused["error"]["field"]) == (2, "bad_value", "campaigns")


def test_a_published_table_names_its_years(write, capsys):
    path = write("table.csv", "section,mix,pci_after_5y\nS1,a,65\nS2,b,30\n")
    code, answer = printed(capsys, "pavement", "trial-published", path, "--years", "5")
    assert code == 0
    assert [s["loss_per_year"] for s in answer["sections"]] == [7.0, 14.0]
    assert answer["warnings"][0].startswith("one section per arm")
    code, refused = printed(capsys, "pavement", "trial-published", path, "--years", "4")
    assert (code, refused["error"]["rule"]) == (2, "missing_column")
    assert "pci_after_5y" in refused["error"]["hint"]


def test_lifecycle_of_two_costs_and_of_a_table(write, capsys):
    mixes = write("mixes.csv", MIXES)
    code, answer = printed(
        capsys, "pavement", "lifecycle", "--alternatives", mixes, "--draws", "500", "--seed", "1"
    )
    assert (code, answer["euac_base_eur"]) == (0, None)
    assert [a["name"] for a in answer["alternatives"]] == ["plain", "dear"]
    assert all(a["low"] <= a["euac_eur"] <= a["high"] for a in answer["alternatives"])
    _, again = printed(
        capsys, "pavement", "lifecycle", "--alternatives", mixes, "--draws", "500", "--seed", "1"
    )
    assert again["alternatives"] == answer["alternatives"]
    modules = write("epd.csv", "name,module,gwp_kg_t,t_m2\nplain,A1-A3,60,0.1\nplain,D,-9,0.1\n")
    answer = ask("pavement lifecycle", alternatives=mixes, modules=modules)
    (gases,) = answer.alternatives[0].indicators
    assert (gases.indicator, gases.unit, gases.value_m2_y) == ("gwp", "kg CO2e", pytest.approx(0.6))
    assert gases.by_module == pytest.approx({"A1-A3": 6.0, "D": -0.9})
    assert answer.alternatives[1].indicators == []
    assert [f.rule for f in answer.findings if f.table == "epd.csv"] == ["few_indicators", "lca_review"]
    assert answer.alternatives[0].gwp_kg_m2_y == pytest.approx(0.6)
    assert answer.alternatives[1].gwp_kg_m2_y is None


def test_a_break_even_that_does_not_exist_has_a_reason(write):
    mixes = write("mixes.csv", "name,cost_eur_m2,life_y\nplain,10,10\nfair,12,14\nendless,100,200\n")
    answer = ask("pavement lifecycle", alternatives=mixes, base_cost=100, base_life=12, extra_cost_share=9)
    told = [f.message for f in answer.findings if f.rule == "no_break_even"]
    assert answer.break_even_life_y is None
    assert [message.partition(" has")[0] for message in told] == ["The dearer mix", "endless"]


def test_lifecycle_without_anything_to_compare_is_refused(capsys):
    code, answer = printed(capsys, "pavement", "lifecycle", "--base-cost", "100")
    assert (code, answer["error"]["rule"]) == (2, "missing_value")
    code, answer = printed(capsys, "pavement", "lifecycle", "--base-cost", "0", "--base-life", "1")
    assert (code, answer["error"]["field"]) == (2, "base_cost")


def test_cam_picks_the_rule_of_the_day(write, capsys):
    path = write("mix.csv", MIX)
    found = {}
    for day in ("2025-09-23", "2025-09-24"):
        code, answer = printed(capsys, "pavement", "cam", path, "--on", day)
        assert code == 0
        assert [r["ok"] for r in answer["layers"]] == [True, None]
        assert "criterio" in answer["layers"][0]["article"]
        found[day] = answer["rule_version"]
    assert found["2025-09-23"] != found["2025-09-24"]
    assert all(v.startswith("strade-2024") for v in found.values())


def test_a_layer_that_does_not_exist_lists_the_valid_ones(write):
    with pytest.raises(ContadoError) as refused:
        ask("pavement cam", mix=write("mix.csv", MIX.replace("binder", "bindr")))
    assert (refused.value.rule, refused.value.rows) == ("unknown_choice", (3,))
    assert "cement_bound_base" in refused.value.message
    assert "binder" in refused.value.hint
