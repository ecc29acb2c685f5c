"""Pavement trials: before, after and control sections, power, published tables, a second opinion.

>>> from contado.engines.pavement import trial
>>> found = trial.trial_power(sd=0.015, treated=2, control=40)
>>> round(found.minimum_detectable_effect, 3)
0.031
"""

from __future__ import annotations

from contado.engines.pavement.trial.evaluate import TrialResult, evaluate_trial
from contado.engines.pavement.trial.metrics import METRICS, ROUGHNESS, Metric
from contado.engines.pavement.trial.mixed import MixedModel, mixed_model
from contado.engines.pavement.trial.panel import COLUMNS, Panel, of_table
from contado.engines.pavement.trial.power import Power, trial_power
from contado.engines.pavement.trial.published import PublishedSection, published

__all__ = [
    "COLUMNS",
    "METRICS",
    "ROUGHNESS",
    "Metric",
    "MixedModel",
    "Panel",
    "Power",
    "PublishedSection",
    "TrialResult",
    "evaluate_trial",
    "mixed_model",
    "of_table",
    "published",
    "trial_power",
]
