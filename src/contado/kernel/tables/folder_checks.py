"""Checks that look at several tables of a folder: years, sources, floors, neighbours."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pyarrow as pa

    from contado.kernel.errors import Action, Severity

    Tables = Mapping[str, pa.Table]

__all__ = ["folder_findings"]

_LEADING_ZEROS: Final = re.compile(r"(?<!\d)0+(?=\d)")


def folder_findings(kind: str, tables: Tables) -> list[Finding]:
    """Return what the tables of a folder say together."""
    functions = _PROGRAMME if kind == "programme" else _OPTIONS if kind == "options" else ()
    return [finding for function in functions for finding in function(tables)]


def _columns(tables: Tables, table: str, *names: str) -> list[tuple[Any, ...]]:
    """Return the rows of some columns; none where the table or a column is absent."""
    found = tables.get(table)
    if found is None or not set(names) <= set(found.column_names):
        return []
    return list(zip(*(found[n].to_pylist() for n in names), strict=True))


def _finding(
    severity: Severity,
    rule: str,
    table: str,
    key: object,
    text: str,
    hint: str = "",
    action: Action = "kept",
) -> Finding:
    return Finding(
        severity=severity,
        rule=rule,
        message=f"{table} {key}: {text}.",
        table=table,
        row=str(key),
        hint=hint,
        action=action,
    )


def empty(tables: Tables) -> Iterator[Finding]:
    """A list without rows: the programme is empty."""
    for name in ("interventions", "options"):
        if name in tables and tables[name].num_rows == 0:
            text = f"{name} has no rows: the programme is empty."
            yield Finding(severity="note", rule="empty_table", message=text, table=name, hint="add rows")


def years_without_start(tables: Tables) -> Iterator[Finding]:
    """Budget years in which no intervention can start."""
    windows = _columns(tables, "interventions", "earliest_year", "latest_year")
    windows = [w for w in windows if None not in w]
    years = {y for (y,) in _columns(tables, "budgets", "year") if y is not None}
    for year in sorted(years) if windows else ():
        if not any(first <= year <= last for first, last in windows):
            text = "no intervention can start in this year"
            yield _finding("warning", "year_outside_horizon", "budgets", year, text, "check the years")


def unused_sources(tables: Tables) -> Iterator[Finding]:
    """Sources with money and no rule, and rules without an intervention they may pay for."""
    rules = _columns(tables, "funding_rules", "source", "domains")
    if not rules:
        return  # then every source pays what it is asked for
    ruled = {source for source, _ in rules}
    for source in sorted({s for (s,) in _columns(tables, "budgets", "source") if s} - ruled):
        text = "the source has a budget but no funding rule"
        yield _finding("warning", "source_unused", "budgets", source, text, "add a rule")
    domains = {d for (d,) in _columns(tables, "interventions", "domain") if d}
    for source, allowed in rules if domains else ():
        if "*" not in (allowed or []) and not domains & set(allowed or []):
            text = f"no intervention is of the domains {';'.join(allowed or []) or '(none)'}"
            yield _finding("warning", "source_unused", "funding_rules", source, text, "check the domains")


def _municipalities(tables: Tables) -> set[str]:
    for table in ("interventions", "sites"):
        found = {m for (m,) in _columns(tables, table, "municipality") if m}
        if found:
            return found
    return set()


def _normal(code: str) -> str:
    """Return a code without case, blanks and leading zeros of its numbers (``M01`` -> ``m1``)."""
    return _LEADING_ZEROS.sub("", re.sub(r"\s", "", code).casefold())


def floor_municipalities(tables: Tables) -> Iterator[Finding]:
    """Floors of municipalities that are written otherwise, or have no interventions."""
    known = _municipalities(tables)
    normal = {_normal(k): k for k in known}
    for (code,) in _columns(tables, "equity_floors", "municipality"):
        if code is None or code in known:
            continue
        if (meant := normal.get(_normal(code))) is not None:
            hint = f"did you mean {meant}?"
            text = f"the municipality {code!r} is not among the interventions, {meant!r} is"
            yield _finding("error", "unknown_municipality", "equity_floors", code, text, hint, "refused")
        else:
            text = f"no intervention is in the municipality {code!r}"
            hint = "a hard floor cannot be met"
            yield _finding("note", "floor_without_interventions", "equity_floors", code, text, hint)


def floors_above_budgets(tables: Tables) -> Iterator[Finding]:
    """Floors that together exceed all money there is."""
    floors = sum(f for (f,) in _columns(tables, "equity_floors", "min_spend_eur") if f is not None)
    money = sum(b for (b,) in _columns(tables, "budgets", "budget_eur") if b is not None)
    if floors > money and "budgets" in tables:
        text = f"the floors ask for {floors:.2f} EUR, the budgets hold {money:.2f} EUR"
        yield _finding("error", "floor_exceeds_budget", "equity_floors", "all", text, "lower them", "refused")


def possible_joint_worksites(tables: Tables) -> Iterator[Finding]:
    """Interventions of one site with overlapping windows and no relation: one note a site."""
    related = {frozenset(pair) for pair in _columns(tables, "relations", "a", "b")}
    sites: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    names = ("site", "id", "earliest_year", "latest_year", "worksite_cost_eur", "choice_group")
    for site, *row in _columns(tables, "interventions", *names):
        if site and None not in row[:3]:
            sites[site].append(tuple(row))
    for site, rows in sorted(sites.items()):
        pairs = [
            (a, b)
            for a, b in combinations(rows, 2)
            if max(a[1], b[1]) <= min(a[2], b[2])
            and frozenset((a[0], b[0])) not in related
            and (a[4] is None or a[4] != b[4])  # at most one of a group is chosen
        ]
        if pairs:
            yield _joint(site, pairs)


def _joint(site: str, pairs: list[tuple[tuple[Any, ...], tuple[Any, ...]]]) -> Finding:
    costs = [min(a[3], b[3]) for a, b in pairs if a[3] is not None and b[3] is not None]
    saving = f"{min(costs):.2f} EUR" if costs else "unknown (worksite_cost_eur is empty)"
    named = ", ".join(f"{a[0]} + {b[0]}" for a, b in pairs)
    text = f"{len(pairs)} pairs can share a worksite and are not related: {named}; suggested saving {saving}"
    hint = "add rows joint_worksite to relations"
    return _finding("note", "possible_joint_worksite", "interventions", site, text, hint)


_PROGRAMME: Final[tuple[Callable[[Tables], Iterator[Finding]], ...]] = (
    empty,
    years_without_start,
    unused_sources,
    floor_municipalities,
    floors_above_budgets,
    possible_joint_worksites,
)
_OPTIONS: Final[tuple[Callable[[Tables], Iterator[Finding]], ...]] = (
    empty,
    floor_municipalities,
    floors_above_budgets,
)
