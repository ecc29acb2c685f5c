"""contado tables import."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from contado.kernel.declare import Answer, Context, Request, Verb, argument

if TYPE_CHECKING:
    import pyarrow as pa

    from contado.kernel.tables.exchange import Folder


class ImportRequest(Request, frozen=True, kw_only=True):
    """Which folder."""

    folder: Annotated[Path, argument("programme folder, or folder of shared tables, as CSV or Parquet")]


class ImportAnswer(Answer, kw_only=True):
    """What was written: the rows of each table of the workspace, and how many were set aside."""

    kind: str
    tables: dict[str, int]
    rows_set_aside: int


def _run(request: ImportRequest, context: Context) -> ImportAnswer:
    from contado.kernel.tables.findings import count, raise_refused
    from contado.kernel.workspace import Workspace
    from contado.verbs._folders import read_folder

    assert context.workspace is not None
    workspace = Workspace.open(context.workspace)
    folder = read_folder(request.folder, strict=context.strict)
    raise_refused(folder.findings)
    shared = _shared(folder)
    with workspace.commit() as commit:
        for name, shares in shared.items():
            for practice, table in shares.items():
                commit.table(name, table, practice=practice or _SHARE.get(name))
        findings = context.accept([*workspace.findings, *folder.findings, *commit.findings])
    return ImportAnswer(
        kind=folder.kind,
        tables={name: sum(t.num_rows for t in shares.values()) for name, shares in shared.items()},
        rows_set_aside=count(folder.findings).rows_set_aside,
        findings=findings,
    )


def _shared(folder: Folder) -> dict[str, dict[str | None, pa.Table]]:
    """Return table -> practice (None = not in shares) -> rows."""
    from contado.kernel.errors import UsageError
    from contado.kernel.tables.programme_folder import as_shared_tables

    if folder.kind == "options":
        raise UsageError(
            "A folder of options holds no interventions.",
            rule="wrong_folder",
            hint="solve it where it lies: contado portfolio solve FOLDER",
            field="folder",
        )
    if folder.kind == "tables":
        return {name: _shares(table) for name, table in folder.tables.items()}
    return {name: _shares(table) for name, table in as_shared_tables(folder.tables).items()}


_SHARE = {"source": "folder"}
"""Tables to which other verbs add their rows: a folder's are a share of their own."""


def _shares(table: pa.Table) -> dict[str | None, Any]:
    """Split a table that says whose its rows are; others are written whole."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if "practice" not in table.column_names:
        return {None: table}
    shares: dict[str | None, list[str]] = {}
    for practice in sorted(p for p in pc.unique(table["practice"]).to_pylist() if p):
        shares.setdefault(_file_name(practice), []).append(practice)
    return {
        name: table.filter(pc.is_in(table["practice"], value_set=pa.array(practices)))
        for name, practices in shares.items()
    }


def _file_name(practice: str) -> str:
    """Return a practice's name as a share's file may have it: `viabilità e opere` -> `viabilita_e_opere`."""
    plain = unicodedata.normalize("NFKD", practice).encode("ascii", "ignore").decode()
    return re.sub(r"[^\w.-]+", "_", plain).strip("_.-") or "folder"


VERB = Verb(
    name="tables import",
    help="Bring a folder of tables into the workspace",
    request=ImportRequest,
    answer=ImportAnswer,
    run=_run,
    workspace=True,
    right="workspace.imported",
    examples=("contado tables import programme/ -w milano",),
)
