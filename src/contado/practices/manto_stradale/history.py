"""The roads on earlier days: the state at the end of each day on which cars drove, computed once.

A state is kept with the hash of all that it was computed from; it is computed again only where that has
changed: a drive of an earlier day that came in late, works recorded afterwards, another release.
"""

from __future__ import annotations

from collections import defaultdict
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from contado import __version__
from contado.engines.pavement.state.lives import LegalDay, legal_days
from contado.kernel import tables
from contado.kernel.progress import track
from contado.practices.manto_stradale import layers
from contado.practices.manto_stradale.ids import DRIVES
from contado.practices.manto_stradale.state import forced_cuts, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    import pyarrow as pa

    from contado.engines.pavement.segmentation.cuts import Cut
    from contado.kernel.progress import Progress
    from contado.kernel.workspace import WorkspaceView
    from contado.practices.manto_stradale.state import Row, Snapshot

__all__ = ["ANOMALIES", "MOST_DAYS", "SECTIONS", "kept_days", "tables_of"]

SECTIONS: Final = "pavement_section_history"
ANOMALIES: Final = "pavement_anomaly_history"
MOST_DAYS: Final = 24
"""Days whose state is kept: half of them the latest, half the last ones of earlier months."""

_KEPT: Final = "4"
"""Edition of what a kept state holds; a state of another edition is computed again."""


def tables_of(
    workspace: WorkspaceView,
    on: date,
    progress: Progress | None = None,
    *,
    forced: Mapping[str, tuple[Cut, ...]] | None = None,
) -> dict[str, pa.Table]:
    """Return the states of sections and anomalies on the days on which cars drove, until ``on``.

    ``forced`` are the `forced_cuts` of the workspace, where they are known already.
    """
    forced = forced_cuts(workspace) if forced is None else forced
    old = {name: _by_day(workspace.read(name).to_pylist()) for name in (SECTIONS, ANOMALIES)}
    rows: dict[str, list[Row]] = {SECTIONS: [], ANOMALIES: []}
    for day in track(kept_days(_days(workspace), on), "history", progress):
        inputs = _inputs(workspace, day, forced)
        before = old[SECTIONS].get(day, [])
        if not before or any(row["inputs_sha256"] != inputs for row in before):
            found = snapshot(workspace, day, forced)
            rows[SECTIONS] += _sections(found, inputs)
            rows[ANOMALIES] += _anomalies(found)
        else:
            rows[SECTIONS] += before
            rows[ANOMALIES] += old[ANOMALIES].get(day, [])
    return {name: tables.sort(name, tables.from_rows(name, found)) for name, found in rows.items()}


def kept_days(days: Iterable[date], on: date) -> list[date]:
    """Return the days whose state is kept, in order.

    Examples
    --------
    >>> from datetime import date, timedelta
    >>> days = [date(2026, 1, 1) + timedelta(days=k) for k in range(60)]
    >>> [str(d) for d in kept_days(days, date(2026, 2, 28))][:3]
    ['2026-01-31', '2026-02-16', '2026-02-17']
    """
    until = sorted(day for day in set(days) if day <= on)
    if len(until) <= MOST_DAYS:
        return until
    half = MOST_DAYS // 2
    months = groupby(until[:-half], key=lambda day: (day.year, day.month))
    return [*[list(own)[-1] for _, own in months][-half:], *until[-half:]]


def _days(workspace: WorkspaceView) -> set[date]:
    moments = workspace.read("pavement_cell_obs")["t_utc"].drop_null().unique().to_pandas()
    return set(legal_days(moments, workspace.settings.territory.timezone).tolist())


def _by_day(rows: Sequence[Row]) -> dict[date, list[Row]]:
    found: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["date"]].append(row)
    return found


def _inputs(workspace: WorkspaceView, day: date, forced: Mapping[str, tuple[Cut, ...]]) -> str:
    """Return the hash of what the state of a day is computed from; an undated row counts on every day."""
    timezone = workspace.settings.territory.timezone
    end = LegalDay(day, timezone).ends
    dated = {"pavement_cell_obs": ("t_utc", end), "pavement_anomaly_obs": ("t_utc", end)}
    parts = [_until(workspace.read(name), column, last) for name, (column, last) in dated.items()]
    parts += [_until(workspace.read("pavement_works"), "date", day), workspace.read("pavement_lrs_section")]
    settings = workspace.settings.pavement
    told = [
        __version__,
        _KEPT,
        timezone,
        str(settings.cell_m),
        str(settings.not_driven_d),
        repr(sorted(forced.items())),
        *map(tables.content_hash, parts),
    ]
    return sha256("\n".join(told).encode()).hexdigest()


def _until(table: pa.Table, column: str, last: Any) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    early = pc.less_equal(table[column], pa.scalar(last, table.schema.field(column).type))
    return table.filter(pc.fill_null(early, True))


def _sections(found: Snapshot, inputs: str) -> list[Row]:
    given = layers.tables_of(found)[layers.SECTIONS].to_pylist()
    return [
        {
            **row,
            "date": found.on,
            "low_m_km": row["iri_low_m_km"],
            "high_m_km": row["iri_high_m_km"],
            "error_parts": _parts(found, row["section_id"]),
            "inputs_sha256": inputs,
            "source_id": DRIVES,
        }
        for row in given
    ]


def _parts(found: Snapshot, section: str) -> str | None:
    level = found.levels.get(section)
    return None if level is None else level.parts()


def _anomalies(found: Snapshot) -> list[Row]:
    """Return the anomalies of a day; a repaired one is told until passes have closed it."""
    return [
        {**row, "date": found.on, "open": is_open, "source_id": DRIVES}
        for is_open, by_section in ((True, found.anomalies), (False, found.settled))
        for rows in by_section.values()
        for row in rows
    ]
