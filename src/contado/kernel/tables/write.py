"""Write tables: Parquet with deterministic bytes, CSV that no spreadsheet takes for formulas.

A file appears whole or not at all: it is written under a temporary name in its folder and renamed.
"""

from __future__ import annotations

import os
import re
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from contado.kernel.provenance import METADATA_KEY
from contado.kernel.tables.cells import format_column
from contado.kernel.tables.csv_dialect import FORMULA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contado.kernel.provenance import Provenance

__all__ = ["atomic", "csv_text", "parquet_bytes", "plain_cell", "write_csv", "write_parquet"]

_QUOTED: Final = re.compile(r'[",\r\n]|^\s|\s$')


@contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on leaving it is made durable and renamed.

    On an exception (a full disk, Ctrl-C) the temporary file is removed and ``path`` is as before.
    """
    final = Path(path)
    writer = f"{os.getpid()}-{threading.get_ident()}"  # the threads of a server write beside each other
    temporary = final.with_name(f".{final.stem}.{writer}.tmp{final.suffix}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(final)
    finally:
        temporary.unlink(missing_ok=True)


def parquet_bytes(table: pa.Table, provenance: Provenance | None = None) -> bytes:
    """Return the Parquet file of ``table``: the same table gives the same bytes."""
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(_with_provenance(table, provenance), sink, compression="zstd", write_page_checksum=True)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _with_provenance(table: pa.Table, provenance: Provenance | None) -> pa.Table:
    """Return the table with its provenance in the metadata, without what pandas left there."""
    metadata = {k: v for k, v in (table.schema.metadata or {}).items() if k != b"pandas"}
    if provenance is not None:
        metadata[METADATA_KEY] = provenance.to_json()
    return table.replace_schema_metadata(metadata or None)


def write_parquet(table: pa.Table, path: Path | str, *, provenance: Provenance | None = None) -> None:
    """Write ``table`` as Parquet, atomically; provenance goes to the metadata key ``contado``."""
    data = parquet_bytes(table, provenance)
    with atomic(path) as temporary:
        temporary.write_bytes(data)


def write_csv(table: pa.Table, path: Path | str) -> None:
    """Write ``table`` as CSV (see `csv_text`), atomically."""
    with atomic(path) as temporary:
        temporary.write_text(csv_text(table), encoding="utf-8", newline="")


def csv_text(table: pa.Table, *, header: bool = True) -> str:
    """Return ``table`` as CSV (comma, decimal point, unknown = empty).

    An apostrophe is put before text cells that begin with ``= + - @``, tab or carriage return (OWASP,
    CSV injection); `contado.kernel.tables.read` takes it off again. Lists are joined by ``;``.
    """
    columns = [_column(table[name]) for name in table.column_names]
    lines = [",".join(map(_quote, table.column_names))] if header else []
    lines += [",".join(cells) for cells in zip(*columns, strict=True)]
    return "".join(line + "\n" for line in lines)


def _column(column: pa.ChunkedArray) -> list[str]:
    cells = format_column(column)
    kind = column.type.value_type if pa.types.is_list(column.type) else column.type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return [_quote(plain_cell(cell) if text else cell) for cell in cells]


def plain_cell(cell: str) -> str:
    """Return a text cell that no spreadsheet takes for a formula: an apostrophe stands before such a one."""
    return "'" + cell if FORMULA.match(cell) else cell


def _quote(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell
