"""Workbooks (XLSX) by openpyxl: fixed metadata; the same report gives the same bytes."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.publish import workbook
from contado.kernel.publish.archive import repacked
from contado.kernel.publish.extra import needed

if TYPE_CHECKING:
    from contado.kernel.publish.report import Column, Report

__all__ = ["render"]

_MOMENT: Final = b"2000-01-01T00:00:00Z"
_STAMP: Final = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")
_FORMATS: Final = {"money": "#,##0.00", "share": "0{}%", "number": "#,##0{}"}


def render(report: Report) -> bytes:
    """Return the workbook of a report; text that begins like a formula stays text.

    Raises
    ------
    ExtraMissing
        openpyxl is not installed (extra ``publish``).
    """
    book = needed("openpyxl").Workbook()
    book.remove(book.active)
    book.properties.title, book.properties.creator = report.title, "contado"
    book.properties.language = report.lang
    for sheet in workbook.sheets(report):
        _fill(book.create_sheet(sheet.name), sheet.table, report)
    raw = io.BytesIO()
    book.save(raw)
    return repacked(raw.getvalue(), _undated)


def _fill(page: Any, table: Any, report: Report) -> None:
    from openpyxl.styles import Alignment, Font

    for number, column in enumerate(table.columns, start=1):
        head = page.cell(1, number)
        _put(head, column.heading, None)
        head.font, head.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
        page.column_dimensions[head.column_letter].width = workbook.width(table, number - 1)
    for line, row in enumerate(table.rows, start=2):
        for number, (value, column) in enumerate(zip(row, table.columns, strict=True), start=1):
            _put(page.cell(line, number), workbook.cell(value, table, column.kind, report.lang), column)
    page.freeze_panes = "A2"
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", 9  # A4
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.print_title_rows = "1:1"


def _put(cell: Any, value: Any, column: Column | None) -> None:
    if value is None:
        return
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
    elif column is not None and column.kind in _FORMATS:
        decimals = "." + "0" * column.digits if column.digits else ""
        cell.number_format = _FORMATS[column.kind].format(decimals)


def _undated(name: str, content: bytes) -> bytes:
    """Put one moment where the clock stood."""
    if name != "docProps/core.xml":
        return content
    return _STAMP.sub(rb"\g<1>" + _MOMENT + rb"\g<3>", content)
