"""The engine of a Spark cluster: ``DataFrame.mapInArrow`` (extra ``spark``, needs Java 17)."""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from contado.kernel.scale.pieces import Batch, RowGroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from contado.kernel.scale import Function
    from contado.kernel.scale.pieces import Piece

__all__ = ["answers"]


def answers(
    function: Function, pieces: Sequence[Piece], context: Any, *, key: str, partitions: int | None
) -> Iterator[pa.RecordBatch]:
    """Yield the answers of all parts, sorted by ``key``."""
    from pyspark.sql.pandas.types import from_arrow_schema

    if not pieces:
        return
    wanted = function(pieces[0].load().slice(0, 0), context).schema
    with warnings.catch_warnings(), _session() as session:
        # pandas only has to be there: what travels is Arrow
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        frame = _frame(session, pieces, key)
        if partitions is not None:
            frame = frame.repartition(partitions)
        kept = session.sparkContext.broadcast(context)
        mapped = frame.mapInArrow(partial(_mapped, function, kept), from_arrow_schema(wanted))
        table = mapped.toArrow()
    yield from table.cast(wanted).sort_by(key).to_batches()


def _mapped(function: Function, context: Any, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield function(batch, context.value)


def _frame(session: Any, pieces: Sequence[Piece], key: str) -> Any:
    """Return the source as Spark sees it; a file is read by its executors."""
    first = pieces[0]
    if isinstance(first, RowGroup):
        frame = session.read.parquet(str(first.path))
        if key not in frame.columns:
            frame = frame.select("*", frame["_metadata.row_index"].alias(key))
        return frame
    table = pa.Table.from_batches([piece.load() for piece in pieces if isinstance(piece, Batch)])
    return session.createDataFrame(table)


@contextmanager
def _session() -> Iterator[Any]:
    """Yield the running session, or one of our own that ends with the work."""
    from pyspark.sql import SparkSession

    if running := SparkSession.getActiveSession():
        yield running
        return
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else the first python3 of PATH, without us
    session = (
        SparkSession.builder.appName("contado")
        .master(os.environ.get("MASTER", "local[2]"))
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.maxResultSize", "0")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    try:
        yield session
    finally:
        session.stop()
