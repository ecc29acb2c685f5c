"""appraisal report as a user types it: the guidelines' order, the DNSH section, nothing made up."""

import json
import re
from pathlib import Path

import pytest

from contado.cli.app import run

SECTIONS = [
    "Fabbisogno e domanda",
    "Alternative",
    "Costi",
    "Benefici",
    "Risultati dell'analisi costi-benefici",
    "Sensitività",
    "Rischi",
    "DNSH: sei obiettivi ambientali",
    "Parametri e fonti",
]
FLOWS = "year,item,quantity,unit\n2027,cost,100000,eur\n" + "".join(
    f"{year},benefit,9000,eur\n{year},carbon_avoided,12,tco2e\n" for year in range(2028, 2043)
)
DOCS = Path(__file__).resolve().parents[3] / "docs" / "reports.md"
SIX = ["mitigation", "adaptation", "water", "circular_economy", "pollution", "biodiversity"]


@pytest.fixture
def report(tmp_path, capsys):
    (tmp_path / "flows.csv").write_text(FLOWS + "2042,residual_value,10000,eur\n", encoding="utf-8")

    def make(project, *more, flows="flows.csv"):
        (tmp_path / "project.toml").write_text(project, encoding="utf-8")
        words = ["appraisal", "report", tmp_path / flows, "--project", tmp_path / "project.toml"]
        words += ["--out", tmp_path / "out", "--date", "2026-11-26", "--formats", "html", *more, "--json"]
        code = run([str(w) for w in words])
        answer = json.loads(capsys.readouterr().out)
        page = tmp_path / "out" / "appraisal.html"
        return code, answer, page.read_text(encoding="utf-8") if page.exists() else ""

    return make


def test_a_strict_report_leaves_nothing_unsaid(report, tmp_path):
    (tmp_path / "plain.csv").write_text(FLOWS.partition("2028")[0] + "2028,benefit,9,eur\n", encoding="utf-8")
    code, answer, page = report('name = "Opera"', "--strict", flows="plain.csv")
    assert (code, answer["error"]["rule"], page) == (2, "dnsh_not_known", "")


def test_what_is_not_said_is_not_known(report):
    code, answer, page = report('name = "Opera"')
    assert (code, answer["sections"]) == (0, SECTIONS)
    assert answer["dnsh_not_known"] == SIX
    assert answer["npv_eur"] == pytest.approx(67675.24, abs=0.005)
    assert [f["rule"] for f in answer["findings"]][-1] == "dnsh_not_known"
    for missing in (
        "il fabbisogno",
        "nessun obiettivo",
        "la domanda",
        "nessuna alternativa",
        "nessun rischio",
    ):
        assert f"non noto: {missing}" in page
    assert page.count("non noto: il progetto non indica le fonti") == 1
    assert "nessun danno significativo" not in page
    assert page.count("non è detto come è nato") == 3


def test_figures_are_those_of_the_appraisal(report):
    _, answer, page = report('name = "Opera"\nlabel = "estimated"')
    assert (answer["benefit_cost_ratio"], answer["label"]) == (pytest.approx(1.676752, abs=1e-6), "estimated")
    for text in ("<b>68</b> migliaia di €", "<b>10,4 %</b>", "<b>1,68</b>", "si ripaga nel 2037"):
        assert text in page
    assert "Nei flussi: 180,0 tCO₂e evitate fra 2028 e 2042. È un dato, non un esito." in page
    assert "da confermare" in page


def test_answers_on_the_objectives_are_told_as_given(report):
    project = """name = "Opera"
[dnsh.mitigation]
answer = "no_significant_harm"
reason = "metà del gas"
evidence = "diagnosi"
[dnsh.water]
answer = "significant_harm"
reason = "scarico nel fosso"
"""
    _, answer, page = report(project)
    assert answer["dnsh_not_known"] == [n for n in SIX if n not in {"mitigation", "water"}]
    row = re.search(r"<th scope=\"row\">Mitigazione.*?</tr>", page)[0]
    assert [re.sub("<.*?>", "", c) for c in re.findall(r"<td>(.*?)</td>", row)] == [
        "nessun danno significativo",
        "metà del gas",
        "diagnosi",
        "non noto",
    ]
    assert "Il progetto arreca un danno significativo." in page


def test_alternatives_are_appraised_with_the_same_parameters(report, tmp_path):
    (tmp_path / "alt.csv").write_text(
        "year,item,quantity,unit\n2027,cost,20000,eur\n2028,benefit,15450,eur\n"
    )
    project = """name = "Opera"
[[alternatives]]
name = "Meno"
flows = "alt.csv"
reason = "rende meno"
[[alternatives]]
name = "Niente"
"""
    _, _, page = report(project)
    rows = re.findall(r"<tr><th scope=\"row\">(Meno|Niente)</th>(.*?)</tr>", page)
    cells = {name: [re.sub("<.*?>", "", c) for c in re.findall(r"<td.*?>(.*?)</td>", r)] for name, r in rows}
    assert cells["Meno"] == ["no", "−5.000", "0,75", "rende meno"]
    assert cells["Niente"] == ["no", "non noto", "non noto", "non noto"]


def test_what_has_no_value_is_no_zero(report, tmp_path):
    (tmp_path / "noise.csv").write_text(FLOWS + "2030,noise_avoided,3,person\n", encoding="utf-8")
    _, _, page = report('name = "Opera"', flows="noise.csv")
    assert "noise_avoided, €" not in page
    row = re.search(r"<th scope=\"row\">noise_avoided</th>.*?</tr>", page)[0]
    assert row.count("non noto") == 4
    assert "senza valore: fuori dai totali" in row


def test_the_project_of_the_docs_is_understood(report, tmp_path):
    (project,) = re.findall(
        r"^```toml\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "windows.csv").write_text("year,item,quantity,unit\n2027,cost,1,eur\n", encoding="utf-8")
    code, answer, page = report(project, "--lang", "en")
    assert (code, answer["label"]) == (0, "estimated")
    for text in (
        "Halve the consumption",
        "Comfort of the pupils",
        "Delay of the tender",
        "Windows only",
        "310.0",
    ):
        assert text in page
    assert '<html lang="en">' in page


def test_texts_of_the_project_are_no_markup(report):
    _, _, page = report(
        "name = '<script>alert(1)</script> #panic()'\nneeds = '{{ 7*7 }} <b>x</b>'", "--formats", "pdf"
    )
    assert "<script" not in page
    assert "{{ 7*7 }} &lt;b&gt;x&lt;/b&gt;" in page


@pytest.mark.parametrize(
    ("project", "rule"),
    [
        ("name = ", "bad_project"),
        ('nome = "x"', "bad_project"),
        ('name = "x"\nneed = "y"', "bad_project"),
        ('name = "x"\n[dnsh.climate]\nanswer = "not_known"', "bad_project"),
        ('name = "x"\n[dnsh.water]\nanswer = "maybe"', "bad_project"),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused(report, tmp_path, project, rule):
    code, answer, page = report(project)
    assert (code, answer["error"]["rule"], page) == (2, rule, "")


def test_a_missing_file_of_flows_or_project_is_named(report, tmp_path):
    code, answer, _ = report('name = "x"\n[[alternatives]]\nname = "a"\nflows = "none.csv"')
    assert code == 2
    assert "none.csv" in answer["error"]["message"]
    words = [
        "appraisal",
        "report",
        tmp_path / "flows.csv",
        "--project",
        tmp_path / "no.toml",
        "--out",
        tmp_path,
        "--json",
    ]
    assert run([str(w) for w in words]) == 2
