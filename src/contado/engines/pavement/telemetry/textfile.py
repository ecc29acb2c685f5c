"""One file of a drive to typed columns: CSV in any dialect, gzipped or not, and Parquet.

Nothing is guessed silently: a dialect other than plain CSV is a finding, a cut file or a cell that is no
number is an error with its line.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contado.kernel.errors import DataError, Finding
from contado.kernel.provenance import METADATA_KEY

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["RawFile", "open_raw", "raw_of", "stem_of"]

_DECIMAL_COMMA: Final = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*")
_NUMBER: Final = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_ABSENT: Final = ["", "nan", "na", "null", "none", "n/a", "-nan", "inf", "-inf", "+inf"]
_PARQUET: Final = b"PAR1"
_ENDINGS: Final = (".csv", ".parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFile:
    """Columns as they stand in one file."""

    name: str
    table: pa.Table
    """Text columns of a CSV file, typed columns of a Parquet file."""
    first_row: int
    """Number of the first data row: line 2 of a text file, row 1 of a Parquet file."""
    decimal_comma: bool = False
    findings: tuple[Finding, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether the metadata of a Parquet file say that its data is simulated."""
        try:
            facts = json.loads((self.table.schema.metadata or {}).get(METADATA_KEY, b"{}"))
        except ValueError:
            return False
        return isinstance(facts, dict) and facts.get("label") == "simulated"

    @property
    def headers(self) -> list[str]:
        """Names of the columns."""
        return list(self.table.column_names)

    def numbers(self, header: str) -> NDArray[np.float64]:
        """Return a column as float64, NaN where a cell is empty.

        Raises
        ------
        DataError
            ``not_a_number``: a cell is text.
        """
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self.table.column(header).combine_chunks()
        if not pa.types.is_string(column.type):
            if (typed := _typed_numbers(column)) is not None:
                return typed
            column = column.cast(pa.string())
        if self.decimal_comma:
            column = pc.replace_substring(column, ",", ".")
        try:
            values = column.cast(pa.float64())
        except pa.ArrowInvalid:
            values = self._tolerant(header, column)
        return np.asarray(values.to_numpy(zero_copy_only=False), float)

    def _tolerant(self, header: str, column: pa.Array) -> pa.Array:
        """Cast with empty and absent cells as null; raise at the first cell that is text."""
        import pyarrow as pa
        import pyarrow.compute as pc

        trimmed = pc.utf8_trim_whitespace(column)
        absent = pc.is_in(pc.utf8_lower(trimmed), pa.array(_ABSENT))
        bad = pc.invert(pc.or_(pc.match_substring_regex(trimmed, _NUMBER), absent))
        if (at := pc.index(bad, value=True).as_py()) >= 0:
            raise DataError(
                f"{self.name}: {header} in row {at + self.first_row} is {column[at].as_py()!r}, not a number.",
                rule="not_a_number",
                hint="correct or remove the row",
                rows=[at + self.first_row],
                field=header,
            )
        return pc.if_else(absent, None, trimmed).cast(pa.float64())

    def text(self, header: str) -> list[str | None]:
        """Return a column as text."""
        import pyarrow as pa

        cells: list[str | None] = self.table.column(header).cast(pa.string()).to_pylist()
        return cells


def _typed_numbers(column: pa.Array) -> NDArray[np.float64] | None:
    """Return a numeric column as float64 and a timestamp as seconds; None for text of any kind."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us")).cast(pa.int64()).cast(pa.float64(), safe=False)
        return np.asarray(column.to_numpy(zero_copy_only=False), float) * 1e-6
    if (
        pa.types.is_floating(column.type)
        or pa.types.is_integer(column.type)
        or pa.types.is_decimal(column.type)
    ):
        return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), float)
    return None


def stem_of(path: Path) -> str | None:
    """Return the file's name without ``.gz`` and ending, or None for a file that is no table."""
    name = path.name.removesuffix(".gz")
    for ending in _ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return None


def open_raw(path: Path) -> RawFile:
    """Read one file (errors of `raw_of`)."""
    return raw_of(path.read_bytes(), path.name)


def raw_of(content: bytes, name: str) -> RawFile:
    """Read the content of a file; its name tells CSV from Parquet and what is gzipped.

    Raises
    ------
    DataError
        ``empty_file`` (no data row) or ``file_cut`` (ends in the middle of a row, of a Parquet file or of
        a gzip stream), with the row where known.
    """
    if name.endswith(".gz") and content:
        content = _unzip(content, name)
    if not content.strip():
        raise _empty(name)
    raw = _parquet(content, name) if ".parquet" in name else _csv(content, name)
    if raw.table.num_rows == 0:
        raise _empty(name)
    return raw


