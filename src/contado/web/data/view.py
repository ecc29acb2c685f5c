"""What pages need of a workspace, and tolerant reading of its tables."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from contado.kernel.workspace import WorkspaceView as View

__all__ = ["Row", "day", "kept", "layer_rows", "pick", "real", "rows", "text"]

Row = dict[str, Any]
S = TypeVar("S", bound=msgspec.Struct)


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


def kept(row: Row, name: str, kind: type[S]) -> S:
    """Return a structure that is kept as JSON; the empty one where it is unknown or cannot be read."""
    try:
        return msgspec.json.decode(text(row, name) or "{}", type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return kind()
