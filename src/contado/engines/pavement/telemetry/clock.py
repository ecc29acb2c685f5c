"""The offset between the clocks of accelerometer and receiver, and the forward axis of the car.

The speed of the fixes changes by what the accelerometer feels ahead: for each trial offset the change of
speed over two seconds is regressed on the integral of the two horizontal axes, and the offset with the
greatest likelihood is the clock's; its regression coefficients are the heading axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.drive import Drive

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Clock", "Jump", "horizontal_axes", "settle"]

BASE_S: Final = 2.0
SEARCH_S: Final = 20.0
_COARSE_S: Final = 0.25
_FINE_S: Final = 0.02
_SURE_S: Final = 0.75  # half-width of the interval of the offset that counts as found
_THREE_SIGMA: Final = 9.0
_LEAST_PAIRS: Final = 20
_LEAST_SHARE: Final = 0.15
_CHANCE: Final = 1e-3
"""Probability that noise alone fits so well at one of the offsets tried."""
_STEADY_M_S: Final = 0.35
"""Changes of speed over two seconds that may be the receiver's noise: a steady speed tells nothing."""
_JUMP_S: Final = 0.5
_JUMP_SCORE: Final = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A clock that leaps once: most likely time and the times it may have been, on the fixes' clock [s]."""

    at_s: float
    from_s: float
    to_s: float
    early_s: float
    """Offset before [s]."""
    late_s: float
    """Offset after [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What the correlation of speed and acceleration says."""

    offset_s: float
    """Accelerometer's clock less the fixes' clock [s]; the best one, sure or not."""
    low_s: float
    high_s: float
    """Interval of three standard deviations [s]."""
    share: float
    """Share of the variance of the changes of speed that is explained."""
    resolved: bool
    heading: tuple[Floats | None, ...]
    """Unit vector ahead, in sensor axes, of each piece; None where the piece does not tell."""
    jump: Jump | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Pairs of fixes two seconds apart, and the horizontal acceleration integrated between any two times."""

    start_s: Floats
    end_s: Floats
    change_m_s: Floats
    piece: Ints
    """Piece in which a pair lies at offset zero."""
    t_s: Floats
    integral: NDArray[np.complex128]
    """Integral of the horizontal axes [m/s], the second one imaginary, c16[n]."""

    def felt(self, offset_s: float, keep: NDArray[np.bool_] | slice = slice(None)) -> Floats:
        """Return the change of speed on both axes [m/s] at an offset, f8[pairs, 2]."""
        ends = np.concatenate([self.end_s[keep], self.start_s[keep]]) + offset_s
        level = np.interp(ends, self.t_s, self.integral)
        change = level[: len(ends) // 2] - level[len(ends) // 2 :]
        return np.stack([change.real, change.imag], axis=1)


def horizontal_axes(gravity: Floats) -> Floats:
    """Return two unit vectors square to the gravity axis and to each other, f8[2, 3]."""
    helper = np.eye(3)[int(np.argmin(np.abs(gravity)))]
    first = np.cross(gravity, helper)
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(gravity, first)])


def settle(drive: Drive, axes: Sequence[Floats], piece_of: Ints) -> Clock:
    """Estimate offset and heading axes of a drive.

    Parameters
    ----------
    axes
        Gravity axis of each piece, unit vectors f8[3].
    piece_of
        Piece of each sample, i8[n].
    """
    bases = [horizontal_axes(axis) for axis in axes]
    pairs = _pairs(drive, bases, piece_of)
    nothing = Clock(
        offset_s=0.0, low_s=-SEARCH_S, high_s=SEARCH_S, share=0.0, resolved=False, heading=(None,) * len(axes)
    )
    if len(pairs.change_m_s) < _LEAST_PAIRS:
        return nothing
    coarse = np.arange(-SEARCH_S, SEARCH_S + _COARSE_S / 2, _COARSE_S)
    cost = np.array([_cost(pairs, offset) for offset in coarse])
    if not np.isfinite(cost).any():
        return nothing
    near = coarse[int(np.argmin(cost))]
    fine = near + np.arange(-_COARSE_S, _COARSE_S + _FINE_S / 2, _FINE_S)
    sharp = np.array([_cost(pairs, offset) for offset in fine])
    offset = float(fine[int(np.argmin(sharp))])
    fits = _fits(pairs, offset)
    share = max((1 - rest / varied for _, rest, varied in fits), default=0.0)
    if float(pairs.change_m_s.std()) < _STEADY_M_S and _by_chance(fits, len(coarse)):
        return nothing
    allowed = sharp.min() + _THREE_SIGMA * BASE_S
    possible = np.concatenate([coarse[cost <= allowed], fine[sharp <= allowed]])
    low, high = float(possible.min()), float(possible.max())
    resolved = share >= _LEAST_SHARE and high - low <= 2 * _SURE_S
    heading = (
        tuple(_heading(pairs, offset, k, base) for k, base in enumerate(bases))
        if resolved
        else nothing.heading
    )
    jump = _jump(pairs, offset, coarse) if share > 0 else None
    return Clock(
        offset_s=offset, low_s=low, high_s=high, share=share, resolved=resolved, heading=heading, jump=jump
    )


def _pairs(drive: Drive, bases: Sequence[Floats], piece_of: Ints) -> _Pairs:
    known = np.isfinite(drive.speed_m_s)
    t, speed = drive.fix_t_s[known], drive.speed_m_s[known]
    later = np.searchsorted(t, t + BASE_S - 0.05)
    inside = later < len(t)
    first, last = np.flatnonzero(inside), later[inside]
    close = t[last] - t[first] < BASE_S + 1.2  # never across a gap
    first, last = first[close], last[close]
    sample = np.clip(np.searchsorted(drive.t_s, (t[first] + t[last]) / 2), 0, len(drive.t_s) - 1)
    return _Pairs(
        start_s=t[first],
        end_s=t[last],
        change_m_s=speed[last] - speed[first],
        piece=piece_of[sample],
        t_s=drive.t_s,
        integral=_integral(drive, bases, piece_of),
    )


def _integral(drive: Drive, bases: Sequence[Floats], piece_of: Ints) -> NDArray[np.complex128]:
    """Integrate the horizontal axes over time; a hole in the samples adds nothing."""
    level = np.empty((len(drive.t_s), 2))
    for k, base in enumerate(bases):
        here = piece_of == k
        flat = drive.acc_m_s2[here] @ base.T
        level[here] = flat - np.median(flat, axis=0)
    step = np.minimum(np.diff(drive.t_s), 5 / drive.fs_hz)
    grown = np.cumsum((level[1:] + level[:-1]) / 2 * step[:, None], axis=0)
    whole = np.concatenate([np.zeros((1, 2)), grown])
    return whole[:, 0] + 1j * whole[:, 1]


def _cost(pairs: _Pairs, offset_s: float) -> float:
    """Return -2 log likelihood of an offset, up to a constant, for pairs as if independent.

    Each piece has its own error, so that a piece that fits well outweighs one that fits nothing.
    """
    fits = _fits(pairs, offset_s)
    seen = sum(count for count, _, _ in fits)
    if seen <= len(pairs.change_m_s) // 2:
        return np.inf
    cost = sum(count * np.log(rest / count + 1e-12) for count, rest, _ in fits)
    return float(cost * len(pairs.change_m_s) / seen)


def _fits(pairs: _Pairs, offset_s: float) -> list[tuple[int, float, float]]:
    """Return count, residual and total sum of squares of each piece at an offset."""
    felt, inside = pairs.felt(offset_s), _inside(pairs, offset_s)
    fits = []
    for _, piece in _pieces(pairs):
        here = piece & inside
        if here.sum() >= _LEAST_PAIRS:
            _, rest = _regress(felt[here], pairs.change_m_s[here])
            varied = float(here.sum() * pairs.change_m_s[here].var())
            fits.append((int(here.sum()), float(rest @ rest), max(varied, 1e-12)))
    return fits


def _by_chance(fits: Sequence[tuple[int, float, float]], offsets: int) -> bool:
    """Tell whether the best of so many offsets would fit noise as well (likelihood ratio, two coefficients)."""
    gain = max((n / BASE_S * np.log(varied / max(rest, 1e-12)) for n, rest, varied in fits), default=0.0)
    return bool(gain < 2 * np.log(offsets / _CHANCE))


def _inside(pairs: _Pairs, offset_s: float) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (pairs.start_s + offset_s >= pairs.t_s[0]) & (
        pairs.end_s + offset_s <= pairs.t_s[-1]
    )
    return inside


def _regress(felt: Floats, change: Floats) -> tuple[Floats, Floats]:
    """Least squares with a constant (bias and grade); return the two coefficients and the residuals."""
    centred = felt - felt.mean(axis=0)
    moved = change - change.mean()
    normal = centred.T @ centred + 1e-9 * np.eye(2)
    slope: Floats = np.linalg.solve(normal, centred.T @ moved)
    return slope, moved - centred @ slope


def _heading(pairs: _Pairs, offset_s: float, k: int, base: Floats) -> Floats | None:
    here = (pairs.piece == k) & _inside(pairs, offset_s)
    if here.sum() < _LEAST_PAIRS:
        return None
    slope, rest = _regress(pairs.felt(offset_s, here), pairs.change_m_s[here])
    if rest @ rest > (1 - _LEAST_SHARE) * len(rest) * pairs.change_m_s[here].var():
        return None
    ahead: Floats = slope @ base
    return ahead / np.linalg.norm(ahead)


def _jump(pairs: _Pairs, offset_s: float, trial: Floats) -> Jump | None:
    """Return the jump of a clock where one explains far more than a steady offset."""
    slope = {k: _regress(pairs.felt(offset_s)[h], pairs.change_m_s[h])[0] for k, h in _pieces(pairs)}
    ahead = np.stack([slope.get(int(k), np.zeros(2)) for k in pairs.piece])
    inside = np.all([_inside(pairs, offset) for offset in (trial[0], trial[-1])], axis=0)
    if inside.sum() <= 4 * _LEAST_PAIRS:
        return None
    felt = np.stack([(pairs.felt(offset) * ahead).sum(axis=1)[inside] for offset in trial])
    # the slope of a blurred fit is too small, so each offset is scaled to explain what it can
    change = pairs.change_m_s[inside] - pairs.change_m_s[inside].mean()
    gain = np.maximum(1.0, (felt @ change) / np.maximum((felt**2).sum(axis=1), 1e-9))
    error = np.cumsum((change - felt * gain[:, None]) ** 2, axis=1)
    whole = error[:, -1].min()
    before, after = error.argmin(axis=0), (error[:, -1:] - error).argmin(axis=0)
    count = np.arange(error.shape[1])
    split = error[before, count] + error[after, -1] - error[after, count]
    split[: 2 * _LEAST_PAIRS] = split[-2 * _LEAST_PAIRS :] = np.inf
    cut = int(np.argmin(split))
    early, late = float(trial[before[cut]]), float(trial[after[cut]])
    score = (whole - split[cut]) / max(split[cut], 1e-9) * len(count) / BASE_S
    if abs(late - early) < _JUMP_S or score < _JUMP_SCORE:
        return None
    possible = np.flatnonzero(split <= split[cut] * (1 + _THREE_SIGMA * BASE_S / len(count)))
    return Jump(
        at_s=float(pairs.end_s[inside][cut]),
        from_s=float(pairs.start_s[inside][possible[0]]),
        to_s=float(pairs.end_s[inside][possible[-1]]),
        early_s=early,
        late_s=late,
    )


def _pieces(pairs: _Pairs) -> list[tuple[int, NDArray[np.bool_]]]:
    return [(int(k), pairs.piece == k) for k in np.unique(pairs.piece) if (pairs.piece == k).sum() > 5]
