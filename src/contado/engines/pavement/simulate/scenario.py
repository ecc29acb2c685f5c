"""Simulated drives over one route: several cars, several passes, one road, all files of a campaign."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from contado.engines.pavement.cars.vehicles import NOMINAL_CAR
from contado.engines.pavement.simulate import drive as driving
from contado.engines.pavement.simulate import invented, town
from contado.engines.pavement.simulate.drive import DriveStyle
from contado.engines.pavement.simulate.files import hashes, staged, write_csv, write_json, write_recording
from contado.engines.pavement.simulate.path import Path, geojson
from contado.engines.pavement.simulate.random import stream
from contado.engines.pavement.simulate.record import Devices, Vehicle, fleet, record
from contado.engines.pavement.simulate.road import (
    Road,
    from_profile,
    iri_levels,
    random_road,
    scatter,
    sided,
    wheel_tracks,
)
from contado.engines.pavement.simulate.sensor import Accelerometer, Gnss
from contado.engines.pavement.simulate.truth import write_truth
from contado.kernel.errors import DataError, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.engines.pavement.cars.vehicles import QuarterCar
    from contado.engines.pavement.simulate.car import DryFriction
    from contado.kernel.progress import Progress

    Array = NDArray[np.float64]

__all__ = ["FIRST_DAY", "Scenario", "Simulation", "drives", "moment", "warm"]

FIRST_DAY = date(2026, 3, 2)
_DAYS_BETWEEN_PASSES = 9
_DAYS_BETWEEN_CARS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is simulated; every default is what ``contado pavement simulate`` does.

    ``iso_class`` one class along the whole road, or None: levels of 100 m by a log random walk;
    ``profile`` (x [m], y [m]) drives over that road instead; ``speed_kmh`` constant speed, or None: speed
    by road class, traffic and stops; ``network``, ``route`` files, or ``city`` the small town, or neither:
    an invented road about ``centre`` (lon, lat) [deg]; ``track_coherence_m`` two wheel paths with that
    coherence length [m], for roll: most holes then lie in one of them.
    """

    iso_class: str | None = None
    waviness: float = 2.0
    profile: tuple[Array, Array] | None = None
    speed_kmh: float | None = None
    model: Literal["quarter", "half"] = "quarter"
    vehicle: QuarterCar | None = None
    friction: DryFriction | None = None
    mount_euler_zyx_deg: tuple[float, float, float] | None = None
    potholes: int | None = None
    bumps: int | None = None
    manholes: int | None = None
    enveloping: bool = True
    track_coherence_m: float | None = None
    write_profile: bool = False
    network: FilePath | None = None
    route: FilePath | None = None
    city: bool = False
    centre: tuple[float, float] = invented.CENTRE
    first_day: date = FIRST_DAY
    accelerometer: Accelerometer = field(default_factory=Accelerometer)
    gnss: Gnss = field(default_factory=Gnss)
    style: DriveStyle = field(default_factory=DriveStyle)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What was written: the folder, (path, sha256) of its files, the cars, mean true IRI [m/km]."""

    folder: FilePath
    seed: int
    files: tuple[tuple[str, str], ...]
    vehicles: tuple[Vehicle, ...]
    iri_mean_m_km: float | None
    compute_s: float
    label: Literal["simulated"] = "simulated"


def drives(
    folder: str | FilePath,
    *,
    seed: int = 0,
    length_m: float = 4000.0,
    vehicles: int = 2,
    passes: int = 3,
    scenario: Scenario | None = None,
    progress: Progress | None = None,
) -> Simulation:
    """Simulate ``vehicles`` x ``passes`` drives over one road and write them to a new folder.

    Parameters
    ----------
    folder
        Absent or empty.
    seed
        Same seed, same bytes; a further pass or car changes nothing of the others.
    length_m
        Length of an invented road or of the drive through the town [m].
    vehicles, passes
        Numbers of cars and of passes of each.
    scenario
        Everything else.
    progress
        Called after each drive.

    Raises
    ------
    UsageError
        ``out_not_empty``, ``unknown_choice``, ``too_many_anomalies``; network without route or the reverse.
    DataError
        The profile is no profile or longer than the route, or the network cannot be read.
    """
    plan = scenario or Scenario()
    _check(plan)
    clock = time.perf_counter()
    with staged(FilePath(folder)) as stage:
        path, road = _place(plan, seed, length_m, stage)
        clock += warm()
        cars = fleet(seed, vehicles, model=plan.model, fixed=plan.vehicle, mount=plan.mount_euler_zyx_deg)
        tracks = _tracks(plan, road, seed)
        cells = write_truth(stage, tracks, road.anomalies, path)
        _write_drives(stage, plan, seed, path, tracks, cars, passes, progress)
        if plan.write_profile:
            rows = zip(road.x_m.tolist(), road.elevation_m().tolist(), strict=True)
            write_csv(stage / "profile.csv", ("x_m", "y_m"), [{"x_m": x, "y_m": y} for x, y in rows])
        write_json(stage / "meta.json", _facts(plan, seed, path, road, cars), indent=1)
    return Simulation(
        folder=FilePath(folder),
        seed=seed,
        files=hashes(FilePath(folder)),
        vehicles=cars,
        iri_mean_m_km=float(np.mean(cells)) if cells else None,
        compute_s=time.perf_counter() - clock,
    )


def warm() -> float:
    """Compile, or load from disk, what every simulation runs; return the seconds that took.

    Called after the input has been checked, and taken off the seconds of the computation.
    """
    from contado.engines.pavement.profile.roughness_index import iri
    from contado.engines.pavement.simulate.car import respond

    clock = time.perf_counter()
    x, y = np.linspace(0.0, 15.0, 61), np.zeros(61)
    iri(x, y)
    respond(NOMINAL_CAR, y, 0.25, x, 0.001)
    return time.perf_counter() - clock


def _check(plan: Scenario) -> None:
    if (plan.network is None) != (plan.route is None):
        raise UsageError(
            "A network needs a route, and a route a network.",
            rule="bad_usage",
            hint="give both --network FILE and --route FILE, or neither",
            field="route" if plan.route is None else "network",
        )
    if plan.city and plan.network is not None:
        raise UsageError(
            "The town has its own network.",
            rule="bad_usage",
            hint="leave out --city or --network",
            field="city",
        )
    if plan.profile is not None and plan.iso_class is not None:
        raise UsageError(
            "A given profile has its own roughness.",
            rule="bad_usage",
            hint="leave out --iso-class or --profile",
            field="iso_class",
        )
    if plan.friction is not None and plan.model == "half":
        raise UsageError("Friction is for the quarter-car only.", rule="bad_usage", hint="use model quarter")


def _place(plan: Scenario, seed: int, length_m: float, stage: FilePath) -> tuple[Path, Road]:
    """Route and road, the road as long as what is driven; an invented network is written."""
    wanted = float(plan.profile[0][-1] - plan.profile[0][0]) if plan.profile is not None else length_m
    if plan.network is not None and plan.route is not None:
        from contado.kernel.territory import Network, Route

        path = Path.of_route(Route.read(plan.route, Network.from_file(plan.network)))
        wanted = wanted if plan.profile is not None else path.length_m
    elif plan.city:
        built = town.build(plan.centre, stream(seed, "shape"))
        path = Path.of_edges(built.tour(wanted), built.epsg)
        write_json(stage / "network.geojson", geojson(built.edges, built.epsg))
        wanted = wanted if plan.profile is not None else min(wanted, path.length_m)
    else:
        road_edges, sides, epsg = invented.winding_road(wanted, plan.centre, stream(seed, "shape"))
        path = Path.of_edges(road_edges, epsg)
        write_json(stage / "network.geojson", geojson([*road_edges, *sides], epsg))
    if wanted > path.length_m + 1e-6:
        raise DataError(
            f"The profile is {wanted:g} m long, the route {path.length_m:g} m.",
            rule="profile_longer_than_route",
            hint="give a longer route or a part of the profile",
            field="profile",
        )
    return path, _road(plan, seed, wanted)


def _road(plan: Scenario, seed: int, length_m: float) -> Road:
    counts = {"pothole": plan.potholes, "speed_bump": plan.bumps, "manhole": plan.manholes}
    if plan.profile is not None:
        road = from_profile(*plan.profile)
        counts = {kind: number or 0 for kind, number in counts.items()}
    else:
        levels = None if plan.iso_class else iri_levels(length_m, stream(seed, "levels"))
        road = random_road(
            length_m,
            stream(seed, "road"),
            iso_class=plan.iso_class,
            levels_m_km=levels,
            waviness=plan.waviness,
        )
    found = scatter(road.length_m, counts, stream(seed, "anomalies"))
    if plan.track_coherence_m is not None:
        found = sided(found, stream(seed, "side"))
    return road.with_anomalies(*found)


def _tracks(plan: Scenario, road: Road, seed: int) -> list[Road]:
    if plan.track_coherence_m is None:
        return [road]
    return list(wheel_tracks(road, stream(seed, "road", 2), plan.track_coherence_m))


def _write_drives(
    stage: FilePath,
    plan: Scenario,
    seed: int,
    path: Path,
    tracks: list[Road],
    cars: tuple[Vehicle, ...],
    passes: int,
    progress: Progress | None,
) -> None:
    under = [road.under_tyre_m(enveloping=plan.enveloping) for road in tracks]
    turning = path.turning(np.arange(0, tracks[0].length_m + 1, 1.0))
    devices = Devices(accelerometer=plan.accelerometer, gnss=plan.gnss, friction=plan.friction)
    facts = {"label": "simulated", "seed": seed}
    for done, (car, number) in enumerate(
        (c, n) for c in range(1, len(cars) + 1) for n in range(1, passes + 1)
    ):
        keys = (seed, car, number)
        if plan.speed_kmh is not None:
            motion = driving.constant(tracks[0].length_m, plan.speed_kmh)
        else:
            rng = stream(seed, "drive", car, number)
            motion = driving.plan(tracks[0].length_m, path.spans, turning, plan.style, rng)
        day = plan.first_day + timedelta(
            days=_DAYS_BETWEEN_PASSES * (number - 1) + _DAYS_BETWEEN_CARS * (car - 1)
        )
        start = moment(day, stream(seed, "date", car, number))
        vehicle = cars[car - 1]
        recording = record(f"{vehicle.name}_pass{number}", path, under, motion, vehicle, devices, start, keys)
        write_recording(stage, recording, facts)
        if progress is not None:
            progress("simulate", done + 1, len(cars) * passes)


def moment(day: date, rng: np.random.Generator) -> datetime:
    """Return a moment between 7 and 17 h UTC of a day, on a whole minute."""
    return datetime(day.year, day.month, day.day, 7, tzinfo=UTC) + timedelta(
        minutes=int(rng.integers(0, 600))
    )


def _facts(plan: Scenario, seed: int, path: Path, road: Road, cars: tuple[Vehicle, ...]) -> dict[str, Any]:
    """Content of meta.json: what was simulated and with which truth."""
    return {
        "label": "simulated",
        "seed": seed,
        "route_length_m": path.length_m,
        "road_length_m": road.length_m,
        "iso_class": plan.iso_class,
        "enveloping": plan.enveloping,
        "model": plan.model,
        "vehicles": {car.name: car.facts() for car in cars},
        "fs_hz": plan.accelerometer.fs_hz,
        "acc_noise_m_s2": plan.accelerometer.noise_m_s2,
        "acc_bias_m_s2": plan.accelerometer.bias_m_s2,
        "clock_offset_s": plan.accelerometer.clock_offset_s,
        "gnss_sigma_m": plan.gnss.sigma_m,
        "gnss_ar1": plan.gnss.rho,
    }
