"""Estimates and surveys as files: answers of `process`, states and observations of cells, tables, profiles."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.engines.pavement import columns
from contado.engines.pavement.labels import label_of, label_of_file
from contado.engines.pavement.measuring.campaigns import Survey, calibrating, survey_of, validating
from contado.engines.pavement.measuring.scales import RENEWED
from contado.engines.pavement.profile import roughness_index
from contado.engines.pavement.profile.profile_file import label_beside, read_profile
from contado.engines.pavement.state.settings import FuseSettings
from contado.engines.pavement.validation.alignment import Cells
from contado.kernel import labels, tables
from contado.kernel.dates import local
from contado.kernel.errors import ColumnNotFound, DataError, Finding

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.engines.pavement.validation.alignment import Stretch
    from contado.kernel.labels import Label
    from contado.kernel.tables.read import ReadResult

    Floats = NDArray[np.float64]

__all__ = [
    "Estimate",
    "OneRoad",
    "SurveyFile",
    "of_observations",
    "on_one_section",
    "read_estimate",
    "read_stretches",
    "read_survey",
]

_NEEDED = ("from_m", "to_m", "iri_m_km")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Estimated cells, what each vehicle alone reads, and whether a survey calibrated them (None: unknown).

    ``life`` is the ordinal of the day from which the surface of each cell is read, NaN where no works are known.
    """

    cells: Cells
    vehicles: dict[str, Cells] = field(default_factory=dict)
    calibrated: bool | None = None
    life: Floats | None = None
    findings: tuple[Finding, ...] = ()

    def of_surface(self, survey: Survey) -> Estimate:
        """Return the cells of the surface that a survey read: those that works renewed since are unknown.

        Raises
        ------
        DataError
            There is none (`renewed_since_survey`).
        """
        if self.life is None:
            return self
        surveyed = float(survey.first_on.toordinal()) if survey.first_on else 0.0
        renewed = (self.life > surveyed) & np.isfinite(self.cells.iri_m_km)
        if not renewed.any():
            return self
        hint = "survey the new surface" if survey.first_on else "say when it was surveyed: --surveyed-on DAY"
        if renewed.sum() == np.isfinite(self.cells.iri_m_km).sum():
            message = f"All {renewed.sum()} measured cells were renewed by works after the survey."
            raise DataError(message, rule=RENEWED, hint=hint, field="survey")
        told = Finding(
            severity="warning",
            rule=RENEWED,
            table="cells",
            message=f"{renewed.sum()} cells were renewed by works after the survey; they are left out.",
            hint=hint,
            action="dropped",
        )
        known = np.where(renewed, np.nan, self.cells.iri_m_km)
        return replace(self, cells=replace(self.cells, iri_m_km=known), findings=(*self.findings, told))


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyFile:
    """What a file surveyed, and the stretches that it says have calibrated."""

    survey: Survey
    calibrated_on: tuple[Stretch, ...] = ()
    findings: tuple[Finding, ...] = ()


def read_estimate(path: Path) -> Estimate:
    """Read the answer of ``process --json``, or a table of cell states or observations (.parquet, .csv).

    Observations are fused to the day of the last one.

    Raises
    ------
    DataError
        ``damaged_file`` (no answer), ``iri_not_positive``, ``not_a_number``, ``empty_file``.
    ColumnNotFound
        A column is missing.
    """
    if path.suffix == ".json":
        return _of_answer(path)
    read = tables.read(path)
    if "drive_id" in read.table.column_names:
        typed = tables.read(path, declared="pavement_cell_obs")
        _refuse_iri(typed, path, blank=True)
        found = of_observations(typed.table, name=path.name)
        return replace(found, findings=(*typed.findings, *found.findings))
    return _of_states(read, path)


