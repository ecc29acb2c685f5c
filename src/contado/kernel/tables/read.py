"""Read a table from CSV or Parquet; what had to be converted is told in findings."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from contado.kernel.errors import ColumnNotFound, DataError, Finding, TableNotFound
from contado.kernel.provenance import METADATA_KEY, Provenance
from contado.kernel.tables import csv_dialect
from contado.kernel.tables.cells import parse, plain_numbers
from contado.kernel.tables.schema import Attribute, Schema, schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ReadResult", "provenance", "read"]

_NUMERIC: Final = r"^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$"
_NOT_FINITE: Final = r"(?i)^\s*([+-]?inf(inity)?|[+-]?nan)\s*$"
_CODE: Final = r"^\s*[+-]?(0\d+|\d{19,})\s*$"
"""Leading zero or more digits than an integer holds: a code, not a number."""
_WHOLE: Final = r"^\s*[+-]?\d+\s*$"
_FAST_BYTES: Final = 1 << 20


class ReadResult(NamedTuple):
    """A table, what was found while reading, and the line of the file each row begins on."""

    table: pa.Table
    findings: list[Finding]
    lines: Sequence[int] | None = None


def read(
    path: Path | str, *, declared: Schema | str | None = None, rename: Mapping[str, str] | None = None
) -> ReadResult:
    """Read ``path`` (.csv, .csv.gz, .parquet).

    With ``declared`` (a schema or its name) the columns of a CSV get the types of that schema and cells that cannot be read
    are findings; without, a column is a number where every cell is one and none is a code with leading
    zeros, else text. ``rename`` maps columns of the file to other names (old -> new).

    Raises
    ------
    TableNotFound
        There is no such file; the hint names the nearest one of the folder.
    ColumnNotFound
        A column to be renamed is not in the file.
    DataError
        The file is no table, or damaged.
    """
    file = Path(path)
    if not file.is_file():
        raise _not_found(file)
    if file.suffix == ".parquet":
        table = _read_parquet(file)
        header = _renamed(table.column_names, rename, file.name)
        metadata = table.schema.metadata
        return ReadResult(table.rename_columns(header).replace_schema_metadata(metadata), [])
    name = file.name.removesuffix(".gz").rpartition(".")[0] or file.stem
    kind = schema(declared) if isinstance(declared, str) else declared
    return _read_csv(_content(file), name, kind, rename)


def _not_found(file: Path) -> TableNotFound:
    """Return the error of a path where no file is, or a folder."""
    if file.is_dir():
        return TableNotFound(f"{file.name} is a folder.", hint="give a file of it", field=file.name)
    known = [p.name for p in file.parent.iterdir()] if file.parent.is_dir() else []
    return TableNotFound.from_name(file.name, known, kind="file")


def _renamed(header: list[str], rename: Mapping[str, str] | None, name: str) -> list[str]:
    absent = [old for old in rename or () if old not in header]
    if absent:
        raise ColumnNotFound.from_missing(absent, header, table=name)
    return [(rename or {}).get(column, column) for column in header]


def _content(file: Path) -> bytes:
    data = file.read_bytes()
    if file.suffix == ".gz":
        data = _unpacked(data, file.name)
    if not data.strip():
        raise DataError(
            f"{file.name} is empty.", rule="empty_file", hint="name the columns in line 1", field=file.name
        )
    return data


def _unpacked(data: bytes, name: str) -> bytes:
    try:
        return gzip.decompress(data)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(
            f"{name} cannot be unpacked: {error}.",
            rule="damaged_file",
            hint="pack the file again with gzip",
            field=name,
        ) from None


def _read_parquet(file: Path) -> pa.Table:
    import pyarrow.parquet as pq

    try:
        # one open file: a path is opened twice, and between the two a writer may have replaced the file
        with pa.OSFile(str(file)) as source:
            return pq.read_table(source, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{file.name} cannot be read as Parquet: {str(error).splitlines()[0]}.",
            rule="damaged_file",
            hint="write the file again",
            field=file.name,
        ) from None


def provenance(table: pa.Table) -> Provenance | None:
    """Return how a table was made, as its Parquet file says, or None."""
    text = (table.schema.metadata or {}).get(METADATA_KEY)
    return Provenance.from_json(text) if text else None


def _read_csv(
    data: bytes, name: str, declared: Schema | None, rename: Mapping[str, str] | None
) -> ReadResult:
    text, findings = csv_dialect.decode(data, name)
    mark = csv_dialect.separator(text)
    if mark != ",":
        findings.append(_note(name, f"cells are separated by {mark!r}"))
    header, columns, lines, more = _tokenise(text, mark, name)
    header = _renamed(header, rename, name)
    findings += more
    columns, more = _decimal_points(name, header, columns, declared, mark)
    findings += more
    trim = declared is not None and declared.name.startswith("folder/")
    arrays = []
    for column, written in zip(header, columns, strict=True):
        attribute = declared.by_name.get(column) if declared else None
        cells, more = _trimmed(name, column, written) if trim and _is_text(attribute) else (written, [])
        array, unread = _typed(name, column, cells, attribute, lines)
        arrays.append(array)
        findings += [*more, *unread]
    return ReadResult(pa.table(arrays, names=header), findings, lines)


def _note(table: str, what: str) -> Finding:
    return Finding(
        severity="note", rule="converted", message=f"{table}: {what}.", table=table, action="converted"
    )


def _tokenise(
    text: str, mark: str, name: str
) -> tuple[list[str], list[pa.Array], Sequence[int], list[Finding]]:
    """Split the text into header and text columns; rows with too many or too few cells are set aside."""
    if len(text) > _FAST_BYTES and '"' not in text and "\n\n" not in text and "\r" not in text:
        try:
            return _tokenise_fast(text, mark, name)
        except pa.ArrowInvalid:
            pass  # a ragged row: the slow way says which
    found = csv_dialect.rows(text, mark)
    header = _header(next(found, (1, []))[1], name)
    findings, kept, lines = [], [], []
    for line, cells in found:
        if len(cells) == len(header):
            kept.append(cells)
            lines.append(line)
        else:
            findings.append(_ragged(name, line, len(cells), len(header)))
    columns = zip(*kept, strict=True) if kept else [()] * len(header)
    return header, [pa.array(c, pa.string()) for c in columns], lines, findings


def _tokenise_fast(
    text: str, mark: str, name: str
) -> tuple[list[str], list[pa.Array], Sequence[int], list[Finding]]:
    from pyarrow import csv

    first = text.partition("\n")[0]
    header = _header(first.split(mark), name)
    table = csv.read_csv(
        pa.py_buffer(text.encode()),
        read_options=csv.ReadOptions(column_names=header, skip_rows=1, use_threads=False),
        parse_options=csv.ParseOptions(delimiter=mark, quote_char=False, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        ),
    )
    columns = [
        pa.concat_arrays(c.chunks) if c.num_chunks else pa.array([], pa.string()) for c in table.columns
    ]
    return header, columns, range(2, table.num_rows + 2), []


def _header(cells: list[str], name: str) -> list[str]:
    header = [cell.strip() for cell in cells]
    if not any(header):
        raise DataError(
            f"{name}: the file has no header.", rule="no_header", hint="name the columns in line 1", rows=[1]
        )
    twice = sorted({h for h in header if header.count(h) > 1})
    if twice:
        raise DataError(
            f"{name}: the column {twice[0]!r} stands twice.",
            rule="duplicate_column",
            hint="give every column a name of its own",
            rows=[1],
            field=twice[0],
        )
    return header


def _ragged(name: str, line: int, found: int, wanted: int) -> Finding:
    return Finding(
        severity="error",
        rule="ragged_row",
        message=f"{name}, line {line}: {found} cells where the header has {wanted}.",
        table=name,
        row=line,
        hint="put cells that hold the separator between double quotes",
        action="row_set_aside",
    )


def _numeric_columns(header: list[str], columns: list[pa.Array], declared: Schema | None) -> list[bool]:
    """Which columns hold numbers: by the schema, or (unknown columns) where all cells look like one."""
    known = declared.by_name if declared else {}
    return [
        known[h].type in {"int", "float"} if h in known else _all_numbers(c)
        for h, c in zip(header, columns, strict=True)
    ]


def _filled(column: pa.Array) -> pa.Array:
    """Return the cells of a text column that hold something: neither blank nor a number without end."""
    blank = pc.equal(pc.utf8_trim_whitespace(column), "")
    odd = pc.match_substring_regex(column, _NOT_FINITE)
    return pc.drop_null(pc.if_else(pc.or_(odd, blank), None, column))


def _all_numbers(column: pa.Array) -> bool:
    filled = _filled(column)
    look = pc.match_substring_regex(filled, csv_dialect.NUMBER_OF_EITHER_STYLE)
    return len(filled) > 0 and bool(pc.all(look).as_py())


def _decimal_points(
    name: str, header: list[str], columns: list[pa.Array], declared: Schema | None, mark: str
) -> tuple[list[pa.Array], list[Finding]]:
    """Turn decimal commas into points, in all number columns of a file that writes them."""
    if mark != ";" and not any(map(csv_dialect.has_decimal_comma, columns)):
        return columns, []
    numeric = _numeric_columns(header, columns, declared)
    numbers = {h: c for h, c, n in zip(header, columns, numeric, strict=True) if n}
    if not any(map(csv_dialect.has_decimal_comma, numbers.values())):
        doubtful = [h for h, c in numbers.items() if mark == ";" and csv_dialect.is_ambiguous(c)]
        return columns, [_ambiguous(name, h) for h in doubtful]
    converted = {h: csv_dialect.comma_column(c, mark) for h, c in numbers.items()}
    cells = sum(count for _, count in converted.values())
    changed = ", ".join(h for h, (_, count) in converted.items() if count)
    points = [converted[h][0] if h in converted else c for h, c in zip(header, columns, strict=True)]
    return points, [_note(name, f"{cells} cells had a decimal comma ({changed})")] if cells else []


def _ambiguous(name: str, column: str) -> Finding:
    return Finding(
        severity="warning",
        rule="ambiguous_number",
        message=f"{name}: all numbers of {column} look like 1.234; the dot was read as a decimal point.",
        table=name,
        hint="write thousands without dots",
    )


def _typed(
    name: str, column: str, cells: pa.Array, attribute: Attribute | None, lines: Sequence[int]
) -> tuple[pa.Array, list[Finding]]:
    if attribute is None:
        return _inferred(name, column, cells)
    if attribute.type == "text":
        return _text(name, column, cells)
    if attribute.type == "list":
        cells, _ = csv_dialect.unescape(cells)
    array, bad = parse(cells, attribute.arrow)
    return array, [_bad_cell(name, attribute, lines[i], cells[i].as_py()) for i in bad]


def _bad_cell(name: str, attribute: Attribute, line: int, value: str) -> Finding:
    number = attribute.type in {"int", "float"}
    return Finding(
        severity="error",
        rule="bad_number" if number else "bad_value",
        message=f"{name}, line {line}: {attribute.attribute} = {value!r} is not a {attribute.type}.",
        table=name,
        row=line,
        hint="write a number with a decimal point, without unit" if number else attribute.description,
        action="refused",
    )


def _is_text(attribute: Attribute | None) -> bool:
    return attribute is not None and attribute.type == "text"


def _trimmed(name: str, column: str, cells: pa.Array) -> tuple[pa.Array, list[Finding]]:
    """Take blanks off the ends of what another body wrote: ``own `` and ``own`` are one source."""
    plain = pc.utf8_trim_whitespace(cells)
    count = pc.sum(pc.not_equal(plain, cells)).as_py() or 0
    return plain, [_note(name, f"blanks were taken off {count} cells of {column}")] if count else []


def _text(name: str, column: str, cells: pa.Array) -> tuple[pa.Array, list[Finding]]:
    plain, count = csv_dialect.unescape(parse(cells, pa.string())[0])
    note = f"an apostrophe was taken off {count} cells of {column}"
    return plain, [_note(name, note)] if count else []


def _inferred(name: str, column: str, cells: pa.Array) -> tuple[pa.Array, list[Finding]]:
    """Read a column without schema: whole numbers, numbers, else text."""
    if not pc.any(pc.match_substring_regex(cells, _CODE)).as_py():
        for kind in (pa.int64(), pa.float64()):
            quick = plain_numbers(cells, kind)
            if quick is not None and quick.null_count < len(quick):
                return quick, []
    odd = pc.match_substring_regex(cells, _NOT_FINITE)
    filled = _filled(cells)
    if len(filled) and pc.all(pc.is_in(pc.utf8_lower(filled), value_set=pa.array(["true", "false"]))).as_py():
        return parse(cells, pa.bool_())[0], []
    if not len(filled) or not pc.all(pc.match_substring_regex(filled, _NUMERIC)).as_py():
        return _text(name, column, cells)
    if pc.any(pc.match_substring_regex(filled, _CODE)).as_py():
        return _text(name, column, cells)
    whole = pc.all(pc.match_substring_regex(filled, _WHOLE)).as_py()
    array, _ = parse(pc.if_else(odd, "", cells), pa.int64() if whole else pa.float64())
    count = pc.sum(odd).as_py() or 0
    return array, [_note(name, f"{count} cells of {column} are not finite: unknown")] if count else []
