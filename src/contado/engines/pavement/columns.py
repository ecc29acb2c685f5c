"""Number columns of a table that a person wrote: typed, checked, unknown cells as NaN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contado.kernel.errors import ColumnNotFound, DataError, Finding, UsageError, did_you_mean, nearest
from contado.kernel.tables import csv_dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["choices", "names", "numbers", "refuse", "require", "texts", "unknown"]


def require(table: pa.Table, columns: Sequence[str], name: str) -> None:
    """Raise `ColumnNotFound` when one of ``columns`` is absent."""
    missing = [c for c in columns if c not in table.column_names]
    if missing:
        raise ColumnNotFound.from_missing(missing, table.column_names, table=name, used=columns)


def unknown(table: pa.Table, known: Sequence[str], name: str) -> list[Finding]:
    """Say in one note which columns are not read, and in one each which of them resembles one that is absent."""
    absent = [c for c in known if c not in table.column_names]
    others = [c for c in table.column_names if c not in known]
    close = {c: found[0] for c in others if (found := nearest(c, absent, 1))}
    told = [(c, f"did you mean {meant}?") for c, meant in close.items()]
    if rest := [c for c in others if c not in close]:
        told.append((", ".join(rest), "nothing to do; they are left as they are"))
    return [
        Finding(
            severity="note",
            rule="unknown_column",
            table=name,
            message=f"{name}: not read: {which}.",
            hint=hint,
            action="kept",
        )
        for which, hint in told
    ]


def texts(table: pa.Table, column: str) -> list[str]:
    """Return a column as text, an empty cell as ''."""
    return ["" if v is None else str(v) for v in table[column].to_pylist()]


def names(
    table: pa.Table, column: str, name: str, *, lines: Sequence[int] | None = None, unique: bool = True
) -> list[str]:
    """Return a column of names, each of one row where they are ``unique``.

    Raises
    ------
    DataError
        A name is empty (`missing_value`) or stands twice (`duplicate_id`), with its lines.
    """
    found = texts(table, column)
    empty = np.array([row for row, word in enumerate(found) if not word.strip()], np.intp)
    refuse(empty, table, column, name, "missing_value", "give each row its name", lines)
    if not unique:
        return found
    first = {word: row for row, word in reversed(list(enumerate(found)))}
    twice = np.array([row for row, word in enumerate(found) if first[word] != row], np.intp)
    refuse(twice, table, column, name, "duplicate_id", "one row a name", lines)
    return found


def choices(
    table: pa.Table,
    column: str,
    name: str,
    valid: Sequence[str] | Mapping[str, str],
    *,
    lines: Sequence[int] | None = None,
    meaning: Callable[[str], str | None] | None = None,
    optional: bool = False,
    otherwise: str = "",
) -> list[str]:
    """Return a column of words of a fixed list; ``meaning`` turns other words for them into the listed ones.

    An empty cell is '' where it is ``optional``; ``otherwise`` says what to do where no word fits. A list with
    names (word -> name in the reader's language) tells them in the message.

    Raises
    ------
    UsageError
        ``unknown_choice``: another word, with its line and all valid ones.
    """
    found: list[str] = []
    for row, word in enumerate(texts(table, column)):
        if optional and not word.strip():
            found.append("")
            continue
        known = meaning(word) if meaning is not None else word.strip()
        if known is None or known not in valid:
            line = lines[row] if lines is not None else row + 1
            where = "line" if lines is not None else "row"
            names = valid if isinstance(valid, Mapping) else dict.fromkeys(valid, "")
            listed = ", ".join(
                f"{choice} ({called})" if called else choice for choice, called in names.items()
            )
            meant = _meant(word, names, listed)
            raise UsageError(
                f"{name}, {where} {line}: {column} is {word!r}; valid: {listed}.",
                rule="unknown_choice",
                hint=f"{meant}; else {otherwise}" if otherwise else meant,
                rows=[line],
                field=column,
            )
        found.append(known)
    return found


def _meant(word: str, names: Mapping[str, str], listed: str) -> str:
    """Return the nearest word; else what may be written, which a long message says once."""
    if any(names.values()):
        close = nearest(word, names)
        return f"did you mean {', '.join(close)}?" if close else "write a code or a name of the list"
    return did_you_mean(word, names) or f"valid: {listed}"


def numbers(
    table: pa.Table, column: str, name: str, *, lines: Sequence[int] | None = None
) -> NDArray[np.float64]:
    """Return a column as floats, empty cells as NaN, an absent column as all NaN.

    Raises
    ------
    DataError
        A cell is no number, or one without end (`not_a_number`), with its line.
    """
    if column not in table.column_names:
        return np.full(table.num_rows, np.nan)
    values = table[column]
    where = (table, column, name, "not_a_number", "write a number with a decimal point", lines)
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        found = pc.utf8_trim_whitespace(values)
        empty = pc.fill_null(pc.equal(found, ""), True)
        refuse(np.flatnonzero(csv_dialect.not_numbers(values).to_numpy(zero_copy_only=False)), *where)
        values = pc.if_else(empty, None, found)
    elif not (_is_numeric(values.type) or pa.types.is_null(values.type)):
        refuse(np.flatnonzero(values.is_valid().to_numpy()), *where)
        return np.full(table.num_rows, np.nan)
    result = np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    refuse(np.flatnonzero(np.isinf(result)), *where)
    return result


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def refuse(
    bad: NDArray[np.intp],
    table: pa.Table,
    column: str,
    name: str,
    rule: str,
    hint: str,
    lines: Sequence[int] | None = None,
) -> None:
    """Raise `DataError` with rule, lines and the first value when there is any ``bad`` row.

    Without ``lines`` the rows count from 1, as in a Parquet file.
    """
    if not bad.size:
        return
    places = [lines[int(i)] if lines is not None else int(i) + 1 for i in bad[:20]]
    where = "line" if lines is not None else "row"
    value = table[column][int(bad[0])].as_py()
    told = "is empty" if value is None else f"= {value!r}"
    raise DataError(
        f"{name}, {where} {places[0]}: {column} {told}.", rule=rule, hint=hint, rows=places, field=column
    )
