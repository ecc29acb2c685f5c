"""A folder of tables with everything that can be found in it: the tables' own checks and the rules' conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from contado.kernel.errors import Finding
    from contado.kernel.tables.exchange import Folder

__all__ = ["Floors", "checked_tables", "read_folder"]

Floors = Literal["hard", "soft", "none"]
"""Floors are kept, missed as little as can be, or left out."""

_FLOORS = ("equity_floors", "floor")


def read_folder(path: Path, *, strict: bool = False, floors: Floors = "hard") -> Folder:
    """Read and check a folder; see `contado.kernel.tables.exchange.read_folder`, which this completes.

    Raises
    ------
    TableNotFound
        There is no such folder, or nothing in it is known.
    """
    from contado.kernel.tables import exchange

    return _eased(_with_conditions(exchange.read_folder(path, strict=strict)), floors, strict=strict)


def checked_tables(
    shared: Mapping[str, pa.Table], *, strict: bool = False, floors: Floors = "hard"
) -> Folder:
    """Check the shared tables of a plan as a folder's are checked."""
    from contado.kernel.tables import exchange

    return _eased(_with_conditions(exchange.check_tables(shared, strict=strict)), floors, strict=strict)


def _with_conditions(folder: Folder) -> Folder:
    """Add the conditions of funding rules that cannot be read."""
    from contado.kernel.funding.conditions import condition_findings

    works = folder.tables.get("interventions", folder.tables.get("intervention"))
    stem = "funding_rules" if "funding_rules" in folder.tables else "funding_rule"
    rules = folder.tables.get(stem)
    if works is None or rules is None:
        return folder
    found = condition_findings(rules.to_pylist(), works.column_names, table=stem)
    return folder._replace(findings=[*folder.findings, *found])


def _eased(folder: Folder, floors: Floors, *, strict: bool) -> Folder:
    """Return the folder without the refusals over floors that do not bind in this question."""
    if floors == "hard" or (floors == "soft" and strict):
        return folder
    ease = _unbound if floors == "none" else _softened
    return folder._replace(findings=[ease(f) if f.table in _FLOORS else f for f in folder.findings])


def _unbound(finding: Finding) -> Finding:
    """Return a finding on floors that are left out: it is told, and refuses nothing."""
    refuses = finding.action == "refused"
    return msgspec.structs.replace(finding, severity="note", action="kept") if refuses else finding


def _softened(finding: Finding) -> Finding:
    """Return a finding on soft floors: what cannot be met is a warning."""
    if finding.rule in {"floor_exceeds_budget", "floor_without_interventions"}:
        return msgspec.structs.replace(finding, severity="warning", action="kept")
    return finding
