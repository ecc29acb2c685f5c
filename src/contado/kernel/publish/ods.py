"""Spreadsheets (ODS) by odfpy: numbers as numbers, fixed metadata; the same report gives the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.kernel.publish import workbook
from contado.kernel.publish.extra import needed
from contado.kernel.publish.odf_file import describe, saved
from contado.kernel.publish.report import is_number, show

if TYPE_CHECKING:
    from contado.kernel.publish.report import Column, Report
    from contado.kernel.publish.words import Lang
    from contado.kernel.publish.workbook import Sheet

__all__ = ["render"]

_MM_A_LETTER = 2.1


def render(report: Report) -> bytes:
    """Return the spreadsheet of a report; text that begins like a formula stays text.

    Raises
    ------
    ExtraMissing
        odfpy is not installed (extra ``publish``).
    """
    needed("odf")
    from odf.opendocument import OpenDocumentSpreadsheet

    document = OpenDocumentSpreadsheet()
    describe(document, report)
    styles = _styles(document)
    for number, sheet in enumerate(workbook.sheets(report), start=1):
        document.spreadsheet.addElement(_sheet(document, sheet, number, styles, report.lang))
    return saved(document)


def _styles(document: Any) -> dict[str, Any]:
    """Put the styles of cells into the document: heads, money with two decimals, shares in per cent."""
    from odf.number import Number, NumberStyle, PercentageStyle, Text
    from odf.style import Style, TextProperties

    head = Style(name="head", family="table-cell")
    head.addElement(TextProperties(fontweight="bold"))
    euros = NumberStyle(name="N2")
    euros.addElement(Number(decimalplaces=2, minintegerdigits=1, grouping=True))
    per_cent = PercentageStyle(name="P1")
    per_cent.addElement(Number(decimalplaces=1, minintegerdigits=1))
    per_cent.addElement(Text(text="%"))
    money = Style(name="money", family="table-cell", datastylename=euros)
    share = Style(name="share", family="table-cell", datastylename=per_cent)
    for style in (euros, per_cent, head, money, share):
        document.automaticstyles.addElement(style)
    return {"head": head, "money": money, "share": share}


def _sheet(document: Any, sheet: Sheet, number: int, styles: dict[str, Any], lang: Lang) -> Any:
    from odf.style import Style, TableColumnProperties
    from odf.table import Table, TableColumn, TableHeaderRows, TableRow

    grid = Table(name=sheet.name)
    for place in range(len(sheet.table.columns)):
        wide = Style(name=f"c{number}.{place + 1}", family="table-column")
        width = workbook.width(sheet.table, place) * _MM_A_LETTER
        wide.addElement(TableColumnProperties(columnwidth=f"{width:.1f}mm"))
        document.automaticstyles.addElement(wide)
        grid.addElement(TableColumn(stylename=wide))
    head, first = TableHeaderRows(), TableRow()
    for column in sheet.table.columns:
        first.addElement(_text(column.heading, stylename=styles["head"]))
    head.addElement(first)
    grid.addElement(head)
    for values in sheet.table.rows:
        row = TableRow()
        for value, column in zip(values, sheet.table.columns, strict=True):
            held = workbook.cell(value, sheet.table, column.kind, lang)
            row.addElement(_cell(held, column, styles, lang))
        grid.addElement(row)
    return grid


def _cell(value: Any, column: Column, styles: dict[str, Any], lang: Lang) -> Any:
    from odf.table import TableCell
    from odf.text import P

    if value is None:
        return TableCell()
    if not is_number(value):
        return _text(str(value))
    style = {"stylename": styles[column.kind]} if column.kind in styles else {}
    kind = "percentage" if column.kind == "share" else "float"
    cell = TableCell(valuetype=kind, value=repr(value), **style)
    cell.addElement(P(text=show(value, column, lang)))
    return cell


def _text(text: str, **style: Any) -> Any:
    from odf.table import TableCell
    from odf.text import P

    cell = TableCell(valuetype="string", **style)
    cell.addElement(P(text=text))
    return cell
