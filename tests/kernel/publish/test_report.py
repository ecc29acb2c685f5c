"""The document model: how cells read, what is cleaned, the page of the docs."""

import datetime as dt
import re
from pathlib import Path

import pytest

from contado.kernel.publish import Column, Table, charts
from contado.kernel.publish.report import cleaned, numeric, show
from contado.kernel.publish.words import long_date

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reports.md"


@pytest.mark.parametrize(
    ("value", "kind", "digits", "it", "en"),
    [
        (1234.56, "number", 1, "1.234,6", "1,234.6"),
        (-1234.5, "money", 0, "−1.234,50", "−1,234.50"),
        (0.256, "share", 0, "26\u00a0%", "26\u00a0%"),
        (2027, "year", 0, "2027", "2027"),
        (0.1, "plain", 0, "0.1", "0.1"),
        (True, "number", 0, "True", "True"),
        ("simulated", "label", 0, "◌ simulato", "◌ simulated"),
        ("altro", "label", 0, "altro", "altro"),
        (dt.date(2026, 3, 1), "date", 0, "01/03/2026", "01/03/2026"),
        (None, "money", 0, "non noto", "non noto"),
    ],
)
def test_cells_read_as_their_readers_write(value, kind, digits, it, en):
    column = Column("x", kind, digits)
    assert (show(value, column, "it", "non noto"), show(value, column, "en", "non noto")) == (it, en)


def test_months_are_words_of_the_language():
    assert [long_date("2026-03-01", lang) for lang in ("it", "en")] == ["1 marzo 2026", "1 March 2026"]


def test_years_and_labels_are_no_numbers():
    table = Table(
        columns=(Column("a", "year"), Column("b", "number"), Column("c", "plain")),
        rows=((2027, None, "x"), (2028, 2.5, "y")),
    )
    assert [numeric(table, k) for k in range(3)] == [False, True, False]


def test_cleaning_reaches_every_text_and_changes_no_other():
    found = cleaned((Table(columns=(Column("a\x00"),), rows=(("b\x07", 1, None),)), {"c\x1b": "d\ufffe"}))
    assert found[0].columns[0].heading == "a\ufffd"
    assert found[0].rows == (("b\ufffd", 1, None),)
    assert found[1] == {"c\ufffd": "d\ufffd"}
    assert cleaned("tab\tline\nè 漢") == "tab\tline\nè 漢"


def test_bars_of_items_start_at_zero():
    svg = charts.item_bars([("a", 50.0), ("b", -50.0)], label="x", text=str, width=630)
    bars = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="17"', svg)
    assert bars == [("420", "100"), ("320", "100")]


def test_the_example_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(
        r"^```python\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    exec(compile(code, str(DOCS), "exec"), {})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["alberi.html", "alberi.ods"]
    assert "1.240" in (tmp_path / "alberi.html").read_text(encoding="utf-8")
