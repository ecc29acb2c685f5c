"""What pages need of a workspace, and tolerant reading of its tables."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any, Protocol

from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from contado.kernel.settings import Settings

__all__ = ["LayerFacts", "Row", "View", "day", "layer_rows", "pick", "real", "rows", "text"]

Row = dict[str, Any]


class LayerFacts(Protocol):
    """What the registry of layers says of one layer."""

    id: str
    title_it: str
    title_en: str
    geometry_type: str
    crs: str | None
    n: int
    licence: str | None
    label: str | None
    updated_at: Any
    access: str


class View(Protocol):
    """The read-only face of a workspace."""

    path: Path
    settings: Settings

    def read(self, table: str) -> pa.Table:
        """Return a table, its shares joined."""

    def layer(self, name: str) -> pa.Table:
        """Return a layer; column ``geometry`` holds WKB."""

    def layers(self) -> Sequence[LayerFacts]:
        """Return the registry of layers."""

    def tables(self) -> Mapping[str, int]:
        """Return the names of the tables with their rows."""


def rows(view: View, table: str) -> list[Row]:
    """Return the rows of a table; an unknown or empty one has none."""
    try:
        found: list[Row] = view.read(table).to_pylist()
    except DataError:
        return []
    return found


def layer_rows(view: View, name: str) -> list[Row]:
    """Return the rows of a layer; one that is not there has none."""
    if name not in {info.id for info in view.layers()}:
        return []
    found: list[Row] = view.layer(name).to_pylist()
    return found


def pick(row: Row, *names: str) -> Any:
    """Return the first of ``names`` that the row knows a value for."""
    return next((row[n] for n in names if row.get(n) is not None), None)


def real(row: Row, *names: str) -> float | None:
    """Return a number, or None where it is unknown."""
    value = pick(row, *names)
    if value is None or isinstance(value, str):
        return None
    return None if math.isnan(value) else float(value)


def text(row: Row, *names: str) -> str | None:
    """Return a text, or None where it is unknown or empty."""
    value = pick(row, *names)
    return str(value) if value not in {None, ""} else None


def day(row: Row, *names: str) -> dt.date | None:
    """Return a date from a date, an instant or ISO text; None where it is unknown."""
    value = pick(row, *names)
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date) or value is None:
        return value
    try:
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
