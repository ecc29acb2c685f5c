"""Rows and foreign tables -> a table as its schema declares it; hashes and order of rows."""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from contado.kernel.errors import ColumnNotFound, DataError
from contado.kernel.tables.cells import parse
from contado.kernel.tables.schema import Attribute, Schema, schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["cast", "conform", "content_hash", "empty", "from_rows", "sort"]


def empty(name: str) -> pa.Table:
    """Return the table ``name`` without rows."""
    return schema(name).arrow().empty_table()


def from_rows(name: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Return the table ``name`` made of ``rows``: typed, ordered, absent nullable columns null.

    Cells may be Python values or text as in a CSV; NaN is unknown (null); a geometry is WKB or a
    shapely object. Keys that the schema does not know are kept after its columns.

    Raises
    ------
    ColumnNotFound
        No row has a required column.
    DataError
        A cell cannot be read as its column's type (rule ``bad_value``), with row and value.
    """
    kept = list(rows)
    declared = schema(name)
    present: dict[str, None] = dict.fromkeys(key for row in kept for key in row)
    if kept:
        _require(declared, present)
    fields = list(declared.arrow())
    arrays = [_from_values(a, [row.get(a.attribute) for row in kept], name) for a in declared.attributes]
    for extra in (key for key in present if key not in declared.by_name):
        arrays.append(_guess([row.get(extra) for row in kept], extra, name))
        fields.append(pa.field(extra, arrays[-1].type))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _require(declared: Schema, present: Iterable[str]) -> None:
    names = set(present)
    missing = [a.attribute for a in declared.attributes if a.required and a.attribute not in names]
    if missing:
        raise ColumnNotFound.from_missing(missing, sorted(names), table=declared.name)


def _from_values(attribute: Attribute, values: Sequence[Any], table: str) -> pa.Array:
    out = []
    for row, value in enumerate(values, start=1):
        try:
            out.append(_value(value, attribute))
        except (TypeError, ValueError, OverflowError):
            raise _bad(table, attribute.attribute, row, value) from None
    return pa.array(out, attribute.arrow)


def _guess(values: Sequence[Any], column: str, table: str) -> pa.Array:
    try:
        return pa.array([None if _unknown(v) else v for v in values])
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        raise DataError(
            f"{table}: the extra column {column} mixes types.",
            rule="bad_value",
            hint="give one type of value in a column",
            field=column,
        ) from None


def _bad(table: str, column: str, row: int, value: object) -> DataError:
    return DataError(
        f"{table}, row {row}: {column} = {value!r} cannot be read.",
        rule="bad_value",
        hint=f"see `contado tables schema {table}`",
        rows=[row],
        field=column,
    )


def _unknown(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _value(value: Any, attribute: Attribute) -> Any:
    """Read one Python value as the attribute's type."""
    if hasattr(value, "item") and not hasattr(value, "geom_type"):
        value = value.item()  # numpy scalar
    if _unknown(value) or (isinstance(value, str) and not value):
        return None
    if isinstance(value, str) and attribute.type != "text":
        parsed, bad = parse(pa.array([value]), attribute.arrow)
        if bad:
            raise ValueError(value)
        return parsed[0].as_py()
    return _READERS[attribute.type](value)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or int(value) != value:
        raise ValueError(value)
    return int(value)


def _number(value: Any) -> float:
    if not math.isfinite(number := float(value)):
        raise ValueError(value)
    return number


def _boolean(value: Any) -> bool:
    if value not in (True, False):
        raise ValueError(value)
    return bool(value)


def _text(value: Any) -> str:
    if isinstance(value, (bytes, list, tuple, dict)):
        raise TypeError(value)
    return str(value)


def _date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if not isinstance(value, date):
        raise TypeError(value)
    return value


def _instant(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(value)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _geometry(value: Any) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    import shapely

    wkb: bytes = shapely.to_wkb(value, flavor="iso", byte_order=1)
    return wkb


_READERS: Mapping[str, Any] = {
    "text": _text,
    "int": _integer,
    "float": _number,
    "bool": _boolean,
    "date": _date,
    "instant": _instant,
    "geometry": _geometry,
    "list": list,
}


def conform(name: str, table: pa.Table) -> pa.Table:
    """Return ``table`` with the columns of schema ``name`` first, cast, absent nullable ones null.

    Extra columns follow in their order; metadata is kept.

    Raises
    ------
    ColumnNotFound
        A required column is absent.
    DataError
        A cell cannot be cast (rule ``bad_value``), with row and value.
    """
    declared = schema(name)
    _require(declared, table.column_names)
    columns = []
    for a in declared.attributes:
        if a.attribute in table.column_names:
            columns.append(cast(table[a.attribute], a, name))
        else:
            columns.append(pa.chunked_array([pa.nulls(table.num_rows, a.arrow)]))
    extra = [f for f in table.schema if f.name not in declared.by_name]
    fields = [*declared.arrow(), *extra]
    columns += [table[f.name] for f in extra]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata=table.schema.metadata))


