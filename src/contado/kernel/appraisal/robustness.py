"""Robustness of a choice over scenarios: regret, maximin, expected value, satisficing share.

References
----------
.. [1] Savage, L. J. (1951). The theory of statistical decision. J. Am. Stat. Assoc. 46(253), 55-67.
   doi:10.1080/01621459.1951.10500768
.. [2] Wald, A. (1945). Statistical decision functions which minimize the maximum risk. Annals of
   Mathematics 46(2), 265-280. doi:10.2307/1969022
.. [3] McPhail, C. et al. (2018). Robustness metrics: how are they calculated, when should they be used and
   why do they give different results? Earth's Future 6, 169-191. doi:10.1002/2017EF000649

Examples
--------
>>> table = [[60.0, 10.0], [40.0, 35.0]]
>>> answer = payoff(table, threshold=30.0)
>>> answer.max_regret, answer.minimax_regret, answer.maximin, answer.satisficing
([25.0, 20.0], 1, 1, [0.5, 1.0])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Payoff", "payoff", "regret"]


def regret(table: ArrayLike) -> NDArray[np.float64]:
    """Return what each option loses against the best one of each scenario [1]_, shape (options, scenarios)."""
    pay = _table(table)
    return np.asarray(pay.max(axis=0) - pay)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payoff:
    """A pay-off table judged; one value an option, and the index of the best (ties: the first)."""

    max_regret: list[float]
    minimax_regret: int
    worst: list[float]
    maximin: int
    expected: list[float]
    best_expected: int
    satisficing: list[float] | None
    most_satisficing: int | None


def payoff(
    table: ArrayLike, *, probabilities: ArrayLike | None = None, threshold: float | None = None
) -> Payoff:
    """Judge options over scenarios; more is better.

    Parameters
    ----------
    table
        Pay-offs, shape (options, scenarios).
    probabilities
        Of the scenarios, scaled to sum 1; default all the same. They weigh the expected value and the
        satisficing share.
    threshold
        Pay-off that satisfies: the share of scenarios that reach it [3]_.

    Raises
    ------
    UsageError
        A table without options or scenarios, with unknown cells, or probabilities that do not fit.
    """
    pay = _table(table)
    weight = _weights(probabilities, pay.shape[1])
    worst, lost, mean = pay.min(axis=1), regret(pay).max(axis=1), pay @ weight
    enough = None if threshold is None else (pay >= threshold) @ weight
    return Payoff(
        max_regret=lost.tolist(),
        minimax_regret=int(lost.argmin()),
        worst=worst.tolist(),
        maximin=int(worst.argmax()),
        expected=mean.tolist(),
        best_expected=int(mean.argmax()),
        satisficing=None if enough is None else enough.tolist(),
        most_satisficing=None if enough is None else int(enough.argmax()),
    )


def _table(table: ArrayLike) -> NDArray[np.float64]:
    pay = np.asarray(table, dtype=np.float64)
    if pay.ndim != 2 or pay.size == 0 or not np.isfinite(pay).all():
        raise UsageError(
            f"A pay-off table has one row an option, one column a scenario, all known; this one has shape {pay.shape}.",
            rule="bad_payoff",
            hint="fill every cell with a number",
        )
    return pay


def _weights(probabilities: ArrayLike | None, scenarios: int) -> NDArray[np.float64]:
    if probabilities is None:
        return np.full(scenarios, 1 / scenarios)
    weight = np.asarray(probabilities, dtype=np.float64)
    if weight.shape != (scenarios,) or not np.isfinite(weight).all() or weight.min() < 0 or weight.sum() <= 0:
        raise UsageError(
            f"{scenarios} scenarios need {scenarios} probabilities, none negative, not all 0; found {weight.tolist()}.",
            rule="bad_payoff",
            hint="one probability a scenario",
        )
    return np.asarray(weight / weight.sum())
