"""Parts of a source that can be handed out: batches in memory, or row groups of a file read on the spot."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from contado.kernel.scale import Source

__all__ = ["Batch", "Piece", "RowGroup", "cut"]

_ROWS: Final = 1 << 17
"""Rows of a part where the caller names no number of parts."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch in memory."""

    batch: pa.RecordBatch

    def load(self) -> pa.RecordBatch:
        """Return the batch."""
        return self.batch


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A row group of a Parquet file; ``first`` is the position of its first row in the file."""

    path: Path
    number: int
    first: int
    key: str

    def load(self) -> pa.RecordBatch:
        """Read the row group."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            table = file.read_row_group(self.number)
        return _keyed(_one_batch(table), self.key, self.first)


Piece = Batch | RowGroup


def cut(source: Source, key: str, partitions: int | None) -> Sequence[Piece]:
    """Return the parts of a source in the order of its rows; a source without rows gives one part."""
    if isinstance(source, Path):
        return _row_groups(source, key)
    if isinstance(source, pa.Table):
        return [Batch(_keyed(batch, key, first)) for first, batch in _slices(source, partitions)]
    first, parts = 0, []
    for batch in source:
        parts.append(Batch(_keyed(batch, key, first)))
        first += batch.num_rows
    return parts


def _row_groups(path: Path, key: str) -> Sequence[Piece]:
    import pyarrow.parquet as pq

    facts = pq.read_metadata(path)
    first, parts = 0, []
    for number in range(facts.num_row_groups):
        parts.append(RowGroup(path.resolve(), number, first, key))
        first += facts.row_group(number).num_rows
    return parts


def _slices(table: pa.Table, partitions: int | None) -> Iterator[tuple[int, pa.RecordBatch]]:
    count = partitions or -(-table.num_rows // _ROWS) or 1
    edges = [table.num_rows * i // count for i in range(count + 1)]
    for low, high in pairwise(edges):
        yield low, _one_batch(table.slice(low, high - low))


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    if len(batches) == 1:
        return batches[0]
    return pa.RecordBatch.from_arrays(
        [pa.concat_arrays(column.chunks) if column.chunks else pa.array([], column.type) for column in table],
        schema=table.schema,
    )


def _keyed(batch: pa.RecordBatch, key: str, first: int) -> pa.RecordBatch:
    if key in batch.schema.names:
        return batch
    positions = pa.array(np.arange(first, first + batch.num_rows, dtype=np.int64))
    return batch.append_column(key, positions)
