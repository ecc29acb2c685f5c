"""What came in before: each observation of a cell counts once, in whatever parts and order drives arrive.

An observation is known by what it says, never by the name of its drive alone: section, cell, instant and IRI.

- Rows that say the same count once: a drive that comes again, a part of it, or the same rows under another name.
- A name that comes back with other rows has driven again, or on: these rows count, each a pass of its own.
- One drive gives one value of a cell at one instant. Where it gives several, the most certain one is taken, of
  equally certain ones the lowest, and that is told.
- A car that is named cannot pass a cell twice within some seconds: where it reads the same there, the clock of a drive
  was shifted before it was processed again. These rows are kept, but the pass counts once (`told_again`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from contado.kernel.errors import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = [
    "KEPT",
    "NEEDED",
    "Again",
    "Once",
    "of_shifted",
    "once",
    "told_again",
    "told_wholly_again",
    "wholly",
]

NEEDED: Final = ("section_id", "cell", "drive_id", "t_utc", "iri_m_km", "sd_log")
KEPT: Final = (
    *NEEDED, "vehicle_id", "sd_cal_log", "cell_m", "label", "sd_model_log", "calibration_shared_with",
)  # fmt: skip
"""Columns of observations that a state keeps."""

_BEFORE: Final = -1
_SHIFT_S: Final = 10.0
"""No car leaves a cell and comes back to it, in the same direction, within this time."""
_SAME_LOG: Final = 1e-5
"""A drive whose clock is shifted is cut into other windows: its IRI moves by less than a part in a million."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """Observations, each once, in the order of section, cell, instant and drive.

    ``used`` are the names of the drives that brought something new; ``repeated`` those of arrivals that brought
    nothing, one for each table that holds the drive.
    """

    frame: pd.DataFrame
    used: tuple[str, ...]
    repeated: tuple[str, ...]
    findings: tuple[Finding, ...]


def once(frames: Sequence[pd.DataFrame], before: pd.DataFrame | None) -> Once:
    """Return all observations, each once.

    Parameters
    ----------
    frames
        What arrives, with the columns `KEPT`; each drive in a table is an arrival.
    before
        What is in already; of the same rows under two names these stay, else those of the lesser name.
    """
    parts = [(_BEFORE, before)] if before is not None else []
    parts += list(enumerate(frames))
    parts = [(number, part) for number, part in parts if len(part)]
    if not parts:
        return Once(frame=_nothing(), used=(), repeated=(), findings=())
    frame = pd.concat([part[list(KEPT)] for _, part in parts], ignore_index=True)
    arrival = np.repeat([number for number, _ in parts], [len(part) for _, part in parts])
    keys = _Keys.of(frame, arrival)
    own, contradicted = _of_each_drive(frame, keys)
    kept = _of_all_drives(own, keys)
    used, repeated, partly = _arrivals(kept, own, keys)
    return Once(
        frame=frame.iloc[kept].reset_index(drop=True),
        used=used,
        repeated=repeated,
        findings=_findings(keys.names[keys.drive[contradicted]], partly),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Which observations tell one pass of a car, shape (n,).

    ``shared`` tell a pass that others tell too; of these ``again`` do not count, as one of them does.
    """

    shared: NDArray[np.bool_]
    again: NDArray[np.bool_]


