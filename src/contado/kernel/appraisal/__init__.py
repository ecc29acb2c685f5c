"""Appraisal: discounting, cost-benefit analysis, carbon, price items, robustness, indices and MCDA.

Parameters (rates, unit values, shadow cost of carbon, energy carriers) are dated rows with a status; what
rests on one that is still to be confirmed says so.

>>> from contado.kernel import appraisal
>>> round(appraisal.npv({year: 1000.0 for year in range(2028, 2058)}, rate=0.03, base_year=2027), 2)
19600.44
"""

from __future__ import annotations

from contado.kernel.appraisal import carbon, composite, mcda, parameters, prices, robustness, sensitivity
from contado.kernel.appraisal.cba import Appraisal, Flow, ItemTotal, appraise
from contado.kernel.appraisal.discount import (
    annuity,
    break_even_life,
    cost_effectiveness,
    discount_factors,
    equivalent_annual,
    err,
    npv,
    payback_year,
    present_values,
)

__all__ = [
    "Appraisal",
    "Flow",
    "ItemTotal",
    "annuity",
    "appraise",
    "break_even_life",
    "carbon",
    "composite",
    "cost_effectiveness",
    "discount_factors",
    "equivalent_annual",
    "err",
    "mcda",
    "npv",
    "parameters",
    "payback_year",
    "present_values",
    "prices",
    "robustness",
    "sensitivity",
]
