"""Layers in PostGIS: the shared store of several servers, and of whoever asks with SQL.

A layer becomes the table ``contado_layer."NAME"``: ``row`` (its place in the layer), the attributes, and
``geometry`` with a GiST index. It goes in by binary COPY and comes back as bytes, laid out in arrays on both
ways: no loop runs over rows. Row-level security repeats the scopes: a public layer is everybody's, another
shows the rows whose attribute ``municipality`` lies within the scope, or is for the whole territory only.

References
----------
PostgreSQL 15, COPY, section Binary Format, https://www.postgresql.org/docs/15/sql-copy.html .
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from sqlalchemy import text

from contado.kernel.errors import DataError, ScopeError, TableNotFound, WorkspaceError
from contado.kernel.records import rls
from contado.kernel.tables import geoparquet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from contado.kernel.records.scopes import Scope
    from contado.kernel.records.store import Store
    from contado.kernel.workspace import LayerInfo

__all__ = ["SCHEMA", "listed", "pull", "push"]

SCHEMA: Final = "contado_layer"
_REGISTRY: Final = f"{SCHEMA}.registry"
_UNIT: Final = "municipality"
"""Attribute by which rows of a layer belong to a municipality."""
_BLOCK: Final = 50_000
"""Rows that are laid out at a time."""
_HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL: Final = b"\xff\xff"
_EPOCH_DAYS: Final = 10_957
"""Days from 1970 to 2000, where PostgreSQL's dates begin."""
_EPOCH_US: Final = _EPOCH_DAYS * 86_400_000_000
_SRID_FLAG: Final = 0x20000000


class _Kind(NamedTuple):
    """How a column travels: its SQL type, the type its bytes are made of, how SQL gives them back."""

    sql: str
    plain: pa.DataType
    width: str | None
    """Big-endian numpy type of its bytes; None = bytes of any length."""
    send: str
    shift: int = 0
    """What is subtracted on the way in: another epoch."""


_WHOLE = _Kind("bigint", pa.int64(), ">i8", "int8send({})")
_REAL = _Kind("double precision", pa.float64(), ">f8", "float8send({})")
_FLAG = _Kind("boolean", pa.uint8(), ">u1", "boolsend({})")
_TEXT = _Kind("text", pa.string(), None, "convert_to({}, 'UTF8')")
_DATE = _Kind("date", pa.int32(), ">i4", "date_send({})", _EPOCH_DAYS)
_INSTANT = _Kind("timestamptz", pa.int64(), ">i8", "timestamptz_send({})", _EPOCH_US)
_LOCAL = _Kind("timestamp", pa.int64(), ">i8", "timestamp_send({})", _EPOCH_US)
_SHAPE = _Kind("geometry", pa.binary(), None, "ST_AsBinary({})")


class _Flat(NamedTuple):
    """Bytes of a column's values one after another; ``known`` is False where there is none."""

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    known: NDArray[np.bool_]


def push(store: Store, scope: Scope, info: LayerInfo, layer: pa.Table) -> int:
    """Write a layer, replacing the one of its name in one step; return its rows.

    Raises
    ------
    ScopeError
        The scope does not cover the whole territory.
    WorkspaceError
        The store is no PostgreSQL (rule ``no_postgres``) or has no PostGIS (rule ``no_postgis``).
    DataError
        A column has no type in SQL (rule ``no_sql_type``).
    """
    if not scope.everywhere:
        raise ScopeError(
            "A layer is written as a whole.",
            rule="not_allowed",
            hint="an account over the whole territory may",
            field="as",
        )
    kinds = {field.name: _kind(field) for field in layer.schema}
    with _connected(store) as connection:
        _prepare(connection)
        new, srid = _quoted(f"{info.id}.new"), _srid(info.crs)
        columns = ", ".join(f"{_quoted(name)} {_sql(kind, srid)}" for name, kind in kinds.items())
        _run(connection, f"DROP TABLE IF EXISTS {SCHEMA}.{new}")
        _run(
            connection,
            f"CREATE TABLE {SCHEMA}.{new} ({_quoted(_row_name(layer))} bigint NOT NULL, {columns})",
        )
        _copy_in(connection, f"{SCHEMA}.{new}", layer, kinds, srid)
        _finish(connection, info, new, layer)
    rows: int = layer.num_rows
    return rows


