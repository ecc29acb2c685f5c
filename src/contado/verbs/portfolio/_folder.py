"""A programme or options folder, read, checked and refused where it must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from contado.kernel.declare import Context
    from contado.kernel.tables.exchange import Folder
    from contado.verbs._folders import Floors

__all__ = ["file_rows", "read_portfolio", "rows_set_aside"]


def read_portfolio(path: Path, context: Context, *, floors: Floors = "hard") -> Folder:
    """Read a folder.

    Raises
    ------
    DataError
        A finding refuses the input, or the folder holds neither interventions nor options.
    """
    from contado.kernel.tables.findings import raise_refused
    from contado.verbs._folders import read_folder

    folder = read_folder(path, strict=context.strict, floors=floors)
    raise_refused(folder.findings)
    context.accept(folder.findings)
    if folder.kind == "tables":
        raise DataError(
            f"{path.name} holds shared tables, no programme.",
            rule="table_not_found",
            hint="a programme folder holds interventions.csv, funding_rules.csv, budgets.csv; "
            "an options folder options.csv, budgets.csv",
            field=path.name,
        )
    return folder


def rows_set_aside(folder: Folder) -> int:
    """Count the rows that were left out."""
    from contado.kernel.tables.findings import count

    return count(folder.findings).rows_set_aside


def file_rows(folder: Folder) -> list[int]:
    """Return for each row of table ``options`` its number in the file, from 0, rows set aside counted."""
    aside = {f.row for f in folder.findings if f.table == "options" and f.action == "row_set_aside"}
    return [k for k in range(folder.rows["options"]) if k + 2 not in aside]