def cast(column: pa.ChunkedArray, attribute: Attribute, table: str) -> pa.ChunkedArray:
    """Return ``column`` as the attribute's type, NaN as null.

    Raises
    ------
    DataError
        Names the first row that cannot be cast and quotes its value (rule ``bad_value``).
    """
    kind = attribute.arrow
    if column.type == kind and not pa.types.is_floating(kind):
        return column
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)) and kind != pa.string():
        parsed, bad = parse(column.combine_chunks().cast(pa.string()), kind)
        if bad:
            raise _bad(table, attribute.attribute, bad[0] + 1, column[bad[0]].as_py())
        return pa.chunked_array([parsed])
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.chunked_array([_from_values(attribute, column.to_pylist(), table)])


def sort(name: str, table: pa.Table) -> pa.Table:
    """Return the rows in the order of the key, so that the order of the input never matters."""
    keys = [k for k in schema(name).key if k in table.column_names]
    if not keys or table.num_rows < 2:
        return table
    return table.take(pc.sort_indices(table, sort_keys=[(k, "ascending") for k in keys]))


def content_hash(table: pa.Table) -> str:
    """Return the sha256 of a table's content: names, types, values, order of rows.

    It does not depend on the file's format, compression, chunks or on the order of columns.
    """
    digest = hashlib.sha256()
    for name in sorted(table.column_names):
        column = table[name].combine_chunks()
        _hash_array(digest, name, column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks))
    return digest.hexdigest()


def _hash_array(digest: Any, name: str, array: pa.Array) -> None:
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.cast(kind.value_type)
        kind = array.type
    digest.update(f"{name}\0{_type_name(kind)}\0{len(array)}\0".encode())
    digest.update(pc.is_valid(array).cast(pa.uint8()).to_numpy(zero_copy_only=False).tobytes())
    if pa.types.is_struct(kind):
        for index, child in enumerate(kind):
            _hash_array(digest, f"{name}.{child.name}", array.flatten()[index])
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        digest.update(pc.list_value_length(array).fill_null(0).cast(pa.int64()).to_numpy().tobytes())
        _hash_array(digest, name, array.flatten())
    elif _type_name(kind) in {"string", "binary"}:
        cells = [b"" if v is None else v for v in array.cast(pa.large_binary()).to_pylist()]
        digest.update(b"".join(len(v).to_bytes(8, "little") for v in cells))
        digest.update(b"".join(cells))
    elif not pa.types.is_null(kind):
        digest.update(_plain(array).to_numpy(zero_copy_only=False).tobytes())


def _plain(array: pa.Array) -> pa.Array:
    """Return fixed-width values as plain numbers, nulls as zero."""
    kind = array.type
    if pa.types.is_boolean(kind):
        return array.fill_null(False).cast(pa.uint8())
    if pa.types.is_temporal(kind):
        array = array.cast(pa.int32() if kind.bit_width == 32 else pa.int64())
    return array.fill_null(0)


def _type_name(kind: pa.DataType) -> str:
    """Return the name of a type, without what a file format makes of it: size of offsets, name of list items."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list<{_type_name(kind.value_type)}>"
    return str(kind).removeprefix("large_")