def pull(store: Store, scope: Scope, name: str) -> tuple[LayerInfo, pa.Table]:
    """Return a layer as it was pushed, the rows of the scope in order; errors of `push`.

    Raises
    ------
    TableNotFound
        There is no such layer within the scope.
    """
    with _connected(store, scope) as connection:
        known = {info.id: (info, schema, n) for info, schema, n in _registered(connection)}
        if name not in known:
            raise TableNotFound.from_name(name, known, kind="layer")
        info, schema, n = known[name]
        parts = [_copy_out(connection, name, schema, first) for first in range(0, max(n, 1), _BLOCK)]
    return info, pa.concat_tables(parts).combine_chunks()


def listed(store: Store, scope: Scope) -> list[LayerInfo]:
    """Return the layers within the scope, in order of name; errors of `push`."""
    with _connected(store, scope) as connection:
        return [info for info, _, _ in _registered(connection)]


@contextmanager
def _connected(store: Store, scope: Scope | None = None) -> Iterator[Connection]:
    """Open a transaction: in a scope and the application's role, or as the owner."""
    if not store.is_postgres:
        raise WorkspaceError(
            "Layers are shared through PostgreSQL; these records are in SQLite.",
            rule="no_postgres",
            hint="set CONTADO_DATABASE_URL",
            field="records",
        )
    with store.explained(), store.engine.begin() as connection:
        if not connection.scalar(text("SELECT count(*) FROM pg_extension WHERE extname = 'postgis'")):
            raise WorkspaceError(
                "The database has no PostGIS.",
                rule="no_postgis",
                hint="as superuser: CREATE EXTENSION postgis",
                field="records",
            )
        if scope is not None:
            if not _has_registry(connection):
                _prepare(connection)
            rls.enter(connection, scope)
        yield connection


def _run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)


def _has_registry(connection: Connection) -> bool:
    return connection.scalar(text("SELECT to_regclass(:name)"), {"name": _REGISTRY}) is not None


