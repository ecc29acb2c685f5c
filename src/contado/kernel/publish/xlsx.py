"""Workbooks (XLSX): one sheet, fixed metadata; the same rows give the same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.errors import ExtraMissing
from contado.kernel.tables import atomic

if TYPE_CHECKING:
    from pathlib import Path

    from contado.kernel.publish.sheet import Sheet

__all__ = ["write", "xlsx_bytes"]

_MOMENT: Final = "2000-01-01T00:00:00Z"
_ZIP_MOMENT: Final = (2000, 1, 1, 0, 0, 0)
_STAMP: Final = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")
_ILLEGAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_WIDEST, _NARROWEST = 48, 10
_TITLE: Final = re.compile(r"[\[\]:*?/\\]")


def write(sheet: Sheet, path: Path) -> None:
    """Write the sheet as a workbook, atomically.

    Raises
    ------
    ExtraMissing
        openpyxl is not installed (extra ``publish``).
    """
    data = xlsx_bytes(sheet)
    with atomic(path) as temporary:
        temporary.write_bytes(data)


def xlsx_bytes(sheet: Sheet) -> bytes:
    """Return the workbook of a sheet; text that begins like a formula stays text."""
    try:
        from openpyxl import Workbook
        from openpyxl.styles import Alignment, Font
    except ImportError:
        raise ExtraMissing.from_extra("programme export", "publish", "openpyxl") from None
    book = Workbook()
    page = book.active
    page.title = _TITLE.sub(" ", sheet.title.partition(":")[0])[:31]
    book.properties.title, book.properties.creator = sheet.title, "contado"
    book.properties.language = sheet.lang
    for row, values in enumerate((sheet.headings, *sheet.rows), start=1):
        for column, value in enumerate(values, start=1):
            _fill(page.cell(row, column), value, money=row > 1 and sheet.money[column - 1])
    for column in range(1, len(sheet.headings) + 1):
        head = page.cell(1, column)
        head.font, head.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
        page.column_dimensions[head.column_letter].width = _width(sheet, column - 1)
    page.freeze_panes = "A2"
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", 9  # A4
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.print_title_rows = "1:1"
    raw = io.BytesIO()
    book.save(raw)
    return _undated(raw.getvalue())


def _fill(cell: Any, value: Any, *, money: bool) -> None:
    if value is None:
        return
    if isinstance(value, str):
        cell.value = _ILLEGAL.sub("", value)
        cell.data_type = "s"
        return
    cell.value = value
    if money:
        cell.number_format = "#,##0.00"


def _width(sheet: Sheet, column: int) -> int:
    longest = max((len(str(row[column])) for row in sheet.rows if row[column] is not None), default=0)
    return min(max(longest + 2, _NARROWEST), _WIDEST)


def _undated(data: bytes) -> bytes:
    """Pack the workbook anew with one fixed moment in every place where the clock stood."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            content = old.read(name)
            if name == "docProps/core.xml":
                content = _STAMP.sub(rb"\g<1>" + _MOMENT.encode() + rb"\g<3>", content)
            entry = zipfile.ZipInfo(name, _ZIP_MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, content)
    return out.getvalue()
