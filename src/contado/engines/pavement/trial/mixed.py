"""Second opinion: a mixed model by restricted maximum likelihood (extra ``stats``).

``log IRI = campaign + treated + age x treated + (section, section x age) + e`` on section means: sections differ at
random in level and in growth. It agrees with the comparison of slopes where the panel is balanced.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.declare import require
from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from contado.engines.pavement.trial.panel import Panel

__all__ = ["MixedModel", "mixed_model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedModel:
    """The effect by REML, its 95 % interval of Wald, and whether the iteration converged."""

    effect_per_year: float
    standard_error: float
    low95: float
    high95: float
    growth_sd: float
    converged: bool


def mixed_model(panel: Panel) -> MixedModel:
    """Fit the mixed model.

    Raises
    ------
    ExtraMissing
        statsmodels is not installed.
    DataError
        ``not_identifiable``: no two campaigns common since the last laying, or one arm is empty.
    """
    require("pavement trial --mixed-model", "stats", ("statsmodels",))
    compared = panel.compared
    arm = panel.treated[compared]
    if not panel.same_campaigns or arm.all() or not arm.any():
        raise DataError(
            "A mixed model needs both arms in the same campaigns.",
            rule="not_identifiable",
            hint="measure treated and control sections together",
        )
    import warnings

    from statsmodels.regression.mixed_linear_model import MixedLM

    held = np.ix_(compared, panel.counted)
    age, y = panel.age_y[held], panel.wear[held]
    n, epochs = y.shape
    treated = np.repeat(arm.astype(float), epochs)
    flat = age.ravel()
    campaign = np.tile(np.eye(epochs), (n, 1))
    X = np.column_stack([campaign, treated, flat * treated])
    random = np.column_stack([np.ones(n * epochs), flat])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variance at its bound is told by `converged` and `growth_sd`
        fit = MixedLM(y.ravel(), X, groups=np.repeat(np.arange(n), epochs), exog_re=random).fit(reml=True)
    effect, error = float(fit.fe_params[-1]), float(fit.bse_fe[-1])
    return MixedModel(
        effect_per_year=effect,
        standard_error=error,
        low95=effect - 1.959964 * error,
        high95=effect + 1.959964 * error,
        growth_sd=float(np.sqrt(max(0.0, fit.cov_re[1, 1]))),
        converged=bool(fit.converged),
    )