def _prepare(connection: Connection) -> None:
    """Create the registry of layers where it is missing; one process at a time."""
    _run(connection, f"SELECT pg_advisory_xact_lock(hashtext('{SCHEMA}'))")
    if _has_registry(connection):
        return
    _run(connection, f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    _run(
        connection,
        f"CREATE TABLE {_REGISTRY} (id text PRIMARY KEY, access text NOT NULL, n bigint NOT NULL, "
        "info_json text NOT NULL, arrow_schema bytea NOT NULL)",
    )
    _run(connection, f"GRANT USAGE ON SCHEMA {SCHEMA} TO {rls.APP_ROLE}")
    _protect(connection, _REGISTRY, "access = 'public' OR " + rls.SOMEWHERE)


def _protect(connection: Connection, table: str, seen: str) -> None:
    """Let the application's role read the rows for which ``seen`` holds; the owner alone writes."""
    _run(connection, f"GRANT SELECT ON {table} TO {rls.APP_ROLE}")
    _run(connection, f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    _run(connection, f"CREATE POLICY seen ON {table} FOR SELECT TO {rls.APP_ROLE} USING ({seen})")


def _finish(connection: Connection, info: LayerInfo, new: str, layer: pa.Table) -> None:
    """Index the new table, protect it, and let it take the old one's place."""
    table, name = f"{SCHEMA}.{new}", _quoted(info.id)
    _run(connection, f"ALTER TABLE {table} ADD PRIMARY KEY ({_quoted(_row_name(layer))})")
    _run(connection, f"CREATE INDEX ON {table} USING gist ({geoparquet.GEOMETRY})")
    _protect(connection, table, _seen(info, layer))
    _run(connection, f"DROP TABLE IF EXISTS {SCHEMA}.{name}")
    _run(connection, f"ALTER TABLE {table} RENAME TO {name}")
    values = {
        "id": info.id,
        "access": info.access,
        "n": layer.num_rows,
        "info_json": msgspec.json.encode(info).decode(),
        "arrow_schema": layer.schema.serialize().to_pybytes(),
    }
    given = ", ".join(f":{key}" for key in values)
    again = ", ".join(f"{key} = excluded.{key}" for key in values)
    connection.execute(
        text(
            f"INSERT INTO {_REGISTRY} ({', '.join(values)}) VALUES ({given}) "  # noqa: S608 - names of our own
            f"ON CONFLICT (id) DO UPDATE SET {again}"
        ),
        values,
    )


def _seen(info: LayerInfo, layer: pa.Table) -> str:
    """Return the condition on the rows of a layer that a scope sees."""
    if info.access == "public":
        return "true"
    return rls.within(_UNIT) if _UNIT in layer.column_names else rls.EVERYWHERE


def _registered(connection: Connection) -> list[tuple[LayerInfo, pa.Schema, int]]:
    from contado.kernel.workspace import LayerInfo

    statement = f"SELECT info_json, arrow_schema, n FROM {_REGISTRY} ORDER BY id"  # noqa: S608 - a constant
    rows = connection.execute(text(statement))
    return [
        (msgspec.json.decode(info, type=LayerInfo), pa.ipc.read_schema(pa.py_buffer(schema)), n)
        for info, schema, n in rows
    ]


def _row_name(layer: pa.Table | pa.Schema) -> str:
    """Return the name of the column that keeps the order: ``row``, or one that no attribute has."""
    name = "row"
    while name in (layer.names if isinstance(layer, pa.Schema) else layer.column_names):
        name = f"_{name}"
    return name


def _kind(field: pa.Field) -> _Kind:
    """Return how a column travels."""
    kind, is_ = field.type, pa.types
    if field.name == geoparquet.GEOMETRY:
        return _SHAPE
    if is_.is_boolean(kind):
        return _FLAG
    if is_.is_integer(kind) and kind != pa.uint64():
        return _WHOLE
    if is_.is_floating(kind):
        return _REAL
    if is_.is_string(kind) or is_.is_large_string(kind):
        return _TEXT
    if is_.is_date32(kind):
        return _DATE
    if is_.is_timestamp(kind) and kind.unit != "ns":
        return _INSTANT if kind.tz else _LOCAL
    raise DataError(
        f"Column {field.name} is {kind}, which has no type in SQL.",
        rule="no_sql_type",
        hint="write it as text or number and import the layer again",
        field=field.name,
    )


def _sql(kind: _Kind, srid: int) -> str:
    # no type is named: a layer may mix parts and wholes, with and without heights
    return f"geometry CHECK (ST_SRID({geoparquet.GEOMETRY}) = {srid})" if kind is _SHAPE else kind.sql


def _srid(crs: str) -> int:
    """Return the EPSG number of a CRS, 0 where it has none."""
    authority, _, code = crs.partition(":")
    return int(code) if authority == "EPSG" and code.isdigit() else 4326 if crs == "OGC:CRS84" else 0


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def _copy_in(connection: Connection, table: str, layer: pa.Table, kinds: dict[str, _Kind], srid: int) -> None:
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(_HEAD)
        for first in range(0, layer.num_rows, _BLOCK):
            part = layer.slice(first, _BLOCK)
            rows = _fixed(np.arange(first, first + part.num_rows), ">i8", np.ones(part.num_rows, bool))
            flats = [rows, *(_flat(part[name], kind, srid) for name, kind in kinds.items())]
            copy.write(_tuples(flats))
        copy.write(_TAIL)


def _flat(column: pa.ChunkedArray, kind: _Kind, srid: int) -> _Flat:
    """Return the bytes that PostgreSQL takes for a column."""
    known = column.is_valid().to_numpy()
    if kind.width is None:
        flat = _of_any_length(column.cast(pa.large_binary()), known)
        return _with_srid(flat, srid) if kind is _SHAPE else flat
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz))
    values = column.cast(kind.plain).fill_null(0).to_numpy()
    return _fixed(values - kind.shift if kind.shift else values, kind.width, known)


def _fixed(values: NDArray[Any], width: str, known: NDArray[np.bool_]) -> _Flat:
    data = values[known].astype(width)
    return _Flat(data.view(np.uint8), np.append(0, np.cumsum(known)) * data.itemsize, known)


