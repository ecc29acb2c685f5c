"""What a plan leaves beside its tables for who reads it later: sturdiness, worksites, value curve, exact reasons."""

from __future__ import annotations

import msgspec

from contado.kernel.errors import DataError
from contado.kernel.portfolio.breakeven import Explanation
from contado.kernel.portfolio.increments import Increments

__all__ = ["Details", "SitePair", "Sturdiness", "decode", "merged"]


class SitePair(msgspec.Struct, frozen=True, kw_only=True):
    """Two interventions that can share a worksite and what that saves [EUR]; ``off``: switched off by hand."""

    a: str
    b: str
    site_id: str | None = None
    saving_eur: float | None = None
    reason: str | None = None
    off: bool = False


class Sturdiness(msgspec.Struct, frozen=True, kw_only=True):
    """How many draws were planned, and where the programme's value lay in nine draws of ten [EUR]."""

    draws: int
    replan_method: str
    value_low_eur: float
    value_high_eur: float
    soft_value_share: float | None


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """details.json of a run: nulls and empty lists were not asked for."""

    sturdiness: Sturdiness | None = None
    worksites: list[SitePair] = []
    increments: Increments | None = None
    explanations: list[Explanation] = []

    def explanation(self, intervention_id: str) -> Explanation | None:
        """Return the exact figures of one intervention, if they were computed."""
        return next((e for e in self.explanations if e.intervention_id == intervention_id), None)


def decode(content: bytes) -> Details:
    """Read details.json.

    Raises
    ------
    DataError
        Rule ``bad_run``: the file is not what a plan writes.
    """
    try:
        return msgspec.json.decode(content, type=Details)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise DataError(
            f"details.json: {error}.", rule="bad_run", hint="plan again: the file is written anew"
        ) from None


def merged(old: Details, new: Details) -> Details:
    """Return ``new``, with what only ``old`` holds: the same run has the same figures, dear ones are kept."""
    known = {e.intervention_id for e in new.explanations}
    return Details(
        sturdiness=new.sturdiness or old.sturdiness,
        worksites=new.worksites,
        increments=new.increments or old.increments,
        explanations=[*new.explanations, *(e for e in old.explanations if e.intervention_id not in known)],
    )
