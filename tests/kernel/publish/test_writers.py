"""Writers: the same report gives the same bytes; what a reader needs is in them; no text is markup."""

import hashlib
import html.parser
import io
import os
import re
import subprocess
import sys
import time
import zipfile
import zlib
from xml.etree import ElementTree as ET

import docx
import odf.opendocument
import odf.teletype
import openpyxl
import pyarrow as pa
import pytest
from odf import draw, svg, table, text

from contado.kernel import publish
from contado.kernel.errors import ExtraMissing, UsageError
from contado.kernel.publish import Column, Paragraph, Report, Section, Table
from contado.kernel.publish.report import cleaned

ZIPPED = ("docx", "odt", "ods", "xlsx")
FORM = pa.table(
    {
        "cui": ["L08911820960202700001", "=1+1"],
        "cup": [["G17H03000130011", "J11B21003450001"], None],
        "total_eur": [1234567.5, None],
    }
)


def form(rows=FORM):
    filled = Table.from_arrow(rows, headings=["CUI", "CUP", "Importo"])
    return Report(title="Scheda D: elenco", sections=(Section("", (filled,)),), landscape=True)


def unzipped(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def streams(data):
    for raw in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        try:
            yield zlib.decompress(raw)
        except zlib.error:
            continue


def inside(pdf):
    """All that a PDF says outside of its pictures, objects in streams too."""
    return b"".join([pdf, *streams(pdf)])


PROGRAM = """
import datetime as dt, hashlib, sys
from contado.kernel import publish
from contado.kernel.publish import charts, Chart, Column, Figure, Figures, Note, Report, Section, Table
table = Table(caption="T", columns=(Column("a"), Column("b", "number", 1)), rows=(("x", 1.5), ("y", None)))
svg = charts.robustness(3, 2, 1, "g")
report = Report(title="R", date=dt.date(2026, 1, 2), simulated="s", sections=(
    Section("S", (Note(lead="n"), Figures((Figure(value="1", unit="km", meaning="m"),)),
                  Chart(title="c", sentence="g", svg=svg, table=table))),))
for kind in publish.FORMATS[:: int(sys.argv[1])]:
    print(kind, hashlib.sha256(publish.render(report, kind)).hexdigest())
"""


def test_the_same_report_gives_the_same_bytes_in_another_process_at_another_second():
    """Order of writing, hash seed, clock and time zone change; the bytes do not."""
    found = []
    for order, seed, zone in (("1", "1", "UTC"), ("-1", "2", "Asia/Tokyo")):
        where = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
        command = [sys.executable, "-c", PROGRAM, order]
        done = subprocess.run(command, env=where, capture_output=True, text=True, check=True)
        found.append(sorted(done.stdout.split("\n")))
        time.sleep(1.1)
    assert found[0] == found[1]
    assert len(set(found[0])) == 1 + len(publish.FORMATS)


@pytest.mark.parametrize("kind", publish.FORMATS)
def test_what_was_written_before_leaves_no_trace(whole, kind):
    first = publish.render(whole(), kind)
    publish.render(whole("altro"), kind)
    publish.render(form(), kind)
    assert publish.render(whole(), kind) == first


@pytest.mark.parametrize("kind", ZIPPED)
def test_archives_have_one_moment_one_order_and_well_formed_parts(whole, kind):
    data = publish.render(whole(), kind)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        assert archive.testzip() is None
    assert {i.date_time for i in infos} == {(2000, 1, 1, 0, 0, 0)}
    names = [i.filename for i in infos]
    if kind in {"odt", "ods"}:
        assert (names[0], infos[0].compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert data[30:38] == b"mimetype"
        listed = re.findall(rb'full-path="([^"]+)"', unzipped(data)["META-INF/manifest.xml"])
        assert {n.decode() for n in listed} - {"/"} == set(names) - {"mimetype", "META-INF/manifest.xml"}
        names = names[1:]
    assert names == sorted(names)
    for name, part in unzipped(data).items():
        if name.endswith((".xml", ".rels")):
            ET.fromstring(part)


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.words = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def parsed(data):
    page = Tags()
    page.feed(data.decode())
    return page


def test_a_page_is_one_file_without_script_or_request(whole):
    page = parsed(publish.render(whole(), "html"))
    names = [tag for tag, _ in page.tags]
    assert names.count("h1") == 1
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(names)
    outside = ("src", "href", "srcset", "action", "data", "xlink:href")
    assert [a for _, attrs in page.tags for a in attrs if a in outside or a.startswith("on")] == []
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    assert dict(page.tags)["html"]["lang"] == "it"
    assert names.count("caption") == names.count("table") == 2
    scopes = [a.get("scope") for tag, a in page.tags if tag == "th"]
    assert scopes.count("col") == 12
    assert scopes.count("row") == 4
    named = [a["aria-label"] for tag, a in page.tags if a.get("role") == "region"]
    assert len(set(named)) == 2


def test_the_three_labels_are_words(whole):
    text_of_page = "".join(parsed(publish.render(whole(), "html")).words)
    assert all(word in text_of_page for word in ("● misurato", "◐ stimato", "◌ simulato"))
    english = publish.render(whole(lang="en"), "html").decode()
    assert all(word in english for word in ("● measured", "◐ estimated", "◌ simulated"))


def test_fonts_are_written_into_the_page():
    data = publish.render(whole_of_one(), "html", fonts={700: b"bold", 400: b"plain"}).decode()
    assert re.findall(r"font-weight: (\d+)", data)[:2] == ["400", "700"]
    assert "data:font/woff2;base64,Ym9sZA==" in data


def whole_of_one():
    return Report(title="Una", sections=(Section("", (Paragraph("sola"),)),))


def test_no_text_is_markup_in_a_page(whole, hostile):
    plain, page = (parsed(publish.render(whole(t), "html")) for t in ("Testo", hostile))
    assert page.tags[:2] == plain.tags[:2]
    assert [t for t, _ in page.tags] == [t for t, _ in plain.tags]
    assert cleaned(hostile) in "".join(page.words)


def test_no_text_is_markup_in_a_pdf(whole, hostile_texts):
    kinds = (rb"/S ?/H1\b", rb"/S ?/H2\b", rb"/S ?/TH\b", rb"/S ?/TD\b", rb"/S ?/Figure\b", rb"/Alt\b")
    plain, found = (inside(publish.render(whole(t), "pdf")) for t in ("Testo", hostile_texts))
    assert [len(re.findall(k, found)) for k in kinds] == [len(re.findall(k, plain)) for k in kinds]


def test_no_text_is_markup_in_a_document(whole, hostile_texts):
    document = docx.Document(io.BytesIO(publish.render(whole(hostile_texts), "docx")))
    assert [p.text for p in document.paragraphs].count(cleaned(hostile_texts)) == 3
    assert document.core_properties.title == f"Relazione {cleaned(hostile_texts)}"
    assert [row.cells[0].text for row in document.tables[1].rows][1] == cleaned(hostile_texts)
    opened = odf.opendocument.load(io.BytesIO(publish.render(whole(hostile_texts), "odt")))
    texts = [odf.teletype.extractText(p) for p in opened.getElementsByType(text.P)]
    assert texts.count(cleaned(hostile_texts)) == 5


def test_no_text_is_markup_or_formula_in_a_workbook(whole, hostile_texts):
    book = openpyxl.load_workbook(io.BytesIO(publish.render(whole(hostile_texts), "xlsx")))
    cell = book.worksheets[1]["A2"]
    assert (cell.value, cell.data_type) == (cleaned(hostile_texts), "s")
    opened = odf.opendocument.load(io.BytesIO(publish.render(whole(hostile_texts), "ods")))
    cells = opened.getElementsByType(table.TableCell)
    assert not [c for c in cells if c.getAttribute("formula")]
    assert cleaned(hostile_texts) in [odf.teletype.extractText(c) for c in cells]


def test_a_pdf_is_tagged_titled_dated_and_a4(whole):
    data = publish.render(whole(), "pdf")
    said = inside(data)
    assert data.startswith(b"%PDF-1.7")
    for mark in (b"/StructTreeRoot", b"/MarkInfo", b"/Lang", b"pdfuaid:part", b"/S/TH", b"/Alt"):
        assert mark in said or mark.replace(b"/S/", b"/S /") in said, mark
    assert b"2026-10-31" in said
    box = re.search(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)", said)
    assert [round(float(v)) for v in box.groups()] == [595, 842]


def test_a_form_is_landscape_and_undated():
    said = inside(publish.render(form(), "pdf"))
    box = re.search(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)", said)
    assert [round(float(v)) for v in box.groups()] == [842, 595]
    assert b"2000-01-01" in said
    assert any(b"TJ" in s or b"Tj" in s for s in streams(publish.render(form(), "pdf")))


def test_a_document_has_headings_a_repeated_head_and_alternative_texts(whole):
    data = publish.render(whole(), "docx")
    document = docx.Document(io.BytesIO(data))
    heads = [
        (p.style.name, p.text) for p in document.paragraphs if p.style.name.startswith(("Head", "Title"))
    ]
    assert heads == [
        ("Title", "Relazione Testo"),
        ("Heading 1", "Sezione Testo"),
        ("Heading 2", "Sotto Testo"),
    ]
    body = unzipped(data)["word/document.xml"].decode()
    assert body.count("<w:tblHeader/>") == 2
    assert 'descr="Testo"' in body
    assert document.core_properties.created.year == 2026
    assert [c.text for c in document.tables[0].rows[1].cells] == [
        "Testo",
        "2027",
        "1.234,50",
        "25,0\u00a0%",
        "◌ simulato",
        "31/10/2026",
    ]
    assert [c.text for c in document.tables[0].rows[2].cells][1:] == ["non noto"] * 5
    assert round(document.sections[0].page_width.mm) == 210


def test_an_opendocument_text_has_the_same(whole):
    opened = odf.opendocument.load(io.BytesIO(publish.render(whole(), "odt")))
    heads = [
        (int(h.getAttribute("outlinelevel")), odf.teletype.extractText(h))
        for h in opened.getElementsByType(text.H)
    ]
    assert heads == [(1, "Relazione Testo"), (2, "Sezione Testo"), (3, "Sotto Testo")]
    assert len(opened.getElementsByType(table.TableHeaderRows)) == 2
    assert len(opened.getElementsByType(draw.Image)) == 1
    assert [odf.teletype.extractText(d) for d in opened.getElementsByType(svg.Desc)] == ["Testo"]


def test_spreadsheets_hold_numbers_as_numbers(whole):
    data = publish.render(whole(), "xlsx")
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["Leggimi", "Tabella Testo", "Tabella Testo 2"]
    row = [c.value for c in book.worksheets[1][2]]
    assert row == ["Testo", 2027, 1234.5, 0.25, "◌ simulato", "31/10/2026"]
    opened = odf.opendocument.load(io.BytesIO(publish.render(whole(), "ods")))
    sheets = opened.getElementsByType(table.Table)
    assert [s.getAttribute("name") for s in sheets] == book.sheetnames
    cells = sheets[1].getElementsByType(table.TableRow)[1].getElementsByType(table.TableCell)
    assert [c.getAttribute("value") for c in cells] == [None, "2027", "1234.5", "0.25", None, None]


def test_a_form_leaves_unknown_cells_empty():
    page = openpyxl.load_workbook(io.BytesIO(publish.render(form(), "xlsx"))).active
    assert [c.value for c in page[1]] == ["CUI", "CUP", "Importo"]
    assert page["C2"].value == 1234567.5
    assert page["B2"].value == "G17H03000130011; J11B21003450001"
    assert (page["A3"].value, page["A3"].data_type) == ("=1+1", "s")
    assert page["C3"].value is None
    assert page.title == "Scheda D"


@pytest.mark.parametrize("kind", publish.FORMATS)
def test_an_empty_table_can_be_published(kind):
    assert publish.render(form(FORM.slice(0, 0)), kind)


def test_names_of_sheets_are_short_allowed_and_each_once():
    tables = tuple(
        Table(caption=c, columns=(Column("a"),), rows=()) for c in ("A/B" * 20, "A/B" * 20, "a?", "A*")
    )
    report = Report(title="x", sections=(Section("s", tables),))
    names = openpyxl.load_workbook(io.BytesIO(publish.render(report, "xlsx"))).sheetnames
    assert len({n.casefold() for n in names}) == 4
    assert max(map(len, names)) <= 31
    assert not set("".join(names)) & set("[]:*?/\\'")


def test_signs_without_a_glyph_are_named_in_the_pdf(whole):
    from contado.kernel.publish import pdf

    data = pdf._data(cleaned(whole("漢😀")))
    seen = []
    original = pdf._compiled

    def remember(typst, found):
        seen.append(found)
        return original(typst, found)

    pdf._compiled = remember
    try:
        publish.render(whole("漢😀"), "pdf")
    finally:
        pdf._compiled = original
    assert seen[0]["title"] == data["title"]
    assert "U+6F22" in seen[-1]["replaced"]
    assert "U+1F600" in seen[-1]["replaced"]
    assert seen[-1]["title"] == "Relazione \ufffd\ufffd"


@pytest.mark.parametrize(
    ("package", "kind"),
    [
        ("openpyxl", "xlsx"),
        ("typst", "pdf"),
        ("docx", "docx"),
        ("odf", "odt"),
        ("odf", "ods"),
        ("typst", "odt"),
    ],
)
def test_a_missing_package_names_its_extra(monkeypatch, whole, package, kind):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ExtraMissing, match=r"contado\[publish\]"):
        publish.render(whole(), kind)


def test_files_are_written_whole_and_unknown_endings_refused(tmp_path, whole):
    path = tmp_path / "a.html"
    publish.write(whole(), path)
    assert (
        hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(publish.render(whole(), "html")).digest()
    )
    assert [p.name for p in tmp_path.iterdir()] == ["a.html"]
    with pytest.raises(UsageError, match="odf"):
        publish.write(whole(), tmp_path / "a.odf")


def test_formats_are_checked_before_anything_is_written():
    assert publish.checked_formats(["pdf", "html", "pdf"], verb="x") == ["pdf", "html"]
    with pytest.raises(UsageError) as caught:
        publish.checked_formats(["htm"], verb="x")
    assert (caught.value.rule, caught.value.hint) == ("unknown_choice", "did you mean html?")
