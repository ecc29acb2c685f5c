r"""How a CSV was written: encoding, separator, decimal comma, escaped formulas; each told, none guessed.

Offices hand in files as their spreadsheet writes them: a byte order mark or Windows-1252, semicolons,
decimal commas with dots for thousands. What is converted is reported with counts.

Examples
--------
>>> separator("id;cost_eur\nA;1,5\n")
';'
>>> comma_to_point("1.234,50")
'1234.50'
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow.compute as pc

from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

__all__ = [
    "FORMULA",
    "NUMBER_OF_EITHER_STYLE",
    "Decoded",
    "comma_column",
    "comma_to_point",
    "decode",
    "has_decimal_comma",
    "is_ambiguous",
    "not_numbers",
    "rows",
    "separator",
    "unescape",
]

FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
"""A cell that a spreadsheet may take for a formula; an apostrophe is put before it, and taken off again."""
NUMBER_OF_EITHER_STYLE: Final = r"^\s*[+-]?[\d.,]*\d[.,]?([eE][+-]?\d+)?\s*$"
"""A number as English or as Italian writes it."""
_POINT: Final = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
_COMMA: Final = r"^\s*[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+\s*$"
_GROUPS: Final = r"^\s*[+-]?\d{1,3}(\.\d{3}){2,}(,\d+)?\s*$"
_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?")
_ENGLISH: Final = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
"""Thousands as English writes them, or a decimal comma with three decimals."""
_LINE_END: Final = re.compile(r"\r\n?|\n")
_ONE_GROUP: Final = r"^\s*[+-]?[1-9]\d{0,2}\.\d{3}\s*$"


class Decoded(NamedTuple):
    """Text of a file, and what had to be converted."""

    text: str
    findings: list[Finding]


def decode(data: bytes, table: str) -> Decoded:
    """Decode a file: UTF-8 with or without mark, UTF-16 with mark, else Windows-1252.

    Raises
    ------
    DataError
        The file is not text (rule ``not_text``).
    """
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return Decoded(data.decode("utf-16"), [_converted(table, "the file was UTF-16")])
    if b"\0" in data[:4096]:
        raise DataError(
            f"{table}: the file is not text.", rule="not_text", hint="give CSV or Parquet", field=table
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
        count = sum(byte > 127 for byte in data)
        return Decoded(text, [_converted(table, f"{count} characters were Windows-1252")])
    if text.startswith("\ufeff"):
        return Decoded(text[1:], [_converted(table, "1 byte order mark was taken off")])
    return Decoded(text, [])


def _converted(table: str, what: str) -> Finding:
    return Finding(
        severity="note", rule="converted", message=f"{table}: {what}.", table=table, action="converted"
    )


def separator(text: str) -> str:
    """Return the separator of the header line: the one of ``, ; tab |`` that occurs most; ',' if none."""
    header = next(csv.reader([_LINE_END.split(text, maxsplit=1)[0]], delimiter="\0"), [""])
    line = header[0] if header else ""
    return max(",;\t|", key=lambda mark: (line.count(mark), mark == ","))


def rows(text: str, mark: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line and the cells of each row that is not blank."""
    import io

    csv.field_size_limit(1 << 30)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    before = 0
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield before + 1, cells
        before = reader.line_num


def has_decimal_comma(column: pa.Array) -> bool:
    """Whether a text column holds numbers with a decimal comma (``1.234,50``) or several dots."""
    if not pc.any(
        pc.or_(pc.match_substring(column, ","), pc.greater(pc.count_substring(column, "."), 1))
    ).as_py():
        return False
    found = pc.or_(pc.match_substring_regex(column, _COMMA), pc.match_substring_regex(column, _GROUPS))
    return bool(pc.any(found).as_py())


def is_ambiguous(column: pa.Array) -> bool:
    """Whether all numbers of a column could be thousands or three decimals (``1.234``)."""
    filled = pc.drop_null(pc.if_else(pc.equal(column, ""), None, column))
    return len(filled) > 0 and bool(pc.all(pc.match_substring_regex(filled, _ONE_GROUP)).as_py())


def not_numbers(column: pa.Array) -> pa.Array:
    """Say of each cell of a text column whether it keeps the column from being numbers; an empty one does not.

    Where some cell is no number in either style of decimals, such cells are to blame, and not the good ones
    beside them whose decimal commas were left as they were; else those without a decimal point are.

    Examples
    --------
    >>> import pyarrow as pa
    >>> not_numbers(pa.array(["0,70", "15%", ""])).to_pylist(), not_numbers(pa.array(["1.5", "115,000"])).to_pylist()
    ([False, True, False], [False, True])
    """
    empty = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), ""), True)
    for style in (NUMBER_OF_EITHER_STYLE, _POINT):
        bad = pc.and_not(pc.fill_null(pc.invert(pc.match_substring_regex(column, style)), False), empty)
        if pc.any(bad).as_py():
            break
    return bad


def comma_column(column: pa.Array, mark: str) -> tuple[pa.Array, int]:
    """Return a column with decimal points, and how many cells were converted.

    In a file separated by commas ``115,000`` may be thousands: it is left as it is, which is no number.
    """
    import pyarrow as pa

    before = column.to_pylist()
    after = [
        cell if not cell or (mark == "," and _ENGLISH.fullmatch(cell.strip())) else comma_to_point(cell)
        for cell in before
    ]
    changed = sum(a != b for a, b in zip(after, before, strict=True))
    return pa.array(after, pa.string()), changed


def comma_to_point(cell: str) -> str:
    """Turn one number with a decimal comma (dots for thousands) into one with a decimal point."""
    text = cell.strip()
    if _THOUSANDS.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", ".") if re.fullmatch(r"[+-]?\d+,\d*", text) else cell


def unescape(column: pa.Array) -> tuple[pa.Array, int]:
    """Take the apostrophe off cells that were escaped against formulas; return the column and a count."""
    escaped = pc.fill_null(pc.match_substring_regex(column, r"^'+[=+\-@\t\r]"), False)
    count = pc.sum(escaped).as_py() or 0
    if count:
        column = pc.if_else(escaped, pc.utf8_slice_codeunits(column, start=1), column)
    return column, count
