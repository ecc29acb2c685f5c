"""Recorded runs of a workspace: which there are, what each decided, what it left beside its tables."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contado.kernel.errors import DataError
from contado.kernel.portfolio.details import Details, decode
from contado.kernel.portfolio.record import is_draft as is_draft_folder

if TYPE_CHECKING:
    from pathlib import Path

    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.view import Row

__all__ = ["Stored", "details_of", "inputs_of", "is_draft", "programme_of", "record_of", "stored"]

_ID = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A run in the folder ``runs``: id, day on which it was written, value and bound [EUR], all budgets [EUR]."""

    id: str
    on: dt.date
    value: float | None
    bound: float | None
    budget: float | None


def stored(view: View, *, drafts: bool = False) -> list[Stored]:
    """Return the runs with a programme, the latest first; drafts are for planners only."""
    found = []
    for path in (view.path / "runs").glob("*/run.json"):
        record = _json(path)
        if record is None or not (path.parent / "programme.parquet").is_file():
            continue
        if not drafts and is_draft(view, path.parent.name):
            continue
        written = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
        budgets = inputs_of(view, path.parent.name, "budget")
        run = Stored(
            id=path.parent.name,
            on=written.date(),
            value=record.get("value_eur"),
            bound=record.get("bound_eur"),
            budget=sum(float(b["budget_eur"]) for b in budgets) if budgets else None,
        )
        found.append((written, run))
    return [run for _, run in sorted(found, key=lambda f: (f[0], f[1].id), reverse=True)]


def is_draft(view: View, run_id: str) -> bool:
    """Whether a run is a draft that was not published."""
    folder = _folder(view, run_id)
    return folder is not None and is_draft_folder(folder)


def record_of(view: View, run_id: str | None) -> dict[str, Any]:
    """Return run.json, or nothing where the run left none."""
    folder = _folder(view, run_id)
    return (folder and _json(folder / "run.json")) or {}


def details_of(view: View, run_id: str | None) -> Details:
    """Return what the run left for its readers; a run without details has empty ones."""
    folder = _folder(view, run_id)
    path = folder / "details.json" if folder else None
    if path is None or not path.is_file():
        return Details()
    try:
        return decode(path.read_bytes())
    except DataError:
        return Details()


def programme_of(view: View, run_id: str) -> list[Row]:
    """Return the rows of a run's programme."""
    return _rows(view, run_id, "programme.parquet")


def inputs_of(view: View, run_id: str, table: str) -> list[Row]:
    """Return the rows of a table as the run read it."""
    return _rows(view, run_id, f"inputs/{table}.parquet")


def _rows(view: View, run_id: str, name: str) -> list[Row]:
    import pyarrow.parquet as pq

    folder = _folder(view, run_id)
    if folder is None or not (folder / name).is_file():
        return []
    table = pq.read_table(folder / name)
    rows: list[Row] = table.drop_columns([c for c in table.column_names if c == "geometry"]).to_pylist()
    return rows


def _folder(view: View, run_id: str | None) -> Path | None:
    """Return the folder of a run; an id that is no plain name has none."""
    if not run_id or not _ID.fullmatch(run_id) or run_id.startswith("."):
        return None
    return view.path / "runs" / run_id


def _json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
