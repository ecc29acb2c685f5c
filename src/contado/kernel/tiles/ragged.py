"""Lists of unequal length as flat arrays: ``starts`` has one entry more than there are lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Index = NDArray[np.int64]

__all__ = ["counted", "sums", "take", "to_starts"]


def to_starts(lengths: NDArray[Any]) -> Index:
    """Return the starts of lists of these lengths.

    Examples
    --------
    >>> to_starts(np.array([2, 0, 3])).tolist()
    [0, 2, 2, 5]
    """
    out = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=out[1:])
    return out


def take(starts: Index, which: Index) -> tuple[Index, Index]:
    """Return where the items of the lists ``which`` stand, one list after another, and their own starts.

    Examples
    --------
    >>> [a.tolist() for a in take(np.array([0, 2, 2, 5]), np.array([2, 0]))]
    [[2, 3, 4, 0, 1], [0, 3, 5]]
    """
    first = starts[which]
    own = to_starts(starts[which + 1] - first)
    return np.arange(own[-1]) + np.repeat(first - own[:-1], np.diff(own)), own


def counted(lengths: NDArray[Any]) -> tuple[Index, Index]:
    """Return for every item the list it belongs to and its place in that list.

    Examples
    --------
    >>> [a.tolist() for a in counted(np.array([2, 0, 3]))]
    [[0, 0, 2, 2, 2], [0, 1, 0, 1, 2]]
    """
    owner = np.repeat(np.arange(len(lengths)), lengths)
    return owner, np.arange(len(owner)) - to_starts(lengths)[owner]


def sums(values: NDArray[Any], starts: Index) -> NDArray[Any]:
    """Return the sum of each list (0 where it is empty)."""
    total = np.zeros(len(values) + 1, dtype=np.result_type(values.dtype, np.int64))
    np.cumsum(values, out=total[1:])
    return total[starts[1:]] - total[starts[:-1]]
