"""What spreadsheets make of a report: a sheet of its text, then one for each table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from contado.kernel.publish.report import (
    Chart,
    Column,
    Figures,
    Heading,
    Items,
    Note,
    Paragraph,
    Table,
    is_number,
    label_text,
    show,
    tables,
)
from contado.kernel.publish.words import Words, long_date

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contado.kernel.publish.report import Block, Kind, Report
    from contado.kernel.publish.words import Lang

__all__ = ["Sheet", "cell", "sheets", "width"]

_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\']")
_LONGEST_NAME: Final = 31
_WIDEST, _NARROWEST = 48, 10
_ABOUT: Final = Words("Leggimi", "Read me")


class Sheet(NamedTuple):
    """A sheet: its name (at most 31 letters, once in the workbook) and its table."""

    name: str
    table: Table


def sheets(report: Report) -> list[Sheet]:
    """Return the sheets of a report; text beside the tables goes to a first sheet of two columns."""
    found = [(table.caption or section.title or report.title, table) for section, table in tables(report)]
    about = _about(report)
    if about is not None:
        found.insert(0, (_ABOUT.of(report.lang), about))
    taken: set[str] = set()
    return [Sheet(_name(title, taken), table) for title, table in found]


def cell(value: Any, table: Table, kind: Kind, lang: Lang) -> Any:
    """Return what a cell of a spreadsheet holds: numbers as numbers, all else as text."""
    if is_number(value) and kind != "text":
        return value
    return show(value, Column("", kind), lang, table.missing) or None


def width(table: Table, column: int) -> int:
    """Return the width of a column [letters] after its longest cell."""
    longest = max((len(str(row[column])) for row in table.rows if row[column] is not None), default=0)
    return min(max(longest + 2, _NARROWEST), _WIDEST)


def _name(title: str, taken: set[str]) -> str:
    """Return a name that a spreadsheet allows, told from those taken by a number."""
    plain = _FORBIDDEN.sub(" ", title.partition(":")[0]).strip()[:_LONGEST_NAME] or "1"
    name, number = plain, 1
    while name.casefold() in taken:
        number += 1
        tail = f" {number}"
        name = plain[: _LONGEST_NAME - len(tail)] + tail
    taken.add(name.casefold())
    return name


def _about(report: Report) -> Table | None:
    """Return title, date and all text of the report as two columns; None where there are tables alone."""
    rows = [row for section in report.sections for block in section.blocks for row in _told(block, report)]
    if not rows and not report.lead and not report.simulated:
        return None
    head = [(report.title, report.subtitle), (long_date(report.date, report.lang), report.lead)]
    bar = [(label_text("simulated", report.lang), report.simulated)] if report.simulated else []
    heading = (Column(report.title), Column(report.subtitle or report.title))
    return Table(columns=heading, rows=(*head[1:], *bar, *rows))


def _told(block: Block, report: Report) -> Iterator[tuple[str, str]]:
    match block:
        case Paragraph(text):
            yield "", text
        case Heading(text):
            yield text, ""
        case Items(items):
            yield from (("", item) for item in items)
        case Note():
            yield block.lead, block.text
        case Figures(figures):
            for f in figures:
                about = (f.unit, f.interval, f.meaning, label_text(f.label, report.lang))
                yield f.value, " · ".join(filter(None, about))
        case Chart():
            yield block.title, block.sentence
        case Table():
            return
