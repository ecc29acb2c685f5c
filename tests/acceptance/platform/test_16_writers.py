"""Platform 16, writers: same input, same bytes; docx, odt, ods, xlsx open; the PDF is tagged; no text is markup."""

import csv
import hashlib
import io
import itertools
import json
import os
import re
import shutil
import subprocess
import zipfile
import zlib
from pathlib import Path
from xml.etree import ElementTree as ET

import docx
import odf.opendocument
import odf.teletype
import openpyxl
import pytest
from odf import table, text

from contado.cli.app import run
from contado.kernel import publish
from invented.processes import program

DOCUMENTS = ("html", "pdf", "docx", "odt", "ods", "xlsx")
EVIL = (
    "<script>alert(1)</script>",
    '#panic("x") $x$ @ref',
    "{{ 7*7 }}",
    "=1+1",
    "]]>&amp;<b>",
    "a\x00b\x1b",
    "漢😀",
)
FLOWS = """year,item,quantity,unit
2027,cost,100000,eur
2028,benefit,60000,eur
2029,benefit,60000,eur
2029,carbon_avoided,12,tco2e
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("writers")


@pytest.fixture(scope="module")
def city(shared, folder):
    """The open folder tiny7 as a workspace with its programme; one work bears a name made to break things."""
    source = folder / "tiny7"
    shutil.copytree(shared("planning/programme/tiny7"), source)
    with (source / "interventions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, name in zip(rows, EVIL, strict=False):
        row["name"] = name.replace("\x00", "").replace("\x1b", "")
    with (source / "interventions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert run(["init", str(folder / "city"), "--quiet", "--json"]) == 0
    assert run(["tables", "import", str(source), "-w", str(folder / "city"), "--quiet", "--json"]) == 0
    plan = ["plan", "-w", str(folder / "city"), "--no-floors", "--draws", "5", "--quiet", "--json"]
    assert run(plan) == 0
    return folder / "city"


def reported(city, out, lang="it"):
    formats = ",".join(DOCUMENTS)
    words = ["export", "report", "-w", city, "--out", out, "--formats", formats, "--date", "2026-11-26"]
    command = program(*words, "--lang", lang, "--quiet")
    where = {**os.environ, "PYTHONHASHSEED": str(len(out.name)), "TZ": "Asia/Tokyo"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=where)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def report(city, folder):
    """The files of the programme's report by format."""
    answer = reported(city, folder / "one")
    return {Path(f["path"]).suffix[1:]: Path(f["path"]).read_bytes() for f in answer["files"]}


def inside(pdf):
    parts = [pdf]
    for raw in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            parts.append(zlib.decompress(raw))
        except zlib.error:
            continue
    return b"".join(parts)


@pytest.mark.slow
@pytest.mark.item("platform", 16, "every writer: same input, same bytes", "all formats, two processes")
def test_two_processes_write_the_same_bytes(city, folder, report, figure):
    again = reported(city, folder / "another")
    found = {Path(f["path"]).suffix[1:]: f["sha256"] for f in again["files"]}
    assert found == {kind: hashlib.sha256(data).hexdigest() for kind, data in report.items()}
    assert set(found) == {*DOCUMENTS, "csv"}
    figure(f"{len(found)} of {len(found)} files equal, other time zone and hash seed")


@pytest.mark.slow
@pytest.mark.item("platform", 16, "docx, odt, ods, xlsx open", "read back by their own libraries")
def test_documents_and_workbooks_open(report, figure):
    heads = ["Che cosa compra", "Interventi scelti", "Interventi non scelti", "Da dove vengono i dati"]
    word = docx.Document(io.BytesIO(report["docx"]))
    assert set(heads) <= {p.text for p in word.paragraphs if p.style.name == "Heading 1"}
    assert len(word.inline_shapes) == 2
    writer = odf.opendocument.load(io.BytesIO(report["odt"]))
    assert set(heads) <= {odf.teletype.extractText(h) for h in writer.getElementsByType(text.H)}
    calc = odf.opendocument.load(io.BytesIO(report["ods"]))
    names = [s.getAttribute("name") for s in calc.getElementsByType(table.Table)]
    assert names == openpyxl.load_workbook(io.BytesIO(report["xlsx"])).sheetnames
    for kind in ("docx", "odt", "ods", "xlsx"):
        with zipfile.ZipFile(io.BytesIO(report[kind])) as archive:
            assert archive.testzip() is None
            for name in archive.namelist():
                if name.endswith((".xml", ".rels")):
                    ET.fromstring(archive.read(name))
            if kind.startswith("od"):
                first = archive.infolist()[0]
                assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    figure(f"4 of 4, {len(word.tables)} tables, {len(names)} sheets")