def told_again(frame: pd.DataFrame) -> Again:
    """Return which observations tell a pass that others tell some seconds apart.

    Of the rows of one pass that of the lesser drive counts, whatever the order in which they came.

    Parameters
    ----------
    frame
        Observations, each once, with ``undated`` where the instant is no own one.
    """
    known = (frame["vehicle_id"].notna() & frame["iri_m_km"].notna() & ~frame["undated"]).to_numpy(bool)
    rows = np.flatnonzero(known)
    found = Again(shared=np.zeros(len(frame), bool), again=np.zeros(len(frame), bool))
    if rows.size < 2:
        return found
    own = frame.iloc[rows]
    section, vehicle, drive = (
        pd.factorize(own[name], sort=True)[0] for name in ("section_id", "vehicle_id", "drive_id")
    )
    cell, log_iri = own["cell"].to_numpy(np.int64), np.log(own["iri_m_km"].to_numpy(np.float64))
    second = own["t_utc"].dt.tz_localize(None).to_numpy("datetime64[us]").view(np.int64) * 1e-6
    order = np.lexsort((second, log_iri, vehicle, cell, section))
    new = _first_of_each(order, (section, cell, vehicle))
    new[1:] |= np.diff(log_iri[order]) > _SAME_LOG
    new[1:] |= np.abs(np.diff(second[order])) > _SHIFT_S
    pass_of = np.empty(rows.size, np.int64)
    pass_of[order] = np.cumsum(new) - 1
    by_pass = np.lexsort((second, drive, pass_of))
    found.again[rows[by_pass[~_first_of_each(by_pass, (pass_of,))]]] = True
    found.shared[rows] = np.bincount(pass_of)[pass_of] > 1
    return found


def told_wholly_again(cell_obs: pa.Table) -> set[tuple[str, str]]:
    """Return section and drive of those that measured nothing there but what another drive of their car told.

    Parameters
    ----------
    cell_obs
        Table ``pavement_cell_obs``, each observation once.
    """
    if "vehicle_id" not in cell_obs.column_names:
        return set()
    names = ["section_id", "cell", "drive_id", "t_utc", "iri_m_km", "vehicle_id"]
    frame: pd.DataFrame = cell_obs.select(names).to_pandas()
    frame = frame[frame["iri_m_km"].notna()]
    frame["t_utc"] = pd.to_datetime(frame["t_utc"], utc=True).astype("datetime64[us, UTC]")
    frame["undated"] = frame["t_utc"].isna()
    frame["again"] = told_again(frame).again
    return set(wholly(frame, ["section_id", "drive_id"], "again"))


def wholly(frame: pd.DataFrame, keys: str | list[str], column: str) -> list[Any]:
    """Return the keys whose measured rows are all so."""
    found = frame[frame["iri_m_km"].notna()].groupby(keys)[column].all()
    return list(found.index[found.to_numpy(bool)])


def of_shifted(drives: NDArray[np.object_]) -> tuple[Finding, ...]:
    """Tell of observations that tell a pass again, by the names of their drives; nothing where there are none."""
    if not drives.size:
        return ()
    return (
        Finding(
            severity="note",
            rule="pass_told_again",
            table="cell_obs",
            row=min(drives),
            message=f"{drives.size} observations of {len(set(drives))} drives say the same of a cell as another drive "
            f"of their car less than {_SHIFT_S:g} s before or after; each pass counts once.",
            hint="nothing to do; the clock of a drive was shifted before it was processed again",
            action="kept",
        ),
    )


def _nothing() -> pd.DataFrame:
    """Return observations without any row, typed."""
    kinds = {"t_utc": "datetime64[us, UTC]", "cell": "int64"}
    text = {"section_id", "drive_id", "vehicle_id", "label", "calibration_shared_with"}
    return pd.DataFrame({n: pd.Series(dtype=kinds.get(n, "str" if n in text else "float64")) for n in KEPT})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """Columns as numbers that sort and compare fast, each of shape (n,); an unknown IRI is infinite."""

    section: Ints
    cell: Ints
    instant: Ints
    drive: Ints
    iri: NDArray[np.float64]
    arrival: Ints
    arrival_of: Ints
    """Number of each row's drive in its table."""
    names: NDArray[np.object_]
    """Names of the drives by number, in order."""

    @classmethod
    def of(cls, frame: pd.DataFrame, arrival: Ints) -> _Keys:
        drive, names = pd.factorize(frame["drive_id"], sort=True)
        instant = frame["t_utc"].dt.tz_localize(None).to_numpy("datetime64[us]").view(np.int64)
        return cls(
            section=pd.factorize(frame["section_id"], sort=True)[0],
            cell=frame["cell"].to_numpy(np.int64),
            instant=instant,
            drive=drive,
            iri=frame["iri_m_km"].fillna(np.inf).to_numpy(np.float64),
            arrival=arrival,
            arrival_of=(arrival - _BEFORE) * len(names) + drive,
            names=np.asarray(names, dtype=object),
        )


