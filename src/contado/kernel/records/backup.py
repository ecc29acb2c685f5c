"""Backup and restore: one zip with a consistent copy of the records, the attachments and what vouches for them.

``manifest.json`` names the schema, the audit head, the SHA-256 of every file inside, and the hashes of
the workspace's layers and tables. These are inside when the whole workspace is asked for; else they are
files already. The copy is a SQLite file whatever the store, so that a backup of PostgreSQL may be restored on
SQLite and the other way round.
A backup holds ``contado.toml`` with the key of the keyed hashes: keep it as carefully as the workspace.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import tempfile
import zipfile
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import Connection, create_engine, insert, select

from contado.kernel import tables
from contado.kernel.errors import CheckFailed, Damaged, Finding, Newer, WorkspaceError
from contado.kernel.provenance import sha256_of_file
from contado.kernel.records import audit, documents, migrate
from contado.kernel.records.audit import Head
from contado.kernel.records.schema import Base, SchemaVersion
from contado.kernel.workspace import WorkspaceView
from contado.kernel.workspace.layout import RECORDS, SCRATCH, SETTINGS
from contado.kernel.workspace.lock import Holder, held, scratch_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from contado.kernel.records.store import Store

__all__ = ["Backup", "Manifest", "restore", "write"]

_COPY: Final = "records.sqlite"
_MANIFEST: Final = "manifest.json"
_KEPT: Final = ("layers/", "tables/", "rasters/", "sources/")
_BLOCK: Final = 5_000


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself."""

    schema: int
    audit_head: Head
    files: dict[str, str]
    workspace: dict[str, str]
    """SHA-256 of the layers, tables, rasters and sources at the time of the backup."""
    whole: bool = False
    """Whether these are inside, with tiles and runs."""


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that was written or restored."""

    bytes: int
    sha256: str
    audit_head: Head
    findings: tuple[Finding, ...] = ()


def write(store: Store, workspace: WorkspaceView, file: Path, *, whole: bool = False) -> Backup:
    """Write a backup; readers and writers go on meanwhile.

    With ``whole`` the other files of the workspace are inside too, as one commit left them.

    Raises
    ------
    Damaged
        An attachment is lost or altered.
    """
    with (
        tempfile.TemporaryDirectory(prefix="contado-backup-") as folder,
        _frozen(workspace, whole=whole) as kept,
        tables.atomic(file) as temporary,
    ):
        copy = Path(folder) / _COPY
        _copy_out(store, copy)
        head, attachments = _contents(copy, store.files)
        inside = {_COPY: copy, **attachments, **kept}
        hashes = _hashes(inside)
        files = hashes if whole else workspace.file_hashes()
        manifest = Manifest(
            schema=_schema(copy),
            audit_head=head,
            files=hashes,
            workspace={n: h for n, h in files.items() if n.startswith(_KEPT)},
            whole=whole,
        )
        _zip(temporary, manifest, inside)
    return Backup(bytes=file.stat().st_size, sha256=sha256_of_file(file), audit_head=head)


@contextmanager
def _frozen(workspace: WorkspaceView, *, whole: bool) -> Iterator[dict[str, Path]]:
    """Yield the settings, or all files of the workspace as one commit left them, by name.

    Files are replaced, never written in place: a second name keeps their content while writers go on.
    """
    if not whole:
        yield {SETTINGS: workspace.path / SETTINGS}
        return
    scratch = workspace.path / SCRATCH / scratch_name(Holder.current())
    scratch.mkdir(parents=True)
    try:
        kept = {}
        with held(workspace.path, "commit", wait_s=workspace.settings.workspace.lock_wait_s, findings=[]):
            for number, name in enumerate(workspace.file_names()):
                kept[name] = scratch / str(number)
                _linked(workspace.path / name, kept[name])
        yield kept
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _linked(file: Path, name: Path) -> None:
    try:
        os.link(file, name)
    except OSError:  # the file system knows no second names
        shutil.copyfile(file, name)


def _hashes(files: dict[str, Path]) -> dict[str, str]:
    """Return the SHA-256 of files; an attachment is named after its own."""
    out = {name: sha256_of_file(path) for name, path in files.items()}
    for name, path in files.items():
        if documents.is_attachment(name) and out[name] != name.removeprefix("files/").replace("/", ""):
            raise Damaged(f"{path.name} is altered.", hint="restore the attachment from an older backup")
    return out


def _zip(file: Path, manifest: Manifest, inside: dict[str, Path]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        text = msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1)
        out.writestr(_MANIFEST, text)
        for name, path in inside.items():
            out.write(path, name)


def _copy_out(store: Store, copy: Path) -> None:
    if store.is_postgres:
        engine = create_engine(f"sqlite:///{copy}")
        with store.connection() as source, engine.begin() as target:
            migrate.upgrade(target)
            _copy_rows(source, target)
        engine.dispose()
        return
    with store.raw_sqlite() as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it


def _copy_rows(source: Connection, target: Connection) -> None:
    """Copy every row of every table, parents first, in blocks."""
    for table in Base.metadata.sorted_tables:
        if table.name == SchemaVersion.__tablename__:
            continue
        found = source.execution_options(yield_per=_BLOCK).execute(select(table))
        for block in found.partitions(_BLOCK):
            target.execute(insert(table), [dict(row._mapping) for row in block])  # noqa: SLF001 - its public name


def _contents(copy: Path, files: Path) -> tuple[Head, dict[str, Path]]:
    """Return the head of the chain and the attachments that a copy refers to."""
    with closing(sqlite3.connect(copy)) as connection:
        last = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        used = connection.execute("SELECT DISTINCT sha256 FROM document WHERE erased_at IS NULL ORDER BY 1")
        attachments = {f"files/{d[:2]}/{d[2:]}": documents.path_of(files, d) for (d,) in used}
    for name, path in attachments.items():
        if not path.is_file():
            raise Damaged(f"{name} is lost.", hint="restore the attachment from an older backup", field=name)
    head = Head(seq=last[0], hash=last[1]) if last else Head(seq=0, hash=audit.GENESIS)
    return head, attachments


def _schema(copy: Path) -> int:
    with closing(sqlite3.connect(copy)) as connection:
        return int(connection.execute("SELECT max(version) FROM schema_version").fetchone()[0])


def restore(
    file: Path, folder: Path, *, accept: Callable[[Sequence[Finding]], object] | None = None
) -> Backup:
    """Verify a backup, then put it in place of the records of a workspace.

    A folder that is absent or empty becomes a workspace with the backup's settings. Nothing is replaced
    before hashes, database and chain are verified; the replacement is one transaction. Layers and tables that
    differ from those of the backup are findings. A backup of the whole workspace becomes a folder that was
    absent or empty, in one step. ``accept`` gets the findings before anything is replaced, and may raise.

    Raises
    ------
    Damaged
        The file is no backup, or something inside is altered.
    CheckFailed
        The audit chain inside does not hold.
    Newer
        It was written by a newer program.
    WorkspaceError
        A database of PostgreSQL that is not empty is not overwritten (rule ``records_not_empty``), nor a
        folder that holds something by a whole workspace (rule ``workspace_not_empty``).
    """
    with _unpacking(folder) as unpacked:
        manifest = _unpack(file, unpacked)
        _verify(unpacked / _COPY, manifest)
        found = () if manifest.whole else tuple(_differences(folder, manifest))
        if accept is not None:
            accept(found)
        into = _put_whole if manifest.whole else _put_records
        into(unpacked, manifest, folder)
    return Backup(
        bytes=file.stat().st_size,
        sha256=sha256_of_file(file),
        audit_head=manifest.audit_head,
        findings=found,
    )


@contextmanager
def _unpacking(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside ``folder``, so that it may take its place by renaming; removed at the end."""
    beside = folder.absolute().parent
    beside.mkdir(parents=True, exist_ok=True)
    made = beside / f".{folder.absolute().name}.restoring-{secrets.token_hex(4)}"
    made.mkdir()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _put_records(unpacked: Path, manifest: Manifest, folder: Path) -> None:
    """Put records and attachments in place of those of a workspace."""
    workspace = _workspace(folder, unpacked / SETTINGS)
    for name in manifest.files:
        if documents.is_attachment(name):
            target = workspace.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with tables.atomic(target) as temporary:
                shutil.copyfile(unpacked / name, temporary)
    _replace(workspace, unpacked / _COPY)


