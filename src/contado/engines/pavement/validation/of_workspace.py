"""Field checks of a workspace: each campaign of a profiler against the state of the roads as it was known then."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.engines.pavement.ingest.calibrated import CALIBRATED_ON
from contado.engines.pavement.measuring.campaigns import calibrating, campaigns, survey_of, validating
from contado.engines.pavement.measuring.scales import RENEWED
from contado.engines.pavement.state.lives import Renewals
from contado.engines.pavement.validation import Check, validate
from contado.engines.pavement.validation.reading import of_observations
from contado.kernel import tables
from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from contado.engines.pavement.state.settings import FuseSettings
    from contado.engines.pavement.validation.alignment import Stretch
    from contado.kernel.workspace import WorkspaceView

    Row = Mapping[str, Any]

__all__ = ["FieldCheck", "checks", "tables_of"]

CHECKS: Final = "pavement_field_check"
STRETCHES: Final = "pavement_field_check_stretch"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCheck:
    """A campaign and its check against the state of the roads on a day."""

    id: str
    state_on: date
    check: Check


def checks(
    workspace: WorkspaceView, on: date, settings: FuseSettings
) -> tuple[list[FieldCheck], list[Finding]]:
    """Return the check of every campaign until ``on``, and why a campaign gives none.

    A campaign is checked against the state at the end of the time within which a road counts as driven
    lately (`FuseSettings.not_driven_d`) after its last day, so that a round just after the profiler counts.
    """
    rows = workspace.read("pavement_survey").to_pylist()
    used = _calibrated_on(workspace, rows)
    found: list[FieldCheck] = []
    findings = [*_unknown_calibration(workspace, used)]
    for own in campaigns(r for r in validating(rows) if (r["date"] or on) <= on):
        try:
            found.append(_check(workspace, own, used, on, settings))
        except DataError as error:
            findings.append(_told(error, own))
    return found, findings


def _check(
    workspace: WorkspaceView, rows: Sequence[Row], used: Sequence[Stretch], on: date, settings: FuseSettings
) -> FieldCheck:
    lately = timedelta(days=settings.not_driven_d)
    last = max((r["date"] for r in rows if r["date"]), default=None)
    day = on if last is None else min(on, last + lately)
    standing = _standing(workspace, rows, day)
    survey = survey_of(standing)
    observed = workspace.read("pavement_cell_obs")
    estimate = of_observations(
        observed,
        on=day,
        works=workspace.read("pavement_works"),
        settings=settings,
        timezone=workspace.settings.territory.timezone,
    )
    check = validate(estimate.cells, survey, calibrated_on=used, vehicles=estimate.vehicles)
    check = replace(check, findings=(*check.findings, *_renewed(len(rows) - len(standing))))
    name = "undated" if survey.first_on is None else survey.first_on.isoformat()
    return FieldCheck(id=name, state_on=day, check=check)


def _standing(workspace: WorkspaceView, rows: Sequence[Row], on: date) -> list[Row]:
    """Return the rows whose stretch no works touched between its survey and the day of the state.

    Raises
    ------
    DataError
        There is none (`renewed_since_survey`).
    """
    works: dict[str, list[Row]] = defaultdict(list)
    for row in workspace.read("pavement_works").to_pylist():
        works[row["section_id"]].append(row)
    found = [row for row in rows if _stands(row, works[row["section_id"]], on)]
    if rows and not found:
        raise DataError(
            f"All {len(rows)} surveyed stretches were renewed by works since.",
            rule=RENEWED,
            hint="survey the new surface",
            field="survey",
        )
    return found


def _stands(row: Row, works: Sequence[Row], on: date) -> bool:
    ends = np.array([row["from_m"]], np.float64), np.array([row["to_m"]], np.float64)
    lives = Renewals.of(works)
    surveyed = np.array([row["date"]], "datetime64[D]")
    return bool((lives.lived(*ends, surveyed) == lives.lived(*ends, on)).all())


def _renewed(rows: int) -> tuple[Finding, ...]:
    return (
        Finding(
            severity="warning",
            rule=RENEWED,
            table="pavement_survey",
            message=f"{rows} surveyed values lie where works came between the survey and the drives; they check nothing.",
            hint="survey the new surface",
            action="dropped",
        ),
    ) * bool(rows)


def _calibrated_on(workspace: WorkspaceView, rows: Sequence[Row]) -> list[Stretch]:
    """Return all that may calibrate or ever did, whatever role its rows have today."""
    ever = [*calibrating(rows), *workspace.read(CALIBRATED_ON).to_pylist()]
    return sorted({(str(r["section_id"]), float(r["from_m"]), float(r["to_m"])) for r in ever})


def _unknown_calibration(workspace: WorkspaceView, used: Sequence[Stretch]) -> Iterator[Finding]:
    cars = sum(workspace.read("pavement_vehicle")["calibrated"].to_pylist())
    if cars and not used:
        yield Finding(
            severity="warning",
            rule="calibration_unknown",
            table="pavement_vehicle",
            message=f"{cars} calibrated cars do not say on which stretches; a check there would prove nothing.",
            hint="bring in the survey that calibrated them with role calibration",
        )


def _told(error: DataError, rows: Sequence[Row]) -> Finding:
    day = next((str(r["date"]) for r in rows if r["date"]), "undated")
    return Finding(
        severity="warning",
        rule=error.rule,
        table="pavement_survey",
        row=day,
        message=f"Campaign {day}: {error.message}",
        hint=error.hint,
        action="dropped",
    )


def tables_of(found: Sequence[FieldCheck], source_id: str) -> dict[str, pa.Table]:
    """Return the checks and their stretches as tables ``pavement_field_check`` and ``pavement_field_check_stretch``."""
    rows = {
        CHECKS: [{**_row(one), "source_id": source_id} for one in found],
        STRETCHES: [{**row, "source_id": source_id} for one in found for row in _stretches(one)],
    }
    return {name: tables.sort(name, tables.from_rows(name, own)) for name, own in rows.items()}


def _row(one: FieldCheck) -> dict[str, Any]:
    check = one.check
    details = {
        "groups": [{"by": g.by, "name": g.name, **asdict(g.figures)} for g in check.groups],
        "findings": [{"rule": f.rule, "message": f.message} for f in check.findings],
    }
    return {
        "check_id": one.id,
        "state_on": one.state_on,
        **{
            name: getattr(check, name) for name in ("first_on", "last_on", "calibrated", "uncovered", "label")
        },
        "instruments": list(check.instruments),
        "sections": int(np.unique(check.pairs.section).size),
        **asdict(check.figures),
        "neighbour_correlation": check.neighbour_correlation,
        "effective": check.effective,
        "instrument_sd_log": check.instrument.sd_log,
        "instrument_source": check.instrument.source,
        "noise_floor": check.instrument.noise_floor,
        "details": json.dumps(details, sort_keys=True),
    }


def _stretches(one: FieldCheck) -> Iterator[dict[str, Any]]:
    pairs = one.check.pairs
    names = ("from_m", "to_m", "surveyed_m_km", "estimated_m_km", "low_m_km", "high_m_km", "speed_m_s")
    for k, section in enumerate(pairs.section.tolist()):
        passes, day = float(pairs.passes[k]), float(pairs.day[k])
        yield {
            "check_id": one.id,
            "section_id": section,
            **{name: float(getattr(pairs, name)[k]) for name in names},
            "passes": None if np.isnan(passes) else round(passes),
            "last_on": None if np.isnan(day) else date.fromordinal(round(day)),
            "label": one.check.label,
        }
