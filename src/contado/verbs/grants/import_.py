"""contado grants import: grants from a CSV, all rows or none."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from contado.kernel.declare import Answer, Context, Request, Verb, argument
from contado.kernel.errors import ColumnNotFound, ContadoError, DataError, TableNotFound
from contado.verbs.grants.list import GrantEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from contado.kernel.errors import Finding
    from contado.kernel.records import ScopedSession
    from contado.kernel.records.accounts import GrantRow

_COLUMNS = ("account", "role", "scope", "from", "to")


class ImportRequest(Request, frozen=True, kw_only=True):
    """The file."""

    file: Annotated[
        Path, argument("CSV: account, role, scope (codes separated by spaces, or *), from, to (empty = open)")
    ]


class ImportAnswer(Answer, kw_only=True):
    """The grants of the file, in its order."""

    imported: int
    grants: list[GrantEntry]


class _Row(NamedTuple):
    line: int
    cells: dict[str, str]


def _run(request: ImportRequest, context: Context) -> ImportAnswer:
    import msgspec

    from contado.verbs.grants._units import resolver

    with context.records() as records:
        rows, findings = _read(request.file)
        context.accept(findings)
        resolve = resolver(records.workspace)
        with records.writing() as session:
            done = [_checked(session, row, resolve) for row in rows]
    entries = [GrantEntry(**msgspec.structs.asdict(row)) for row in done]
    return ImportAnswer(imported=len(entries), grants=entries, findings=findings)


def _read(file: Path) -> tuple[list[_Row], list[Finding]]:
    """Read every cell as text: a code with a leading zero stays what it is."""
    from contado.kernel.tables import csv_dialect

    if not file.is_file():
        raise TableNotFound(f"There is no file {file}.", hint="give a CSV of grants", field="file")
    decoded = csv_dialect.decode(file.read_bytes(), file.name)
    lines = csv_dialect.rows(decoded.text, csv_dialect.separator(decoded.text))
    _, header = next(lines, (0, []))
    names = [cell.strip().lower() for cell in header]
    if missing := [name for name in _COLUMNS if name not in names]:
        raise ColumnNotFound.from_missing(missing, names, table=file.name)
    return list(_rows(lines, names)), decoded.findings


def _rows(lines: Iterator[tuple[int, list[str]]], names: list[str]) -> Iterator[_Row]:
    for line, cells in lines:
        if len(cells) != len(names):
            raise DataError(
                f"Line {line} has {len(cells)} cells, the header {len(names)}.",
                rule="ragged_row",
                hint="codes of one scope are separated by spaces",
                rows=[line],
            )
        yield _Row(line, {name: cell.strip() for name, cell in zip(names, cells, strict=True)})


def _checked(session: ScopedSession, row: _Row, resolve: Callable[[Iterable[str]], list[str]]) -> GrantRow:
    """Add one row; an error names its line, and undoes those before it."""
    from contado.kernel.records import accounts, roles

    cells = row.cells
    try:
        role = roles.checked_role(cells["role"])
        units = resolve(cells["scope"].split())
        account = accounts.ensure_account(session, cells["account"])
        days = {f"valid_{name}": _day(cells[name], name) for name in ("from", "to")}
        return accounts.add_grant(session, account, role, units, **days)
    except ContadoError as error:
        raise type(error)(
            f"Line {row.line}: {error.message}",
            rule=error.rule,
            hint=error.hint,
            rows=[row.line],
            field=error.field,
        ) from None


def _day(text: str, name: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise DataError(
            f"{text!r} is no day.", rule="bad_value", hint="YYYY-MM-DD, or empty", field=name
        ) from None


VERB = Verb(
    name="grants import",
    help="Give the grants of a CSV, all rows or none",
    request=ImportRequest,
    answer=ImportAnswer,
    run=_run,
    workspace=True,
    right="grant.added",
    examples=("contado grants import grants.csv -w city",),
)