@pytest.mark.slow
@pytest.mark.item("platform", 16, "the PDF is tagged", "PDF/UA-1, A4, alternative texts")
def test_the_pdf_is_tagged(report, figure):
    said = inside(report["pdf"])
    for mark in (
        rb"/StructTreeRoot",
        rb"/MarkInfo",
        rb"/Lang",
        rb"pdfuaid:part>1<",
        rb"/S ?/H1\b",
        rb"/S ?/TH\b",
    ):
        assert re.search(mark, said), mark
    assert len(re.findall(rb"/S ?/Figure\b", said)) == 2
    assert len(re.findall(rb"/Alt\b", said)) >= 2
    box = re.search(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)", said)
    assert [round(float(v)) for v in box.groups()] == [595, 842]
    figure(f"tagged, {len(re.findall(rb'/S ?/Table', said))} tables, 2 charts with alternative text")


@pytest.mark.slow
@pytest.mark.item("platform", 16, "texts of users are never markup or formulas", "in every format")
def test_no_name_of_a_work_is_interpreted(city, report, figure):
    page = report["html"].decode()
    assert "<script" not in page
    assert "{{ 7*7 }}" in page
    word = docx.Document(io.BytesIO(report["docx"]))
    cells = {c.text for t in word.tables for c in t._cells}
    book = openpyxl.load_workbook(io.BytesIO(report["xlsx"]))
    held = {
        c.value: c.data_type
        for sheet in book
        for row in sheet.iter_rows()
        for c in row
        if c.value is not None
    }
    writer = odf.opendocument.load(io.BytesIO(report["odt"]))
    paragraphs = {odf.teletype.extractText(p) for p in writer.getElementsByType(text.P)}
    for name in (n for n in EVIL if "\x00" not in n):
        assert name in cells, name
        assert held[name] == "s", name
        assert name in paragraphs, name
    lines = report["csv"].decode().splitlines()
    assert any(",'=1+1," in line for line in lines)
    figure(f"{len(EVIL)} hostile names, none interpreted; '=1+1 in CSV")


@pytest.mark.slow
@pytest.mark.item("platform", 16, "the sheets to be filed through the same writers", "7 formats, same bytes")
def test_the_sheets_are_written_in_every_format(city, folder, figure):
    found = []
    for name in ("a", "b"):
        kinds = "csv,xlsx,pdf,ods,odt,docx,html"
        words = [
            "export",
            "schede",
            "-w",
            city,
            "--out",
            folder / name,
            "--formats",
            kinds,
            "--json",
            "--quiet",
        ]
        assert run([str(w) for w in words]) == 0
        found.append({p.name: p.read_bytes() for p in (folder / name).iterdir()})
    assert found[0] == found[1]
    assert len(found[0]) == 28
    assert all(b"/StructTreeRoot" in inside(found[0][f"{s}.pdf"]) for s in ("scheda_a", "scheda_d", "annex"))
    figure("28 of 28 files equal")


@pytest.mark.item(
    "decision", 3, "the report follows the guidelines, with DNSH", "six objectives, none made up"
)
def test_an_appraisal_is_told_with_its_dnsh(folder, capsys, figure):
    (folder / "flows.csv").write_text(FLOWS, encoding="utf-8")
    project = 'name = "Opera"\n[dnsh.mitigation]\nanswer = "no_significant_harm"\nreason = "r"\n'
    (folder / "project.toml").write_text(project, encoding="utf-8")
    hashes = []
    for name in ("p", "q"):
        words = ["appraisal", "report", folder / "flows.csv", "--project", folder / "project.toml"]
        words += ["--out", folder / name, "--formats", ",".join(DOCUMENTS), "--date", "2026-11-26", "--json"]
        assert run([str(w) for w in words]) == 0
        answer = json.loads(capsys.readouterr().out)
        hashes.append([f["sha256"] for f in answer["files"]])
    assert hashes[0] == hashes[1]
    page = (folder / "p" / "appraisal.html").read_text(encoding="utf-8")
    rows = re.search(r"I sei obiettivi.*?</table>", page, re.DOTALL)[0]
    outcomes = re.findall(r"<th scope=\"row\">[^<]+</th><td>(.*?)</td>", rows)
    assert outcomes == ["nessun danno significativo"] + ["non noto"] * 5
    assert answer["dnsh_not_known"] == [
        "adaptation",
        "water",
        "circular_economy",
        "pollution",
        "biodiversity",
    ]
    figure("9 sections, 1 objective told, 5 not known, 6 formats equal")


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.item("platform", 16, "a report in a browser", "no request, no error, reflows at 320 px")
def test_a_report_in_a_browser_asks_for_nothing(report, folder, chromium, figure):
    path = folder / "page.html"
    path.write_bytes(report["html"])
    asked, said = [], []
    page = chromium.new_page(viewport={"width": 320, "height": 800})
    page.on("request", lambda r: asked.append(r.url))
    page.on("console", lambda m: said.append(m.text))
    page.goto(path.as_uri())
    wide = page.evaluate("document.documentElement.scrollWidth")
    heads = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])")
    page.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []
    assert wide == 320
    assert heads[0] == 1
    assert heads.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(heads))
    figure(f"0 requests, 0 messages, {wide} px wide, {len(heads)} headings in order")


def test_every_format_of_the_interface_is_covered():
    assert set(publish.FORMATS) == set(DOCUMENTS)