def _of_any_length(column: pa.ChunkedArray, known: NDArray[np.bool_]) -> _Flat:
    array = column.combine_chunks()
    array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    data = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    lengths = np.where(known, np.diff(starts), 0)
    if lengths.sum() == starts[-1] - starts[0]:
        return _Flat(data[starts[0] : starts[-1]], starts - starts[0], known)
    return _of_any_length(pa.chunked_array([array.fill_null(b"")]), known)


def _with_srid(flat: _Flat, srid: int) -> _Flat:
    """Return WKB as EWKB, the SRID after the type; little-endian, as layers keep it."""
    n = int(flat.known.sum())
    begin = flat.starts[:-1][flat.known]
    place = begin + 4 * np.arange(n)
    out = np.empty(len(flat.data) + 4 * n, np.uint8)
    at = np.ones(len(out), bool)
    at[(place[:, None] + np.arange(5, 9)).ravel()] = False
    out[at] = flat.data
    out[place + 4] |= _SRID_FLAG >> 24
    out[place[:, None] + np.arange(5, 9)] = np.array([srid], "<i4").view(np.uint8)
    return _Flat(out, flat.starts + 4 * np.append(0, np.cumsum(flat.known)), flat.known)


def _tuples(flats: list[_Flat]) -> bytes:
    """Return rows as COPY takes them: the number of fields, then length and bytes of each."""
    lengths = [np.diff(flat.starts) for flat in flats]
    starts = np.append(0, np.cumsum(2 + sum(4 + length for length in lengths)))
    out = np.empty(starts[-1], np.uint8)
    at = starts[:-1].copy()
    out[at[:, None] + np.arange(2)] = np.array([len(flats)], ">i2").view(np.uint8)
    at += 2
    for flat, length in zip(flats, lengths, strict=True):
        said = np.where(flat.known, length, -1).astype(">i4")
        out[at[:, None] + np.arange(4)] = said.view(np.uint8).reshape(-1, 4)
        at += 4
        out[np.repeat(at - flat.starts[:-1], length) + np.arange(len(flat.data))] = flat.data
        at += length
    return out.tobytes()


def _copy_out(connection: Connection, name: str, schema: pa.Schema, first: int) -> pa.Table:
    """Return a block of rows: each column as the lengths of its values, and their bytes joined."""
    kinds = [_kind(field) for field in schema]
    sent = ", ".join(
        f"{kind.send.format(_quoted(field.name))} AS c{i}"
        for i, (field, kind) in enumerate(zip(schema, kinds, strict=True))
    )
    joined = ", ".join(
        f"string_agg(int4send(coalesce(octet_length(c{i}), -1)), ''), string_agg(coalesce(c{i}, ''), '')"
        for i in range(len(kinds))
    )
    row = _quoted(_row_name(schema))
    raw: Any = connection.connection.driver_connection
    with raw.cursor(binary=True) as cursor:
        cursor.execute(  # names are quoted, values are bound
            f"SELECT {joined} FROM (SELECT {sent} FROM {SCHEMA}.{_quoted(name)} "  # noqa: S608
            f"WHERE {row} >= %s AND {row} < %s ORDER BY {row}) AS rows",
            (first, first + _BLOCK),
        )
        found = [part or b"" for part in cursor.fetchone()]
    columns = [
        _column(found[2 * i], found[2 * i + 1], kind, field.type)
        for i, (field, kind) in enumerate(zip(schema, kinds, strict=True))
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _column(lengths: bytes, data: bytes, kind: _Kind, final: pa.DataType) -> pa.Array:
    length = np.frombuffer(lengths, ">i4")
    known = length >= 0
    if kind.width is None:
        offsets = np.append(0, np.cumsum(np.maximum(length, 0), dtype=np.int64))
        valid = pa.array(known).buffers()[1] if len(known) else None
        buffers = [valid, pa.py_buffer(offsets), pa.py_buffer(data)]
        return pa.Array.from_buffers(pa.large_binary(), len(length), buffers).cast(final)
    values = np.zeros(len(length), kind.width[1:])
    values[known] = np.frombuffer(data, kind.width)
    array = pa.array(values + kind.shift, kind.plain, mask=~known)
    return (array.cast(pa.timestamp("us", final.tz)) if pa.types.is_timestamp(final) else array).cast(final)
