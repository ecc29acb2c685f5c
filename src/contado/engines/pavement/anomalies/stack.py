"""Passes brought into register before they are stacked.

Each pass knows its place to about a metre, each time another one. Stacked as they are, a pothole keeps a
third of its depth. The profiles themselves tell how far to shift: the lag of the best cross-correlation
in windows of 100 m. The common frame is the passes' mean position, so nobody's error is taken for truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.measuring.measure import GRID_M
from contado.engines.pavement.measuring.sampling import smooth_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["AlignSettings", "shifts", "warp"]

MAX_REFERENCES: Final = 3
"""Passes tried as the reference of a window; the one that agrees best with the others is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignSettings:
    """How far passes may be apart and how alike they must be."""

    window_m: float = 100.0
    hop_m: float = 50.0
    max_lag_m: float = 8.0
    min_correlation: float = 0.4
    """Below it a pass says nothing about its lag in this window; the neighbours' lag is used."""
    min_cover: float = 0.6
    """Share of the window that a pass must have measured."""


def shifts(profiles: Sequence[Floats], settings: AlignSettings | None = None) -> list[Floats]:
    """Return for each pass how far its chainages must be moved ahead [m], at each grid point.

    Parameters
    ----------
    profiles
        Band-limited profiles on one grid, each of shape (grid,); NaN where not measured.
    """
    settings = settings or AlignSettings()
    width = round(settings.window_m / GRID_M)
    size = len(profiles[0]) if profiles else 0
    if len(profiles) < 2 or size < width:
        return [np.zeros(size) for _ in profiles]
    starts = np.arange(0, size - width + 1, round(settings.hop_m / GRID_M))
    lags = np.array([_window_lags([p[k : k + width] for p in profiles], settings) for k in starts])
    centres = (starts + width / 2).astype(np.float64)
    return [_steady(lags[:, p], centres, size) for p in range(len(profiles))]


def _window_lags(parts: list[Floats], settings: AlignSettings) -> Floats:
    """Return the shift of each pass against the mean of all in one window [m]; NaN where unknown."""
    lags = np.full(len(parts), np.nan)
    seen = [i for i, part in enumerate(parts) if np.isfinite(part).mean() >= settings.min_cover]
    if len(seen) < 2:
        return lags
    size = 2 * len(parts[0])
    filled = np.nan_to_num(np.array([parts[i] for i in seen]))
    spectra = np.fft.rfft(filled, size, axis=1)
    norm = np.sqrt((filled**2).sum(axis=1)) + 1e-30
    best: tuple[float, Floats, Floats] | None = None
    for reference in range(min(MAX_REFERENCES, len(seen))):
        found, alike = _lags_to(spectra, norm, reference, size, settings)
        if best is None or alike.sum() > best[0]:
            best = (float(alike.sum()), found, alike)
    assert best is not None
    _, found, alike = best
    good = alike >= settings.min_correlation
    if good.sum() >= 2:
        lags[np.array(seen)[good]] = found[good] - found[good].mean()
    return lags


def _lags_to(
    spectra: NDArray[np.complex128], norm: Floats, reference: int, size: int, settings: AlignSettings
) -> tuple[Floats, Floats]:
    """Return lag [m] of the best correlation of each pass with the reference, and that correlation."""
    reach = round(settings.max_lag_m / GRID_M)
    product: NDArray[np.complex128] = spectra[reference][None, :] * spectra.conj()
    full = np.fft.irfft(product, size, axis=1)
    near = np.concatenate([full[:, -reach:], full[:, : reach + 1]], axis=1)
    near /= (norm * norm[reference])[:, None]
    peak = near.argmax(axis=1)
    rows = np.arange(len(peak))
    inner = np.clip(peak, 1, near.shape[1] - 2)
    left, top, right = near[rows, inner - 1], near[rows, inner], near[rows, inner + 1]
    bend = left - 2 * top + right
    part = np.where(np.abs(bend) > 1e-12, 0.5 * (left - right) / np.where(bend == 0, 1.0, bend), 0.0)
    return (inner + np.clip(part, -0.5, 0.5) - reach) * GRID_M, near[rows, peak]


def _steady(lags: Floats, centres: Floats, size: int) -> Floats:
    """Interpolate the window lags over the grid, a running median of three first."""
    from scipy.ndimage import median_filter

    known = np.isfinite(lags)
    if not known.any():
        return np.zeros(size)
    calm = median_filter(lags[known], size=3, mode="nearest")
    return np.interp(np.arange(size), centres[known], calm)


def warp(values: Floats, shift_m: Floats, *, smooth: bool = False) -> Floats:
    """Move a pass ahead by its shift; unknown stays unknown. A profile is ``smooth`` between grid points."""
    if smooth:
        grid: Floats = GRID_M * np.arange(len(values), dtype=np.float64)
        return smooth_at(grid, values, grid - shift_m, 1.5 * GRID_M)
    place = np.arange(len(values)) - shift_m / GRID_M
    return np.interp(place, np.arange(len(values)), values, left=np.nan, right=np.nan)
