"""SQL over a workspace: the only door to DuckDB (extra ``sql``).

Tables and layers of the workspace are views under their own names, read from the Parquet files when a query
asks for them, never copied; a layer's ``geometry`` is a geometry of DuckDB's spatial extension, which comes
with its own wheel and is loaded without a network. Nothing is written: the database stands in memory.

Nothing on the default path needs this room; without the extra it says what to install.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from contado.kernel.declare import require
from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from contado.kernel.workspace import WorkspaceView

__all__ = ["query"]


def query(view: WorkspaceView, sql: str, values: Sequence[Any] = (), *, threads: int = 1) -> pa.Table:
    """Return the rows of one SELECT over the workspace's tables and layers.

    Parameters
    ----------
    view
        The workspace.
    sql
        One statement; ``?`` stands for each of ``values``. A geometry that is to be read outside goes
        through ``ST_AsWKB``.
    threads
        Threads of DuckDB; without ORDER BY more than one gives rows in any order.

    Raises
    ------
    ExtraMissing
        DuckDB or its spatial extension is not installed.
    DataError
        DuckDB refuses the statement (rule ``bad_sql``); its own words are in the message. Or it is not one
        SELECT (rule ``not_a_select``).
    """
    require("sql", "sql", ("duckdb", "duckdb_extension_spatial"))
    import duckdb

    with duckdb.connect(config={"threads": threads}) as session:
        try:
            _open(session, view)
            _refuse_writing(session.extract_statements(sql))
            return session.execute(sql, list(values)).to_arrow_table()
        except duckdb.Error as error:
            raise DataError(
                f"DuckDB refuses the statement: {str(error).splitlines()[0]}.",
                rule="bad_sql",
                hint=f"tables and layers: {', '.join(name for name, _ in _relations(view))}",
                field="sql",
            ) from None


def _open(session: Any, view: WorkspaceView) -> None:
    """Load the extension, name the views, then close the door to all other files and to the network."""
    session.execute(f"LOAD {_quoted(str(_extension()))}")
    for name, files in _relations(view):
        listed = ", ".join(_quoted(str(file.resolve())) for file in files)
        session.execute(
            f'CREATE VIEW "{name}" AS SELECT * FROM read_parquet([{listed}], union_by_name = true)'  # noqa: S608 - quoted names of our own files
        )
    session.execute(f"SET allowed_directories = [{_quoted(str(view.path.resolve()))}]")
    session.execute("SET enable_external_access = false")
    session.execute("SET lock_configuration = true")


def _refuse_writing(statements: list[Any]) -> None:
    import duckdb

    if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
        raise DataError(
            "Only one SELECT is run.",
            rule="not_a_select",
            hint="the workspace is written by its own verbs",
            field="sql",
        )


def _extension() -> Path:
    import duckdb_extension_spatial

    folder = Path(duckdb_extension_spatial.__file__).parent / "extensions"
    return next(folder.rglob("spatial.duckdb_extension"))


def _relations(view: WorkspaceView) -> Iterator[tuple[str, list[Path]]]:
    """Yield each table's and layer's name and files; of one name the layer has ``layer_`` before it."""
    names = view.tables()
    for name in names:
        yield name, view.files_of(name)
    for info in view.layers():
        yield (f"layer_{info.id}" if info.id in names else info.id), [view.path / info.parquet_path]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