def _unzip(content: bytes, name: str) -> bytes:
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error):
        raise _cut(name, "the gzip stream ends early or is damaged") from None


def _parquet(content: bytes, name: str) -> RawFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if content[-4:] != _PARQUET:
        raise _cut(name, "the Parquet file has no end")
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        table = file.read(columns=_untold(file.schema_arrow.names))
    except (pa.ArrowException, OSError) as error:
        raise _cut(name, f"the Parquet file is damaged ({str(error).splitlines()[0]})") from None
    return RawFile(name=name, table=table, first_row=1)


def _csv(content: bytes, name: str) -> RawFile:
    text, notes = _decode(content)
    head = text[:20_000].splitlines()[:40]
    delimiter = max(",;\t", key=lambda sign: _outside_quotes(head[0], sign))
    comma = _has_decimal_comma(head[1:], delimiter)
    if delimiter == ";":
        notes.append("fields divided by semicolons")
    if comma:
        notes.append("decimal commas")
    table = _parse(text, delimiter, name)
    return RawFile(
        name=name,
        table=table,
        first_row=2,
        decimal_comma=comma or delimiter == ";",
        findings=_dialect(name, notes),
    )


def _decode(content: bytes) -> tuple[str, list[str]]:
    notes = ["byte order mark"] if content.startswith(b"\xef\xbb\xbf") else []
    try:
        return content.decode("utf-8-sig"), notes
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), [*notes, "Windows-1252"]


def _outside_quotes(line: str, sign: str) -> int:
    return re.sub(r'"[^"]*"', "", line).count(sign)


def _has_decimal_comma(lines: list[str], delimiter: str) -> bool:
    cells = (cell for row in csv.reader(lines, delimiter=delimiter) for cell in row)
    return any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)


def _dialect(name: str, notes: list[str]) -> tuple[Finding, ...]:
    if not notes:
        return ()
    message = f"{name} was read as {', '.join(notes)}."
    return (Finding(severity="note", rule="italian_csv", message=message, table=name, action="converted"),)


def _parse(text: str, delimiter: str, name: str) -> pa.Table:
    """Parse with every column as text; a row with too few or too many fields is an error."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    bad: list[pa_csv.InvalidRow] = []

    def remember(row: pa_csv.InvalidRow) -> str:
        bad.append(row)
        return "skip"

    header = next(csv.reader(io.StringIO(text), delimiter=delimiter))
    if len(set(header)) < len(header):
        header = [column if header.index(column) == k else f"{column}#{k}" for k, column in enumerate(header)]
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(text.encode()),
            read_options=pa_csv.ReadOptions(use_threads=False, column_names=header, skip_rows=1),
            parse_options=pa_csv.ParseOptions(delimiter=delimiter, invalid_row_handler=remember),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                include_columns=_untold(header),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            raise _empty(name) from None
        raise _cut(name, str(error).splitlines()[0]) from None
    if bad:
        raise _uneven(bad[0], name)
    if text.count('"') % 2:
        raise _cut(name, "the last quote is not closed", row=table.num_rows + 1)
    if not text.endswith(("\n", "\r")) and _looks_cut(text, delimiter):
        raise _cut(name, f"row {table.num_rows + 1} ends early", row=table.num_rows + 1)
    return table


def _looks_cut(text: str, delimiter: str) -> bool:
    """Whether the last field of a file without a final line end is shorter than in the rows before it."""
    lengths = [len(line.rpartition(delimiter)[2]) for line in text[-20_000:].splitlines()[1:][-50:]]
    return lengths[-1] == 0 or lengths[-1] < min(lengths[:-1], default=0)


def _untold(headers: list[str]) -> list[str]:
    """Leave out the columns that hold the answer of a simulation: no estimator may see them."""
    return [header for header in headers if not header.strip().casefold().startswith("truth_")]


def _uneven(row: object, name: str) -> DataError:
    number, expected, actual = row.number, row.expected_columns, row.actual_columns  # type: ignore[attr-defined]
    why = f"row {number} has {actual} fields where the header has {expected}"
    return _cut(name, why, row=number)


def _cut(name: str, why: str, *, row: int | None = None) -> DataError:
    return DataError(
        f"{name}: the file is cut: {why}.",
        rule="file_cut",
        hint="copy or export the file again",
        rows=[] if row is None else [row],
        field=name,
    )


def _empty(name: str) -> DataError:
    return DataError(
        f"{name}: the file holds no data row.",
        rule="empty_file",
        hint="record or export the drive again",
        field=name,
    )
