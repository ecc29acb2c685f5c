"""Road profiles as files: two columns of text, CSV (also as Italian offices write it), Parquet."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from contado.engines.pavement.profile.roughness_index import check_profile
from contado.kernel.errors import ColumnNotFound, DataError, Finding, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from contado.kernel.labels import Label

    Array = NDArray[np.float64]

__all__ = ["Profile", "label_beside", "read_profile"]

_COLUMNS: Final = ("x_m", "y_m")
_DECIMAL_COMMAS: Final = re.compile(r"\s*-?\d+(,\d+\s+-?\d|\s+-?\d+,\d)")
_IN_QUOTES: Final = re.compile(r'"-?\d+,\d+"')
_MOST_M: Final = 1e9
"""No road has a distance or an elevation beyond this."""
_ENDINGS: Final = (".txt", ".csv", ".parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A profile as read: ``x_m``, ``y_m`` (n,) [m], what the data are, and what was met on the way."""

    x_m: Array
    y_m: Array
    label: Label
    findings: tuple[Finding, ...] = ()


def read_profile(path: Path) -> Profile:
    """Read and check a profile: ``.txt`` with two columns x y, ``.csv`` or ``.parquet`` with x_m, y_m.

    A CSV with semicolons, decimal commas, a byte-order mark or Windows-1252 letters gives the same numbers
    and the note ``italian_csv``. Further columns are ignored.

    Raises
    ------
    DataError
        ``empty_file``, ``not_a_number``, ``x_not_increasing``, ``profile_too_short``, ``missing_column``,
        ``profile_unreadable``; ``rows`` are lines of a text file or 1-based rows of a Parquet file.
    UsageError
        Another ending (``unknown_choice``).
    OSError
        No such file, or no right to read it.
    """
    if path.suffix.lower() not in _ENDINGS:
        raise UsageError(
            f"{path.name}: unknown ending {path.suffix!r}; valid: {', '.join(_ENDINGS)}.",
            rule="unknown_choice",
            hint="give a .txt with two columns, or a .csv or .parquet with x_m and y_m",
            field="profile",
        )
    if path.stat().st_size == 0:
        raise _empty(path)
    if path.suffix.lower() == ".parquet":
        x, y = _read_parquet(path)
        _check(x, y, path.name, None, _COLUMNS)
        return Profile(x_m=x, y_m=y, label=label_beside(path))
    x, y, lines, columns, findings = _read_text(path)
    if x.size == 0:
        raise _empty(path)
    _check(x, y, path.name, lines, columns)
    return Profile(x_m=x, y_m=y, label=label_beside(path), findings=findings)


def label_beside(path: Path) -> Label:
    """Return ``simulated`` when meta.json in the same folder says so, else ``measured``."""
    try:
        facts = msgspec.json.decode((path.parent / "meta.json").read_bytes())
    except (OSError, msgspec.DecodeError):
        return "measured"
    return "simulated" if isinstance(facts, dict) and facts.get("label") == "simulated" else "measured"


def _check(x: Array, y: Array, name: str, lines: NDArray[np.int64] | None, columns: tuple[str, str]) -> None:
    """Refuse what is no profile, and places that are on no road."""
    check_profile(x, y, name=name, lines=lines, columns=columns)
    for column, values in zip(columns, (x, y), strict=True):
        bad = np.flatnonzero(np.abs(values) > _MOST_M)
        if bad.size:
            rows = [int(lines[i]) if lines is not None else int(i) + 1 for i in bad[:20]]
            raise DataError(
                f"{name}, {'row' if lines is None else 'line'} {rows[0]}: {column} is {values[bad[0]]:g}.",
                rule="out_of_range",
                hint="distances and elevations are metres",
                rows=rows,
                field=column,
            )


def _empty(path: Path) -> DataError:
    return DataError(
        f"{path.name} is empty.",
        rule="empty_file",
        hint="give a profile with distance and elevation",
        field="profile",
    )


def _read_parquet(path: Path) -> tuple[Array, Array]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from contado.engines.pavement.columns import numbers

    try:
        names = pq.read_schema(path).names
        missing = [c for c in _COLUMNS if c not in names]
        if missing:
            raise ColumnNotFound.from_missing(missing, names, table=path.name)
        table = pq.read_table(path, columns=list(_COLUMNS))
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path.name} cannot be read as a Parquet profile: {str(error).splitlines()[0]}.",
            rule="profile_unreadable",
            hint="give a whole file with numeric columns x_m and y_m",
            field="profile",
        ) from None
    x, y = (numbers(table, c, path.name) for c in _COLUMNS)
    return np.ascontiguousarray(x), np.ascontiguousarray(y)


