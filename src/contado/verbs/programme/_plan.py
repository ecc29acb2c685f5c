"""A plan as JSON -> rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from contado.kernel.errors import DataError, TableNotFound

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_plan"]


class _Payment(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    amount_eur: float
    year: int | None = None


class _Start(msgspec.Struct, frozen=True, kw_only=True):
    intervention_id: str
    start_year: int
    payments: list[_Payment]


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    programme: list[_Start]


def read_plan(path: Path) -> list[dict[str, Any]]:
    """Read the starts and payments of a plan: any JSON object with the key ``programme``.

    Raises
    ------
    TableNotFound
        There is no such file.
    DataError
        It is no plan; the message says where.
    """
    if not path.is_file():
        raise TableNotFound(f"There is no plan {path}.", hint="save the answer of `contado plan --json`")
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=_Plan)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise DataError(
            f"{path.name} is no plan: {error}.",
            rule="bad_plan",
            hint="it holds programme: [{intervention_id, start_year, payments: [{source, amount_eur}]}]",
            field="plan",
        ) from None
    rows: list[dict[str, Any]] = msgspec.to_builtins(plan.programme)
    return rows
