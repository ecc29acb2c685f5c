"""A model with further rows, columns and bounds: forced starts, value rows, scenarios, shortfalls."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from contado.kernel.solver import Model

__all__ = ["Extension", "joined"]


class Extension:
    """Collects changes to a compiled model; `finish` returns the changed copy."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._cost = list(model.cost)
        self._lower, self._upper = list(model.lower), list(model.upper)
        self._integer = list(model.integer)
        self._row_lower, self._row_upper = list(model.row_lower), list(model.row_upper)
        self._rows: list[tuple[Sequence[int], Sequence[float]]] = []

    def column(
        self, *, cost: float = 0.0, lower: float = 0.0, upper: float = np.inf, integer: bool = False
    ) -> int:
        """Add a column and return its number."""
        self._cost.append(cost)
        self._lower.append(lower)
        self._upper.append(upper)
        self._integer.append(integer)
        return len(self._cost) - 1

    def row(
        self,
        columns: Sequence[int],
        values: Sequence[float],
        *,
        lower: float = -np.inf,
        upper: float = np.inf,
    ) -> int:
        """Add lower <= sum values * x[columns] <= upper and return the row's number."""
        self._rows.append((columns, values))
        self._row_lower.append(lower)
        self._row_upper.append(upper)
        return len(self._row_lower) - 1

    def bound(self, column: int, *, lower: float | None = None, upper: float | None = None) -> None:
        """Change the bounds of a column."""
        if lower is not None:
            self._lower[column] = lower
        if upper is not None:
            self._upper[column] = upper

    def side(self, row: int, *, lower: float | None = None, upper: float | None = None) -> None:
        """Change the sides of a row."""
        if lower is not None:
            self._row_lower[row] = lower
        if upper is not None:
            self._row_upper[row] = upper

    def objective(self, weights: Iterable[tuple[int, float]]) -> None:
        """Replace the objective by the given (column, weight) pairs; every other weight is 0."""
        self._cost = [0.0] * len(self._cost)
        for column, weight in weights:
            self._cost[column] += weight

    def finish(self) -> Model:
        """Return the changed model; the original stays as it is."""
        model, rows = self._model, self._rows
        index = np.array([c for columns, _ in rows for c in columns], dtype=np.int32)
        value = np.array([v for _, values in rows for v in values], dtype=np.float64)
        ends = model.start[-1] + np.cumsum([len(columns) for columns, _ in rows], dtype=np.int32)
        return dataclasses.replace(
            model,
            cost=np.array(self._cost, dtype=np.float64),
            lower=np.array(self._lower, dtype=np.float64),
            upper=np.array(self._upper, dtype=np.float64),
            integer=np.array(self._integer, dtype=bool),
            row_lower=np.array(self._row_lower, dtype=np.float64),
            row_upper=np.array(self._row_upper, dtype=np.float64),
            start=np.concatenate([model.start, ends]).astype(np.int32),
            index=np.concatenate([model.index, index]).astype(np.int32),
            value=np.concatenate([model.value, value]),
        )


def joined(models: Sequence[Model]) -> Model:
    """Return one model that holds the given ones side by side (columns and rows in their order)."""

    def together(name: str) -> Any:
        return np.concatenate([getattr(m, name) for m in models])

    shifts = np.cumsum([0, *[m.n_columns for m in models[:-1]]])
    entries = np.cumsum([0, *[len(m.value) for m in models[:-1]]])
    starts = [m.start[:-1] + e for m, e in zip(models, entries, strict=True)]
    last = np.array([entries[-1] + len(models[-1].value)])
    names = ("cost", "lower", "upper", "integer", "row_lower", "row_upper", "value")
    return dataclasses.replace(
        models[0],
        **{name: together(name) for name in names},
        start=np.concatenate([*starts, last]).astype(np.int32),
        index=np.concatenate([m.index + s for m, s in zip(models, shifts, strict=True)]).astype(np.int32),
    )
