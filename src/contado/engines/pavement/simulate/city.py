"""A season of survey drives through the small town: every street a section, roads that age and are repaired."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from contado.engines.pavement.simulate import drive as driving
from contado.engines.pavement.simulate import invented, town
from contado.engines.pavement.simulate.drive import DriveStyle
from contado.engines.pavement.simulate.files import hashes, staged, write_csv, write_json, write_recording
from contado.engines.pavement.simulate.path import Path, geojson
from contado.engines.pavement.simulate.random import stream
from contado.engines.pavement.simulate.record import Devices, Vehicle, fleet, record
from contado.engines.pavement.simulate.road import Anomaly, Road, iri_levels, random_road, scatter
from contado.engines.pavement.simulate.scenario import FIRST_DAY, moment, warm
from contado.engines.pavement.simulate.sensor import Accelerometer, Gnss
from contado.engines.pavement.simulate.truth import ROUTE_COLUMNS, iri_rows, write_truth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contado.engines.pavement.simulate.town import Section, Town
    from contado.kernel.progress import Progress

__all__ = ["CityDrives", "Work", "city_drives"]

SECTION_COLUMNS: Final = (
    "section_id",
    "road_code",
    "name",
    "highway",
    "length_m",
    "width_m",
    "surface",
    "built_on",
    "aadt",
    "heavy_share",
    "accident_rate",
    "hydro_risk",
)

_STARTING_IRI: Final = (1.4, 6.8, 2.1, 3.1, 4.6, 1.7, 2.7, 5.6)
"""Roughness [m/km] that streets begin with, in turn: from new to worn out, so that all classes appear."""

_BORN_SHARE, _PATCHED_SHARE = 0.3, 0.2
"""Shares of the potholes that open during the season and that are patched before its last drives."""

_DAYS_PER_YEAR: Final = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A resurfacing: ``section_id``, ``from_m``, ``to_m`` [m], the day, roughness on that day [m/km]; it grows again."""

    section_id: str
    from_m: float
    to_m: float
    day: date
    iri_m_km: float = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class CityDrives:
    """What was written: folder, files with sha256, sections, cars, length of the streets [km]."""

    folder: FilePath
    seed: int
    files: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    vehicles: tuple[Vehicle, ...]
    streets_km: float
    compute_s: float
    label: Literal["simulated"] = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Life:
    """An anomaly with the days it appears and is patched (None: was there before, is there still)."""

    anomaly: Anomaly
    born: date | None = None
    patched: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Street:
    """A section with its route, its road as of the first day, its anomalies and works."""

    section: Section
    path: Path
    road: Road
    lives: tuple[_Life, ...]
    works: tuple[Work, ...]
    first_day: date
    growth_per_y: float
    hole_growth_per_y: float

    def at(self, day: date) -> Road:
        """The road on a day: aged, resurfaced, with the anomalies of that day; a new surface ages from its own day."""
        present = [
            life.anomaly
            for life in self.lives
            if (life.born is None or life.born <= day) and (life.patched is None or day < life.patched)
        ]
        years = _years(self.first_day, day)
        road = self.road.with_anomalies(*present).aged(years, self.growth_per_y, self.hole_growth_per_y)
        for work in sorted(self.works, key=lambda w: w.day):
            if work.day <= day:
                iri_m_km = work.iri_m_km * float(np.exp(self.growth_per_y * _years(work.day, day)))
                road = road.resurfaced(work.from_m, min(work.to_m, road.length_m), iri_m_km)
        return road


def _years(since: date, until: date) -> float:
    return (until - since).days / _DAYS_PER_YEAR


