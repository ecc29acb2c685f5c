"""One simulated drive: car, devices and route put together, and the two files it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.engines.pavement.cars.half_car import HalfCar
from contado.engines.pavement.cars.roll import ORDINARY_ROLL, RollBody
from contado.engines.pavement.cars.vehicles import NOMINAL_CAR, QuarterCar
from contado.engines.pavement.simulate.car import GRAVITY_M_S2, Response, respond, steps_per_sample
from contado.engines.pavement.simulate.random import stream
from contado.engines.pavement.simulate.sensor import Accelerometer, Gnss, fixes, readings, sample_times

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from contado.engines.pavement.simulate.car import DryFriction
    from contado.engines.pavement.simulate.drive import Motion
    from contado.engines.pavement.simulate.path import Path

    Array = NDArray[np.float64]

__all__ = ["Devices", "Recording", "Vehicle", "fleet", "record"]

_METRES_PER_DEGREE: Final = np.pi / 180 * 6_371_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A car of the simulated fleet, with its true parameters and the attitude of its device [deg]."""

    name: str
    quarter: QuarterCar
    mount_euler_zyx_deg: tuple[float, float, float]
    half: HalfCar | None = None
    roll: RollBody = ORDINARY_ROLL

    def facts(self) -> dict[str, Any]:
        """What meta.json says of it."""
        return {
            "k1": self.quarter.k1,
            "k2": self.quarter.k2,
            "c": self.quarter.c,
            "mu": self.quarter.mu,
            "mount_euler_zyx_deg": list(self.mount_euler_zyx_deg),
            "model": "half" if self.half else "quarter",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """What records: accelerometer, receiver, and whether the car has dry friction."""

    accelerometer: Accelerometer
    gnss: Gnss
    friction: DryFriction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A drive as its files hold it: columns of the accelerometer file, text of the GNSS file."""

    name: str
    accelerometer: dict[str, Array]
    gnss_csv: str


def fleet(
    seed: int,
    count: int,
    *,
    model: str = "quarter",
    fixed: QuarterCar | None = None,
    mount: tuple[float, float, float] | None = None,
) -> tuple[Vehicle, ...]:
    """Return ``count`` cars: within 20 % of the nominal car, devices mounted anyhow, unless given."""
    return tuple(_vehicle(seed, number, model, fixed, mount) for number in range(1, count + 1))


def _vehicle(
    seed: int,
    number: int,
    model: str,
    fixed: QuarterCar | None,
    mount: tuple[float, float, float] | None,
) -> Vehicle:
    rng = stream(seed, "vehicle", number)
    k1, k2, c, mu = rng.uniform(0.8, 1.2, 4)
    drawn = QuarterCar(
        k1=NOMINAL_CAR.k1 * float(k1),
        k2=NOMINAL_CAR.k2 * float(k2),
        c=NOMINAL_CAR.c * float(1 + (c - 1) / 2),
        mu=NOMINAL_CAR.mu * float(1 + (mu - 1) / 4),
    )
    angles = (round(float(rng.uniform(-90, 90)), 2), *(round(float(v), 2) for v in rng.uniform(-25, 25, 2)))
    quarter = fixed or drawn
    return Vehicle(
        name=f"car{number}",
        quarter=quarter,
        mount_euler_zyx_deg=mount or (angles[0], angles[1], angles[2]),
        half=HalfCar(front=quarter, rear=quarter) if model == "half" else None,
    )


def record(
    name: str,
    path: Path,
    tracks: Sequence[tuple[Array, float]],
    motion: Motion,
    vehicle: Vehicle,
    devices: Devices,
    start: datetime,
    seeds: Sequence[int],
) -> Recording:
    """Drive once over a route and return what the devices report.

    Parameters
    ----------
    name
        Name of the drive (VEHICLE_passN).
    path
        The route.
    tracks
        Elevation under the tyres [m] and its spacing [m], of one wheel path or of both (left, right).
    motion
        How the car moves.
    vehicle, devices
        Car and devices.
    start
        UTC time of the first sample.
    seeds
        Seed and keys of this drive (seed, vehicle, pass ...).
    """
    device = devices.accelerometer
    t = sample_times(motion.duration_s, device.fs_hz)
    force, rates = _body(path, tracks, motion, vehicle, devices, t)
    seed, *keys = seeds
    columns = readings(t, force, rates, vehicle.mount_euler_zyx_deg, device, stream(seed, "sensor", *keys))
    text = _gnss_csv(path, motion, devices.gnss, start, stream(seed, "gnss", *keys))
    return Recording(name=name, accelerometer=columns, gnss_csv=text)


def _body(
    path: Path,
    tracks: Sequence[tuple[Array, float]],
    motion: Motion,
    vehicle: Vehicle,
    devices: Devices,
    t: Array,
) -> tuple[Array, Array]:
    """Specific force [m/s2] and rotation [rad/s] in body axes at the samples, (n, 3) each."""
    device = devices.accelerometer
    stride = steps_per_sample(device.fs_hz)
    step = 1 / (device.fs_hz * stride)
    steps = np.asarray(step * np.arange((t.size - 1) * stride + 1), dtype=np.float64)
    chainage = motion.at(steps)[0]
    drive = partial(respond, chainage_m=chainage, step_s=step, stride=stride, friction=devices.friction)
    body, roll = (_apart if devices.friction else _together)(tracks, vehicle, drive)
    _, speed, ahead = motion.at(t)
    turning = path.turning(chainage[::stride])
    force = np.column_stack([ahead, speed**2 * turning, GRAVITY_M_S2 + body.acceleration_m_s2])
    return force, np.column_stack([roll, -body.pitch_rad_s, speed * turning])


def _together(
    tracks: Sequence[tuple[Array, float]], vehicle: Vehicle, drive: Callable[..., Response]
) -> tuple[Response, Array]:
    """Return what the sensor feels and the roll rate, left side up [rad/s], of a linear car."""
    (left, dx), (right, _) = tracks[0], tracks[-1]
    car = vehicle.half or vehicle.quarter
    middle = drive(car, (left + right) / 2, dx)
    if len(tracks) == 1:
        return middle, np.zeros_like(middle.velocity_m_s)
    lean = drive(vehicle.roll.of(car), (left - right) / 2, dx)
    share = vehicle.roll.sensor_left_m / vehicle.roll.lever_m
    felt = Response(
        middle.acceleration_m_s2 + share * lean.acceleration_m_s2,
        middle.velocity_m_s + share * lean.velocity_m_s,
        middle.pitch_rad_s,
    )
    return felt, lean.velocity_m_s / vehicle.roll.lever_m


def _apart(
    tracks: Sequence[tuple[Array, float]], vehicle: Vehicle, drive: Callable[..., Response]
) -> tuple[Response, Array]:
    """Return the same of two quarter-cars with dry friction, one under each side of the body."""
    sides = [drive(vehicle.quarter, y, dx) for y, dx in tracks]
    roll = (sides[0].velocity_m_s - sides[-1].velocity_m_s) / vehicle.roll.track_m
    return Response(*np.mean(sides, axis=0)), roll


def _gnss_csv(path: Path, motion: Motion, device: Gnss, start: datetime, rng: np.random.Generator) -> str:
    seen = fixes(motion.duration_s, device, rng)
    chainage, speed, _ = motion.at(seen.t_s)
    lon, lat = path.lonlat(chainage)
    east, north = _with_offset(path, chainage, seen.left_m, seen.east_m, seen.north_m)
    lat_out = lat + north / _METRES_PER_DEGREE
    lon_out = lon + east / (_METRES_PER_DEGREE * np.cos(np.radians(lat)))
    shown = np.maximum(speed + seen.speed_error_m_s, 0.0)
    lines = ["t_s,time_utc,lon,lat,speed_m_s,hdop,truth_chainage_m"]
    for t, x, y, v, h, s in zip(
        seen.t_s.tolist(),
        lon_out.tolist(),
        lat_out.tolist(),
        shown.tolist(),
        seen.hdop.tolist(),
        chainage.tolist(),
        strict=True,
    ):
        lines.append(f"{round(t, 3)},{_utc(start, t)},{x:.7f},{y:.7f},{v:.2f},{h:.1f},{s:.2f}")
    return "\n".join(lines) + "\n"


def _utc(start: datetime, t_s: float) -> str:
    moment = start + timedelta(seconds=t_s)
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


def _with_offset(path: Path, chainage: Array, left: Array, east: Array, north: Array) -> tuple[Array, Array]:
    """Add a shift to the left of the direction of travel, as of a neighbouring street."""
    if not np.any(left):
        return east, north
    behind, ahead = (path.lonlat(chainage + d) for d in (-5.0, 5.0))
    dx = (ahead[0] - behind[0]) * np.cos(np.radians(ahead[1]))
    dy = ahead[1] - behind[1]
    norm = np.maximum(np.hypot(dx, dy), 1e-12)
    return east - left * dy / norm, north + left * dx / norm
