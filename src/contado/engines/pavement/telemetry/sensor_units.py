"""The unit of an accelerometer, found from the norm of its reading at rest: gravity is everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.telemetry.drive import G_M_S2
from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.drive import Unit

__all__ = ["gravity_norm", "to_si", "unit_of"]

_TOLERANCE: Final = 0.14  # scale errors of phones reach 4 %, a steep road with braking adds a few more
_BLOCK_S: Final = 1.0
_MIN_SHARE: Final = 0.8  # with gravity the mean of a second is nearly as long as its samples


def to_si(
    acc: NDArray[np.float64], fs_hz: float, *, file: str, columns: tuple[str, ...] = ("ax", "ay", "az")
) -> tuple[NDArray[np.float64], Unit, tuple[Finding, ...]]:
    """Return the reading in m/s2, the unit it stood in and what was converted.

    Parameters
    ----------
    acc
        Reading of the three axes in the unit of the file, f8[n, 3].
    fs_hz
        Sampling rate [Hz].

    Raises
    ------
    DataError
        ``gravity_missing`` (linear acceleration) or ``unit_ambiguous`` (raw counts, another unit).
    """
    factor, unit, findings = unit_of(*gravity_norm(acc, fs_hz), file=file, columns=columns)
    return acc if unit == "m_s2" else acc * factor, unit, findings


def unit_of(
    norm: float, share: float, *, file: str, columns: tuple[str, ...] = ("ax", "ay", "az")
) -> tuple[float, Unit, tuple[Finding, ...]]:
    """Return the factor to m/s2, the unit and what is to be said of it, by the figures of `gravity_norm`.

    Raises
    ------
    DataError
        As `to_si`.
    """
    if share >= _MIN_SHARE and abs(norm / G_M_S2 - 1) <= _TOLERANCE:
        return 1.0, "m_s2", ()
    if share >= _MIN_SHARE and abs(norm - 1) <= _TOLERANCE:
        message = f"{file}: {', '.join(columns)} are in g (norm {norm:.3f}); converted to m/s2."
        finding = Finding(
            severity="note", rule="converted_from_g", message=message, table=file, action="converted"
        )
        return G_M_S2, "g", (finding,)
    raise _refusal(norm, share, file, columns)


def gravity_norm(acc: NDArray[np.float64], fs_hz: float) -> tuple[float, float]:
    """Return the median norm of means over one second, and its share of the median norm of a sample."""
    block = max(1, min(len(acc), round(_BLOCK_S * fs_hz)))
    whole = acc[: len(acc) // block * block].reshape(-1, block, 3).mean(axis=1)
    norm = float(np.median(np.linalg.norm(whole, axis=1)))
    sample = float(np.median(np.linalg.norm(acc, axis=1)))
    return norm, norm / sample if sample > 0 else 0.0


def _refusal(norm: float, share: float, file: str, columns: tuple[str, ...]) -> DataError:
    names = ", ".join(columns)
    if share < _MIN_SHARE or norm < 1 - _TOLERANCE:
        return DataError(
            f"{file}: gravity is missing from {names}: the norm found is {norm:.3g}, neither 9.81 nor 1.",
            rule="gravity_missing",
            hint="export the accelerometer itself (with g), not the linear acceleration",
            field=columns[0],
        )
    return DataError(
        f"{file}: the unit of {names} is ambiguous: the norm found is {norm:.4g}, neither 9.81 (m/s2) nor 1 (g).",
        rule="unit_ambiguous",
        hint="scale raw counts to m/s2 or g by the sensor's data sheet",
        field=columns[0],
    )
