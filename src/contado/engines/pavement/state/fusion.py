"""Fusion of the passes over a cell into its state on a day, with an interval.

The level x of a cell is the logarithm of its IRI. Between passes it drifts, ``x' = x + g dt`` with
variance ``q^2 dt``; a pass reads ``y = x + b_vehicle + e``. Passes that disagree with the others of their
cell weigh less (Huber). Works on the road end a life of the surface: what was read before does not count; so does
a sudden change on which passes of three days agree (`sudden`). The biases of the vehicles are estimated over all cells
together and their joint uncertainty reaches every cell. What the model of a car cannot know of a cell is the same on
every pass and for every car, so it is added once and never divided by their number; and no interval is narrower than
the best calibration of the cell's passes allows. The state is computed from all observations sorted by time, so it does not depend on the order
and the parts in which drives arrive, and what is already in changes nothing (`repetition`). Days are legal ones.

References
----------
[1] P. J. Huber, "Robust estimation of a location parameter", Ann. Math. Statist. 35 (1964).
[2] A. C. Harvey, Forecasting, Structural Time Series Models and the Kalman Filter, Cambridge 1989, ch. 3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from contado.engines.pavement.measuring.calibration import MODEL_SD_LOG, model_share
from contado.engines.pavement.measuring.cells import model_sd
from contado.engines.pavement.quantiles import Z_90
from contado.engines.pavement.state import bias, lives, repetition, sudden
from contado.engines.pavement.state.change import CellErrors
from contado.engines.pavement.state.settings import FuseSettings
from contado.engines.pavement.telemetry.group import vehicle_of
from contado.kernel.dates import local
from contado.kernel.errors import ColumnNotFound, DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

__all__ = ["CELL_STATES", "Fused", "fuse", "observations_of", "warm_up"]

CELL_STATES = ("measured", "not_driven", "renewed", "not_measurable")
"""Driven lately; not within `FuseSettings.not_driven_d`; works since the last pass; never measurable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """States of the cells, and what became of the drives.

    Attributes
    ----------
    cells
        One row a cell, in the order of section and cell (table ``pavement_cell_state``); the further
        column ``observations`` holds what the state rests on, so that a later run can go on from it.
    drives_used, drives_repeated
        Names of the drives; a repeated one was already in, under this or another name.
    vehicle_bias
        Estimated bias of each vehicle in log IRI.
    """

    cells: pa.Table
    drives_used: tuple[str, ...]
    drives_repeated: tuple[str, ...]
    errors: CellErrors
    """Parts of the uncertainty of each cell, in the order of ``cells``."""
    drives_alike: frozenset[str] = frozenset()
    """Drives that tell the same passes of their car as others do, the ones that count among them."""
    vehicle_bias: dict[str, float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def warm_up(on: date) -> None:
    """Compile the filter, or load it from disk, so that what follows is computation only."""
    midnight = lives.LegalDay(on).begins
    row = {
        "section_id": ["warm"] * 2,
        "cell": [0, 0],
        "drive_id": ["a", "b"],
        "t_utc": pa.array([midnight - pd.Timedelta(days=1), midnight], pa.timestamp("us", "UTC")),
        "iri_m_km": [1.0, 1.1],
        "sd_log": [0.1, 0.1],
    }
    fuse([pa.table(row)], on=on)


def fuse(
    observations: Sequence[pa.Table],
    *,
    on: date,
    previous: pa.Table | None = None,
    works: pa.Table | None = None,
    settings: FuseSettings | None = None,
    timezone: str = local.ROME,
) -> Fused:
    """Fuse observations of cells into their state at the end of the legal day ``on``.

    Parameters
    ----------
    observations
        Tables ``pavement_cell_obs``: section_id, cell, drive_id, t_utc (null counts as the day ``on``),
        iri_m_km (null = not measurable), sd_log, and, where known, vehicle_id, sd_cal_log (what all passes
        of the vehicle with that calibration share), calibration_shared_with (the vehicle, or the name of several, whose
        error that is; null its own), sd_model_log (part of sd_log that all passes over the cell share), cell_m, label.
        Where ``sd_model_log`` is not told it follows from coverage and speed_m_s, as `cells.model_sd` has it; without
        them passes err independently. What comes twice counts once (`repetition`).
    on
        Day of the state; later passes and works are set aside with a finding.
    previous
        State that `fuse` returned before (with its column ``observations``).
    works
        section_id, from_m, to_m, date: what was renewed, and when; read from the next day on (`lives`).
    settings
        Assumptions; see `FuseSettings`.
    timezone
        Where days begin and end.

    Raises
    ------
    DataError
        A column is missing, or an IRI is not positive (`iri_not_positive`, with its row).
    """
    options = settings or FuseSettings()
    before = observations_of(previous) if previous is not None else None
    known = repetition.once([_frame(t, options) for t in observations], before)
    day = lives.LegalDay(on, timezone)
    frame, findings = _until(known.frame, day)
    order = ["section_id", "cell", "t_utc", "drive_id", "iri_m_km"]
    frame = frame.sort_values(order, kind="stable", ignore_index=True)
    found = repetition.told_again(frame)
    frame["again"], frame["shared"] = found.again, found.shared
    same = set(repetition.wholly(frame, "drive_id", "again"))
    shifted = repetition.of_shifted(frame["drive_id"].to_numpy(object)[found.again])
    life = lives.lasting(frame, works, day)
    cells, errors, biases, changed = _states(frame, life, day, options)
    return Fused(
        cells=cells,
        errors=errors,
        drives_used=tuple(name for name in known.used if name not in same),
        drives_repeated=tuple(sorted([*known.repeated, *(name for name in known.used if name in same)])),
        drives_alike=frozenset(repetition.wholly(frame, "drive_id", "shared")),
        vehicle_bias=biases,
        findings=(*known.findings, *shifted, *findings, *changed),
    )


def observations_of(state: pa.Table) -> pd.DataFrame:
    """Return the observations that a state rests on.

    Raises
    ------
    ColumnNotFound
        The state was written without them.
    """
    if "observations" not in state.column_names:
        raise ColumnNotFound(
            "The previous state has no column observations, so nothing can be added to it.",
            hint="give the cell_state.parquet that `contado pavement fuse` wrote",
            field="observations",
        )
    keys = state.select(["section_id", "cell"]).to_pandas()
    rows = state["observations"].combine_chunks()
    counts = rows.value_lengths().fill_null(0).to_numpy()
    flat: pd.DataFrame = pa.Table.from_struct_array(rows.flatten()).to_pandas()
    for name in ("section_id", "cell"):
        flat[name] = np.repeat(keys[name].to_numpy(), counts)
    if "sd_model_log" not in flat:  # kept before the model's part was told apart
        flat["sd_model_log"] = np.minimum(
            MODEL_SD_LOG * model_share(flat["cell_m"].to_numpy(float)), flat["sd_log"]
        )
        flat["calibration_shared_with"] = None
    return flat


def _frame(table: pa.Table, options: FuseSettings) -> pd.DataFrame:
    missing = [name for name in repetition.NEEDED if name not in table.column_names]
    if missing:
        raise ColumnNotFound.from_missing(missing, table.column_names, table="cell_obs")
    read = [n for n in (*repetition.KEPT, "coverage", "speed_m_s") if n in table.column_names]
    frame: pd.DataFrame = table.select(read).to_pandas()
    frame["t_utc"] = pd.to_datetime(frame["t_utc"], utc=True).astype("datetime64[us, UTC]")
    frame["iri_m_km"] = frame["iri_m_km"].astype(float)
    bad = np.flatnonzero((frame["iri_m_km"] <= 0).to_numpy())
    if bad.size:
        raise DataError(
            f"cell_obs: IRI must be above 0, row {bad[0] + 1} has {frame['iri_m_km'].iloc[bad[0]]:g}.",
            rule="iri_not_positive",
            hint="a cell that was not measured has no IRI, not zero",
            rows=[int(i) + 1 for i in bad[:20]],
            field="iri_m_km",
        )
    for name in ("section_id", "drive_id"):
        frame[name] = frame[name].astype(str)
    if "vehicle_id" not in frame:
        frame["vehicle_id"] = [vehicle_of(d) for d in frame["drive_id"]]
    for name, default in (("sd_cal_log", 0.0), ("cell_m", options.cell_m), ("label", "estimated")):
        frame[name] = frame[name].fillna(default) if name in frame else default
    if "calibration_shared_with" not in frame:
        frame["calibration_shared_with"] = None
    frame["sd_model_log"] = _model_part(frame)
    return frame[list(repetition.KEPT)]


def _model_part(frame: pd.DataFrame) -> pd.Series[Any]:
    """Return the part of ``sd_log`` that all passes over a cell share, where it is told or follows from how they drove."""
    told = frame["sd_model_log"] if "sd_model_log" in frame else pd.Series(np.nan, frame.index)
    if {"coverage", "speed_m_s"} <= set(frame):
        speed, coverage, length = (frame[n].to_numpy(float) for n in ("speed_m_s", "coverage", "cell_m"))
        part = model_sd(speed, coverage, length)
        told = told.fillna(pd.Series(np.minimum(part, frame["sd_log"].to_numpy(float)), frame.index))
    return told.astype(float).fillna(0.0)


def _until(frame: pd.DataFrame, day: lives.LegalDay) -> tuple[pd.DataFrame, list[Finding]]:
    """Set aside what is later than the day of the state; give undated passes that day."""
    frame = frame.assign(undated=frame["t_utc"].isna())
    frame["t_utc"] = frame["t_utc"].fillna(day.begins)
    later = (frame["t_utc"] >= day.ends).to_numpy()
    counts = {
        "later_than_on": (int(later.sum()), "later than the day of the state", "row_set_aside"),
        "no_date": (
            int(frame["undated"].sum()),
            "without a date and count as of the day of the state",
            "kept",
        ),
    }
    findings = [
        Finding(
            severity="warning",
            rule=rule,
            table="cell_obs",
            message=f"{count} observations are {what}.",
            hint="give the day with --on",
            action=action,  # type: ignore[arg-type]
        )
        for rule, (count, what, action) in counts.items()
        if count
    ]
    return frame[~later], findings


def _states(
    frame: pd.DataFrame, life: lives.Days, day: lives.LegalDay, options: FuseSettings
) -> tuple[pa.Table, CellErrors, dict[str, float], list[Finding]]:
    cell_of, first = _groups(frame)
    days = lives.legal_days(frame["t_utc"], day.timezone)
    read = np.isnat(life) | (days >= life)
    live = read & (frame["iri_m_km"].notna() & ~frame["again"]).to_numpy(bool)
    passes = bias.Passes.of(frame, live, cell_of, day.ends, options)
    fleet = bias.estimate(passes, options)
    changed, present = sudden.changes(passes, fleet, days[live], options)
    if changed.cell.size:
        live[live] = present
        since = np.full(first.size, np.datetime64("NaT"), "datetime64[D]")
        since[changed.cell] = changed.day
        life = np.where(np.isnat(since[cell_of]), life, since[cell_of])
        passes = bias.Passes.of(frame, live, cell_of, day.ends, options)
        fleet = bias.estimate(passes, options)
    state, errors = _filtered(passes, fleet, live, first, options)
    table = _table(frame, live, life, cell_of, first, state, day, options)
    told = changed.findings(frame["section_id"].to_numpy(object)[first[changed.cell]])
    return table, errors, fleet.of_vehicles(passes), told


def _filtered(
    passes: bias.Passes,
    fleet: bias.Fleet,
    live: NDArray[np.bool_],
    first: NDArray[np.int64],
    options: FuseSettings,
) -> tuple[NDArray[np.float64], CellErrors]:
    """Return the states of the cells as `drift_filter` has them, and the parts of their errors."""
    from contado.engines.pavement.state._filter import drift_filter

    offsets = np.searchsorted(passes.cell, np.arange(first.size + 1)).astype(np.int64)
    state, pull = drift_filter(
        offsets,
        passes.t_y,
        passes.y - fleet.mean[passes.era],
        passes.own_variance(offsets, options.sd_floor) / fleet.weight,
        passes.model_sd,
        passes.era,
        fleet.covariance,
        (options.drift_sd**2, options.growth_per_y, options.growth_sd_per_y**2),
    )
    known = np.diff(offsets) > 0
    least = np.full(first.size, np.nan)
    least[known] = np.minimum.reduceat(passes.calibration_sd, offsets[:-1][known]) if known.any() else 0.0
    errors = CellErrors(
        own_variance=state[:, 1] - state[:, 4] - state[:, 5],
        model_variance=state[:, 5].copy(),
        calibration_variance=least**2,
        offsets=np.append(first, live.size).astype(np.int64),
        era=passes.eras.of_row,
        pull=_spread(pull, live),
        eras=passes.eras.names,
        vehicle=passes.eras.vehicle,
        covariance=fleet.covariance,
    )
    state[:, 1] = np.maximum(state[:, 1], errors.model_variance + errors.calibration_variance)
    return state, errors


def _spread(values: NDArray[np.float64], live: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the values of the rows that count at their place among all rows, 0 at the others."""
    found = np.zeros(live.size)
    found[live] = values
    return found


def _groups(frame: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of each row's cell and the first row of each cell."""
    if frame.empty:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    section, cell = frame["section_id"].to_numpy(object), frame["cell"].to_numpy()
    new = np.concatenate(([True], (section[1:] != section[:-1]) | (cell[1:] != cell[:-1])))
    return np.cumsum(new) - 1, np.flatnonzero(new)


def _table(
    frame: pd.DataFrame,
    live: NDArray[np.bool_],
    life: lives.Days,
    cell_of: NDArray[np.int64],
    first: NDArray[np.int64],
    state: NDArray[np.float64],
    day: lives.LegalDay,
    options: FuseSettings,
) -> pa.Table:
    head = frame.iloc[first]
    used = frame[live]
    by_cell = used.groupby(cell_of[live])
    index = np.arange(first.size)
    passes = np.bincount(cell_of[live], minlength=first.size).astype(np.int64)
    last = by_cell["t_utc"].max().reindex(index)
    sd = np.sqrt(state[:, 1])
    start = head["cell"].to_numpy(float) * head["cell_m"].to_numpy(float)
    return pa.table(
        {
            "section_id": pa.array(head["section_id"], pa.string()),
            "cell": pa.array(head["cell"].to_numpy(np.int64)),
            "date": pa.array([day.on] * first.size, pa.date32()),
            "from_m": pa.array(start),
            "to_m": pa.array(start + head["cell_m"].to_numpy(float)),
            "iri_m_km": _nullable(np.exp(state[:, 0])),
            "low_m_km": _nullable(np.exp(state[:, 0] - Z_90 * sd)),
            "high_m_km": _nullable(np.exp(state[:, 0] + Z_90 * sd)),
            "sd_log": _nullable(sd),
            "growth_per_y": _nullable(state[:, 2]),
            "growth_sd_per_y": _nullable(np.sqrt(state[:, 3])),
            "n_passes": pa.array(passes),
            "n_vehicles": pa.array(_vehicles(by_cell, index, passes), pa.int64(), from_pandas=True),
            "last_on": pa.array(lives.legal_days(last, day.timezone), pa.date32()),
            "life_from": pa.array(life[first], pa.date32()),
            "state": pa.array(_state_words(frame, life, first, last, day, options)),
            "label": pa.array(_labels(frame, cell_of, index)),
            "observations": _packed(frame, first),
        }
    )


def _nullable(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)


def _vehicles(
    by_cell: pd.api.typing.DataFrameGroupBy[Any, Any], index: NDArray[np.int64], passes: NDArray[np.int64]
) -> list[int | None]:
    """Return how many vehicles passed; unknown where no pass names its vehicle."""
    known = by_cell["vehicle_id"].nunique().reindex(index, fill_value=0)
    return [None if n == 0 and p > 0 else int(n) for n, p in zip(known, passes, strict=True)]


def _state_words(
    frame: pd.DataFrame,
    life: lives.Days,
    first: NDArray[np.int64],
    last: pd.Series,
    day: lives.LegalDay,
    options: FuseSettings,
) -> list[str]:
    never = frame["iri_m_km"].isna().groupby(_groups(frame)[0]).all().to_numpy(bool)
    passed = last.notna().to_numpy(bool)
    lately = passed & (last >= day.ends - pd.Timedelta(days=1 + options.not_driven_d)).to_numpy(bool)
    renewed = ~passed & ~np.isnat(life[first]) & ~never
    conditions = [lately, passed, renewed]
    words: list[str] = np.select(conditions, CELL_STATES[:3], CELL_STATES[3]).tolist()
    return words


def _labels(frame: pd.DataFrame, cell_of: NDArray[np.int64], index: NDArray[np.int64]) -> list[str]:
    simulated = (frame["label"] == "simulated").groupby(cell_of).any().reindex(index, fill_value=False)
    return ["simulated" if s else "estimated" for s in simulated]


def _packed(frame: pd.DataFrame, first: NDArray[np.int64]) -> pa.Array:
    names = [n for n in repetition.KEPT if n not in {"section_id", "cell"}]
    frame = frame.assign(t_utc=frame["t_utc"].mask(frame["undated"]))
    kinds = {"t_utc": pa.timestamp("us", "UTC")}
    text = {"drive_id", "vehicle_id", "label", "calibration_shared_with"}
    columns = [
        pa.array(frame[n], kinds.get(n, pa.string() if n in text else pa.float64()), from_pandas=True)
        for n in names
    ]
    offsets = pa.array(np.append(first, len(frame)).astype(np.int32))
    flat = [c.combine_chunks() if isinstance(c, pa.ChunkedArray) else c for c in columns]
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(flat, names))
