"""Why a trial proposes nothing: one reason, the same for the finding of `propose` and for the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from datetime import date

    from contado.practices.gipave.evaluation import Mix, Row, Trial

__all__ = ["YEARS", "Obstacle", "due_year", "obstacle"]

YEARS: Final = 3
"""Years of a programme, from the year after the diagnosis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why nothing is proposed; ``first_year`` is the year in which the first control section ends its life."""

    reason: Literal[
        "not_measured", "not_identifiable", "not_demonstrated", "missing_cost", "missing_area", "nothing_due"
    ]
    first_year: int | None = None


def obstacle(t: Trial, on: date) -> Obstacle | None:
    """Return why a trial proposes nothing on the day ``on``; None where it proposes something."""
    if t.result is None:
        return Obstacle(reason="not_measured")
    if t.result.verdict != "demonstrated":
        return Obstacle(reason=t.result.verdict)
    own = t.mix_of("control")
    if own is None or t.mix_of("treated") is None:
        return Obstacle(reason="missing_cost")
    years = [due_year(t, s, own) for s in t.sections if s["arm"] == "control"]
    known = [year for year in years if year is not None]
    if not known:
        return Obstacle(reason="missing_area")
    first = min(known)
    return None if first <= on.year + YEARS else Obstacle(reason="nothing_due", first_year=first)


def due_year(t: Trial, section: Row, own: Mix) -> int | None:
    """Return the year in which the ordinary surface of a section ends its life; None where its area is unknown."""
    if not section["length_m"] or not section["width_m"]:
        return None
    laid = section["laid_on"] or t.row["laid_on"]
    return int(laid.year + own.alternative.life_y.value)
