"""Findings are collected, not raised: count them, make them strict, refuse what they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Counts", "count", "made_strict", "raise_refused", "refuse_strictly"]

_LENIENT = "without --strict the verb goes on and tells all that it found"


class Counts(NamedTuple):
    """How many errors, warnings, notes, and rows set aside a list of findings holds."""

    errors: int
    warnings: int
    notes: int
    rows_set_aside: int


def count(findings: Iterable[Finding]) -> Counts:
    """Count the findings by severity; a row that is set aside for two reasons counts once."""
    kept = list(findings)
    by = {s: sum(f.severity == s for f in kept) for s in ("error", "warning", "note")}
    aside = {(f.table, f.row) for f in kept if f.action == "row_set_aside"}
    return Counts(by["error"], by["warning"], by["note"], len(aside))


def made_strict(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings with all but the notes turned into refusals."""
    return [
        f if f.severity == "note" else msgspec.structs.replace(f, severity="error", action="refused")
        for f in findings
    ]


def raise_refused(findings: Iterable[Finding]) -> None:
    """Raise when a finding refuses its input.

    Raises
    ------
    DataError
        With the rule, message and hint of the first refusal, and how many there are.
    """
    refused = [f for f in findings if f.action == "refused"]
    if not refused:
        return
    first = refused[0]
    more = f" ({len(refused) - 1} more findings refuse the input)" if len(refused) > 1 else ""
    rows = [f.row for f in refused if isinstance(f.row, int) and f.table == first.table]
    raise DataError(
        first.message + more,
        rule=first.rule,
        hint=first.hint or "see the findings",
        rows=rows,
        field=first.table,
    )


def refuse_strictly(findings: Iterable[Finding]) -> None:
    """Raise when a finding is no note (``--strict``).

    Raises
    ------
    DataError
        As `raise_refused`.
    """
    told = made_strict(findings)
    raise_refused(f if f.hint else msgspec.structs.replace(f, hint=_LENIENT) for f in told)