def city_drives(  # noqa: PLR0913 - each is one fact of the season, named by the caller
    folder: str | FilePath,
    *,
    seed: int = 0,
    center: tuple[float, float] = invented.CENTRE,
    vehicles: int = 2,
    passes: int = 3,
    start: date = FIRST_DAY,
    interval_days: int = 30,
    growth_per_y: float = 0.06,
    hole_growth_per_y: float = 1.0,
    works: Sequence[Work] = (),
    fs_hz: float = 100.0,
    progress: Progress | None = None,
) -> CityDrives:
    """Simulate a season of drives over every street of the small town and write them to a new folder.

    The folder holds ``network.geojson``, ``sections.csv`` (attributes of a road cadastre), ``routes.csv``
    (edges of every section), ``truth_iri_100m.csv`` (by section and day of a pass), ``truth_anomalies.csv``
    (with the days they appear and are patched), ``meta.json`` and, for each section, ``drives/ID/`` with
    the files of `drives`: accelerations and fixes of every car and pass, and the truth of the last day.

    Parameters
    ----------
    folder, seed
        Absent or empty; same seed, same bytes.
    center
        Longitude and latitude of the town [deg].
    vehicles, passes, start, interval_days
        Every car drives every section ``passes`` times, the first on ``start``, then every so many days.
    growth_per_y, hole_growth_per_y
        Yearly growth of log roughness, and of log depth of potholes.
    works
        Resurfacings during the season.
    fs_hz
        Rate of the accelerometers [Hz].
    progress
        Called after each section.
    """
    clock = time.perf_counter()
    built = town.build(center, stream(seed, "shape"))
    cars = fleet(seed, vehicles)
    days = [start + timedelta(days=interval_days * n) for n in range(passes)]
    aging = {"growth_per_y": growth_per_y, "hole_growth_per_y": hole_growth_per_y}
    streets = [
        _street(number, section, built, seed, days, works, aging)
        for number, section in enumerate(built.sections, start=1)
    ]
    devices = Devices(accelerometer=Accelerometer(fs_hz=fs_hz), gnss=Gnss())
    facts = _facts(seed, days, cars, devices)
    with staged(FilePath(folder)) as stage:
        clock += warm()
        _write_town(stage, built, streets, days, facts)
        for number, street in enumerate(streets, start=1):
            _write_street(stage, street, (seed, number), cars, days, devices, facts)
            if progress is not None:
                progress("simulate", number, len(streets))
    return CityDrives(
        folder=FilePath(folder),
        seed=seed,
        files=hashes(FilePath(folder)),
        sections=built.sections,
        vehicles=cars,
        streets_km=built.streets_km,
        compute_s=time.perf_counter() - clock,
    )


def _street(
    number: int,
    section: Section,
    built: Town,
    seed: int,
    days: Sequence[date],
    works: Sequence[Work],
    aging: dict[str, float],
) -> _Street:
    path = Path.of_edges(section.edges, built.epsg)
    first = _STARTING_IRI[(number - 1) % len(_STARTING_IRI)]
    levels = iri_levels(path.length_m, stream(seed, "levels", number), start_m_km=first, step=0.1)
    road = random_road(path.length_m, stream(seed, "road", number), levels_m_km=levels)
    holes = round(2.2 * path.length_m / 1000 * (first / 3.0))
    bumps = {"speed_bump": 0} if section.highway in {"primary", "secondary"} else {}
    anomalies = scatter(path.length_m, {"pothole": holes, **bumps}, stream(seed, "anomalies", number))
    own = tuple(w for w in works if w.section_id == section.section_id)
    lives = _lives(anomalies, days, stream(seed, "history", number))
    return _Street(
        section=section,
        path=path,
        road=road,
        lives=tuple(ended for life in lives if (ended := _until_works(life, own)) is not None),
        works=own,
        first_day=days[0],
        **aging,
    )


def _lives(anomalies: Sequence[Anomaly], days: Sequence[date], rng: np.random.Generator) -> list[_Life]:
    """Some potholes open between the first and the second pass, some are patched before the last one."""
    lives = []
    for anomaly in anomalies:
        chance, life = float(rng.random()), _Life(anomaly=anomaly)
        if anomaly.kind == "pothole" and len(days) > 1:
            if chance < _BORN_SHARE:
                life = replace(life, born=days[0] + (days[1] - days[0]) * 2 / 3)
            elif chance < _BORN_SHARE + _PATCHED_SHARE:
                life = replace(life, patched=days[-1] - (days[-1] - days[-2]) / 3)
        lives.append(life)
    return lives


