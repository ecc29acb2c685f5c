"""PDF by typst: PDF/UA-1, tagged, A4; the same report gives the same bytes."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.publish import pictures
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
from contado.kernel.publish.words import Words, long_date

if TYPE_CHECKING:
    from contado.kernel.publish.report import Block, Report
    from contado.kernel.publish.words import Lang

__all__ = ["render"]

_TEMPLATE: Final = Path(__file__).parent / "templates" / "report.typ"
_UNDATED: Final = dt.date(2000, 1, 1)
_NOTHING: Final = Words("Nessuna riga.", "No rows.")
_SIMULATED: Final = Words("Simulato.", "Simulated.")
_REPLACED: Final = Words(
    "Segni che il carattere di stampa non ha, scritti come \ufffd: {}.",
    "Signs that the typeface does not have, written as \ufffd: {}.",
)
_ABSENT: Final = re.compile(r'the text `"(.*)"` could not be displayed', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-f]+)\}")
_COLOURS: Final = {"fact": "#0058B3", "warning": "#8A5200", "error": "#A8123A"}
_SIZES: Final = ((5, 9.0), (8, 8.5), (14, 6.5))
"""Up to so many columns: size of the letters [pt]."""
_SMALLEST: Final = 5.2


def render(report: Report) -> bytes:
    """Return the PDF/UA-1 of a report.

    Signs that no embedded typeface has are written as U+FFFD and named at the end: PDF/UA-1 allows no
    missing glyph.

    Raises
    ------
    ExtraMissing
        typst is not installed (extra ``publish``).
    """
    typst = needed("typst")
    data = _data(report)
    absent: list[str] = []
    while True:
        try:
            return _compiled(typst, data)
        except typst.TypstError as error:
            signs = _absent(str(error))
            if not signs or set(signs) <= set(absent):
                raise
            absent += signs
            codes = ", ".join(f"U+{ord(sign):04X}" for sign in absent)
            data = _without(data, frozenset(absent)) | {"replaced": _REPLACED.of(report.lang).format(codes)}


def _compiled(typst: Any, data: dict[str, Any]) -> bytes:
    done: bytes = typst.compile(
        _TEMPLATE.read_bytes(),
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_standards=["ua-1"],
        ignore_system_fonts=True,
        timestamp=0,
    )
    return done


def _absent(message: str) -> list[str]:
    """Return the signs that typst names as missing from its typefaces."""
    found = _ABSENT.search(message)
    text = _ESCAPED.sub(lambda m: chr(int(m[1], 16)), found[1]) if found else ""
    return sorted(set(text) - {"\ufffd"})


def _without(value: Any, signs: frozenset[str]) -> Any:
    if isinstance(value, str):
        return value.translate({ord(sign): "\ufffd" for sign in signs})
    if isinstance(value, list):
        return [_without(item, signs) for item in value]
    if isinstance(value, dict):
        return {key: _without(item, signs) for key, item in value.items()}
    return value


def _data(report: Report) -> dict[str, Any]:
    day, lang = report.date or _UNDATED, report.lang
    dated = long_date(report.date, lang)
    return {
        "title": report.title,
        "subtitle": " · ".join(filter(None, (report.subtitle, dated))),
        "running": report.title if report.date else "",
        "lead": report.lead,
        "simulated": [_SIMULATED.of(lang), report.simulated] if report.simulated else [],
        "lang": lang,
        "date": [day.year, day.month, day.day],
        "landscape": report.landscape,
        "nothing": _NOTHING.of(lang),
        "replaced": "",
        "sections": [
            {"title": s.title, "blocks": [_block(b, report) for b in s.blocks]} for s in report.sections
        ],
    }


def _block(block: Block, report: Report) -> dict[str, Any]:
    match block:
        case Paragraph(text):
            return {"kind": "paragraph", "text": text}
        case Heading(text):
            return {"kind": "heading", "text": text}
        case Items(items):
            return {"kind": "items", "items": list(items)}
        case Note():
            return {"kind": "note", "lead": block.lead, "text": block.text, "colour": _COLOURS[block.kind]}
        case Figures(figures):
            return {"kind": "figures", "figures": [_figure(f, report.lang) for f in figures]}
        case Table():
            return {"kind": "table", **_table(block, report)}
        case Chart():
            width, _ = pictures.size(block.svg)
            return {
                "kind": "chart",
                "title": block.title,
                "sentence": block.sentence,
                "svg": pictures.standalone(block.svg),
                "width": width,
                "table": _table(block.table, report),
            }


def _figure(figure: Any, lang: Lang) -> dict[str, str]:
    shown = {name: getattr(figure, name) for name in ("value", "unit", "interval", "meaning")}
    return shown | {"label": label_text(figure.label, lang)}


def _table(table: Table, report: Report) -> dict[str, Any]:
    lang, many = report.lang, len(table.columns)
    rows = [
        [show(v, c, lang, table.missing) for v, c in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    label = f" ({label_text(table.label, lang)})" if table.label else ""
    heads = [c.heading for c in table.columns]
    return {
        "caption": table.caption + label,
        "boxed": report.landscape,
        "size": next((size for n, size in _SIZES if many <= n), _SMALLEST),
        "headings": heads,
        "rows": rows,
        "widths": shares(heads, rows, form=report.landscape),
        "right": [numeric(table, k) for k in range(many)],
    }
