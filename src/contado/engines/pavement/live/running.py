"""The running pass: what a drive has told so far, by the steps of the batch over the last half minute.

Everything here is provisional: the mount is the mean of what was seen so far, the clocks are taken as one,
the place is that of the online matcher and the car is the one that the workspace knows.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.engines.pavement.anomalies.detect import detect
from contado.engines.pavement.anomalies.places import Place, places
from contado.engines.pavement.cars.vehicles import NOMINAL_CAR
from contado.engines.pavement.ingest import fleet, history, load, traverse
from contado.engines.pavement.maintenance import condition
from contado.engines.pavement.measuring import onroute
from contado.engines.pavement.measuring.calibration import NOMINAL
from contado.engines.pavement.measuring.cells import MIN_COVERAGE, CellReadings, mean_over, pass_spread
from contado.engines.pavement.measuring.felt import pass_of
from contado.engines.pavement.measuring.measure import SPECTRUM_HZ, Spectra, Trace
from contado.engines.pavement.measuring.sampling import MAX_FIX_GAP_S, MIN_RATE_HZ, even_samples, fix_speed
from contado.engines.pavement.measuring.survey import Vehicle
from contado.engines.pavement.quantiles import Z_90
from contado.engines.pavement.telemetry import mount, quality, sensor_units
from contado.engines.pavement.telemetry.drive import Aligned, Drive
from contado.kernel.dates import local
from contado.kernel.errors import DataError
from contado.kernel.territory.matching import MatchSettings
from contado.kernel.territory.matching.online import OnlineMatcher

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.engines.pavement.live.chunk import Measured
    from contado.engines.pavement.measuring.measure import Pass
    from contado.engines.pavement.measuring.onroute import RouteFrame
    from contado.engines.pavement.road.lines import Line
    from contado.kernel.labels import Label
    from contado.kernel.settings import Settings
    from contado.kernel.territory import Network, Route
    from contado.kernel.workspace import WorkspaceView

    Floats = NDArray[np.float64]

__all__ = ["RunningPass", "Streets", "Update"]

CONTEXT_S: Final = 20.0
"""Looked at again before what is new: the equaliser's windows and the detector's scale need it."""
RUN_UP_S: Final = 5.12
"""The first window of a stretch is heard in part only."""
AXIS_S: Final = 300
MIN_MATCH_PROB: Final = 0.8
SAME_PLACE_M: Final = 6.0
SAME_SHARE: Final = 0.02
"""A cell that changes by less is not told again."""
_UNKNOWN: Final = Vehicle()


@dataclass(frozen=True, kw_only=True)
class Streets:
    """Network, sections, cars and condition classes of a workspace, as the drives of one process share them."""

    network: Network
    routes: dict[str, Route]
    places: traverse.Places
    lines: dict[str, Line]
    vehicles: dict[str, Vehicle]
    settings: Settings
    grades: condition.Model
    frames: dict[str, RouteFrame] = field(default_factory=dict)

    @classmethod
    def of(cls, workspace: WorkspaceView) -> Streets:
        """Read them (errors of `contado.engines.pavement.ingest.load.routes_of`)."""
        network, routes = load.routes_of(workspace)
        edges = {section: route.edges.tolist() for section, route in routes.items()}
        return cls(
            network=network,
            routes=routes,
            places=traverse.places_of(network, edges),
            lines=history.lines_of(workspace.read("pavement_lrs_section")),
            settings=workspace.settings,
            **_of_today(workspace),
        )

    def updated(self, workspace: WorkspaceView) -> Streets:
        """Return the same streets with the cars and condition classes of today."""
        return dataclasses.replace(self, **_of_today(workspace))

    def frame(self, section: str) -> RouteFrame:
        """Return the polyline of a section."""
        if section not in self.frames:
            self.frames[section] = onroute.frame_of(self.network, self.routes[section])
        return self.frames[section]


def _of_today(workspace: WorkspaceView) -> dict[str, Any]:
    """Return what of `Streets` changes without the roads."""
    today = local.today(workspace.settings.territory.timezone)
    return {"vehicles": fleet.kept_vehicles(workspace), "grades": condition.model(today)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What some seconds changed: cells and anomalies that are new or other than before, ids that are gone."""

    cells: list[dict[str, Any]]
    anomalies: list[dict[str, Any]]
    gone: list[str]
    unmatched: int
    """Fixes of these seconds without a place on the network."""