def _until_works(life: _Life, works: Sequence[Work]) -> _Life | None:
    """Return a hole patched on the day its surface is renewed at the latest; None if it would open only afterwards."""
    if life.anomaly.kind != "pothole":
        return life
    days = [w.day for w in works if w.from_m <= life.anomaly.chainage_m < w.to_m]
    if not days:
        return life
    if life.born is not None and life.born >= min(days):
        return None
    return replace(life, patched=min(*days, life.patched or date.max))


def _write_town(
    stage: FilePath, built: Town, streets: Sequence[_Street], days: Sequence[date], facts: dict[str, Any]
) -> None:
    write_json(stage / "network.geojson", geojson(built.edges, built.epsg))
    write_json(stage / "meta.json", facts, indent=1)
    _write_sections(stage, streets)
    _write_history(stage, streets, days)


def _write_sections(stage: FilePath, streets: Sequence[_Street]) -> None:
    sections = [
        {c: getattr(s.section, c, "asphalt") for c in SECTION_COLUMNS} | {"length_m": s.path.length_m}
        for s in streets
    ]
    routes = [
        {"section_id": s.section.section_id, "road_code": s.section.road_code, **row}
        for s in streets
        for row in s.path.route
    ]
    write_csv(stage / "sections.csv", SECTION_COLUMNS, sections)
    write_csv(stage / "routes.csv", ("section_id", "road_code", *ROUTE_COLUMNS), routes)


def _write_history(stage: FilePath, streets: Sequence[_Street], days: Sequence[date]) -> None:
    cells = [
        {"section_id": s.section.section_id, "date": day.isoformat(), **row}
        for s in streets
        for day in days
        for row in iri_rows([s.at(day)], s.path)
    ]
    columns = ("section_id", "date", "from_m", "to_m", "iri_m_km", "lon", "lat")
    write_csv(stage / "truth_iri_100m.csv", columns, cells)
    found = [_life_row(s, life) for s in streets for life in s.lives]
    columns = ("section_id", "kind", "chainage_m", "length_m", "height_mm", "appears_on", "patched_on")
    write_csv(stage / "truth_anomalies.csv", columns, found)


def _life_row(street: _Street, life: _Life) -> dict[str, Any]:
    return {
        "section_id": street.section.section_id,
        "kind": life.anomaly.kind,
        "chainage_m": life.anomaly.chainage_m,
        "length_m": life.anomaly.length_m,
        "height_mm": life.anomaly.height_mm,
        "appears_on": life.born,
        "patched_on": life.patched,
    }


def _write_street(
    stage: FilePath,
    street: _Street,
    keys: tuple[int, int],
    cars: Sequence[Vehicle],
    days: Sequence[date],
    devices: Devices,
    facts: dict[str, Any],
) -> None:
    """Write one section's folder: all cars and passes, each over the road of its day."""
    folder = stage / "drives" / street.section.section_id
    folder.mkdir(parents=True)
    write_json(folder / "meta.json", {**facts, "section_id": street.section.section_id}, indent=1)
    last = street.at(days[-1])
    write_truth(folder, [last], last.anomalies, street.path)
    turning = street.path.turning(np.arange(0, street.path.length_m + 1, 1.0))
    seed, number = keys
    for n, day in enumerate(days, start=1):
        road = street.at(day)
        under = [road.under_tyre_m()]
        for c, car in enumerate(cars, start=1):
            rng = stream(seed, "drive", number, c, n)
            motion = driving.plan(road.length_m, street.path.spans, turning, DriveStyle(), rng)
            start = moment(day, stream(seed, "date", number, c, n))
            name = f"{car.name}_pass{n}"
            recording = record(name, street.path, under, motion, car, devices, start, (seed, number, c, n))
            write_recording(folder, recording, {"label": "simulated", "seed": seed})


def _facts(seed: int, days: Sequence[date], cars: Sequence[Vehicle], devices: Devices) -> dict[str, Any]:
    return {
        "label": "simulated",
        "seed": seed,
        "days": [day.isoformat() for day in days],
        "vehicles": {car.name: car.facts() for car in cars},
        "fs_hz": devices.accelerometer.fs_hz,
        "acc_noise_m_s2": devices.accelerometer.noise_m_s2,
        "gnss_sigma_m": devices.gnss.sigma_m,
        "gnss_ar1": devices.gnss.rho,
    }
