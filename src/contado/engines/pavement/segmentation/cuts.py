"""Places where a segment must end whatever its roughness: other works, municipality, owner, a bridge."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Cut", "at_cell_ends", "changes", "first_cells", "renewed", "works_of_cells"]

_HALF = 0.5
"""Share of a cell that works must cover to renew it."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cut:
    """A place along a road [m] and why a segment must end there."""

    chainage_m: float
    reason: str


def changes(values: Sequence[Hashable | None], from_m: ArrayLike, *, least_m: float = 0.0) -> list[float]:
    """Return where what is known of consecutive stretches of a road changes [m].

    Parameters
    ----------
    values
        What holds on each stretch; None = unknown, which is no change.
    from_m
        Starts of the stretches and the end of the last one, one more than ``values``.
    least_m
        A value that holds on less than this [m] is passed over: a border that winds about a road's line does not
        cut it again and again.

    Examples
    --------
    >>> changes(["A", "A", None, "B"], [0, 20, 40, 60, 80])
    [60.0]
    >>> changes(["A", "B", "A"], [0, 100, 110, 300], least_m=50)
    []
    """
    place = np.asarray(from_m, np.float64).tolist()
    runs: list[tuple[Hashable, float, float]] = []
    for value, begin, end in zip(values, place, place[1:], strict=False):
        if runs and value == runs[-1][0]:
            runs[-1] = (value, runs[-1][1], end)
        elif value is not None:
            runs.append((value, begin, end))
    long = [run for run in runs if run[2] - run[1] >= least_m]
    return [after[1] for before, after in pairwise(long) if before[0] != after[0]]


def renewed(
    start: NDArray[np.float64], end: NDArray[np.float64], from_m: float, to_m: float
) -> NDArray[np.bool_]:
    """Return which cells works between two places renew: those of which they cover half or more.

    Examples
    --------
    >>> renewed(np.array([0.0, 20.0, 40.0]), np.array([20.0, 40.0, 60.0]), 10.0, 45.0).tolist()
    [True, True, False]
    """
    found: NDArray[np.bool_] = np.minimum(end, to_m) - np.maximum(start, from_m) >= _HALF * (end - start)
    return found


def works_of_cells(
    start: NDArray[np.float64], end: NDArray[np.float64], works: Iterable[Mapping[str, Any]]
) -> list[tuple[Any, ...] | None]:
    """Return date and treatment of the last works on each cell; None where there were none.

    Parameters
    ----------
    start, end
        Ends of the cells [m], shape (n,).
    works
        Rows of table ``pavement_works`` of the section; of those of one day the later in the sequence counts.
    """
    found: list[tuple[Any, ...] | None] = [None] * start.size
    for row in sorted(works, key=lambda w: w["date"]):
        for k in np.flatnonzero(renewed(start, end, row["from_m"], row["to_m"])).tolist():
            found[k] = (row["date"], row["treatment"])
    return found


def first_cells(places_m: Iterable[float], start: NDArray[np.float64], end: NDArray[np.float64]) -> list[int]:
    """Return the index of the first cell behind each place where a segment must end.

    A cut acts at the cell edge nearest to it; both edges of a gap part the same two cells. At the outer edges, 0 and
    n, there is nothing to part.

    Parameters
    ----------
    places_m
        Places along the road [m].
    start, end
        Ends of the cells [m], in order, shape (n,).

    Examples
    --------
    >>> first_cells([1.0, 31.0, 401.0], np.array([0.0, 20.0, 400.0]), np.array([20.0, 40.0, 420.0]))
    [0, 2, 2]
    """
    edges = np.column_stack([start, end]).ravel()
    return [(int(np.argmin(np.abs(edges - place))) + 1) // 2 for place in places_m]


def at_cell_ends(
    cuts: Sequence[Cut], start: NDArray[np.float64], end: NDArray[np.float64]
) -> dict[float, set[str]]:
    """Return the reasons by the end of the cell behind which each cut acts; see `first_cells`.

    Parameters
    ----------
    cuts
        Cuts; those that part no two cells do not act.
    start, end
        Ends of the cells [m], in order, shape (n,).
    """
    found: dict[float, set[str]] = {}
    for cut, cell in zip(cuts, first_cells([c.chainage_m for c in cuts], start, end), strict=True):
        if 0 < cell < end.size:
            found.setdefault(float(end[cell - 1]), set()).add(cut.reason)
    return found