def _of_answer(path: Path) -> Estimate:
    try:
        answer = json.loads(path.read_text(encoding="utf-8-sig"))
        rows = [{**cell, "passes": cell.get("passes")} for cell in answer["cells"]]
        calibrated = any(vehicle["calibrated"] for vehicle in answer["vehicles"])
        columns_ = {
            name: [row[name] for row in rows] for name in (*_NEEDED, "low_m_km", "high_m_km", "passes")
        }
        day = _ordinal(answer.get("last_on"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path.name} is no answer of `contado pavement process`: {type(error).__name__} {error}.",
            rule="damaged_file",
            hint="give what `contado pavement process ... --json` printed",
            field=path.name,
        ) from None
    if not rows:
        raise _empty(path)
    section = str(answer.get("section_id") or path.stem)
    cells = _cells(columns_, [section] * len(rows), labels.joint({answer.get("label")}), day)
    return Estimate(cells=cells, calibrated=calibrated)


def _cells(found: dict[str, Any], section: list[str], label: Label, day: float) -> Cells:
    values = {name: np.array(column, np.float64) for name, column in found.items()}
    unknown = np.full(len(section), np.nan)
    return Cells(
        section=np.array(section, np.str_),
        **{name: values.get(name, unknown) for name in (*_NEEDED, "low_m_km", "high_m_km", "passes")},
        speed_m_s=values.get("speed_m_s", unknown),
        day=values.get("day", np.full(len(section), day)),
        label=label,
    )


def _ordinal(day: Any) -> float:
    from datetime import date

    return float(date.fromisoformat(str(day)[:10]).toordinal()) if day else float("nan")


def _of_states(read: ReadResult, path: Path) -> Estimate:
    table = read.table
    columns.require(table, _NEEDED, path.name)
    _refuse_iri(read, path, blank=True)
    if not table.num_rows:
        raise _empty(path)
    names = {"n_passes": "passes"} if "n_passes" in table.column_names else {}
    found = {
        names.get(name, name): columns.numbers(table, name, path.name, lines=read.lines)
        for name in (*_NEEDED, "low_m_km", "high_m_km", *(names or ("passes",)))
    }
    if "last_on" in table.column_names:
        found["day"] = np.array([_ordinal(day) for day in table["last_on"].to_pylist()])
    life = None
    if "life_from" in table.column_names:
        life = np.array([_ordinal(day) for day in table["life_from"].to_pylist()], np.float64)
    label = label_of_file(table, path)
    cells = _cells(found, _sections(table), "estimated" if label == "measured" else label, float("nan"))
    return Estimate(cells=cells, life=life, findings=tuple(read.findings))


def _sections(table: pa.Table) -> list[str]:
    """Return the section of each row; '' where the file is about one road only."""
    if "section_id" not in table.column_names:
        return [""] * table.num_rows
    return ["" if name is None else str(name) for name in table["section_id"].to_pylist()]


def _refuse_iri(read: ReadResult, path: Path, *, blank: bool) -> None:
    """Refuse an IRI of zero or less; an empty cell was not measured, where ``blank`` allows it."""
    columns.require(read.table, ["iri_m_km"], path.name)
    iri = columns.numbers(read.table, "iri_m_km", path.name, lines=read.lines)
    bad = ~(iri > 0) & ~(np.isnan(iri) & blank)
    hint = "an IRI is above 0; leave out what was not surveyed"
    columns.refuse(
        np.flatnonzero(bad), read.table, "iri_m_km", path.name, "iri_not_positive", hint, read.lines
    )


def _empty(path: Path) -> DataError:
    return DataError(
        f"{path.name} holds no row.", rule="empty_file", hint="give at least one row", field=path.name
    )


def of_observations(
    table: pa.Table,
    *,
    on: date | None = None,
    works: pa.Table | None = None,
    settings: FuseSettings | None = None,
    name: str = "cell_obs",
    timezone: str = local.ROME,
) -> Estimate:
    """Return the state at the end of a day, by default the last pass's, and what each vehicle alone reads."""
    from contado.engines.pavement.state import fusion

    columns.require(table, ["section_id", "cell", "drive_id", "t_utc", "iri_m_km", "sd_log"], name)
    days = [local.legal_day(t, timezone) for t in table["t_utc"].drop_null().unique().to_pylist()]
    options = settings or FuseSettings()
    day = on or max(days, default=local.today(timezone))
    fused = fusion.fuse([table], on=day, works=works, settings=options, timezone=timezone)
    states, passes = fused.cells, _passes(table, options.cell_m)
    found = {n: states[n].to_numpy(zero_copy_only=False) for n in (*_NEEDED, "low_m_km", "high_m_km")}
    found["passes"] = states["n_passes"].to_numpy(zero_copy_only=False)
    found["day"] = np.array([_ordinal(day) for day in states["last_on"].to_pylist()])
    speed = passes.groupby(["section_id", "from_m"])["speed_m_s"].mean()
    keys = list(zip(states["section_id"].to_pylist(), states["from_m"].to_pylist(), strict=True))
    found["speed_m_s"] = speed.reindex(keys).to_numpy(np.float64)
    label = label_of(states)
    return Estimate(
        cells=_cells(found, states["section_id"].to_pylist(), label, float("nan")),
        vehicles={str(n): _alone(own, label) for n, own in passes.groupby("vehicle_id")},
        findings=fused.findings,
    )


