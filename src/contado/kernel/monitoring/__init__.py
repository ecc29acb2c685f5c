"""Monitoring: what was saved, what changed against a control group, what works really cost.

>>> from contado.kernel import monitoring
>>> observed = [("road", 100.0, 118.0), ("road", 200.0, 214.0), ("trees", 80.0, 112.0)]
>>> [round(d.mean_ratio, 4) for d in monitoring.feedback(observed).domains]
[1.1237, 1.4]
"""

from __future__ import annotations

from contado.kernel.monitoring.baseline import Baseline, fit
from contado.kernel.monitoring.events import Event, find_events
from contado.kernel.monitoring.feedback import DomainRatio, Feedback, feedback
from contado.kernel.monitoring.meters import Meter, Period, Refusal, meters_from_table
from contado.kernel.monitoring.panel import Comparison, compare, detectable_effect, power
from contado.kernel.monitoring.panel_table import Panel, panel_from_table
from contado.kernel.monitoring.savings import Flag, MeterSaving, interval_half_width, saving, savings

__all__ = [
    "Baseline",
    "Comparison",
    "DomainRatio",
    "Event",
    "Feedback",
    "Flag",
    "Meter",
    "MeterSaving",
    "Panel",
    "Period",
    "Refusal",
    "compare",
    "detectable_effect",
    "feedback",
    "find_events",
    "fit",
    "interval_half_width",
    "meters_from_table",
    "panel_from_table",
    "power",
    "saving",
    "savings",
]