def _read_text(path: Path) -> tuple[Array, Array, NDArray[np.int64], tuple[str, str], tuple[Finding, ...]]:
    """Return x, y, the line of each point, the names of the columns and the findings."""
    text, odd = _decode(path.read_bytes())
    numbered = [(n, line) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not numbered:
        raise _empty(path)
    header = numbered[0][1]
    separator = ";" if ";" in header else None
    names = _cells(header, separator)
    is_csv = path.suffix.lower() == ".csv"
    at = _positions(names, path) if is_csv else (0, 1)
    columns = _COLUMNS if is_csv else ("x", "y")
    body = numbered[1:] if is_csv or tuple(names[:2]) in {("x", "y"), _COLUMNS} else numbered
    quoted = any(_IN_QUOTES.search(line) for _, line in body)
    if quoted:
        body = [(n, _IN_QUOTES.sub(lambda cell: cell[0].replace(",", "."), line)) for n, line in body]
    comma = any(("," in line) if separator else _DECIMAL_COMMAS.match(line) for _, line in body)
    rows = [_cells(line.replace(",", ".") if comma else line, separator) for _, line in body]
    lines = [n for n, _ in body]
    x, y = _numbers(rows, lines, at, columns, path.name)
    reasons = odd + (["semicolons"] if separator else []) + (["decimal commas"] if comma or quoted else [])
    return x, y, np.array(lines, dtype=np.int64), columns, _italian(path, reasons)


def _decode(raw: bytes) -> tuple[str, list[str]]:
    """Text with plain line ends, and what was unusual about its encoding."""
    odd = ["a byte-order mark"] if raw.startswith(b"\xef\xbb\xbf") else []
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text, odd = raw.decode("cp1252", errors="replace"), [*odd, "Windows-1252 letters"]
    return text.replace("\r\n", "\n").replace("\r", "\n"), odd


def _cells(line: str, separator: str | None) -> list[str]:
    """Cells of a line: by semicolon, else by comma where there is one, else by blanks or tabs."""
    if separator is None and "," in line:
        separator = ","
    return [cell.strip() for cell in line.replace('"', "").strip().split(separator)]


def _positions(names: list[str], path: Path) -> tuple[int, int]:
    missing = [c for c in _COLUMNS if c not in names]
    if missing:
        raise ColumnNotFound.from_missing(missing, names, table=path.name)
    return names.index("x_m"), names.index("y_m")


def _numbers(
    rows: list[list[str]], lines: list[int], at: tuple[int, int], columns: tuple[str, str], name: str
) -> tuple[Array, Array]:
    try:
        i, j = at
        x = np.array([float(row[i]) for row in rows], dtype=np.float64)
        y = np.array([float(row[j]) for row in rows], dtype=np.float64)
    except (ValueError, IndexError):
        raise _not_a_number(rows, lines, at, columns, name) from None
    if any("_" in row[i] + row[j] for row in rows):  # Python takes 1_0 for a number, nobody else does
        raise _not_a_number(rows, lines, at, columns, name)
    return x, y


def _not_a_number(
    rows: list[list[str]], lines: list[int], at: tuple[int, int], columns: tuple[str, str], name: str
) -> DataError:
    """Build the error that names every bad line and quotes the first bad value."""
    bad = [
        (line, column, row[k] if k < len(row) else "")
        for line, row in zip(lines, rows, strict=True)
        for k, column in zip(at, columns, strict=True)
        if not _is_number(row[k] if k < len(row) else "")
    ]
    line, column, value = bad[0]
    return DataError(
        f"{name}, line {line}: {column} is {value!r}, not a number.",
        rule="not_a_number",
        hint="correct or remove the line; nothing is filled in",
        rows=sorted({b[0] for b in bad}),
        field=column,
    )


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell)) and "_" not in cell
    except ValueError:
        return False


def _italian(path: Path, reasons: list[str]) -> tuple[Finding, ...]:
    if not reasons:
        return ()
    note = Finding(
        severity="note",
        rule="italian_csv",
        table=path.name,
        message=f"The file was written with {', '.join(reasons)} and was read accordingly.",
        hint="nothing to do; a plain CSV has commas, decimal points and UTF-8",
        action="converted",
    )
    return (note,)
