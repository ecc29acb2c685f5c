"""Energy baselines: change-point models of a meter on outdoor temperature, daily or billing data.

The mean consumption a day is ``base + heating (T_h - T)+ + cooling (T - T_c)+``; the balance points T_h <= T_c
are searched on a grid, the slopes are not negative, and the model (``mean``, ``hdd``, ``cdd``, ``hdd_cdd``) is
the one of least BIC. All pairs of balance points are solved at once from one cross-product matrix.

References
----------
.. [1] Efficiency Valuation Organization, IPMVP Core Concepts, EVO 10000-1:2016 (options A to D).
.. [2] ASHRAE Guideline 14-2014, Measurement of Energy, Demand, and Water Savings (fit criteria).
.. [3] J. K. Kissock, J. S. Haberl, D. E. Claridge, Inverse Modeling Toolkit: Numerical Algorithms, ASHRAE
   Transactions 109(2), 2003 (change-point models).
.. [4] G. Schwarz, Estimating the Dimension of a Model, Annals of Statistics 6(2), 1978,
   doi:10.1214/aos/1176344136 (BIC).
.. [5] A. Ruch, J. K. Kissock, T. A. Reddy, Prediction Uncertainty of Linear Building Energy Use Models With
   Autocorrelated Residuals, Journal of Solar Energy Engineering 121(1), 1999, doi:10.1115/1.2888144.
.. [6] F. H. C. Marriott, J. A. Pope, Bias in the Estimation of Autocorrelations, Biometrika 41(3/4), 1954,
   doi:10.1093/biomet/41.3-4.390 (k = 1; each further slow column counts as another).

Examples
--------
>>> import numpy as np
>>> temperature = np.tile([0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0], 52)
>>> fitted = fit(temperature, 10 + 2 * np.clip(16 - temperature, 0, None))
>>> fitted.model, fitted.balance_heating_degc, round(fitted.base, 6), round(fitted.heating, 6)
('hdd', 16.0, 10.0, 2.0)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["CV_RMSE_MAX", "GRID_DEGC", "R2_MIN", "Baseline", "Model", "autocorrelation", "fit"]

Model = Literal["mean", "hdd", "cdd", "hdd_cdd"]

GRID_DEGC: Final = 0.5
CV_RMSE_MAX: Final = 0.25
"""A fit is good below this coefficient of variation of the residuals [2]_."""
R2_MIN: Final = 0.75
"""A fit is good above this coefficient of determination [2]_."""
_LEAST_SHARE: Final = 1 / 36
"""Share of the rows (10 days of a year) that must lie beyond a balance point, else its slope is a guess."""
_LEAST_ROWS: Final = 2
_PARAMETERS: Final[dict[Model, int]] = {"mean": 1, "hdd": 3, "cdd": 3, "hdd_cdd": 5}
"""Parameters estimated, balance points counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A fitted change-point model; energies in the unit of the data, a day."""

    model: Model
    base: float
    """Consumption a day without heating and cooling."""
    heating: float
    """Slope [energy/(day degC)] below the heating balance point; 0 where the model has none."""
    cooling: float
    balance_heating_degc: float | None
    balance_cooling_degc: float | None
    n: int
    variance: float
    """Residual variance of one day, all parameters counted (balance points too)."""
    autocorrelation: float
    """Lag-1 autocorrelation of the residuals, its bias added back."""
    cv_rmse: float | None
    r2: float | None
    inverse: Floats
    """(A'WA)^-1 of the coefficients of `design`."""

    @property
    def parameters(self) -> int:
        """Number of parameters estimated, balance points counted."""
        return _PARAMETERS[self.model]

    @property
    def coefficients(self) -> Floats:
        """Base and slopes in the order of the columns of `design`."""
        slopes = [
            slope
            for slope, balance in (
                (self.heating, self.balance_heating_degc),
                (self.cooling, self.balance_cooling_degc),
            )
            if balance is not None
        ]
        return np.array([self.base, *slopes])

    def design(self, temperature_degc: ArrayLike) -> Floats:
        """Return the rows (n, 1 to 3) of the model: one, heating degrees, cooling degrees."""
        temperature = np.asarray(temperature_degc, float)
        columns = [np.ones_like(temperature)]
        if self.balance_heating_degc is not None:
            columns.append(np.clip(self.balance_heating_degc - temperature, 0, None))
        if self.balance_cooling_degc is not None:
            columns.append(np.clip(temperature - self.balance_cooling_degc, 0, None))
        return np.stack(columns, axis=-1)

    def predict(self, temperature_degc: ArrayLike) -> Floats:
        """Return the expected consumption a day [energy/day] at each temperature."""
        predicted: Floats = self.design(temperature_degc) @ self.coefficients
        return predicted


class _Candidate(NamedTuple):
    model: Model
    heating_at: float | None
    cooling_at: float | None
    sse: float


def fit(temperature_degc: ArrayLike, energy_d: ArrayLike, days: ArrayLike | None = None) -> Baseline:
    """Fit all models on all balance points and return the one of least BIC.

    Rows are in the order of time. The BIC counts the rows that are worth something: n (1-rho)/(1+rho), rho
    the residual autocorrelation of the richest model, since neighbouring days repeat each other [5]_.

    Parameters
    ----------
    temperature_degc
        (n,) mean outdoor temperature of each row [degC].
    energy_d
        (n,) mean consumption a day of each row.
    days
        (n,) length of each row [d]; default one. Rows weigh by it.

    Raises
    ------
    ValueError
        Fewer than three rows, or arrays of unequal length.
    """
    temperature, energy = np.asarray(temperature_degc, float), np.asarray(energy_d, float)
    length = np.ones_like(energy) if days is None else np.asarray(days, float)
    if len(energy) < 3 or not temperature.shape == energy.shape == length.shape:
        raise ValueError("fit needs at least three rows, and as many temperatures, energies and lengths")
    candidates = _candidates(temperature, energy, length)
    richest = min(candidates, key=lambda c: c.sse)
    rho = _estimated(richest, temperature, energy, length).autocorrelation
    effective = max(len(energy) * (1 - rho) / (1 + rho), 3.0) if rho > 0 else float(len(energy))
    floor = 1e-12 * max(float(length @ energy**2), 1e-300)

    def bic(c: _Candidate) -> float:
        return effective * float(np.log(max(c.sse, floor))) + _PARAMETERS[c.model] * float(np.log(effective))

    rows = len(energy)
    allowed = [c for c in candidates if _PARAMETERS[c.model] < rows]
    return _estimated(min(allowed, key=bic), temperature, energy, length)


def _candidates(temperature: Floats, energy: Floats, days: Floats) -> list[_Candidate]:
    """Return the best balance points of each model whose slopes are positive."""
    heating_at, cooling_at = _grids(temperature)
    heating = np.clip(heating_at - temperature[:, None], 0, None)
    cooling = np.clip(temperature[:, None] - cooling_at, 0, None)
    weights = days / days.sum()
    columns = np.concatenate([heating, cooling, energy[:, None]], axis=1)
    columns -= weights @ columns
    cross = (columns * days[:, None]).T @ columns
    nh, nc = len(heating_at), len(cooling_at)
    total = float(cross[-1, -1])
    found = [_Candidate("mean", None, None, total)]
    own, with_energy = np.diagonal(cross)[:-1], cross[:-1, -1]
    single = np.where((own > 1e-9) & (with_energy > 0), with_energy**2 / np.maximum(own, 1e-9), 0.0)
    if nh and (best := int(single[:nh].argmax())) >= 0 and single[best] > 0:
        found.append(_Candidate("hdd", float(heating_at[best]), None, total - float(single[best])))
    if nc and single[nh + (best := int(single[nh:].argmax()))] > 0:
        found.append(_Candidate("cdd", None, float(cooling_at[best]), total - float(single[nh + best])))
    if nh and nc:
        found += _both(cross, heating_at, cooling_at)
    return found


def _both(cross: Floats, heating_at: Floats, cooling_at: Floats) -> list[_Candidate]:
    """Solve the two-slope model of every pair of balance points in closed form."""
    nh = len(heating_at)
    hh, cc = np.diagonal(cross)[:nh, None], np.diagonal(cross)[None, nh:-1]
    hc, hy, cy = cross[:nh, nh:-1], cross[:nh, -1][:, None], cross[nh:-1, -1][None, :]
    determinant = hh * cc - hc**2
    solvable = determinant > 1e-9 * hh * cc
    safe = np.where(solvable, determinant, 1.0)
    slope_h, slope_c = (hy * cc - cy * hc) / safe, (cy * hh - hy * hc) / safe
    valid = solvable & (slope_h > 0) & (slope_c > 0) & (heating_at[:, None] <= cooling_at[None, :])
    explained = np.where(valid, slope_h * hy + slope_c * cy, -np.inf)
    i, j = np.unravel_index(int(explained.argmax()), explained.shape)
    if not valid[i, j]:
        return []
    sse = float(cross[-1, -1] - explained[i, j])
    return [_Candidate("hdd_cdd", float(heating_at[i]), float(cooling_at[j]), sse)]


def _grids(temperature: Floats) -> tuple[Floats, Floats]:
    """Return the balance points worth trying: enough rows lie below (heating) or above (cooling)."""
    ordered = np.sort(temperature)
    least = min(max(_LEAST_ROWS, round(len(ordered) * _LEAST_SHARE)), len(ordered) - 1)
    low, high = np.floor(ordered[0] / GRID_DEGC), np.ceil(ordered[-1] / GRID_DEGC)
    grid = np.arange(low, high + 1) * GRID_DEGC
    return grid[grid > ordered[least - 1]], grid[grid < ordered[-least]]


def _estimated(chosen: _Candidate, temperature: Floats, energy: Floats, days: Floats) -> Baseline:
    """Estimate the coefficients at given balance points, and the quality of the fit."""
    columns = [np.ones_like(temperature)]
    if chosen.heating_at is not None:
        columns.append(np.clip(chosen.heating_at - temperature, 0, None))
    if chosen.cooling_at is not None:
        columns.append(np.clip(temperature - chosen.cooling_at, 0, None))
    rows = np.stack(columns, axis=1)
    inverse = np.linalg.pinv((rows * days[:, None]).T @ rows, hermitian=True).astype(np.float64)
    coefficients = inverse @ (rows.T @ (days * energy))
    residuals = energy - rows @ coefficients
    sse, mean = float(days @ residuals**2), float(days @ energy / days.sum())
    total = float(days @ (energy - mean) ** 2)
    free = max(len(energy) - _PARAMETERS[chosen.model], 1)
    slopes = iter(coefficients[1:].tolist())
    return Baseline(
        model=chosen.model,
        base=float(coefficients[0]),
        heating=next(slopes) if chosen.heating_at is not None else 0.0,
        cooling=next(slopes) if chosen.cooling_at is not None else 0.0,
        balance_heating_degc=chosen.heating_at,
        balance_cooling_degc=chosen.cooling_at,
        n=len(energy),
        variance=sse / free,
        autocorrelation=autocorrelation(residuals * np.sqrt(days), _PARAMETERS[chosen.model]),
        cv_rmse=float(np.sqrt(sse / days.sum() * len(energy) / free)) / mean if mean > 0 else None,
        r2=1 - sse / total if total > 0 else None,
        inverse=inverse,
    )


def autocorrelation(residuals: Floats, parameters: int = 0) -> float:
    """Return the lag-1 autocorrelation of (n,) residuals in the order of time; 0 where there is no variance.

    Fitted ``parameters`` take slow movements out of the residuals and with them some autocorrelation; the bias
    is added back to first order, (k + (k + 2) r) / n, closing at most half of the way to one [6]_.
    """
    centred = residuals - residuals.mean()
    power = float(centred @ centred)
    found = float(centred[1:] @ centred[:-1]) / power if power > 0 else 0.0
    if not parameters or power == 0:
        return found
    return min(found + (parameters + (parameters + 2) * found) / len(residuals), (1 + found) / 2)
