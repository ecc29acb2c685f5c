"""Readers of published knapsack files, and their integer programmes.

Chu, Beasley (1998), "A genetic algorithm for the multidimensional knapsack problem", J. Heuristics 4
(OR-Library mknapcb); Khan, Li, Manning, Akbar (2002), "Solving the knapsack problem for adaptive
multimedia systems" (multiple-choice multidimensional knapsack: exactly one item of each group).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from contado.kernel.errors import DataError
from contado.kernel.solver import Model

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["MKP", "MMKP", "read_mkp", "read_mmkp"]


class MKP(NamedTuple):
    """Multidimensional knapsack: values (n), weights (m, n), capacities (m)."""

    value: NDArray[np.float64]
    weight: NDArray[np.float64]
    capacity: NDArray[np.float64]

    def model(self) -> Model:
        """Return max value.x, weight x <= capacity, x binary."""
        return _model(self.value, self.weight, np.full(len(self.capacity), -np.inf), self.capacity)


class MMKP(NamedTuple):
    """Multiple-choice knapsack: values (groups, items), weights (groups, items, m), capacities (m)."""

    value: NDArray[np.float64]
    weight: NDArray[np.float64]
    capacity: NDArray[np.float64]

    def model(self) -> Model:
        """Return the programme with exactly one item of each group."""
        groups, items, m = self.weight.shape
        one = np.kron(np.eye(groups), np.ones(items))
        rows = np.vstack([self.weight.reshape(-1, m).T, one])
        lower = np.concatenate([np.full(m, -np.inf), np.ones(groups)])
        return _model(self.value.ravel(), rows, lower, np.concatenate([self.capacity, np.ones(groups)]))


def _model(
    value: NDArray[np.float64],
    rows: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
) -> Model:
    _, index = np.nonzero(rows)
    counts = np.count_nonzero(rows, axis=1)
    return Model(
        cost=value,
        lower=np.zeros(len(value)),
        upper=np.ones(len(value)),
        integer=np.ones(len(value), dtype=bool),
        row_lower=lower,
        row_upper=upper,
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        index=index.astype(np.int32),
        value=rows[rows != 0],
    )


def read_mkp(path: Path) -> list[MKP]:
    """Read every problem of an OR-Library file.

    Raises
    ------
    DataError
        The file ends before its last problem does.
    """
    numbers = np.array(path.read_text(encoding="ascii").split(), dtype=np.float64)
    problems, at = [], 1
    for _ in range(int(numbers[0])):
        n, m = (int(x) for x in numbers[at : at + 2])
        block = numbers[at + 3 : at + 3 + n + m * n + m]
        if len(block) < n + m * n + m:
            raise _cut_short(path)
        problems.append(MKP(block[:n], block[n : n + m * n].reshape(m, n), block[n + m * n :]))
        at += 3 + n + m * n + m
    return problems


def read_mmkp(path: Path) -> MMKP:
    """Read a multiple-choice knapsack; known solutions at the end of the file are left aside.

    Raises
    ------
    DataError
        The file ends before its last group does.
    """
    text = path.read_text(encoding="ascii")
    head = re.split(r"[A-Za-z]", text, maxsplit=1)[0]
    numbers = np.array(head.split(), dtype=np.float64)
    groups, items, m = (int(x) for x in numbers[:3])
    body = numbers[3 + m : 3 + m + groups * (1 + items * (1 + m))]
    if len(body) < groups * (1 + items * (1 + m)):
        raise _cut_short(path)
    table = body.reshape(groups, -1)[:, 1:].reshape(groups, items, 1 + m)
    return MMKP(table[:, :, 0], table[:, :, 1:], numbers[3 : 3 + m])


def _cut_short(path: Path) -> DataError:
    return DataError(
        f"{path.name} ends before its last problem does.",
        rule="cut_short",
        hint="fetch the file again",
        field=path.name,
    )
