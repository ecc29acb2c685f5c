"""The engine of one machine: threads, a few parts at a time, answers in the order of the parts."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from contado.kernel.scale import Function
    from contado.kernel.scale.pieces import Piece

__all__ = ["answers", "apply", "in_order"]


def apply(function: Function, piece: Piece, context: Any) -> pa.RecordBatch:
    """Load a part and answer it."""
    return function(piece.load(), context)


def answers(function: Function, pieces: Sequence[Piece], context: Any) -> Iterator[pa.RecordBatch]:
    """Yield the answers of all parts in their order."""
    threads = os.cpu_count() or 1
    if threads == 1 or len(pieces) == 1:
        yield from (apply(function, piece, context) for piece in pieces)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from in_order(lambda piece: pool.submit(apply, function, piece, context), pieces, 2 * threads)


def in_order(
    submit: Callable[[Piece], Future[pa.RecordBatch]], pieces: Sequence[Piece], ahead: int
) -> Iterator[pa.RecordBatch]:
    """Keep ``ahead`` parts at work and yield the answers in order: this bounds what is in memory."""
    rest = iter(pieces)
    waiting = deque(submit(piece) for piece in islice(rest, ahead))
    try:
        while waiting:
            answer = waiting.popleft().result()
            waiting.extend(submit(piece) for piece in islice(rest, 1))
            yield answer
    finally:
        for future in waiting:  # whoever stops reading stops the work
            future.cancel()
