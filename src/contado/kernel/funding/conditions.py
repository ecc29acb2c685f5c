"""Conditions of funding rules that cannot be read, as findings beside those of the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel.errors import DataError, Finding
from contado.kernel.funding.predicate import is_unknown, parse

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping
    from typing import Any

__all__ = ["condition_findings", "expired_findings"]


def condition_findings(
    rules: Iterable[Mapping[str, Any]], columns: Iterable[str], *, table: str = "funding_rule"
) -> list[Finding]:
    """Return an error for each rule whose ``when`` has a syntax error or names no column of the interventions.

    The message names the rule and quotes the condition and the position.
    """
    known = {*columns, "domain"}
    found = []
    for row in rules:
        when = row.get("when")
        if is_unknown(when):
            continue
        try:
            parse(str(when), known)
        except DataError as error:
            found.append(_refused(table, _name(row), error))
    return found


def _refused(table: str, name: str, error: DataError) -> Finding:
    return Finding(
        severity="error",
        rule=error.rule,
        message=f"{table} {name}: {error.message}",
        table=table,
        row=name,
        hint=error.hint,
        action="refused",
    )


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("rule_id") or row.get("source"))


def expired_findings(rules: Iterable[Mapping[str, Any]], on: dt.date) -> list[Finding]:
    """Return a warning for each source none of whose rules holds on the day: it pays nothing then."""
    by_source: dict[str, list[Mapping[str, Any]]] = {}
    for row in rules:
        by_source.setdefault(str(row["source"]), []).append(row)
    return [
        Finding(
            severity="warning",
            rule="no_dated_row",
            message=f"funding_rule {source}: none of its {len(rows)} rules holds on {on}; it pays nothing.",
            table="funding_rule",
            row=source,
            hint="plan --on another day, or bring the rule that holds now",
        )
        for source, rows in by_source.items()
        if not any(_holds(row, on) for row in rows)
    ]


def _holds(row: Mapping[str, Any], on: dt.date) -> bool:
    first, last = row.get("valid_from"), row.get("valid_to")
    return (first is None or first <= on) and (last is None or on <= last)
