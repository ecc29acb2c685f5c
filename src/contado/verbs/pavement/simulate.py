"""contado pavement simulate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, option
from contado.kernel.errors import Finding, UsageError

if TYPE_CHECKING:
    from contado.engines.pavement.simulate import Scenario, Simulation

__all__ = ["VERB", "SimulateAnswer", "SimulateRequest"]

# A limit stands on the value, not on its absence: Annotated[float, option(gt=0)] | None.
_Speed = Annotated[
    float, option("constant speed; without it by road class, traffic and stops", unit="kmh", gt=0, le=300)
]
_Car = Annotated[
    list[float],
    option("K1,K2,C,MU of every car; without it within 20 % of a nominal car", min_length=4, max_length=4),
]
_Mount = Annotated[
    list[float],
    option("Z,Y,X: angles of the device; without it any attitude [deg]", min_length=3, max_length=3),
]
_Centre = Annotated[
    list[float],
    option("LON,LAT of what is invented (default 8.93,45.42) [deg]", min_length=2, max_length=2),
]

_Coherence = Annotated[
    float,
    option("two wheel tracks, alike above this wavelength; most holes lie in one of them", unit="m", gt=0),
]


class SimulateRequest(Request, frozen=True, kw_only=True):
    """What is driven, with what, how often."""

    out: Annotated[Path, option("new or empty folder for the drives")]
    seed: Annotated[int, option("same seed, same bytes", ge=0)] = 0
    length_m: Annotated[float, option("length of the road", unit="m", ge=50)] = 4000.0
    iso_class: Annotated[
        Literal["A", "B", "C", "D", "E", "F", "G", "H"] | None,
        option("one ISO 8608 class along the whole road; without it levels of 100 m change at random"),
    ] = None
    profile: Annotated[
        Path | None,
        option("drive over this road (.csv, .txt, .parquet: x_m, y_m) instead of an invented one"),
    ] = None
    speed_kmh: _Speed | None = None
    model: Annotated[Literal["quarter", "half"], option("car model; half has pitch")] = "quarter"
    vehicle: _Car | None = None
    vehicles: Annotated[int, option("number of cars", ge=1, le=1000)] = 2
    passes: Annotated[int, option("passes of each car", ge=1, le=1000)] = 3
    fs_hz: Annotated[float, option("rate of the accelerometer", unit="hz", ge=10, le=10_000)] = 100.0
    noise_m_s2: Annotated[float, option("noise of each axis", unit="m_s2", ge=0)] = 0.04
    bias_m_s2: Annotated[float, option("spread of each axis's bias", unit="m_s2", ge=0)] = 0.03
    mount: _Mount | None = None
    gnss_sigma_m: Annotated[float, option("standard deviation of a fix by axis", unit="m", ge=0)] = 3.0
    potholes: Annotated[int, option("number; by default proportional to length", ge=0)] | None = None
    bumps: Annotated[int, option("number of speed bumps; as potholes", ge=0)] | None = None
    manholes: Annotated[int, option("number; as potholes", ge=0)] | None = None
    track_coherence_m: _Coherence | None = None
    gyroscope: Annotated[bool, option("the device also writes its turning rates gx, gy, gz")] = False
    enveloping: Annotated[bool, option("tyres bridge 250 mm")] = True
    write_profile: Annotated[bool, option("also write profile.csv, the road itself")] = False
    network: Annotated[Path | None, option("street network to drive on (with --route)")] = None
    route: Annotated[Path | None, option("route on the network: seq, way_id, from_node, to_node ...")] = None
    city: Annotated[bool, option("drive through a small invented town")] = False
    center: _Centre | None = None


class WrittenFile(msgspec.Struct, kw_only=True):
    """A file, its path within the folder, and its hash."""

    path: str
    sha256: str


class VehicleFacts(msgspec.Struct, kw_only=True):
    """A simulated car: its true parameters and the attitude of its device."""

    vehicle: str
    model: str
    k1: float
    k2: float
    c: float
    mu: float
    mount_euler_zyx_deg: list[float]


class SimulateAnswer(LabelledAnswer, kw_only=True):
    """What was written, and what it holds."""

    seed: int
    files: list[WrittenFile]
    vehicles: list[VehicleFacts]
    iri_mean_m_km: float | None
    compute_s: float


def _run(request: SimulateRequest, context: Context) -> SimulateAnswer:
    scenario, findings = _scenario(request)
    context.accept(findings)
    from contado.engines.pavement.simulate import drives

    done = drives(
        request.out,
        seed=request.seed,
        length_m=request.length_m,
        vehicles=request.vehicles,
        passes=request.passes,
        scenario=scenario,
        progress=context.progress,
    )
    return _answer(done, findings)


def _scenario(request: SimulateRequest) -> tuple[Scenario, list[Finding]]:
    """Read the profile, if any, and gather what the engine asks for."""
    from contado.engines.pavement.cars.vehicles import QuarterCar
    from contado.engines.pavement.profile.profile_file import read_profile
    from contado.engines.pavement.simulate import Accelerometer, Gnss, Scenario

    read = read_profile(request.profile) if request.profile else None
    car = QuarterCar(**_positive(request.vehicle)) if request.vehicle else None
    further: dict[str, Any] = {}
    if request.center:
        further["centre"] = (request.center[0], request.center[1])
    scenario = Scenario(
        iso_class=request.iso_class,
        profile=(read.x_m, read.y_m) if read else None,
        speed_kmh=request.speed_kmh,
        model=request.model,
        vehicle=car,
        mount_euler_zyx_deg=(request.mount[0], request.mount[1], request.mount[2]) if request.mount else None,
        potholes=request.potholes,
        bumps=request.bumps,
        manholes=request.manholes,
        track_coherence_m=request.track_coherence_m,
        enveloping=request.enveloping,
        write_profile=request.write_profile,
        network=request.network,
        route=request.route,
        city=request.city,
        accelerometer=Accelerometer(
            fs_hz=request.fs_hz,
            noise_m_s2=request.noise_m_s2,
            bias_m_s2=request.bias_m_s2,
            gyroscope=request.gyroscope,
        ),
        gnss=Gnss(sigma_m=request.gnss_sigma_m),
        **further,
    )
    return scenario, list(read.findings) if read else []


def _positive(values: list[float]) -> dict[str, float]:
    if any(not value > 0 for value in values):
        raise UsageError(
            f"vehicle: {','.join(f'{v:g}' for v in values)} is no car.",
            rule="bad_value",
            hint="give four positive numbers K1,K2,C,MU, such as 653,63.3,6,0.15 (the golden car)",
            field="vehicle",
        )
    return dict(zip(("k1", "k2", "c", "mu"), values, strict=True))


def _answer(done: Simulation, findings: list[Finding]) -> SimulateAnswer:
    return SimulateAnswer(
        label=done.label,
        seed=done.seed,
        files=[WrittenFile(path=path, sha256=sha256) for path, sha256 in done.files],
        vehicles=[VehicleFacts(vehicle=v.name, **v.facts()) for v in done.vehicles],
        iri_mean_m_km=done.iri_mean_m_km,
        compute_s=done.compute_s,
        findings=findings,
    )


VERB = Verb(
    name="pavement simulate",
    help="Simulate drives over an invented road",
    request=SimulateRequest,
    answer=SimulateAnswer,
    run=_run,
    extra="roads",
    needs=("numba",),
    examples=(
        "contado pavement simulate --out demo --seed 7 --length-m 5000",
        "contado pavement simulate --out flat --iso-class A --speed-kmh 50 --vehicle 653,63.3,6,0.15",
        "contado pavement simulate --out town --city",
    ),
)
