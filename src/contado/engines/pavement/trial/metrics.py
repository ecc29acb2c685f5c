"""What a trial measures: metrics with their unit, their scale and which way is worse.

Every metric is evaluated on a scale of wear, on which higher is worse: the logarithm of IRI (roughness worsens by a share of
itself), the value itself of ruts and noise, the value with its sign turned of skid resistance and texture. Growth and effects are
then wear a year, and a negative effect is better whatever is measured.

References
----------
.. [1] ISO 13473-1 (macrotexture, mean profile depth), UNI CEN/TS 15901-6 (skid resistance by sideway-force
   coefficient), UNI EN 13036-8 (transverse unevenness, rut depth), ISO 11819-2 (close-proximity noise).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["METRICS", "ROUGHNESS", "Metric"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric: its name in tables, its words, its unit and its scale.

    Attributes
    ----------
    relative
        Whether wear is a share of the value (logarithm); else it is in the unit a year.
    higher_is_better
        Whether wear is a loss.
    decimals
        Digits with which a value is told.
    """

    name: str
    name_it: str
    name_en: str
    unit: str
    relative: bool = False
    higher_is_better: bool = False
    decimals: int = 1

    @property
    def _sign(self) -> float:
        return -1.0 if self.higher_is_better else 1.0

    def wear(self, values: Floats) -> Floats:
        """Return values on the scale of wear; for a relative metric they are above zero.

        Examples
        --------
        >>> METRICS["skid_sfc"].wear(np.array([0.6])).tolist(), METRICS["iri_m_km"].wear(np.array([1.0])).tolist()
        ([-0.6], [0.0])
        """
        return self._sign * (np.log(values) if self.relative else values)

    def value(self, wear: Floats) -> Floats:
        """Return values in the metric's unit of a mean wear: the geometric mean for a relative metric."""
        own = self._sign * wear
        return np.exp(own) if self.relative else own


ROUGHNESS: Final = "iri_m_km"
METRICS: Final[Mapping[str, Metric]] = {
    m.name: m
    for m in (
        Metric(
            name=ROUGHNESS,
            name_it="irregolarità (IRI)",
            name_en="roughness (IRI)",
            unit="m/km",
            relative=True,
            decimals=2,
        ),
        Metric(name="rut_depth_mm", name_it="profondità delle ormaie", name_en="rut depth", unit="mm"),
        Metric(
            name="skid_sfc",
            name_it="aderenza (CAT)",
            name_en="skid resistance (SFC)",
            unit="SFC",
            higher_is_better=True,
            decimals=3,
        ),
        Metric(
            name="texture_mpd_mm",
            name_it="macrotessitura (MPD)",
            name_en="macrotexture (MPD)",
            unit="mm",
            higher_is_better=True,
            decimals=2,
        ),
        Metric(
            name="noise_cpx_db",
            name_it="rumore di rotolamento (CPX)",
            name_en="tyre/road noise (CPX)",
            unit="dB(A)",
        ),
    )
}