def _put_whole(unpacked: Path, manifest: Manifest, folder: Path) -> None:  # noqa: ARG001 - as `_put_records`
    """Let the unpacked files become the workspace, its records filled first."""
    if not _is_free(folder):
        raise WorkspaceError(
            f"{folder} is not an empty folder.",
            rule="workspace_not_empty",
            hint="move the workspace away, then restore the whole backup in its place",
            field="folder",
        )
    with tempfile.TemporaryDirectory(prefix="contado-restore-") as aside:
        copy = Path(shutil.move(unpacked / _COPY, aside))
        _replace(WorkspaceView(unpacked), copy)
    unpacked.rename(folder)


def _is_free(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def _unpack(file: Path, folder: Path) -> Manifest:
    """Unpack what the manifest names and check each hash."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = msgspec.json.decode(archive.read(_MANIFEST), type=Manifest)
            for name, digest in manifest.files.items():
                if not _may_stand_inside(name, whole=manifest.whole):
                    raise _altered(file, name)
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as source, target.open("wb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)
                if sha256_of_file(target) != digest:
                    raise _altered(file, name)
    except (zipfile.BadZipFile, KeyError, msgspec.MsgspecError, EOFError) as error:
        raise Damaged(f"{file} is no backup of records: {error}.", hint="give another backup") from None
    return manifest


def _may_stand_inside(name: str, *, whole: bool) -> bool:
    """Whether a backup may hold a file of this name: nothing leaves the folder it is unpacked in."""
    if name in {SETTINGS, _COPY} or documents.is_attachment(name):
        return True
    path = PurePosixPath(name)
    if not whole or path.is_absolute() or ".." in path.parts or path.as_posix() != name or "\\" in name:
        return False
    return path.parts[0] not in {SCRATCH, *RECORDS}


def _altered(file: Path, name: str) -> Damaged:
    return Damaged(f"{file.name} is damaged: {name} was altered.", hint="give another backup", field=name)


def _verify(copy: Path, manifest: Manifest) -> None:
    if manifest.schema > migrate.SCHEMA_VERSION:
        raise Newer(
            f"The backup has schema {manifest.schema}; this program knows {migrate.SCHEMA_VERSION}.",
            hint=f"install a contado that knows schema {manifest.schema} of the records",
        )
    with closing(sqlite3.connect(copy)) as connection:
        state = connection.execute("PRAGMA integrity_check").fetchone()[0]
    if state != "ok":
        raise Damaged(f"The database of the backup is damaged: {state}.", hint="give another backup")
    engine = create_engine(f"sqlite:///{copy}")
    with engine.connect() as connection:
        verdict = audit.verify(audit.rows(connection), manifest.audit_head)
    engine.dispose()
    if not verdict.ok:
        first = verdict.problems[0]
        raise CheckFailed(
            f"The audit chain of the backup does not hold: row {first.seq} {first.kind}, {first.detail}.",
            rule="broken_chain",
            hint="give another backup",
        )


def _workspace(folder: Path, settings: Path) -> WorkspaceView:
    """Return the workspace to restore into; an absent or empty folder becomes one."""
    if _is_free(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tables.atomic(folder / SETTINGS) as temporary:
            temporary.write_bytes(settings.read_bytes())
    return WorkspaceView(folder)


def _replace(workspace: WorkspaceView, copy: Path) -> None:
    from contado.kernel.records.store import unopened

    with unopened(workspace) as store:
        if store.is_postgres:
            _fill_postgres(store, copy)
            return
        with closing(sqlite3.connect(copy)) as source, store.raw_sqlite() as target:
            source.backup(target)
        with store.engine.begin() as connection:
            migrate.upgrade(connection)


def _fill_postgres(store: Store, copy: Path) -> None:
    engine = create_engine(f"sqlite:///{copy}")
    with engine.begin() as source, store.engine.begin() as target:
        migrate.upgrade(source)
        migrate.upgrade(target)
        if audit.head(target).seq:
            raise WorkspaceError(
                "The database holds records already.",
                rule="records_not_empty",
                hint="restore into an empty database: its audit chain must not be overwritten",
            )
        store.enter_everything(target)
        _copy_rows(source, target)
    engine.dispose()


def _differences(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    hashes = {} if _is_free(folder) else WorkspaceView(folder).file_hashes()
    now = {n: h for n, h in hashes.items() if n.startswith(_KEPT)}
    for name in sorted(now.keys() | manifest.workspace.keys()):
        if now.get(name) != manifest.workspace.get(name):
            state = (
                "is missing" if name not in now else "is new" if name not in manifest.workspace else "differs"
            )
            yield Finding(
                severity="warning",
                rule="differs_from_backup",
                table=name,
                message=f"{name} {state} against the time of the backup.",
                hint="copy the layers and tables of that day, or go on with these",
            )
