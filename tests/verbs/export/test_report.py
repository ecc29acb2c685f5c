"""export report as a user types it: the programme told whole, in both languages, without inventing anything."""

import csv
import html.parser
import json
import re
from pathlib import Path

import pytest

from contado.cli.app import run
from contado.kernel import settings, tables
from contado.kernel.workspace import Workspace

ROAD = "Via Roma, 0+000–0+260"
EVIL = '<b>Via</b> #panic("x") =1+1'
SECTIONS = [
    "Che cosa compra",
    "Quanto è vicino al meglio possibile",
    "Quanto regge se i numeri cambiano",
    "La linea di taglio",
    "Bilanci e fonti",
    "Interventi scelti",
    "Interventi non scelti",
    "Cantieri in comune",
    "Equità fra i comuni",
    "Come è stato calcolato",
    "Da dove vengono i dati",
]


def work(key, cost, benefit, **more):
    practice = key.partition(":")[0]
    row = {
        "id": key,
        "practice": practice,
        "type": "t",
        "asset_id": None,
        "site_id": None,
        "municipality": "015146",
        "cost_eur": cost,
        "benefit_eur": benefit,
        "earliest_year": 2027,
        "latest_year": 2027,
        "name": f"Intervento {key}",
        "label": "estimated",
        "source_id": "own_list",
    }
    return row | more


WORKS = [
    work(
        "roads:A",
        1e5,
        4e5,
        name=EVIL,
        cost_low_eur=9e4,
        cost_high_eur=1.2e5,
        road_link_ids=["L1"],
        worksite_cost_eur=8e3,
    ),
    work("trees:B", 5e4, 9e4, road_link_ids=["L1"], worksite_cost_eur=5e3, label="simulated"),
    work(
        "roads:C",
        9e4,
        9.5e4,
        municipality="015002",
        type="crack_sealing",
        name=f"Sigillatura delle fessure, {ROAD}",
    ),
    work("roads:D", 9e4, 4e5, choice_group="g"),
    work("roads:E", 8e4, 1e5, choice_group="g"),
]


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    body = settings.Body(name="Città di prova")
    workspace = Workspace.create(tmp_path_factory.mktemp("report") / "city", settings.Settings(body=body))
    unit = {"kind": "municipality", "pop": 1000}
    units = [
        unit | {"id": c, "istat6": c, "name_it": n}
        for c, n in (("015146", "Milano"), ("015002", "Abbiategrasso"))
    ]
    effect = {
        "indicator": "ghg_tco2e_y",
        "value": 2.0,
        "unit": "tco2e_y",
        "method": "exact",
        "source_id": "own_list",
    }
    effects = [effect | {"intervention_id": k} for k in ("roads:A", "roads:D")]
    effects[0] |= {"low": 1.0, "high": 3.0}
    with workspace.commit() as commit:
        for practice in ("roads", "trees"):
            rows = [w for w in WORKS if w["practice"] == practice]
            commit.table("intervention", tables.from_rows("intervention", rows), practice=practice)
        commit.table("effect", tables.from_rows("effect", effects), practice="roads")
        budget = [{"source": "own", "year": 2027, "budget_eur": 2.4e5}]
        commit.table("budget", tables.from_rows("budget", budget))
        rule = {"source": "own", "domains": ["*"], "max_rate": 1.0, "cumulable": True}
        commit.table("funding_rule", tables.from_rows("funding_rule", [rule]))
        source = {"source": "own", "name": "Fondi propri", "resource_type": "stanziamenti di bilancio"}
        commit.table("funding_source", tables.from_rows("funding_source", [source]))
        commit.table("territory_unit", tables.from_rows("territory_unit", units))
        origin = {"source_id": "own_list", "title": "Elenco degli uffici", "licence": "CC BY 4.0"}
        commit.table("source", tables.from_rows("source", [origin]), practice="roads")
    assert run(["plan", "-w", str(workspace.path), "--draws", "10", "--json", "--quiet"]) == 0
    return workspace.path