def _of_each_drive(frame: pd.DataFrame, keys: _Keys) -> tuple[Ints, Ints]:
    """Return the rows of each drive, one an instant and cell, and those that contradict them.

    Of rows that say the same what is in already stays, else the row of the table that holds most of the drive.
    """
    own_sd, shared_sd = (frame[n].fillna(np.inf).to_numpy(np.float64) for n in ("sd_log", "sd_cal_log"))
    spread = np.where(np.isinf(keys.iri), np.inf, np.hypot(own_sd, shared_sd))
    size = np.bincount(keys.arrival_of)[keys.arrival_of]
    names = ("sd_model_log", "calibration_shared_with", "label", "cell_m", "vehicle_id")
    further = [pd.factorize(frame[n], sort=True)[0] for n in names]
    best = (keys.arrival, -size, keys.arrival != _BEFORE, *further, keys.iri, spread)
    place = (keys.drive, keys.instant, keys.cell, keys.section)
    order = np.lexsort((*best, *place))
    first = _first_of_each(order, place)
    own = order[first]
    return own, order[keys.iri[order] != keys.iri[own][np.cumsum(first) - 1]]


def _of_all_drives(own: Ints, keys: _Keys) -> Ints:
    """Return, of the rows of each drive, those that no other drive has told."""
    new = (keys.arrival[own] != _BEFORE).astype(np.int64)
    said = (keys.iri[own], keys.instant[own], keys.cell[own], keys.section[own])
    order = np.lexsort((keys.drive[own], new, *said))
    first = _first_of_each(order, said)
    mask = np.zeros(own.size, bool)
    mask[order[first]] = True
    return own[mask]


def _first_of_each(order: Ints, keys: tuple[NDArray[np.generic], ...]) -> NDArray[np.bool_]:
    """Return which of the ordered rows begin a group of equal keys."""
    first = np.zeros(order.size, bool)
    first[0] = True
    for key in keys:
        ordered = key[order]
        first[1:] |= ordered[1:] != ordered[:-1]
    return first


def _arrivals(
    kept: Ints, own: Ints, keys: _Keys
) -> tuple[tuple[str, ...], tuple[str, ...], NDArray[np.object_]]:
    """Return the drives that brought something, those that brought nothing, and a name for each row told by another."""
    arrival_of = keys.arrival_of
    brought = np.unique(arrival_of[kept])
    new = np.unique(arrival_of[keys.arrival != _BEFORE])
    drives, does = keys.names[new % keys.names.size], np.isin(new, brought)
    measured = np.setdiff1d(own, kept)
    measured = measured[np.isfinite(keys.iri[measured])]
    partly = measured[np.isin(arrival_of[measured], brought)]
    return (
        tuple(np.unique(drives[does].astype(str)).tolist()),
        tuple(np.sort(drives[~does].astype(str)).tolist()),
        keys.names[keys.drive[partly]],
    )


def _findings(contradicted: NDArray[np.object_], partly: NDArray[np.object_]) -> tuple[Finding, ...]:
    """Tell of observations that were set aside, by the names of their drives; nothing where there are none."""
    another = "give a cell another value at the instant of one that is more certain"
    same = "say what another drive says of the same cell and instant, and count once"
    kinds: tuple[tuple[NDArray[np.object_], Severity, str, str, str], ...] = (
        (
            contradicted,
            "warning",
            "two_values",
            another,
            "give each drive as it was processed last, or a name of its own",
        ),
        (partly, "note", "observation_repeated", same, "instants to the second tell drives apart"),
    )
    return tuple(
        Finding(
            severity=severity,
            rule=rule,
            table="cell_obs",
            row=min(drives),
            message=f"{drives.size} observations of {len(set(drives))} drives {what}.",
            hint=hint,
            action="row_set_aside",
        )
        for drives, severity, rule, what, hint in kinds
        if drives.size
    )
