"""Workbooks and PDF: the same rows give the same bytes; what a reader needs is in them."""

import io
import re
import time
import zlib

import openpyxl
import pyarrow as pa
import pytest
from contado.kernel.publish.sheet import Sheet

from contado.kernel.errors import ExtraMissing
from contado.kernel.publish import pdf, xlsx

TABLE = pa.table(
    {
        "cui": ["L08911820960202700001", "=1+1"],
        "cup": [["G17H03000130011", "J11B21003450001"], None],
        "total_eur": [1234567.5, None],
    }
)
SHEET = Sheet.from_table(TABLE, title="Scheda D: elenco", headings=["CUI", "CUP", "Importo"])


@pytest.mark.parametrize("data", [xlsx.xlsx_bytes, pdf.pdf_bytes])
def test_the_same_sheet_gives_the_same_bytes_at_another_second(data):
    first = data(SHEET)
    time.sleep(2.1)  # a ZIP counts in steps of two seconds
    assert data(SHEET) == first


def test_a_workbook_holds_numbers_as_numbers_and_formulas_as_text():
    page = openpyxl.load_workbook(io.BytesIO(xlsx.xlsx_bytes(SHEET))).active
    assert [c.value for c in page[1]] == ["CUI", "CUP", "Importo"]
    assert page["C2"].value == 1234567.5
    assert page["B2"].value == "G17H03000130011; J11B21003450001"
    assert (page["A3"].value, page["A3"].data_type) == ("=1+1", "s")
    assert page["C3"].value is None


def streams(data):
    for raw in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        try:
            yield zlib.decompress(raw)
        except zlib.error:
            continue


def test_a_pdf_is_tagged_landscape_and_dated_once_for_all():
    data = pdf.pdf_bytes(SHEET)
    assert data.startswith(b"%PDF-1.7")
    for mark in (b"/StructTreeRoot", b"/MarkInfo", b"/Lang"):
        assert mark in data or any(mark in s for s in streams(data)), mark
    box = re.search(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)", b"".join([data, *streams(data)]))
    assert [round(float(v)) for v in box.groups()] == [842, 595]
    assert any(b"TJ" in s or b"Tj" in s for s in streams(data))


def test_an_empty_sheet_can_be_printed():
    empty = Sheet.from_table(TABLE.slice(0, 0), title="Vuota")
    assert pdf.pdf_bytes(empty).startswith(b"%PDF")
    assert openpyxl.load_workbook(io.BytesIO(xlsx.xlsx_bytes(empty))).active.max_row == 1


@pytest.mark.parametrize(("package", "data"), [("openpyxl", xlsx.xlsx_bytes), ("typst", pdf.pdf_bytes)])
def test_a_missing_package_names_its_extra(monkeypatch, package, data):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(ExtraMissing, match=r"contado\[publish\]"):
        data(SHEET)
