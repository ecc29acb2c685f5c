"""Annex: works of the plan below the threshold, which the programme need not list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.kernel.programme.schede.columns import amounts, cents_by_year
from contado.kernel.programme.schede.d import elements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contado.kernel.programme.registry import Work

__all__ = ["rows"]


def rows(works: Sequence[Work], first_year: int) -> list[dict[str, Any]]:
    """Return a row for each work, in the order of id; such works get no CUI."""
    return [{**elements(work, {}), **amounts(cents_by_year(work), first_year)} for work in works]
