"""PDF by typst: tagged, A4 landscape, fixed date; the same rows give the same bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.errors import ExtraMissing
from contado.kernel.tables import atomic

if TYPE_CHECKING:
    from pathlib import Path

    from contado.kernel.publish.sheet import Sheet

__all__ = ["pdf_bytes", "write"]

_TEMPLATE: Final = """
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title, author: "contado", date: datetime(year: 2000, month: 1, day: 1))
#set page(paper: "a4", flipped: true, margin: 12mm,
  footer: context align(right, text(7pt)[#counter(page).display("1 / 1", both: true)]))
#set text(lang: data.lang, size: data.size * 1pt)
#set par(justify: false)
#heading(level: 1, data.title)
#v(4pt)
#table(
  columns: data.widths.map(w => w * 1fr),
  align: (x, y) => if y > 0 and data.right.at(x) { right } else { left },
  stroke: 0.4pt + luma(140), inset: 2.5pt,
  table.header(..data.headings.map(h => strong(text(hyphenate: true, h)))),
  ..data.rows.flatten(),
)
#if data.rows.len() == 0 [#data.nothing]
"""
_NOTHING: Final = {"it": "Nessuna riga.", "en": "No rows."}
_SIZES: Final = ((8, 9.0), (14, 6.5))
"""Up to so many columns: size of the letters [pt]."""
_SMALLEST: Final = 5.2
_LEAST: Final = 7
_WIDEST: Final = 30
_WRAPPED: Final = 22
"""Letters: no column is narrower than the first; no word is taken wider than the second, no cell of several words than the third."""


def write(sheet: Sheet, path: Path) -> None:
    """Write the sheet as a PDF, atomically.

    Raises
    ------
    ExtraMissing
        typst is not installed (extra ``publish``).
    """
    data = pdf_bytes(sheet)
    with atomic(path) as temporary:
        temporary.write_bytes(data)


def pdf_bytes(sheet: Sheet) -> bytes:
    """Return the PDF/UA-1 of a sheet."""
    try:
        import typst
    except ImportError:
        raise ExtraMissing.from_extra("programme export", "publish", "typst") from None
    numbers = [_is_number(sheet, k) for k in range(len(sheet.headings))]
    data = {
        "title": sheet.title,
        "lang": sheet.lang,
        "size": next((size for n, size in _SIZES if len(sheet.headings) <= n), _SMALLEST),
        "headings": list(sheet.headings),
        "rows": [
            [_text(value, money=sheet.money[k], lang=sheet.lang) for k, value in enumerate(row)]
            for row in sheet.rows
        ],
        "widths": [_width(sheet, k) for k in range(len(sheet.headings))],
        "right": numbers,
        "nothing": _NOTHING.get(sheet.lang, _NOTHING["en"]),
    }
    done: bytes = typst.compile(
        _TEMPLATE.encode(),
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_standards=["ua-1"],
        ignore_system_fonts=True,
        timestamp=0,
    )
    return done


def _is_number(sheet: Sheet, column: int) -> bool:
    return any(isinstance(row[column], int | float) for row in sheet.rows)


def _width(sheet: Sheet, column: int) -> float:
    """Return the share of a column: its longest word, or as much of its longest cell as may wrap."""
    cells = [_text(row[column], money=sheet.money[column], lang=sheet.lang) for row in sheet.rows]
    words = [word for cell in cells for word in cell.split()]
    longest = max(map(len, words), default=0)
    wrapped = max((min(len(cell), _WRAPPED) for cell in cells), default=0)
    return float(min(max(longest, wrapped, _LEAST), _WIDEST))


def _text(value: Any, *, money: bool, lang: str) -> str:
    if value is None:
        return ""
    if money:
        amount = f"{value:,.2f}"
        return amount.translate(str.maketrans(",.", ".,")) if lang == "it" else amount
    return str(value)
