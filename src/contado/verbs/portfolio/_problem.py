"""A programme folder as a problem, refused where it must be, with what was found on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from contado.kernel.declare import Context
    from contado.kernel.errors import Finding
    from contado.kernel.portfolio import Problem

__all__ = ["read_problem"]


def read_problem(
    path: Path, context: Context, *, floors: bool = True, discount_rate_share: float = 0.03
) -> tuple[Problem, list[Finding]]:
    """Read a programme folder through the shared tables that it stands for.

    Raises
    ------
    DataError
        A finding refuses the input, or the folder holds no interventions.
    """
    from contado.kernel.portfolio import Problem
    from contado.kernel.tables.findings import raise_refused
    from contado.kernel.tables.programme_folder import as_shared_tables
    from contado.verbs._folders import read_folder

    folder = read_folder(path, strict=context.strict, floors="hard" if floors else "none")
    raise_refused(folder.findings)
    if folder.kind != "programme":
        raise DataError(
            f"{path.name} is no programme folder.",
            rule="table_not_found",
            hint="a programme folder holds interventions.csv, funding_rules.csv, budgets.csv",
            field=path.name,
        )
    problem = Problem.from_tables(
        as_shared_tables(folder.tables), floors=floors, discount_rate_share=discount_rate_share
    )
    return problem, context.accept([*folder.findings, *problem.findings])