def _passes(table: pa.Table, cell_m: float) -> pd.DataFrame:
    """Return the measured passes with the ends of their cells."""
    names = [n for n in ("vehicle_id", "speed_m_s", "cell_m") if n in table.column_names]
    frame: pd.DataFrame = table.select(["section_id", "cell", "iri_m_km", *names]).to_pandas()
    frame = frame[frame["iri_m_km"].notna()].reindex(
        columns=["section_id", "cell", "iri_m_km", "vehicle_id", "speed_m_s", "cell_m"]
    )
    length = frame["cell_m"].astype(float).fillna(cell_m)
    frame["from_m"], frame["to_m"] = frame["cell"] * length, (frame["cell"] + 1) * length
    frame["log_iri"] = np.log(frame["iri_m_km"].astype(float))
    frame["speed_m_s"] = frame["speed_m_s"].astype(float)
    frame["section_id"] = frame["section_id"].astype(str)
    return frame


def _alone(passes: pd.DataFrame, label: Label) -> Cells:
    """Return what one vehicle reads: the mean of its passes, without an interval."""
    by_cell = passes.groupby(["section_id", "from_m", "to_m"])["log_iri"]
    mean, count = by_cell.mean(), by_cell.count()
    index = mean.index
    found = {
        "from_m": index.get_level_values("from_m"),
        "to_m": index.get_level_values("to_m"),
        "iri_m_km": np.exp(mean.to_numpy(np.float64)),
        "passes": count.to_numpy(np.float64),
    }
    return _cells(found, list(index.get_level_values("section_id")), label, float("nan"))


def read_survey(
    path: Path, *, stretch_m: float = 100.0, instrument: str | None = None, on: date | None = None
) -> SurveyFile:
    """Read ``from_m, to_m, iri_m_km`` with optional section_id, date, run, instrument, sd_log, role, label; or a profile.

    A profile (.txt, or columns x_m, y_m) is given along the section, x = chainage. Without a column ``role`` every
    row checks; with it, rows that calibrate say what must not check. ``instrument`` and ``on`` stand where the
    file names none; a survey without them is not taken for measured.

    Raises
    ------
    ColumnNotFound
        A column is missing.
    DataError
        ``iri_not_positive``, ``not_a_number``, ``chainage_not_increasing``, ``empty_file``, ``only_calibrated``.
    """
    if path.suffix.lower() == ".txt":
        return _of_profile(path, stretch_m, instrument, on)
    read = tables.read(path)
    if {"x_m", "y_m"} <= set(read.table.column_names):
        return _of_profile(path, stretch_m, instrument, on)
    columns.require(read.table, _NEEDED, path.name)
    for name in ("from_m", "to_m"):
        columns.numbers(read.table, name, path.name, lines=read.lines)
    _refuse_iri(read, path, blank=False)
    read = tables.read(path, declared="pavement_survey")
    table = read.table
    if not table.num_rows:
        raise _empty(path)
    _refuse_order(read, path)
    simulated = {"label": "simulated"} if label_beside(path) == "simulated" else {}
    given = {name: value for name, value in (("instrument", instrument), ("date", on)) if value is not None}
    rows = [
        given | {n: v for n, v in told.items() if v is not None} | simulated | {"section_id": section}
        for told, section in zip(table.to_pylist(), _sections(table), strict=True)
    ]
    checking = validating(rows) if "role" in table.column_names else rows
    if not checking:
        raise _only_calibrated(path)
    told_apart = calibrating(rows) if "role" in table.column_names else []
    return SurveyFile(
        survey=survey_of(checking, stretch_m),
        calibrated_on=tuple((str(r["section_id"]), r["from_m"], r["to_m"]) for r in told_apart),
        findings=tuple(read.findings),
    )


