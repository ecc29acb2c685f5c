"""A programme or options folder, read, checked and refused where it must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from contado.kernel.errors import Finding
    from contado.kernel.tables.exchange import Folder

__all__ = ["file_rows", "read_portfolio", "rows_set_aside"]


def read_portfolio(path: Path, *, strict: bool, soft_floors: bool = False) -> Folder:
    """Read a folder; a floor above all budgets is only a warning where floors are goals.

    Raises
    ------
    DataError
        A finding refuses the input, or the folder holds neither interventions nor options.
    """
    from contado.kernel.tables.exchange import read_folder
    from contado.kernel.tables.findings import raise_refused

    folder = read_folder(path, strict=strict)
    if soft_floors:
        folder = folder._replace(findings=[_softened(f) for f in folder.findings])
    raise_refused(folder.findings)
    if folder.kind == "tables":
        raise DataError(
            f"{path.name} holds shared tables, no programme.",
            rule="table_not_found",
            hint="a programme folder holds interventions.csv, funding_rules.csv, budgets.csv; "
            "an options folder options.csv, budgets.csv",
            field=path.name,
        )
    return folder


def _softened(finding: Finding) -> Finding:
    if finding.rule != "floor_exceeds_budget":
        return finding
    return msgspec.structs.replace(finding, severity="warning", action="kept")


def rows_set_aside(folder: Folder) -> int:
    """Count the rows that were left out."""
    from contado.kernel.tables.findings import count

    return count(folder.findings).rows_set_aside


def file_rows(folder: Folder) -> list[int]:
    """Return for each row of table ``options`` its number in the file, from 0, rows set aside counted."""
    aside = {f.row for f in folder.findings if f.table == "options" and f.action == "row_set_aside"}
    return [k for k in range(folder.rows["options"]) if k + 2 not in aside]
