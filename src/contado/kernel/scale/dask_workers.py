"""The engine of several processes or machines: `dask.distributed` (extra ``dask``)."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.scale.local import apply, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from contado.kernel.scale import Function
    from contado.kernel.scale.pieces import Piece

__all__ = ["answers"]

_WORKERS: Final = 2


def answers(function: Function, pieces: Sequence[Piece], context: Any) -> Iterator[pa.RecordBatch]:
    """Yield the answers of all parts in their order; our own workers end with the last."""
    with ExitStack() as stack:
        client = _client(stack)
        # a list, so that a context that is a tuple travels as one object
        (kept,) = client.scatter([context], broadcast=True, hash=False)
        ahead = 2 * max(_WORKERS, len(client.nthreads()))
        yield from in_order(
            lambda piece: client.submit(apply, function, piece, kept, pure=False), pieces, ahead
        )


def _client(stack: ExitStack) -> Any:
    import dask
    import distributed

    client: Any = distributed.Client
    cluster: Any = distributed.LocalCluster
    if address := dask.config.get("scheduler-address", None):
        return stack.enter_context(client(address))
    workers = cluster(
        n_workers=_WORKERS,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=logging.ERROR,
    )
    return stack.enter_context(client(stack.enter_context(workers)))