class RunningPass:
    """The provisional cells and anomalies of one drive.

    Parameters
    ----------
    streets
        Network and sections.
    vehicle
        Pseudonym of the car.
    label
        How its data are born.
    """

    def __init__(self, streets: Streets, vehicle: str, label: Label) -> None:
        sigma_m = streets.settings.pavement.sigma_m
        self._streets, self._label, self._sigma_m = streets, label, sigma_m
        self._known = streets.vehicles.get(vehicle, _UNKNOWN)
        self._matcher = OnlineMatcher(streets.network, MatchSettings(sigma_m=sigma_m))
        self._t, self._acc = np.zeros(0), np.zeros((0, 3))
        self._fixes = np.zeros((0, 4))
        self._first = 0
        """Number of the first fix that is kept."""
        self._place = np.zeros((0, 2))
        """Edge and offset of the fixes that are kept; edge -1 = unmatched or doubtful."""
        self._directions = np.zeros((0, 3))
        self._told: dict[tuple[str, int], tuple[float, float]] = {}
        """Coverage and IRI of each cell as they were told last."""
        self._anomalies: dict[str, tuple[str, float]] = {}
        """Section and chainage of what was told and not taken back."""

    def advance(self, news: Measured) -> Update:
        """Take what came next; what is older than what came before is left out."""
        begun = self._t[-1] if self._t.size else -np.inf
        self._take(news)
        if self._t.size < 2 or len(self._fixes) < 2:
            return Update(cells=[], anomalies=[], gone=[], unmatched=0)
        since = min(begun, self._t[-1]) - CONTEXT_S
        cut = self._forget(since)
        tail = self._tail()
        unmatched = int((self._place[self._fixes[:, 0] > begun, 0] < 0).sum())
        cells: list[dict[str, Any]] = []
        anomalies: list[dict[str, Any]] = []
        gone: list[str] = []
        if tail is not None:
            valid_from = since + RUN_UP_S if cut else -np.inf
            for section, t_s, chainage in self._stretches():
                self._look(section, self._trace(tail, t_s, chainage, valid_from), cells, anomalies, gone)
        return Update(cells=cells, anomalies=anomalies, gone=gone, unmatched=unmatched)

    # ------------------------------------------------------------ what came
    def _take(self, news: Measured) -> None:
        fresh = news.t_s > (self._t[-1] if self._t.size else -np.inf)
        self._directions = _directions(self._directions, news.t_s[fresh], news.acc[fresh])
        self._t = np.concatenate([self._t, news.t_s[fresh]])
        self._acc = np.concatenate([self._acc, news.acc[fresh]])
        later = news.fix_t_s > (self._fixes[-1, 0] if len(self._fixes) else -np.inf)
        rows = np.column_stack([news.fix_t_s, news.lon, news.lat, news.speed_m_s])[later]
        self._fixes = np.concatenate([self._fixes, rows])
        self._place = np.concatenate([self._place, np.full((len(rows), 2), -1.0)])
        settled = self._matcher.extend(*rows[:, :3].T)
        for place in (*settled, *self._matcher.provisional):
            k = place.number - self._first
            if k >= 0:
                sure = place.edge >= 0 and place.match_prob >= MIN_MATCH_PROB
                self._place[k] = (place.edge, place.offset_m) if sure else (-1.0, 0.0)

    def _forget(self, since: float) -> bool:
        """Drop what is older; return whether anything was dropped now or before."""
        keep = int(np.searchsorted(self._t, since))
        self._t, self._acc = self._t[keep:], self._acc[keep:]
        old = max(0, int(np.searchsorted(self._fixes[:, 0], since)) - 1)
        self._fixes, self._place = self._fixes[old:], self._place[old:]
        self._first += old
        return self._first > 0

    # ------------------------------------------------------------ the last half minute as a drive
    def _tail(self) -> Aligned | None:
        """Return what is kept as a settled drive; None where the readings cannot be used."""
        fs_hz = float(1 / np.median(np.diff(self._t)))
        if fs_hz < MIN_RATE_HZ or not len(self._directions):
            return None
        try:
            acc, unit, _ = sensor_units.to_si(self._acc, fs_hz, file="")
        except DataError:
            return None
        axis, _ = mount.robust_axis(self._directions)
        upward = acc @ axis
        fix_t, lon, lat, speed = self._fixes.T
        drive = Drive(
            name="", vehicle="", label=self._label, sha256="", t_s=self._t, acc_m_s2=acc, fix_t_s=fix_t,
            lon=lon, lat=lat, speed_m_s=speed, hdop=np.full(len(lon), np.nan), unit=unit, fs_hz=fs_hz,
            n_samples_raw=len(acc), n_fixes_raw=len(lon),
        )  # fmt: skip
        return Aligned(
            drive=drive, pieces=(), remounts=(), vertical_m_s2=upward - upward.mean(),
            heading_m_s2=np.full(len(acc), np.nan), clock_offset_s=0.0, t_s=self._t,
            clipped=quality.clipped_samples(acc),
        )  # fmt: skip

    def _stretches(self) -> list[tuple[str, Floats, Floats]]:
        """Return section, times and chainages of each stretch of a section that was driven lately."""
        edge = self._place[:, 0].astype(np.int64)
        fix, section, chainage = self._streets.places.of(edge, self._place[:, 1])
        names = list(self._streets.routes)
        found = []
        for number in np.unique(section):
            mine = section == number
            t_s, along = self._fixes[fix[mine], 0], chainage[mine]
            runs = [r for r in traverse.runs(t_s, along) if np.unique(t_s[r]).size > 1]
            found += [(names[number], t_s[r], np.maximum.accumulate(along[r])) for r in runs]
        return found

    def _trace(self, tail: Aligned, t_s: Floats, chainage_m: Floats, valid_from: float) -> Trace:
        """Return the samples with their chainage from the start of the section."""
        even = even_samples(tail)
        place = np.interp(even.t_s, t_s, chainage_m, left=np.nan, right=np.nan)
        after = np.clip(np.searchsorted(t_s, even.t_s), 1, len(t_s) - 1)
        place[(t_s[after] - t_s[after - 1] > MAX_FIX_GAP_S) | (even.t_s < valid_from)] = np.nan
        bins = len(SPECTRUM_HZ)
        return Trace(
            aligned=tail,
            even=even,
            chainage_m=place,
            speed_m_s=fix_speed(tail.drive, even.t_s),
            position_sd_m=np.full(len(place), self._sigma_m),
            spectra=Spectra(log_power=np.zeros((0, bins)), speed=np.zeros(0), count=np.zeros(0)),
        )

    # ------------------------------------------------------------ cells and anomalies
    def _look(
        self,
        section: str,
        driven: Trace,
        cells: list[dict[str, Any]],
        anomalies: list[dict[str, Any]],
        gone: list[str],
    ) -> None:
        """Measure one stretch; add what changed."""
        known = driven.chainage_m[np.isfinite(driven.chainage_m)]
        if known.size < 2:
            return
        cell_m, frame = self._streets.settings.pavement.cell_m, self._streets.frame(section)
        base = float(np.floor(known[0] / cell_m) * cell_m)
        here = dataclasses.replace(
            frame,
            start_m=frame.start_m + base,
            length_m=min(frame.length_m, float(known[-1]) + cell_m) - base,
        )
        car = self._known.car or NOMINAL_CAR
        moved = dataclasses.replace(driven, chainage_m=driven.chainage_m - base)
        passed = pass_of(moved, car, here.length_m)
        cells += self._cells(section, passed, here)
        scale = (self._known.calibration or NOMINAL).scale
        profile = passed.profile_m * scale
        found, stacked = detect([profile], [passed.shock])
        felt = places(found, stacked, [profile], [passed], here)
        new, lost = self._changed(section, felt, (base + frame.start_m, float(known[-1]) + frame.start_m))
        anomalies += new
        gone += lost

    def _cells(self, section: str, passed: Pass, here: RouteFrame) -> list[dict[str, Any]]:
        """Return the cells of a stretch that were heard no less than before."""
        cell_m = self._streets.settings.pavement.cell_m
        numbers = here.route.cells(cell_m).astype(np.float64)
        numbers = numbers[(numbers + 1) * cell_m > here.start_m]
        numbers = numbers[numbers * cell_m < here.start_m + here.length_m]
        start, end = numbers * cell_m - here.start_m, (numbers + 1) * cell_m - here.start_m
        slope, coverage = mean_over(passed.slope, start, end)
        speed, _ = mean_over(passed.speed_m_s, start, end)
        heard = (coverage >= MIN_COVERAGE) & (slope > 0)
        reading = CellReadings(
            vehicle="",
            log_iri=np.where(heard, np.log(np.where(heard, 1000 * slope, 1.0)), np.nan),
            coverage=coverage,
            speed_m_s=speed,
        )
        calibration = self._known.calibration or NOMINAL
        spread = np.sqrt(
            pass_spread([reading]) ** 2
            + reading.model_sd(calibration.cell_sd_log, cell_m) ** 2
            + calibration.sd_log**2
        )
        rows = []
        for k in np.flatnonzero(heard):
            key = (section, int(numbers[k]))
            iri = float(np.exp(reading.log_iri[k])) * calibration.scale
            heard_before, iri_before = self._told.get(key, (0.0, 0.0))
            other = abs(iri - iri_before) > SAME_SHARE * iri or coverage[k] > heard_before + SAME_SHARE
            if coverage[k] >= heard_before and other:
                self._told[key] = (float(coverage[k]), iri)
                rows.append(self._cell(key, iri, float(spread[k]), float(coverage[k])))
        return rows

    def _cell(self, key: tuple[str, int], iri: float, sd_log: float, coverage: float) -> dict[str, Any]:
        section, cell = key
        cell_m = self._streets.settings.pavement.cell_m
        from_m, to_m = cell * cell_m, (cell + 1) * cell_m
        line = self._streets.lines.get(section)
        shape = None if line is None else np.round(np.array(line.part(from_m, to_m).coords), 6).tolist()
        grades = self._streets.grades
        return {
            "section_id": section,
            "cell": cell,
            "from_m": from_m,
            "to_m": to_m,
            "iri_m_km": iri,
            "low_m_km": iri * float(np.exp(-Z_90 * sd_log)),
            "high_m_km": iri * float(np.exp(Z_90 * sd_log)),
            "class": grades.letter(float(grades.index(iri, 0.0))),
            "coverage": coverage,
            "label": self._label,
            "line": shape,
        }

    def _changed(
        self, section: str, felt: list[Place], heard_m: tuple[float, float]
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """Return the anomalies of a stretch as they are now, and the ids of those that were none."""
        low, high = heard_m[0] + SAME_PLACE_M, heard_m[1] - SAME_PLACE_M
        before = {i: at for i, (where, at) in self._anomalies.items() if where == section}
        rows = []
        for place in felt:
            near = [i for i, at in before.items() if abs(at - place.chainage_m) <= SAME_PLACE_M]
            name = near[0] if near else f"{section}:{place.chainage_m:.0f}"
            known = before.pop(name, None)
            self._anomalies[name] = (section, place.chainage_m)
            if known is not None and abs(known - place.chainage_m) < 0.5:
                continue
            rows.append(
                {
                    "id": name,
                    "section_id": section,
                    "chainage_m": place.chainage_m,
                    "kind": place.kind,
                    "side": place.side,
                    "height_mm": place.height_mm,
                    "severity": place.severity,
                    "criticality": place.criticality,
                    "p_exists": place.p_exists,
                    "label": self._label,
                    "lon": round(place.lon, 6),
                    "lat": round(place.lat, 6),
                }
            )
        lost = [name for name, at in before.items() if low <= at <= high]
        for name in lost:
            del self._anomalies[name]
        return rows, lost


def _directions(before: Floats, t_s: Floats, acc: Floats) -> Floats:
    """Return the mean direction of each second so far, the last five minutes."""
    if t_s.size < 2:
        return before
    second = np.floor(t_s - t_s[0]).astype(np.int64)
    first = np.flatnonzero(np.diff(second, prepend=-1))
    mean = np.add.reduceat(acc, first, axis=0)
    norm = np.linalg.norm(mean, axis=1, keepdims=True)
    felt = norm[:, 0] > 0
    return np.concatenate([before, mean[felt] / norm[felt]])[-AXIS_S:]