def _refuse_order(read: ReadResult, path: Path) -> None:
    from_m, to_m = (columns.numbers(read.table, n, path.name, lines=read.lines) for n in ("from_m", "to_m"))
    bad = np.flatnonzero(~(to_m > from_m))
    hint = "to_m lies beyond from_m"
    columns.refuse(bad, read.table, "to_m", path.name, "chainage_not_increasing", hint, read.lines)


def _only_calibrated(path: Path) -> DataError:
    return DataError(
        f"{path.name} holds rows that calibrate only.",
        rule="only_calibrated",
        hint="give the role validation to the rows that only check",
        field="role",
    )


def _of_profile(path: Path, stretch_m: float, instrument: str | None, on: date | None) -> SurveyFile:
    profile = read_profile(path)
    first = float(np.ceil(profile.x_m[0] / stretch_m) * stretch_m)
    found = roughness_index.iri(profile.x_m, profile.y_m, segment_m=stretch_m, start_m=first)
    facts = {"section_id": "", "instrument": instrument, "date": on}
    facts |= {"label": "simulated"} if profile.label == "simulated" else {}
    names = ("from_m", "to_m", "iri_m_km")
    cells = zip(*(getattr(found, name).tolist() for name in names), strict=True)
    rows = [facts | dict(zip(names, cell, strict=True)) for cell in cells]
    return SurveyFile(survey=survey_of(rows, stretch_m), findings=(*profile.findings, *found.findings))


def read_stretches(path: Path) -> list[Stretch]:
    """Read ``from_m, to_m`` with an optional section_id, or the ends of a profile: what calibrated the cars.

    Raises
    ------
    ColumnNotFound
        A column is missing.
    DataError
        ``not_a_number``.
    """
    if path.suffix.lower() == ".txt":
        profile = read_profile(path)
        return [("", float(profile.x_m[0]), float(profile.x_m[-1]))]
    read = tables.read(path)
    if "x_m" in read.table.column_names:
        along = columns.numbers(read.table, "x_m", path.name, lines=read.lines)
        return [("", float(along.min()), float(along.max()))]
    columns.require(read.table, ["from_m", "to_m"], path.name)
    from_m, to_m = (columns.numbers(read.table, n, path.name, lines=read.lines) for n in ("from_m", "to_m"))
    return list(zip(_sections(read.table), from_m.tolist(), to_m.tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRoad:
    """Cells, survey and calibrated stretches under common names of sections."""

    cells: Cells
    survey: Survey
    calibrated_on: list[Stretch]
    vehicles: dict[str, Cells]


def on_one_section(estimate: Estimate, survey: Survey, calibrated_on: list[Stretch]) -> OneRoad:
    """Return all parts with the same names of sections, where one of them tells of a road without naming it.

    Raises
    ------
    ColumnNotFound
        One of them does not name sections, and another names several.
    """
    parts = (estimate.cells.section.tolist(), survey.section.tolist(), [s for s, _, _ in calibrated_on])
    names = {name for part in parts for name in part}
    if "" not in names:
        return OneRoad(
            cells=estimate.cells, survey=survey, calibrated_on=calibrated_on, vehicles=estimate.vehicles
        )
    if len(named := names - {""}) > 1:
        raise ColumnNotFound.from_missing(["section_id"], [*_NEEDED], table="survey")
    name = next(iter(named), "")

    def on_it(cells: Cells) -> Cells:
        return replace(cells, section=np.full(cells.section.size, name))

    return OneRoad(
        cells=on_it(estimate.cells),
        survey=replace(survey, section=np.full(survey.section.size, name)),
        calibrated_on=[(name, a, b) for _, a, b in calibrated_on],
        vehicles={vehicle: on_it(cells) for vehicle, cells in estimate.vehicles.items()},
    )
