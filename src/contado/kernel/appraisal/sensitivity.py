"""Sensitivity of an appraisal: critical items, switching values, costs and benefits that change together.

An item is critical when a change of 1 % of it changes the net present value by more than 1 %; its switching
value is the change at which the net present value is zero [1]_.

References
----------
.. [1] European Commission, Guide to Cost-Benefit Analysis of Investment Projects, 2014, section 2.8.1 (to be
   confirmed against the text).

Examples
--------
>>> from contado.kernel.appraisal.cba import Flow, appraise
>>> flows = [Flow(year=2027, item="cost", quantity=100.0, unit="eur")]
>>> flows += [Flow(year=2027, item="benefit", quantity=150.0, unit="eur")]
>>> done = appraise(flows, rate=0.0)
>>> [(s.item, s.elasticity, s.switching_share, s.critical) for s in switching_values(done)]
[('benefit', 3.0, -0.3333333333333333, True), ('cost', -2.0, 0.5, True)]
>>> changed_npv(done, costs=0.5)
0.0
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contado.kernel.appraisal.cba import Appraisal

__all__ = ["SwitchingValue", "changed_npv", "switching_values"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchingValue:
    """One item: present value [EUR], change of the NPV [%] for 1 % of it, change at which the NPV is zero."""

    item: str
    pv_eur: float
    elasticity: float | None
    """None where the net present value is zero."""
    switching_share: float | None
    """None where the item is zero."""

    @property
    def critical(self) -> bool | None:
        """Whether 1 % of the item moves the net present value by more than 1 %."""
        return None if self.elasticity is None else abs(self.elasticity) > 1


def switching_values(done: Appraisal) -> list[SwitchingValue]:
    """Return every item that has a value, the most critical first."""
    signed = {
        name: total.pv_eur * (1 if total.sense == "benefit" else -1)
        for name, total in done.by_item.items()
        if total.pv_eur is not None
    }
    found = [
        SwitchingValue(
            item=name,
            pv_eur=abs(pv),
            elasticity=pv / done.npv_eur if done.npv_eur else None,
            switching_share=-done.npv_eur / pv if pv else None,
        )
        for name, pv in signed.items()
    ]
    return sorted(found, key=lambda s: (-abs(s.pv_eur), s.item))


def changed_npv(done: Appraisal, *, costs: float = 0.0, benefits: float = 0.0) -> float:
    """Return the net present value [EUR] when all costs and all benefits change by these shares."""
    return math.fsum((done.pv_benefits_eur * (1 + benefits), -done.pv_costs_eur * (1 + costs)))
