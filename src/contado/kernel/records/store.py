"""Open the records of a workspace, and work with them in transactions that carry a scope.

>>> with store.writing(scope) as session:                                    # doctest: +SKIP
...     session.add(Document(...))
...     audit.append(session, "document.added", f"document:{document.id}")

The store is ``records.sqlite`` in the workspace (WAL, ``synchronous=FULL``, foreign keys on), or the
PostgreSQL database of ``CONTADO_DATABASE_URL``. A writing transaction on SQLite begins with ``BEGIN
IMMEDIATE``, so that two writers take turns and none loses its work at the end.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import OperationalError

from contado.kernel.dates import local
from contado.kernel.errors import Damaged, ExtraMissing, Locked, ScopeMissing, WorkspaceError
from contado.kernel.records import accounts, audit, holder, migrate, rls
from contado.kernel.records.scopes import ALL, Scope, ScopedSession, now
from contado.kernel.workspace.layout import DATABASE_URL, RECORDS, has_records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from sqlalchemy import URL, Connection

    from contado.kernel.workspace import WorkspaceView

__all__ = ["FILE", "Store", "existing", "is_prepared", "open_store", "prepare", "unopened"]

FILE: Final = RECORDS[0]
_BEGIN: Final = "contado_begin"
_WAIT_S: Final = 5.0


class Store:
    """The records; see `open_store`.

    Attributes
    ----------
    engine
        Connections without scope: for migrations, verification and backup, not for rows of scoped tables.
    files
        Folder of the attachments.
    key
        Key of the workspace's keyed hashes.
    """

    def __init__(
        self,
        url: URL,
        *,
        files: Path,
        key: str = "",
        timezone: str = "Europe/Rome",
        wait_s: float = _WAIT_S,
    ) -> None:
        self.url = url
        self.files = files
        self.key = key
        self.timezone = timezone
        self.wait_s = wait_s
        self.engine = _engine(url, wait_s)
        self._reading = self.engine.execution_options(**{_BEGIN: "BEGIN"})
        self._announced: set[Scope] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_postgres(self) -> bool:
        """Whether the store is a PostgreSQL database."""
        return self.engine.dialect.name == "postgresql"

    def close(self) -> None:
        """Close all connections; the store may be used again and opens new ones."""
        self.engine.dispose()

    @contextmanager
    def writing(self, scope: Scope | None) -> Iterator[ScopedSession]:
        """Open a transaction that is committed at the end of the block, or undone by an exception.

        Raises
        ------
        ScopeMissing
            No scope is given.
        Locked
            Another process writes for longer than ``lock_wait_s`` (rule ``records_locked``).
        """
        with self._session(self.engine, scope) as session:
            yield session
            with self.explained():
                session.commit()

    @contextmanager
    def reading(self, scope: Scope | None) -> Iterator[ScopedSession]:
        """Open a transaction that sees one state of the records and changes nothing (errors of `writing`)."""
        with self._session(self._reading, scope) as session:
            yield session

    @contextmanager
    def _session(self, engine: Engine, scope: Scope | None) -> Iterator[ScopedSession]:
        if scope is None:
            raise ScopeMissing(
                "Records were asked for without a scope.",
                hint="give a Scope; a system job uses Scope.system(reason)",
            )
        self._announce(scope)
        with ScopedSession(engine, info={"scope": scope, "store": self}, expire_on_commit=False) as session:
            with self.explained():
                connection = session.connection()
            if self.is_postgres:
                rls.enter(connection, scope)
            yield session

    def _announce(self, scope: Scope) -> None:
        """Audit a system scope the first time it is used on this store."""
        if not scope.is_system or scope in self._announced:
            return
        self._announced.add(scope)
        try:
            with self.writing(scope) as session:
                audit.append(session, "system.entered", scope.actor, {"as_of": scope.as_of})
        except BaseException:
            self._announced.discard(scope)
            raise

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Open a reading connection without scope, for verification and backup of the whole store."""
        with self.explained(), self._reading.connect() as connection:
            if self.is_postgres:
                connection.execution_options(isolation_level="REPEATABLE READ")
                self.enter_everything(connection)
            yield connection

    def enter_everything(self, connection: Connection) -> None:
        """Let a connection of PostgreSQL see all rows, until its transaction ends."""
        rls.announce(connection, Scope(actor="store", units=ALL))

    @contextmanager
    def raw_sqlite(self) -> Iterator[sqlite3.Connection]:
        """Open a plain connection to the SQLite file, for its online backup."""
        connection = sqlite3.connect(self.url.database or "", timeout=self.wait_s)
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn errors of the database that a user can do something about into ours."""
        try:
            yield
        except OperationalError as error:
            raise self._explain(error) from error

    def _explain(self, error: OperationalError) -> Exception:
        text = str(error.orig)
        if "locked" in text:
            who = holder.writer_of(Path(self.url.database or ""))
            return Locked(
                f"The records are being written by {who}; waited {self.wait_s:g} s.",
                rule="records_locked",
                hint="wait for it or stop it, then repeat",
                field="records",
            )
        if "readonly" in text or "unable to open" in text:
            return WorkspaceError(
                f"{self.url.database} cannot be written: {text}.",
                rule="no_permission",
                hint="check who owns the folder of the workspace",
                field="records",
            )
        if self.is_postgres:
            return WorkspaceError(
                f"The database of {DATABASE_URL} cannot be reached: {text.strip().splitlines()[0]}.",
                rule="records_unreachable",
                hint="check the address and that the server runs",
                field=DATABASE_URL,
            )
        return error

    def scope(self, account: str, *, day: str | None = None) -> Scope:
        """Return the scope that an account's grants give on a day (today in the territory by default).

        Parameters
        ----------
        account
            Id (ULID) or name.
        day
            Legal day, ISO.

        Raises
        ------
        RecordNotFound
            There is no such account, or it is disabled.
        """
        with self.explained(), self._reading.connect() as connection:
            return accounts.scope_on(connection, account, day or local.today(self.timezone).isoformat())


def _engine(url: URL, wait_s: float) -> Engine:
    if url.get_backend_name() == "postgresql":
        try:
            return create_engine(url, pool_pre_ping=True)
        except ModuleNotFoundError:
            raise ExtraMissing.from_extra("records", "postgres", "psycopg") from None
    engine = create_engine(url, connect_args={"timeout": wait_s})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where we say, not where sqlite3 guesses
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN IMMEDIATE"))

    return engine


def _url_of(workspace: WorkspaceView) -> URL:
    """Return where the records of a workspace stand."""
    if given := os.environ.get(DATABASE_URL):
        url = make_url(given)
        return url.set(drivername="postgresql+psycopg") if url.get_backend_name() == "postgresql" else url
    return make_url("sqlite://").set(database=str(workspace.path / FILE))


def unopened(workspace: WorkspaceView) -> Store:
    """Return the store of a workspace whatever its schema, absent tables included: for restoring."""
    settings = workspace.settings
    return Store(
        _url_of(workspace),
        files=workspace.path / "files",
        key=settings.workspace.key,
        timezone=settings.territory.timezone,
        wait_s=settings.workspace.lock_wait_s,
    )


def is_prepared(workspace: WorkspaceView) -> bool:
    """Whether the records of a workspace exist, in the schema of this program (errors of `open_store`)."""
    if not has_records(workspace.path):
        return False
    with unopened(workspace) as store:
        return _version(store) == migrate.SCHEMA_VERSION


def prepare(workspace: WorkspaceView) -> None:
    """Create the records of a workspace, or bring older ones to this program's schema after a backup.

    Runs in `init` and `serve`. The backup stands in ``backups/`` of the workspace.

    Raises
    ------
    Newer
        The records were written by a newer program.
    """
    with unopened(workspace) as store:
        version = _version(store)
        if version == migrate.SCHEMA_VERSION:
            return
        if version > 0:
            from contado.kernel.records import backup

            stamp = now().replace(":", "").replace("-", "")[:15]
            folder = workspace.path / "backups"
            folder.mkdir(exist_ok=True)
            backup.write(store, workspace, folder / f"records-{version}-{stamp}.zip")
        with store.explained(), store.engine.begin() as connection:
            migrate.upgrade(connection)


def open_store(workspace: WorkspaceView) -> Store:
    """Return the records of a workspace; a workspace that has none yet gets them.

    Raises
    ------
    Newer
        They were written by a newer program; the message says which version is needed.
    WorkspaceError
        They are older (rule ``older_schema``), or the database cannot be reached.
    Damaged
        ``records.sqlite`` is no database.
    """
    store = existing(workspace)
    if store is None:
        prepare(workspace)
        store = unopened(workspace)
    return store


def existing(workspace: WorkspaceView) -> Store | None:
    """Return the records of a workspace, None where it has none yet (errors of `open_store`)."""
    if not has_records(workspace.path):
        return None
    store = unopened(workspace)
    try:
        version = _version(store)
        _refuse_older(version)
    except BaseException:
        store.close()
        raise
    if version == 0:
        store.close()
        return None
    return store


def _refuse_older(version: int) -> None:
    if 0 < version < migrate.SCHEMA_VERSION:
        raise WorkspaceError(
            f"The records have schema {version}; this program works with {migrate.SCHEMA_VERSION}.",
            rule="older_schema",
            hint="start `contado serve` once: it makes a backup and brings them up to date",
            field="records",
        )


def _version(store: Store) -> int:
    """Return the version of the schema, 0 where there is none; refuse a newer one."""
    from sqlalchemy.exc import DatabaseError

    try:
        with store.explained(), store._reading.connect() as connection:  # noqa: SLF001 - one module
            return migrate.checked_version(connection)
    except DatabaseError as error:
        raise Damaged(
            f"{FILE} cannot be read: {error.orig}.",
            hint="restore it with `contado records restore`",
            field=FILE,
        ) from None
