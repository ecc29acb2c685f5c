"""How fast roads become rougher: growth by family from the body's own history, HDM-4, structure and climate."""

from __future__ import annotations

from contado.engines.pavement.deterioration.growth import Estimate, GrowthModel, GrowthPrior, fit
from contado.engines.pavement.deterioration.history import History, history_of

__all__ = ["Estimate", "GrowthModel", "GrowthPrior", "History", "fit", "history_of"]
