"""One function over a large table: on local threads, on Dask, on Spark, with the same bits.

A heavy routine is written as ``function(batch, context) -> batch``: pure, each row's answer resting on that
row and the context alone. Then neither the engine nor the number of partitions can change a bit, as long as
the answer is put in a fixed order: that of the key, which every row of the input has, and within a key the
order in which the function gave the rows.

>>> import pyarrow as pa
>>> def doubled(batch: pa.RecordBatch, factor: int) -> pa.RecordBatch:
...     values = pa.array([factor * v for v in batch.column("v").to_pylist()], pa.int64())
...     return pa.record_batch({"row_id": batch.column("row_id"), "v": values})
>>> run(doubled, pa.table({"v": [1, 2, 3]}), 2, partitions=2).to_pydict()
{'row_id': [0, 1, 2], 'v': [2, 4, 6]}

``dask`` starts two workers on 127.0.0.1 and closes them at the end, or uses the scheduler that Dask's own
configuration names (``DASK_SCHEDULER_ADDRESS``); ``spark`` uses the running session, or one of its own with
two local cores. Both pay beyond one machine's memory only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from contado.kernel.declare import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import TypeAlias

    import pyarrow as pa

    from contado.kernel.progress import Progress

    Function: TypeAlias = Callable[[pa.RecordBatch, Any], pa.RecordBatch]
    Source: TypeAlias = pa.Table | Path | Iterable[pa.RecordBatch]

__all__ = ["ROW_ID", "Engine", "run", "stream"]

Engine = Literal["local", "dask", "spark"]
ROW_ID = "row_id"
"""Key that a source without the key's column gets: the position of its row, from 0."""
_NEEDS = {"local": (), "dask": ("distributed",), "spark": ("pyspark",)}


def run(
    function: Function,
    source: Source,
    context: Any = None,
    *,
    engine: Engine = "local",
    partitions: int | None = None,
    key: str = ROW_ID,
    progress: Progress | None = None,
) -> pa.Table:
    """Return the answers of ``function`` on all of ``source``, sorted by ``key``.

    Parameters
    ----------
    function
        Pure; takes a batch and the context, also a batch without rows, and keeps the column ``key``. It must
        be importable by name where the work is done.
    source
        A table, a Parquet file (read by row groups, where the work is done) or batches.
    context
        What the function needs besides; small, picklable, only read.
    partitions
        Into how many parts a table is cut (default: 131,072 rows a part); files come by their row groups.
    key
        Integer column of input and output; where the input lacks it, it is added: the row's position.

    Raises
    ------
    ExtraMissing
        The engine is not installed.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    answers = stream(
        function, source, context, engine=engine, partitions=partitions, key=key, progress=progress
    )
    table = pa.Table.from_batches(list(answers)).combine_chunks()
    keys = table[key].to_numpy()
    if (keys[1:] >= keys[:-1]).all():
        return table
    return table.take(pc.sort_indices(table, sort_keys=[(key, "ascending")]))  # a stable sort


def stream(
    function: Function,
    source: Source,
    context: Any = None,
    *,
    engine: Engine = "local",
    partitions: int | None = None,
    key: str = ROW_ID,
    progress: Progress | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield the answers of `run` batch by batch in the order of the source, few of them in memory.

    Spark keeps no order of its own: there the answers are gathered and sorted by ``key`` first.
    """
    require(f"--engine {engine}", engine, _NEEDS[engine])
    from contado.kernel.scale import local
    from contado.kernel.scale.pieces import cut

    pieces = cut(source, key, partitions)
    if engine == "spark":
        from contado.kernel.scale import spark

        yield from spark.answers(function, pieces, context, key=key, partitions=partitions)
        return
    if engine == "dask":
        from contado.kernel.scale import dask_workers

        answers = dask_workers.answers(function, pieces, context)
    else:
        answers = local.answers(function, pieces, context)
    for done, answer in enumerate(answers, start=1):
        yield answer
        if progress is not None:
            progress("batches", done, len(pieces))
