"""Why a trial proposes nothing: one reason, the same for the finding of `propose` and for the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from contado.kernel.portfolio import horizon
from contado.practices.gipave.ids import NAME

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from contado.kernel.errors import Finding
    from contado.kernel.workspace import WorkspaceView
    from contado.practices.gipave.evaluation import Mix, Row, Trial

__all__ = ["Obstacle", "due_year", "obstacle", "years_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why nothing is proposed; ``first_year`` is the year in which the first control section ends its life."""

    reason: Literal[
        "not_measured", "not_identifiable", "not_demonstrated", "missing_cost", "missing_area", "nothing_due"
    ]
    first_year: int | None = None


def years_of(workspace: WorkspaceView, found: Sequence[Trial], on: date) -> tuple[range, list[Finding]]:
    """Return the years for which mixes are proposed on the day ``on``, and what of the budgets lies beyond."""
    places = {s["municipality"] for t in found for s in t.sections}
    return horizon.proposal_years(workspace, NAME, places, on)


def obstacle(t: Trial, years: range) -> Obstacle | None:
    """Return why a trial proposes nothing for these years; None where it proposes something."""
    if t.result is None:
        return Obstacle(reason="not_measured")
    if t.result.verdict != "demonstrated":
        return Obstacle(reason=t.result.verdict)
    own = t.mix_of("control")
    if own is None or t.mix_of("treated") is None:
        return Obstacle(reason="missing_cost")
    due = [due_year(t, s, own) for s in t.sections if s["arm"] == "control"]
    known = [year for year in due if year is not None]
    if not known:
        return Obstacle(reason="missing_area")
    first = min(known)
    return None if first <= years[-1] else Obstacle(reason="nothing_due", first_year=first)


def due_year(t: Trial, section: Row, own: Mix) -> int | None:
    """Return the year in which the ordinary surface of a section ends its life; None where its area is unknown."""
    if not section["length_m"] or not section["width_m"]:
        return None
    laid = section["laid_on"] or t.row["laid_on"]
    return int(laid.year + own.alternative.life_y.value)
