"""What a regression on cells would claim: shown only to explain why its tiny error is wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from contado.engines.pavement.trial.panel import Panel

__all__ = ["CellOls", "cell_ols"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellOls:
    """Least squares over all rows: its effect, and an error that takes cells for independent witnesses."""

    effect_per_year: float
    standard_error: float
    rows: int


def cell_ols(panel: Panel) -> CellOls | None:
    """Return the interaction of age and treatment over all rows; None where it cannot be told.

    ``log IRI = a + b treated + c age + d age x treated + e``; d is the effect. Its error supposes that rows are
    independent, although cells of one section share the section's growth.
    """
    section, campaign, age, y = panel.rows
    after = age >= 0
    if panel.same_campaigns:
        after &= (campaign >= 0) & panel.counted[campaign] & panel.compared[section]
    treated = panel.treated[section][after].astype(float)
    age, y = age[after], y[after]
    X = np.stack([np.ones_like(age), treated, age, age * treated], axis=1)
    free = len(y) - X.shape[1]
    if free < 1 or np.linalg.matrix_rank(X) < X.shape[1]:
        return None
    found, *_ = np.linalg.lstsq(X, y, rcond=None)
    variance = float(np.square(y - X @ found).sum()) / free
    error = math.sqrt(variance * float(np.linalg.inv(X.T @ X)[3, 3]))
    return CellOls(effect_per_year=float(found[3]), standard_error=error, rows=len(y))
