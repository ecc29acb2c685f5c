"""Scheda E: the works of D that start in the first year (*elenco annuale*), and what filing asks of a work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from contado.kernel.errors import Finding
from contado.kernel.programme.schede.columns import amounts, cents_by_year
from contado.kernel.programme.schede.d import elements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.kernel.programme.registry import Work

__all__ = ["DESIGN_LEVELS", "design_level", "filing_findings", "rows"]

DESIGN_LEVELS: Final[Mapping[str, int]] = {
    "quadro_esigenziale": 1,
    "docfap": 2,
    "documento_di_fattibilita": 2,
    "dip": 3,
    "documento_di_indirizzo": 3,
    "pfte": 4,
    "progetto_di_fattibilita": 4,
    "esecutivo": 5,
    "progetto_esecutivo": 5,
}
"""Level of design as an office writes it -> its step (D.Lgs. 36/2023 art. 41 and all. I.7)."""
_WORDS: Final = {1: "quadro esigenziale", 2: "documento di fattibilità", 3: "documento di indirizzo"}


def rows(works: Sequence[Work], cuis: Mapping[str, str], first_year: int) -> list[dict[str, Any]]:
    """Return a row for each work of D that starts in the first year."""
    return [
        {
            **elements(work, cuis),
            **{
                name: work.text(name)
                for name in ("purpose", "urban_conformity", "environmental_check", "design_level")
            },
            **amounts(cents_by_year(work), first_year),
        }
        for work in works
        if work.start_year == first_year
    ]


def design_level(word: str | None) -> int | None:
    """Return the step of a level of design; None where it is unknown.

    Examples
    --------
    >>> design_level("Quadro esigenziale"), design_level("PFTE"), design_level("sketch")
    (1, 4, None)
    """
    return DESIGN_LEVELS.get((word or "").strip().casefold().replace(" ", "_").replace("à", "a"))


def filing_findings(works: Sequence[Work], *, first_year: int, eu_threshold_eur: float) -> list[Finding]:
    """Return what stands in the way of filing the works of D.

    A work of the first year without CUP, a level of design too low for its year or size, a PNRR work
    without target or date.
    """
    found: list[Finding] = []
    for work in works:
        if work.start_year == first_year and not work.cups:
            text, hint = "starts in the first year without CUP", "ask for the CUP before filing"
            found.append(_finding(work.id, "missing_cup", text, hint))
        needed = _needed(work, first_year, eu_threshold_eur)
        found += [_too_low(work, needed)] if needed > (design_level(work.text("design_level")) or 0) else []
        found += _pnrr(work)
    return found


def _needed(work: Work, first_year: int, eu_threshold_eur: float) -> int:
    """Return the step of design that a work needs; ordinary maintenance needs none."""
    kinds = {str(work.facts.get(name) or "").casefold() for name in ("type", "priority_class")}
    if kinds & {"ordinary_maintenance", "manutenzione ordinaria", "manutenzione_ordinaria"}:
        return 0
    if work.start_year == first_year:
        return 3
    return 2 if work.total_cents >= round(eu_threshold_eur * 100) else 1


def _too_low(work: Work, needed: int) -> Finding:
    stated = work.text("design_level")
    if stated is None:
        return _finding(
            work.id,
            "missing_design_level",
            f"no level of design is stated; a {_WORDS[needed]} is needed",
            "give design_level",
        )
    text = f"design level {stated!r} is too low for {work.start_year}; a {_WORDS[needed]} is needed"
    return _finding(work.id, "design_level_too_low", text, "approve it, or move the work to a later year")


def _pnrr(work: Work) -> list[Finding]:
    paid = any(
        source.casefold().startswith("pnrr") and cents > 0 for (source, _), cents in work.cents.items()
    )
    if not paid and work.text("pnrr_measure") is None:
        return []
    missing = [name for name in ("target_value", "due_date") if work.text(name) is None]
    if not missing:
        return []
    text = f"a PNRR work without {' and '.join(missing)}"
    return [_finding(work.id, "pnrr_without_target", text, "ReGiS asks for a target value and its date")]


def _finding(key: str, rule: str, text: str, hint: str) -> Finding:
    return Finding(
        severity="warning", table="intervention", row=key, rule=rule, message=f"{key}: {text}.", hint=hint
    )
