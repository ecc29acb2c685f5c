"""decision.md, definition of done 17: every --json answer validates against its published schema."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path

import jsonschema
import pytest

from contado import verbs
from contado.cli import app
from contado.kernel.workspace import Workspace

PUBLISHED = json.loads(
    (Path(__file__).resolve().parents[3] / "docs" / "reference" / "answers.json").read_text(encoding="utf-8")
)
MCDA = [
    {"method": m, "matrix": [[3, 5], [4, 2], [1, 4]], "sense": ["max", "min"], "weights": [0.6, 0.4]}
    for m in ("topsis", "vikor", "electre_i", "electre_ii", "promethee_ii", "wsm")
]
RPM = {
    "scores": [[68, 81], [81, 49], [20, 90]],
    "cost": [43, 43, 30],
    "budget": 80,
    "cases": [{"weights": "all", "extreme_points": [[1, 0], [0, 1]], "score_spread": 0.1}],
}
FILES = {
    "flows.csv": "year,item,quantity,unit\n2027,cost,1000,eur\n2028,benefit,700,eur\n2029,noise,3,person\n",
    "mcda.json": json.dumps(MCDA),
    "rpm.json": json.dumps(RPM),
    "panel.csv": "unit,group,period,value\na,treated,2025,10\na,treated,2026,14\nb,control,2025,9\nb,control,2026,9\n",
    "observed.csv": "domain,planned_eur,realised_eur\nroad,100,118\nroad,200,214\ntrees,80,112\n",
    "scenarios.csv": "scenario,intervention_id,benefit_eur\nlow,I001,1000\nhigh,I001,300000\n",
    "events.csv": "intervention_id,kind,date,amount_eur\nI001,committed,2028-02-01,100\nI001,nonsense,2028-02-01,1\n",
}
OPTIONS = {
    "options.csv": "site,benefit_eur,budget_a,cost_a_eur\nA,10,0,5\nA,12,1,6\nB,8,0,5\nC,7,1,3\n",
    "budgets.csv": "budget,year,source,budget_eur\n0,2027,own,7\n1,2028,own,6\n",
}


def run(capsys, *words):
    code = app.run([str(word) for word in words] + ["--json", "--quiet"])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, json.loads(captured.out)


@pytest.fixture
def world(tmp_path, programme, capsys, monkeypatch):
    """Folders, files and a planned workspace; the current folder is where they lie."""
    monkeypatch.chdir(tmp_path)
    folder = programme({"equity_floors": [(None, None)]})
    folder.rename(tmp_path / "folder")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    days = [dt.date(2025, 1, 1) + dt.timedelta(k) for k in range(500)]
    rows = [f"m,{day},{20 + 5 * (k % 7)},{10 + 8 * math.cos(k / 58):.2f}" for k, day in enumerate(days)]
    (tmp_path / "meters.csv").write_text("\n".join(["meter,date,energy_kwh,temperature_degc", *rows]) + "\n")
    (tmp_path / "options").mkdir()
    for name, text in OPTIONS.items():
        (tmp_path / "options" / name).write_text(text)
    Workspace.create(tmp_path / "city")
    assert run(capsys, "tables", "import", "folder", "-w", "city")[0] == 0
    _, plan = run(capsys, "portfolio", "solve", "folder", "--out", "out")
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    return tmp_path


# verb -> command lines (after the verb) that between them show the keys of its answers
COMMANDS = {
    "plan": ["-w city", "-w city --no-robust --on 2027-01-01"],
    "front": ["--objectives benefit_eur,cost_eur -w city"],
    "explain": ["I004 -w city", "I001 -w city"],
    "robust": ["--draws 3 -w city"],
    "why": ["I001 -w city", "own -w city"],
    "rerun": ["out/run.json"],
    "diagnose": ["manto_stradale -w city"],
    "propose": ["manto_stradale -w city"],
    "monitor": ["manto_stradale -w city"],
    "tables check": ["folder", "city", "observed.csv --schema folder/observed"],
    "tables schema": ["", "intervention"],
    "tables import": ["folder -w city"],
    "practice list": [""],
    "funding evaluate": ["folder --on 2027-06-01"],
    "appraisal cba": ["flows.csv"],
    "appraisal mcda": ["mcda.json"],
    "programme export": ["folder plan.json --out schede --formats csv --fiscal-code 08911820960"],
    "programme record": ["events.csv -w city"],
    "programme codes": ["G17H03000130011 L08911820960202700001 nonsense"],
    "export schede": ["--out schede2 --formats csv -w city"],
    "monitoring savings": ["meters.csv --event 2026-02-01"],
    "monitoring compare": ["panel.csv --event 2026"],
    "monitoring update": ["observed.csv"],
    "portfolio solve": [
        "folder",
        "folder --draws 3",
        "folder --scenarios scenarios.csv --now-years 2027",
        "options",
        "options --method milp",
    ],
    "portfolio verify": ["folder plan.json"],
    "portfolio explain": ["folder I007"],
    "portfolio front": ["folder --objectives benefit_eur,cost_eur"],
    "portfolio robust": ["rpm.json", "folder --draws 3"],
    "portfolio increments": ["folder --scales 0.5,1,1.5"],
    "portfolio alternatives": ["folder --count 1"],
    "portfolio compare": ["plan.json plan.json"],
}
"""Every verb of this page but those below; other verbs' answers are checked wherever a test prints one."""
ELSEWHERE = {
    *("practice check", "bench", "export layer", "export report", "appraisal report", "programme publish"),
}
"""Answered in tests of their own, through the same check of the suite."""
GROUPS = {"tables", "practice", "funding", "appraisal", "programme", "monitoring", "portfolio"}
ALONE = {"plan", "front", "explain", "robust", "why", "rerun", "diagnose", "propose", "monitor"}


@pytest.mark.item(
    "decision", 17, "answers against docs/reference/answers.json", "every --json answer validates"
)
@pytest.mark.parametrize("verb", COMMANDS)
def test_an_answer_keeps_its_published_schema(verb, world, capsys):
    if verb in {"why", "export schede"}:
        run(capsys, "plan", "--no-robust", "-w", "city")
    for words in COMMANDS[verb]:
        code, answer = run(capsys, *verb.split(), *words.split())
        assert "error" not in answer, answer
        assert code in {0, 2, 3}
        jsonschema.validate(answer, PUBLISHED["answers"][verb])
        known = PUBLISHED["answers"][verb]["$defs"][verbs.load(verb).answer.__name__]["properties"]
        assert set(answer) <= set(known)
        assert "NaN" not in json.dumps(answer)


def test_no_verb_of_the_page_is_left_out():
    mine = {n for n in verbs.names() if n in ALONE or n.split()[0] in GROUPS}
    assert mine - ELSEWHERE == set(COMMANDS) - {"export schede"}


@pytest.mark.item("decision", 17, "errors against docs/reference/answers.json", "the error object, exit 2")
@pytest.mark.parametrize("verb", [v for v in COMMANDS if v not in {"practice list", "tables schema"}])
def test_an_error_keeps_its_published_schema(verb, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONTADO_WORKSPACE", raising=False)
    code, answer = run(capsys, *verb.split(), "nowhere", "nothing")
    assert code == (0 if verb == "programme codes" else 2)
    if code:
        jsonschema.validate(answer, PUBLISHED["error"])
