"""Columns of lists: how arrays of different lengths travel, a row for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["cut", "joined", "of"]


def cut(values: NDArray[Any], offsets: NDArray[np.int64], kind: pa.DataType) -> pa.ListArray:
    """Return the rows ``values[offsets[i]:offsets[i + 1]]``."""
    return pa.ListArray.from_arrays(offsets.astype(np.int32), pa.array(values, kind))


def of(arrays: Sequence[NDArray[Any]], kind: pa.DataType) -> pa.ListArray:
    """Return one row for each array."""
    offsets = np.cumsum([0, *(len(array) for array in arrays)])
    return cut(np.concatenate([*arrays, np.empty(0, kind.to_pandas_dtype())]), offsets, kind)


def joined(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return the values of all rows, one after another."""
    return np.concatenate([chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks])
