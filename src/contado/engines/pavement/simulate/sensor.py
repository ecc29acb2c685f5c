"""What a car's devices report of a drive: accelerometer in any mount, GNSS with correlated error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Accelerometer", "Fixes", "Gnss", "Remount", "fixes", "mount_matrix", "readings", "sample_times"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remount:
    """The device is put back in another attitude at ``t_s`` [s] of the drive."""

    t_s: float
    mount_euler_zyx_deg: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerometer:
    """A device: rate [Hz], noise and bias [m/s2], range and resolution [m/s2], clock, lost samples.

    ``clock_offset_s`` is added to its time stamps and ``clock_drift_ppm`` stretches them; ``lost_share`` of
    the samples is missing; ``gyroscope`` adds three rates [rad/s] with ``gyro_noise_rad_s``.
    """

    fs_hz: float = 100.0
    noise_m_s2: float = 0.04
    bias_m_s2: float = 0.03
    range_m_s2: float | None = None
    resolution_m_s2: float | None = None
    clock_offset_s: float = 0.0
    clock_drift_ppm: float = 0.0
    lost_share: float = 0.0
    remount: Remount | None = None
    gyroscope: bool = False
    gyro_noise_rad_s: float = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Gnss:
    """A receiver: standard deviation by axis [m] with correlation ``rho`` a second, speed noise [m/s].

    ``outages_s`` are (from, to) without fixes; ``wrong_street`` are (from, to, metres to the left) in which
    the position is off sideways, as between tall buildings.
    """

    sigma_m: float = 3.0
    rho: float = 0.9
    speed_noise_m_s: float = 0.1
    rate_hz: float = 1.0
    outages_s: tuple[tuple[float, float], ...] = ()
    wrong_street: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixes:
    """Errors and times of the fixes, (m,): ``t_s``, ``east_m``, ``north_m``, ``speed_error_m_s``, ``hdop``."""

    t_s: Array
    east_m: Array
    north_m: Array
    left_m: Array
    speed_error_m_s: Array
    hdop: Array = field(repr=False)


def mount_matrix(z_deg: float, y_deg: float, x_deg: float) -> Array:
    """Return M (3, 3): rotation about the fixed axes z, y, x by the three angles in this order.

    Body axes are x ahead, y left, z up; sensor = M body. For angles (a, b, c) gravity reads
    (sin b, -sin c cos b, cos c cos b).

    Examples
    --------
    >>> np.round(mount_matrix(10, 30, 0) @ [0, 0, 1], 4).tolist()
    [0.5, 0.0, 0.866]
    """
    a, b, c = np.radians([z_deg, y_deg, x_deg])
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    matrix: Array = about_x @ about_y @ about_z
    return matrix


def sample_times(duration_s: float, fs_hz: float) -> Array:
    """Return the true times of the samples [s] from 0."""
    return np.arange(int(duration_s * fs_hz + 1e-9) + 1) / fs_hz


def readings(
    t_s: Array,
    force_m_s2: Array,
    rates_rad_s: Array,
    mount: tuple[float, float, float],
    device: Accelerometer,
    rng: np.random.Generator,
) -> dict[str, Array]:
    """Return the columns of the accelerometer file: t_s, ax, ay, az and, with a gyroscope, gx, gy, gz.

    Parameters
    ----------
    t_s
        True times [s], (n,).
    force_m_s2
        Specific force in body axes, gravity included [m/s2], (n, 3).
    rates_rad_s
        Rotation in body axes [rad/s], (n, 3).
    mount
        Angles of `mount_matrix` [deg].
    device
        The device.
    rng
        Its noise.
    """
    bias = rng.normal(0, 1, 3) * device.bias_m_s2
    noise = rng.standard_normal((t_s.size, 3)) * device.noise_m_s2
    read = _mounted(t_s, force_m_s2, mount, device) + bias + noise
    if device.range_m_s2 is not None:
        read = np.clip(read, -device.range_m_s2, device.range_m_s2)
    if device.resolution_m_s2 is not None:
        read = np.round(read / device.resolution_m_s2) * device.resolution_m_s2
    stamps = t_s * (1 + device.clock_drift_ppm * 1e-6) + device.clock_offset_s
    columns = {"t_s": stamps, "ax": read[:, 0], "ay": read[:, 1], "az": read[:, 2]}
    if device.gyroscope:
        turned = _mounted(t_s, rates_rad_s, mount, device)
        turned = turned + rng.standard_normal(turned.shape) * device.gyro_noise_rad_s
        columns |= {"gx": turned[:, 0], "gy": turned[:, 1], "gz": turned[:, 2]}
    if device.lost_share > 0:
        kept = rng.random(t_s.size) >= device.lost_share
        columns = {name: values[kept] for name, values in columns.items()}
    return columns


def _mounted(t_s: Array, body: Array, mount: tuple[float, float, float], device: Accelerometer) -> Array:
    read: Array = body @ mount_matrix(*mount).T
    if device.remount is not None:
        after = t_s >= device.remount.t_s
        read[after] = body[after] @ mount_matrix(*device.remount.mount_euler_zyx_deg).T
    return read


def fixes(duration_s: float, device: Gnss, rng: np.random.Generator) -> Fixes:
    """Return times and errors of the fixes of a drive; the error of each axis is a first-order autoregression."""
    t = np.arange(int(duration_s * device.rate_hz + 1e-9) + 1) / device.rate_hz
    rho = device.rho ** (1 / device.rate_hz)
    white = rng.standard_normal((t.size, 2)) * device.sigma_m
    error = np.empty_like(white)
    previous = white[0]
    for i, new in enumerate(white):
        previous = new if i == 0 else rho * previous + np.sqrt(1 - rho**2) * new
        error[i] = previous
    left = np.zeros(t.size)
    for from_s, to_s, offset in device.wrong_street:
        left[(t >= from_s) & (t < to_s)] = offset
    kept = np.ones(t.size, dtype=bool)
    speed_error = rng.standard_normal(t.size) * device.speed_noise_m_s
    hdop = np.round(rng.uniform(0.8, 1.6, t.size), 1)
    for from_s, to_s in device.outages_s:
        kept &= (t < from_s) | (t >= to_s)
    return Fixes(
        t_s=t[kept],
        east_m=error[kept, 0],
        north_m=error[kept, 1],
        left_m=left[kept],
        speed_error_m_s=speed_error[kept],
        hdop=hdop[kept],
    )
