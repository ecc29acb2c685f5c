"""One document model for every writer: a report of sections with text, figures, tables and charts.

Texts are plain text, never markup: each writer escapes them for its own format. A number stands with its
unit, its interval or the reason why there is none, and how it was born.

Examples
--------
>>> spent = Table(caption="Spesa", columns=(Column("Fonte"), Column("Spesa", "money")), rows=(("UE", 1234.5),))
>>> [show(cell, column, "it") for cell, column in zip(spent.rows[0], spent.columns)]
['UE', '1.234,50']
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from contado.kernel.publish.words import Lang, Words, date_text, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from contado.kernel.labels import Label

__all__ = [
    "KINDS",
    "LABELS",
    "NOT_KNOWN",
    "Block",
    "Chart",
    "Column",
    "Figure",
    "Figures",
    "Heading",
    "Items",
    "Note",
    "Paragraph",
    "Report",
    "Section",
    "Table",
    "cleaned",
    "is_number",
    "label_text",
    "numeric",
    "show",
    "tables",
]

Kind = Literal["text", "plain", "year", "number", "money", "share", "label", "date"]
KINDS: Final = ("text", "plain", "year", "number", "money", "share", "label", "date")
LABELS: Final = {
    "measured": Words("misurato", "measured"),
    "estimated": Words("stimato", "estimated"),
    "simulated": Words("simulato", "simulated"),
}
_SIGNS: Final = {"measured": "●", "estimated": "◐", "simulated": "◌"}
NOT_KNOWN: Final = Words("non noto", "not known")
_NO_TEXT: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
"""What XML 1.0 cannot hold or advises against (Extensible Markup Language 1.0, section 2.2)."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: heading with its unit, how its values read, decimals of numbers.

    ``number`` and ``share`` (a fraction shown in per cent) have ``digits`` decimals, ``money`` two; ``year``
    and ``plain`` are written as they are.
    """

    heading: str
    kind: Kind = "text"
    digits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text, numbers, dates or None (unknown, shown as ``missing``)."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    caption: str = ""
    label: Label | None = None
    missing: str = ""

    @classmethod
    def from_arrow(
        cls, table: pa.Table, *, caption: str = "", headings: Sequence[str] | None = None
    ) -> Table:
        """Return the rows of an Arrow table; lists are joined by ``;``, columns ``..._eur`` are money."""
        names = table.column_names
        columns = [[_joined(value) for value in table[name].to_pylist()] for name in names]
        return cls(
            caption=caption,
            columns=tuple(
                Column(heading, "money" if name.endswith("_eur") else "plain")
                for name, heading in zip(names, headings or names, strict=True)
            ),
            rows=tuple(zip(*columns, strict=True)) if table.num_rows else (),
        )


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading below that of the section."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list of short texts."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A fact, warning or error: one bold sentence, then the rest."""

    lead: str
    text: str = ""
    kind: Literal["fact", "warning", "error"] = "fact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A key figure: value, unit, interval or why there is none, one line of meaning, how it was born."""

    value: str
    unit: str
    meaning: str
    interval: str = ""
    label: str | None = None
    """measured, estimated or simulated; else the words that stand for it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Key figures side by side."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """An SVG of `contado.kernel.publish.charts`, its title, the sentence for who does not see it, its values."""

    title: str
    sentence: str
    svg: str
    table: Table


Block = Paragraph | Heading | Items | Note | Figures | Table | Chart


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading; an empty title has none."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A document: what it is called, whose it is, when it was made, its sections.

    ``simulated`` is the sentence of the bar that says what is simulated, shown on top; ``date`` None leaves
    the document without a date (forms to be filed).
    """

    title: str
    sections: tuple[Section, ...]
    lang: Lang = "it"
    date: dt.date | None = None
    subtitle: str = ""
    lead: str = ""
    simulated: str = ""
    landscape: bool = False


def tables(report: Report) -> Iterator[tuple[Section, Table]]:
    """Yield every table with its section, those of charts too, in the order of the report."""
    for section in report.sections:
        for block in section.blocks:
            if isinstance(block, Table):
                yield section, block
            elif isinstance(block, Chart):
                yield section, block.table


def label_text(label: str | None, lang: Lang) -> str:
    """Return sign and word of a label: "◐ stimato"; a word that is no label stays as it is."""
    if label is None or label not in LABELS:
        return label or ""
    return f"{_SIGNS[label]} {LABELS[label].of(lang)}"


def numeric(table: Table, column: int) -> bool:
    """Whether a column holds numbers to be set to the right; years are read as words."""
    if table.columns[column].kind in {"year", "label", "text", "date"}:
        return False
    return any(is_number(row[column]) for row in table.rows)


def is_number(value: Any) -> bool:
    """Whether a cell holds a number (a truth value is none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def show(value: Any, column: Column, lang: Lang, missing: str = "") -> str:
    """Return a cell as its readers write it."""
    if value is None:
        return missing
    if column.kind == "label":
        return label_text(str(value), lang)
    if isinstance(value, dt.date):
        return date_text(value, lang)
    if not is_number(value) or column.kind in {"text", "plain", "year"}:
        return str(value)
    if column.kind == "share":
        return f"{number(100 * value, lang, column.digits)}\u00a0%"
    return number(value, lang, 2 if column.kind == "money" else column.digits)


_T = TypeVar("_T")


def cleaned(value: _T) -> _T:
    """Return a report whose texts hold no character that documents cannot; each becomes U+FFFD."""
    if isinstance(value, str):
        return _NO_TEXT.sub("\ufffd", value)  # type: ignore[return-value]
    if isinstance(value, tuple):
        return tuple(cleaned(item) for item in value)  # type: ignore[return-value]
    if isinstance(value, dict):
        return {cleaned(key): cleaned(item) for key, item in value.items()}  # type: ignore[return-value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        found = {f.name: cleaned(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **found)
    return value


def _joined(value: Any) -> Any:
    return "; ".join(map(str, value)) if isinstance(value, list) else value
