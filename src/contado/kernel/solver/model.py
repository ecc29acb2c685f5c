"""A mixed-integer programme as arrays, and what a solver says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Model", "RowBuilder", "Solution", "Status"]

Status = Literal["optimal", "feasible", "infeasible", "unbounded", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """max c.x subject to row_lower <= A x <= row_upper, lower <= x <= upper, some x integer.

    ``start``, ``index``, ``value`` hold A by rows (CSR). Shapes: n columns, m rows.
    """

    cost: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    integer: NDArray[np.bool_]
    row_lower: NDArray[np.float64]
    row_upper: NDArray[np.float64]
    start: NDArray[np.int32]
    index: NDArray[np.int32]
    value: NDArray[np.float64]

    @property
    def n_columns(self) -> int:
        """Number of variables."""
        return len(self.cost)

    @property
    def n_rows(self) -> int:
        """Number of constraints."""
        return len(self.row_lower)

    def dense(self) -> NDArray[np.float64]:
        """Return A as a dense matrix (n_rows, n_columns), for tests of small models."""
        matrix = np.zeros((self.n_rows, self.n_columns))
        rows = np.repeat(np.arange(self.n_rows), np.diff(self.start))
        np.add.at(matrix, (rows, self.index), self.value)
        return matrix

    def relaxed(self) -> Model:
        """Return the linear relaxation: the same model without integrality."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return Model(**{**fields, "integer": np.zeros(self.n_columns, dtype=bool)})


@dataclass(slots=True)
class RowBuilder:
    """Collects rows of A; `finish` turns them into the arrays of a `Model`."""

    columns: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    ends: list[int] = field(default_factory=lambda: [0])
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)

    def add(
        self,
        columns: Sequence[int],
        values: Sequence[float],
        *,
        lower: float = -np.inf,
        upper: float = np.inf,
    ) -> int:
        """Add lower <= sum values * x[columns] <= upper and return the row's number."""
        self.columns.extend(columns)
        self.values.extend(values)
        self.ends.append(len(self.columns))
        self.lower.append(lower)
        self.upper.append(upper)
        return len(self.lower) - 1

    def finish(
        self,
        *,
        cost: Sequence[float],
        upper: Sequence[float],
        integer: Sequence[bool],
    ) -> Model:
        """Return the model of these rows over columns with bounds [0, upper]."""
        return Model(
            cost=np.asarray(cost, dtype=np.float64),
            lower=np.zeros(len(cost)),
            upper=np.asarray(upper, dtype=np.float64),
            integer=np.asarray(integer, dtype=bool),
            row_lower=np.asarray(self.lower, dtype=np.float64),
            row_upper=np.asarray(self.upper, dtype=np.float64),
            start=np.asarray(self.ends, dtype=np.int32),
            index=np.asarray(self.columns, dtype=np.int32),
            value=np.asarray(self.values, dtype=np.float64),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """What a solver claims: status, values of the columns (n), bound, dual values of the rows (m; LP only)."""

    status: Status
    x: NDArray[np.float64] | None
    value: float | None
    bound: float | None
    row_dual: NDArray[np.float64] | None
    seconds: float
    nodes: int
    solver: str
    improvements: int = 0
    """Improving solutions that the search had told of when it ended; counted in a child only."""

    @property
    def gap(self) -> float | None:
        """Relative gap (bound - value) / |bound|, or None while one of the two is missing."""
        if self.value is None or self.bound is None:
            return None
        return max(0.0, self.bound - self.value) / max(abs(self.bound), 1e-9)
