"""Word documents (DOCX) by python-docx: headings, header rows, alternative texts, fixed metadata."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.publish import pictures
from contado.kernel.publish.archive import MOMENT, repacked
from contado.kernel.publish.extra import needed
from contado.kernel.publish.report import (
    Chart,
    Figures,
    Heading,
    Items,
    Note,
    Paragraph,
    Table,
    label_text,
    numeric,
    show,
)
from contado.kernel.publish.widths import shares
from contado.kernel.publish.words import long_date

if TYPE_CHECKING:
    from contado.kernel.publish.report import Block, Figure, Report

__all__ = ["render"]

_FONT: Final = "Arial"
_MARGIN_MM: Final = 20
_TEXT_MM, _WIDE_TEXT_MM = 170, 257
_LOCALES: Final = {"it": "it-IT", "en": "en-GB"}


def render(report: Report) -> bytes:
    """Return the document of a report: the same report gives the same bytes.

    Raises
    ------
    ExtraMissing
        python-docx or typst is not installed (extra ``publish``).
    """
    document = needed("docx").Document()
    _prepare(document, report)
    document.add_heading(report.title, level=0)
    for text in (
        " · ".join(filter(None, (report.subtitle, long_date(report.date, report.lang)))),
        report.lead,
    ):
        if text:
            document.add_paragraph(text)
    if report.simulated:
        _note(document, label_text("simulated", report.lang), report.simulated)
    for section in report.sections:
        if section.title:
            document.add_heading(section.title, level=1)
        for block in section.blocks:
            _add(document, block, report)
    raw = io.BytesIO()
    document.save(raw)
    return repacked(raw.getvalue())


def _prepare(document: Any, report: Report) -> None:
    """Set page, typeface, language and metadata."""
    from docx.enum.section import WD_ORIENT
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt, RGBColor

    page = document.sections[0]
    wide, high = (297, 210) if report.landscape else (210, 297)
    page.page_width, page.page_height = Mm(wide), Mm(high)
    page.orientation = WD_ORIENT.LANDSCAPE if report.landscape else WD_ORIENT.PORTRAIT
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Mm(_MARGIN_MM)
    for name, size in (("Normal", 10), ("Title", 20), ("Heading 1", 15), ("Heading 2", 12), ("Caption", 9)):
        style = document.styles[name]
        style.font.name, style.font.size, style.font.color.rgb = _FONT, Pt(size), RGBColor(0x17, 0x21, 0x2B)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for slot in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(slot), None)
    language = document.styles.element.find(f".//{qn('w:lang')}")
    language.set(qn("w:val"), _LOCALES[report.lang])
    core = document.core_properties
    day = report.date or dt.date(*MOMENT[:3])
    core.created = core.modified = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    core.title, core.author, core.comments = report.title, "contado", ""
    core.language = _LOCALES[report.lang]


def _add(document: Any, block: Block, report: Report) -> None:
    match block:
        case Paragraph(text):
            document.add_paragraph(text)
        case Heading(text):
            document.add_heading(text, level=2)
        case Items(items):
            for item in items:
                document.add_paragraph(item, style="List Bullet")
        case Note():
            _note(document, block.lead, block.text)
        case Figures(figures):
            for figure in figures:
                _figure(document, figure, report)
        case Table():
            _table(document, block, report)
        case Chart():
            _chart(document, block, report)


def _note(document: Any, lead: str, text: str) -> None:
    from docx.shared import Mm

    paragraph = document.add_paragraph()
    paragraph.paragraph_format.left_indent = Mm(5)
    paragraph.add_run(lead).bold = True
    paragraph.add_run(f" {text}" if text else "")


def _figure(document: Any, figure: Figure, report: Report) -> None:
    from docx.shared import Pt

    paragraph = document.add_paragraph()
    number = paragraph.add_run(figure.value)
    number.bold, number.font.size = True, Pt(16)
    about = (figure.interval, figure.meaning, label_text(figure.label, report.lang))
    paragraph.add_run(" ".join(filter(None, (f" {figure.unit}", *(f"· {t}" for t in about if t)))))


def _chart(document: Any, chart: Chart, report: Report) -> None:
    from docx.shared import Mm

    drawn = pictures.picture(chart.svg)
    heading = document.add_paragraph(chart.title, style="Caption")
    heading.paragraph_format.keep_with_next = True
    width = min(_TEXT_MM, drawn.width * 25.4 / 96)
    shape = document.add_picture(io.BytesIO(drawn.png), width=Mm(width))
    name = shape._inline.docPr  # noqa: SLF001 - python-docx has no public way to an alternative text
    name.set("descr", chart.sentence)
    name.set("title", chart.title)
    _table(document, chart.table, report)


def _table(document: Any, table: Table, report: Report) -> None:
    from docx.oxml import OxmlElement

    label = f" ({label_text(table.label, report.lang)})" if table.label else ""
    if table.caption or label:
        caption = document.add_paragraph(table.caption + label, style="Caption")
        caption.paragraph_format.keep_with_next = True
    heads = [c.heading for c in table.columns]
    rows = [
        [show(v, c, report.lang, table.missing) for v, c in zip(r, table.columns, strict=True)]
        for r in table.rows
    ]
    grid = document.add_table(rows=1 + len(rows), cols=len(heads), style="Table Grid")
    repeat = OxmlElement("w:tblHeader")
    grid.rows[0]._tr.get_or_add_trPr().append(repeat)  # noqa: SLF001 - no public way to a repeated head
    _fill(grid, [heads, *rows], [numeric(table, k) for k in range(len(heads))], report)
    document.add_paragraph()


def _fill(grid: Any, texts: list[list[str]], right: list[bool], report: Report) -> None:
    """Write the cells, in columns as wide as what stands in them."""
    from docx.shared import Mm, Pt

    parts = shares(texts[0], texts[1:], form=report.landscape)
    room = _WIDE_TEXT_MM if report.landscape else _TEXT_MM
    widths = [Mm(room * part / sum(parts)) for part in parts]
    size = Pt(9 if len(parts) <= 6 else 7)
    grid.autofit = False
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = width
    for number, (row, line) in enumerate(zip(grid.rows, texts, strict=True)):
        for place, (cell, text) in enumerate(zip(row.cells, line, strict=True)):
            cell.width = widths[place]
            _write(cell, text, size, bold=number == 0, right=number > 0 and right[place])


def _write(cell: Any, text: str, size: Any, *, bold: bool, right: bool) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph = cell.paragraphs[0]
    run = paragraph.add_run(text)
    run.bold, run.font.size = bold, size
    paragraph.paragraph_format.space_after = 0
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
