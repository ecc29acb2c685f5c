"""What the methods share: a checked, normalised decision, and ranks.

Examples
--------
>>> decide([[1.0, 10.0], [3.0, 30.0]], ["max", "min"], [1, 3], "minmax").values.tolist()
[[0.0, 1.0], [1.0, 0.0]]
>>> rank([0.2, 0.9, 0.2]), rank([0.2, 0.9, 0.2], best="least", dense=True)
([2, 1, 2], [1, 2, 1])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from contado.kernel.errors import Finding, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "EPSILON",
    "Decision",
    "Normalisation",
    "decide",
    "normalise",
    "optional",
    "rank",
    "refuse",
    "share",
    "table",
    "whole",
]

Normalisation = Literal["none", "sum", "vector", "minmax"]

EPSILON: Final = 1e-12
"""Figures nearer than this are equal: sums of weights such as 0.25 + 0.2 + 0.2 carry rounding."""

_METHODS: Final = ("none", "sum", "vector", "minmax")


def refuse(message: str, hint: str) -> UsageError:
    """Return the error of an input no method can work on."""
    return UsageError(message, rule="bad_mcda_input", hint=hint)


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision ready for a method.

    ``values`` f8[alternatives, criteria] are normalised and turned so that more is better; ``weights``
    f8[criteria] sum to 1.
    """

    values: NDArray[np.float64]
    weights: NDArray[np.float64]
    findings: list[Finding]


def decide(
    matrix: ArrayLike,
    sense: Sequence[str],
    weights: ArrayLike | None,
    normalisation: str = "none",
) -> Decision:
    """Check and normalise a decision; ``weights`` None: all the same.

    Raises
    ------
    UsageError
        ``bad_mcda_input``: shapes that do not fit, unknown cells, senses, weights or normalisation.
    """
    raw = table(matrix)
    signs = _signs(sense, raw.shape[1])
    constant = raw.max(axis=0) == raw.min(axis=0) if len(raw) > 1 else np.zeros(raw.shape[1], dtype=bool)
    weight = _weights(np.ones(raw.shape[1]) if weights is None else weights, raw.shape[1])
    values = _turn(normalise(raw, normalisation), signs, normalisation)
    return Decision(values, weight, [_constant(int(k)) for k in np.flatnonzero(constant)])


def table(matrix: ArrayLike) -> NDArray[np.float64]:
    """Return a matrix of known numbers.

    Raises
    ------
    UsageError
        ``bad_mcda_input``.
    """
    try:
        raw = np.array(matrix, dtype=np.float64)
    except (TypeError, ValueError):
        raise refuse(
            "The matrix holds rows of different lengths, or cells that are no numbers.",
            "one row an alternative, one number a criterion",
        ) from None
    if raw.ndim != 2 or raw.size == 0:
        raise refuse(f"The matrix has shape {raw.shape}.", "one row an alternative, one column a criterion")
    bad = np.argwhere(~np.isfinite(raw))
    if len(bad):
        i, k = bad[0]
        raise refuse(f"The matrix has no value for alternative {i}, criterion {k}.", "fill every cell")
    return raw


def _signs(sense: Sequence[str], criteria: int) -> NDArray[np.float64]:
    words = [] if isinstance(sense, str) else [str(s).lower() for s in sense]
    if len(words) != criteria or not set(words) <= {"max", "min"}:
        raise refuse(f"{criteria} criteria need {criteria} senses; found {sense!r}.", "valid: max, min")
    return np.array([1.0 if s == "max" else -1.0 for s in words])


def _weights(weights: ArrayLike, criteria: int) -> NDArray[np.float64]:
    try:
        weight = np.array(weights, dtype=np.float64)
    except (TypeError, ValueError):
        raise refuse(f"The weights {weights!r} are no numbers.", "one number a criterion") from None
    if weight.shape != (criteria,):
        raise refuse(
            f"{criteria} criteria need {criteria} weights; found {weight.size}.", "one weight a criterion"
        )
    if not np.isfinite(weight).all() or weight.min() < 0:
        raise refuse(
            f"The weights {weight.tolist()} are not all known and at least 0.", "use sense for direction"
        )
    if weight.sum() <= 0:
        raise refuse("All weights are zero.", "give one criterion some weight")
    return np.asarray(weight / weight.sum())


def normalise(values: ArrayLike, normalisation: str) -> NDArray[np.float64]:
    """Return the matrix scaled by column: ``sum``, ``vector`` (Euclidean norm), ``minmax`` or ``none``.

    Raises
    ------
    UsageError
        ``bad_mcda_input``: an unknown normalisation, or a column whose sum is zero.
    """
    x = np.asarray(values, dtype=np.float64)
    if normalisation not in _METHODS:
        raise refuse(f"There is no normalisation {normalisation!r}.", f"valid: {', '.join(_METHODS)}")
    if normalisation == "none":
        return x
    low, high = x.min(axis=0), x.max(axis=0)
    if normalisation == "minmax":
        return np.asarray((x - low) / np.where(high > low, high - low, 1.0))
    scale = x.sum(axis=0) if normalisation == "sum" else np.sqrt((x * x).sum(axis=0))
    flat = (scale == 0) & (high > low)
    if flat.any():
        raise refuse(f"Criterion {flat.argmax()} sums to zero.", "use the normalisation minmax")
    return np.asarray(x / np.where(scale == 0, 1.0, scale))


def _turn(values: NDArray[np.float64], signs: NDArray[np.float64], normalisation: str) -> NDArray[np.float64]:
    """Turn criteria to be made small; minmax stays within 0 and 1."""
    turned = values * signs
    return turned + (signs < 0) if normalisation == "minmax" else turned


def _constant(criterion: int) -> Finding:
    return Finding(
        severity="warning",
        rule="bad_mcda_input",
        message=f"Criterion {criterion} is the same for all alternatives: it counts as no difference.",
        table="matrix",
        row=criterion,
        hint="leave it out, or check the data",
    )


def share(name: str, value: float) -> float:
    """Return a parameter that must lie between 0 and 1.

    Raises
    ------
    UsageError
        ``bad_mcda_input``.
    """
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise refuse(f"{name} = {value!r} is not between 0 and 1.", f"give {name} as a share")
    return float(value)


def whole(name: str, value: int, least: int) -> int:
    """Return a whole parameter that must not be below ``least``.

    Raises
    ------
    UsageError
        ``bad_mcda_input``.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise refuse(
            f"{name} = {value!r} is no whole number of {least} or more.", f"give {name} as a whole number"
        )
    return int(value)


def rank(scores: ArrayLike, *, best: Literal["most", "least"] = "most", dense: bool = False) -> list[int]:
    """Return ranks from 1; equal scores share the better rank.

    Parameters
    ----------
    scores
        One score an alternative; scores that differ by rounding only (1e-12 of the largest) are equal.
    best
        Whether the most or the least is best.
    dense
        Without gaps after equal scores.
    """
    x = np.asarray(scores, dtype=np.float64)
    scale = np.abs(x).max(initial=0.0) or 1.0
    key = np.round(x / scale, 12) * (-1.0 if best == "most" else 1.0)
    ordered = np.unique(key) if dense else np.sort(key)
    ranks: list[int] = (np.searchsorted(ordered, key, side="left") + 1).tolist()
    return ranks


def optional(values: NDArray[np.float64]) -> list[list[float | None]]:
    """Return a square matrix as lists, its diagonal unknown."""
    rows: list[list[float | None]] = values.tolist()
    for i, row in enumerate(rows):
        row[i] = None
    return rows
