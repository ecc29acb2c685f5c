"""contado tables check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option

if TYPE_CHECKING:
    from contado.kernel.errors import Finding


class CheckRequest(Request, frozen=True, kw_only=True):
    """What to check."""

    path: Annotated[Path, argument("folder of tables, one CSV or Parquet file, or a workspace")]
    schema: Annotated[str | None, option("schema of a single file whose name is not its table's")] = None
    rename: Annotated[
        list[str], option("columns of a single file as OLD=NEW, for registers of other bodies")
    ] = msgspec.field(default_factory=list)


class CheckAnswer(Answer, kw_only=True):
    """Rows of each table, and counts over all faults found."""

    ok: bool
    tables: dict[str, int]
    errors: int
    warnings: int
    rows_set_aside: int

    def exit_code(self) -> int:
        """2 with any error; the whole answer is printed all the same."""
        return 0 if self.ok else 2


def _run(request: CheckRequest, context: Context) -> CheckAnswer:
    from contado.kernel.tables import exchange
    from contado.kernel.tables.findings import count
    from contado.verbs._folders import read_folder

    if (found := _workspace(request.path, strict=context.strict)) is not None:
        rows, findings = found
    else:
        folder = (
            read_folder(request.path, strict=context.strict)
            if request.path.is_dir()
            else exchange.check_file(
                request.path, request.schema, rename=_renames(request.rename), strict=context.strict
            )
        )
        rows, findings = folder.rows, folder.findings
    counts = count(findings)
    return CheckAnswer(
        ok=counts.errors == 0,
        tables=rows,
        errors=counts.errors,
        warnings=counts.warnings,
        rows_set_aside=counts.rows_set_aside,
        findings=findings,
    )


def _renames(pairs: list[str]) -> dict[str, str]:
    from contado.kernel.errors import UsageError

    split = [pair.partition("=") for pair in pairs]
    if bad := [old for old, mark, new in split if not (old and mark and new)]:
        hint = "write OLD=NEW, such as cupxall=cup"
        raise UsageError(f"--rename: {bad[0]!r} is no pair.", rule="bad_value", hint=hint, field="rename")
    return {old: new for old, _, new in split}


def _workspace(path: Path, *, strict: bool) -> tuple[dict[str, int], list[Finding]] | None:
    """Check every table of a workspace against its schema; None where the path is none."""
    if not (path / "contado.toml").is_file():
        return None
    from contado.kernel import tables
    from contado.kernel.tables.findings import made_strict
    from contado.kernel.workspace import WorkspaceView

    view = WorkspaceView(path)
    rows = view.tables()
    known = {name: view.read(name) for name in rows if name in tables.names()}
    findings = [f for name, table in known.items() for f in tables.validate(name, table, known=known)]
    return rows, made_strict(findings) if strict else findings


VERB = Verb(
    name="tables check",
    help="Check tables against their schemas",
    request=CheckRequest,
    answer=CheckAnswer,
    run=_run,
    examples=("contado tables check programme/", "contado tables check works.csv --schema interventions"),
)
