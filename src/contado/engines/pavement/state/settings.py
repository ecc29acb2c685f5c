"""Settings of the fusion of passes into a state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contado.kernel.settings import Pavement

__all__ = ["FuseSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FuseSettings:
    """What the model assumes of roads and vehicles; all in log IRI."""

    drift_sd: float = 0.05
    """Standard deviation of the drift after one year."""
    growth_per_y: float = 0.05
    """Growth expected before any history is seen."""
    growth_sd_per_y: float = 0.04
    """How much cells differ from it."""
    huber_k: float = 2.5
    """Distance, in standard deviations, from which a pass weighs less."""
    vehicle_sd: float = 0.05
    """Scale of the prior of the spread between vehicles."""
    sd_floor: float = 0.01
    """No single pass is taken for more certain than this."""
    not_driven_d: float = 30.0
    """Days after which a cell counts as not driven."""
    cell_m: float = 20.0
    """Length of a cell where the observations do not state it [m]."""

    @classmethod
    def of(cls, settings: Pavement) -> FuseSettings:
        """Return what a workspace asks for."""
        return cls(cell_m=settings.cell_m, not_driven_d=settings.not_driven_d)