def ask(capsys, *words):
    code = run([str(w) for w in words] + ["--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def report(city, tmp_path, capsys):
    def make(*more):
        out = tmp_path / "out"
        words = ("export", "report", "-w", city, "--out", out, "--date", "2026-10-31", *more)
        code, answer = ask(capsys, *words)
        assert code == 0, answer
        return out, answer

    return make


class Page(html.parser.HTMLParser):
    def __init__(self, data):
        super().__init__()
        self.tables, self.caption, self.cell = {}, None, None
        self.feed(data)

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.rows = []
        elif tag == "caption":
            self.caption = ""
        elif tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.cell = ""

    def handle_endtag(self, tag):
        if tag == "caption":
            self.name, self.caption = self.caption.strip(), None
        elif tag in {"td", "th"}:
            self.rows[-1].append(self.cell.strip())
            self.cell = None
        elif tag == "table":
            self.tables[self.name] = self.rows

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data
        elif self.caption is not None:
            self.caption += data


def test_the_report_tells_the_programme_whole(report):
    out, answer = report("--formats", "html")
    assert answer["sections"] == SECTIONS
    assert (answer["candidates"], answer["chosen"], answer["label"]) == (5, 3, "simulated")
    assert [Path(f["path"]).name for f in answer["files"]] == ["report.html", "candidates.csv"]
    page = (out / "report.html").read_text(encoding="utf-8")
    told = Page(page).tables
    assert "Città di prova" in page
    assert "31 ottobre 2026" in page
    assert "Candidati che poggiano su dati simulati: 1 su 5." in page
    assert told["Bilanci per fonte e anno"][1][:5] == ["Fondi propri", "2027", "240.000", "235.000", "5.000"]
    assert told["Chi paga"][1] == [
        "Fondi propri",
        "stanziamenti di bilancio",
        "non noto",
        "235.000",
        "100\u00a0%",
    ]
    assert told["Coppie di interventi ◌ simulato"][1][3] == "5.000"
    assert told["Spesa per comune"][1] == ["Milano", "3", "235.000", "235,00"]
    bands = told["Comuni per spesa a residente"]
    assert [row[1] for row in bands[1:]] == ["1", "0", "0", "0", "1"]
    effect = told["Effetti degli interventi scelti"][1]
    assert effect[:5] == ["Emissioni di gas serra evitate", "4,0", "non noto", "non noto", "tCO₂e/anno"]
    assert told["Fonti dei dati"][1][0] == "Elenco degli uffici"


def test_each_no_has_its_reason_and_no_id_is_shown(report):
    out, _ = report("--formats", "html")
    told = Page((out / "report.html").read_text(encoding="utf-8")).tables
    out_of_it = told["Interventi non scelti, in ordine di resa"][1:]
    reasons = {row[0]: row[4] for row in out_of_it}
    assert set(reasons) == {f"Sigillatura delle fessure, {ROAD}", "Intervento roads:E"}
    assert all(reason not in {"", "non noto"} for reason in reasons.values())
    chosen = told["Interventi scelti, per anno"]
    assert [row[0] for row in chosen[1:]] == [EVIL, "Intervento roads:D", "Intervento trees:B"]
    assert [row[4] for row in chosen[1:]] == ["90–120", "non noto", "non noto"]


def test_a_gap_never_stands_without_its_sturdiness(report):
    _, answer = report("--formats", "html")
    near = answer["sections"].index("Quanto è vicino al meglio possibile")
    assert answer["sections"][near + 1] == "Quanto regge se i numeri cambiano"


def test_the_same_workspace_gives_the_same_bytes(report):
    _, first = report("--formats", "html,pdf,docx,odt,ods,xlsx")
    _, second = report("--formats", "html,pdf,docx,odt,ods,xlsx")
    assert [f["sha256"] for f in first["files"]] == [f["sha256"] for f in second["files"]]
    assert len({f["sha256"] for f in first["files"]}) == 7


def test_english_is_asked_for(report):
    out, answer = report("--formats", "html", "--lang", "en")
    assert answer["title"] == "Programme 2027: report"
    assert answer["sections"][0] == "What it buys"
    page = (out / "report.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in page
    assert not re.search(
        r"\b(interventi|Comune|non noto|prove)\b", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    )


def test_in_english_a_work_is_called_by_the_english_name_of_its_treatment(report):
    out, _ = report("--formats", "html", "--lang", "en")
    told = Page((out / "report.html").read_text(encoding="utf-8")).tables
    rows = told["Interventions not chosen, in order of yield"][1:]
    assert {row[0] for row in rows} == {f"Crack sealing, {ROAD}", "Intervento roads:E"}
    with (out / "candidates.csv").open(encoding="utf-8", newline="") as file:
        names = {r["id"]: (r["name"], r["name_en"]) for r in csv.DictReader(file)}
    assert names["roads:C"] == (f"Sigillatura delle fessure, {ROAD}", f"Crack sealing, {ROAD}")
    assert names["roads:D"] == ("Intervento roads:D", "Intervento roads:D")


def test_all_candidates_stand_in_the_table_beside_it(report):
    out, _ = report("--formats", "html")
    with (out / "candidates.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {r["id"] for r in rows} == {w["id"] for w in WORKS}
    assert {r["id"]: r["chosen"] for r in rows}["roads:C"] == "false"
    assert {r["id"]: r["spent_eur"] for r in rows}["roads:D"] == "90000.0"


def test_a_long_list_says_what_it_leaves_out(city, monkeypatch):
    from contado.kernel.programme import digest
    from contado.kernel.programme import report as told
    from contado.kernel.workspace import WorkspaceView

    monkeypatch.setattr(told.lists, "MOST_ROWS", 1)
    made = told.build(digest.read(WorkspaceView(city)), lang="it", date=None)
    section = next(s for s in made.sections if s.title == "Interventi scelti")
    assert section.blocks[0].lead == "Altri 2 non stanno in questo elenco."
    assert len(section.blocks[1].rows) == 1


def test_without_the_record_of_the_run_worksites_are_not_known(city):
    from contado.kernel.programme import digest
    from contado.kernel.programme import report as told
    from contado.kernel.workspace import WorkspaceView

    folder = next((city / "runs").iterdir())
    folder.rename(city / "runs" / "elsewhere")
    try:
        found = digest.read(WorkspaceView(city))
    finally:
        (city / "runs" / "elsewhere").rename(folder)
    assert found.joints is None
    section = next(
        s for s in told.build(found, lang="it", date=None).sections if s.title == "Cantieri in comune"
    )
    assert section.blocks[0].lead.startswith("Non noto")


def test_how_numbers_were_born_is_not_stated_where_nobody_said(city):
    import dataclasses

    from contado.kernel.programme import digest
    from contado.kernel.programme import report as told
    from contado.kernel.workspace import WorkspaceView

    found = digest.read(WorkspaceView(city))
    unsaid = dataclasses.replace(found, works=tuple(dataclasses.replace(w, label=None) for w in found.works))
    figures, born, *_ = told.build(unsaid, lang="it", date=None).sections[0].blocks
    assert {f.label for f in figures.figures[1:]} == {"non è detto come è nato"}
    assert born.text == "Per il 100 % non è detto come sono nati i dati."


def test_a_workspace_without_programme_says_what_to_run(tmp_path, capsys):
    workspace = Workspace.create(tmp_path / "empty", settings.Settings())
    code, answer = ask(capsys, "export", "report", "-w", workspace.path, "--out", tmp_path / "o")
    assert (code, answer["error"]["rule"]) == (2, "table_not_found")
    assert "contado plan" in answer["error"]["hint"]
    assert not (tmp_path / "o").exists()
