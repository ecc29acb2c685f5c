"""One commit: several files change together or not at all.

Files are first written under ``.commit/`` and made durable. Then, under the locks of all that is
written, a redo list ``commit.json`` (names and hashes) is made durable, the files are renamed and the
list is removed. A process killed before the list leaves the old state; one killed after it leaves a list
that the next opening finishes. There is no moment at which neither holds.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import msgspec

from contado.kernel import tables
from contado.kernel.errors import Damaged, Finding, GeometryError, WorkspaceError
from contado.kernel.provenance import sha256_of_file
from contado.kernel.settings import Settings, dump
from contado.kernel.workspace import registry
from contado.kernel.workspace.layout import (
    COMMIT_LIST,
    LAYER_REGISTRY,
    SCRATCH,
    SETTINGS,
    SOURCE_REGISTRY,
    checked_name,
    checked_path,
    sync_folder,
)
from contado.kernel.workspace.lock import Holder, held, is_held, scratch_name
from contado.kernel.workspace.registry import Access, LayerInfo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    import geopandas
    import pyarrow as pa

    from contado.kernel.provenance import Provenance
    from contado.kernel.workspace.workspace import Workspace

__all__ = ["Commit", "mend", "sweep"]

_MULTI = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}
_MEND_WAIT_S = 5.0
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class _Change(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the redo list: a temporary file that becomes ``path``, or (without) its removal."""

    path: str
    temporary: str | None = None
    sha256: str | None = None


class _RedoList(msgspec.Struct, frozen=True, kw_only=True):
    changes: list[_Change]


class Commit:
    """Collects what is to be written; see `contado.kernel.workspace.Workspace.commit`.

    ``findings`` tells of locks that were taken over.
    """

    def __init__(self, workspace: Workspace, lock: Sequence[str] = ()) -> None:
        self.findings: list[Finding] = []
        self._workspace = workspace
        self._root = workspace.path
        self._wanted_locks = sorted(set(lock))
        self._locks = ExitStack()
        self._held: set[str] = set()
        self._changes: dict[str, _Change] = {}
        self._layers: dict[str, LayerInfo] = {}
        self._sources: dict[str, dict[str, str]] = {}
        self._settings: Settings | None = None
        self._scratch = Path(SCRATCH) / scratch_name(Holder.current())

    def __enter__(self) -> Self:
        try:
            self._lock(self._wanted_locks)
        except BaseException:
            self._locks.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and (self._changes or self._layers):
                self._run()
        except OSError as failure:
            raise _explained(failure) from failure
        finally:
            shutil.rmtree(self._root / self._scratch, ignore_errors=True)
            self._locks.close()

    def table(
        self, name: str, table: pa.Table, *, practice: str | None = None, provenance: Provenance | None = None
    ) -> None:
        """Write a table, or with ``practice`` that practice's share of it.

        Raises
        ------
        ColumnNotFound, DataError
            The table does not fit its schema.
        UsageError
            The name is no name.
        """
        checked_name(name, "table")
        if name in tables.names():
            table = tables.sort(name, tables.conform(name, table))
        path = f"tables/{name}.parquet"
        if practice is not None:
            path = f"tables/{name}/{checked_name(practice, 'practice')}.parquet"
        self._add(path, tables.parquet_bytes(table, provenance))

    def layer(  # noqa: PLR0913 - what the registry of layers says of each
        self,
        name: str,
        data: pa.Table | geopandas.GeoDataFrame,
        *,
        crs: str | None = None,
        title_it: str = "",
        title_en: str = "",
        licence: str | None = None,
        source_id: str | None = None,
        label: Literal["measured", "estimated", "simulated"] | None = None,
        access: Access = "public",
        style: dict[str, Any] | None = None,
        editable: bool = False,
        updated_at: str | None = None,
        provenance: Provenance | None = None,
    ) -> None:
        """Write a layer and its row of the registry; an existing one is replaced whole.

        Raises
        ------
        GeometryError
            No CRS is known, or points, lines and polygons are mixed.
        UsageError
            The name is no name.
        """
        path = f"layers/{checked_name(name, 'layer')}.parquet"
        layer = tables.geoparquet.as_layer(data, crs)
        content, found = tables.geoparquet.encode(layer, provenance=provenance)
        if found.crs is None:
            raise GeometryError(
                f"Layer {name} has no coordinate reference system.",
                rule="missing_crs",
                hint="give crs=EPSG:4326",
            )
        change = self._add(path, content)
        self._layers[name] = LayerInfo(
            id=name,
            title_it=title_it or name,
            title_en=title_en or title_it or name,
            geometry_type=_widest(found.geometry_types, name),
            crs=found.crs,
            n=found.n,
            bbox=found.bbox,
            parquet_path=path,
            sha256=change.sha256 or "",
            licence=licence,
            source_id=source_id,
            label=label,
            updated_at=updated_at or self._changed_at(name, change.sha256 or ""),
            access=access,
            style=style,
            editable=editable,
        )

    def _changed_at(self, name: str, sha256: str) -> str:
        """Return now, or when the layer last changed where its content is the same as before."""
        old = registry.load(self._root).get(name)
        if old is not None and old.sha256 == sha256 and old.updated_at:
            return old.updated_at
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def source(self, name: str, files: Mapping[str, Path | bytes]) -> None:
        """Keep ``files`` (name -> path or content) as they are in ``sources/NAME``, replacing it whole."""
        folder = self._root / "sources" / checked_name(name, "source")
        kept = {}
        for file, content in files.items():
            relative = checked_path(f"sources/{name}/{file}")
            kept[file] = self._add(relative, content).sha256 or ""
        for old in folder.rglob("*") if folder.is_dir() else ():
            relative = old.relative_to(self._root).as_posix()
            if old.is_file() and relative not in self._changes:
                self._changes[relative] = _Change(path=relative)
        self._sources[name] = kept

    def raster(self, name: str, content: bytes) -> None:
        """Write ``rasters/NAME.tif``, a cloud-optimised GeoTIFF."""
        self._add(f"rasters/{checked_name(name, 'raster')}.tif", content)

    def file(self, relative: str, content: bytes) -> None:
        """Write any other file of the workspace (``runs/plan.json``)."""
        self._add(checked_path(relative), content)

    def remove(self, relative: str) -> None:
        """Remove a file of the workspace, a share of a table for one."""
        path = checked_path(relative)
        (self._root / self._scratch).mkdir(parents=True, exist_ok=True)  # where the redo list is written
        self._changes[path] = _Change(path=path)

    def settings(self, settings: Settings) -> None:
        """Write contado.toml."""
        self._settings = settings
        self._add(SETTINGS, dump(settings).encode())

    def _add(self, path: str, content: bytes | Path) -> _Change:
        """Write ``content`` durably to a temporary file and note the change."""
        temporary = self._scratch / f"{len(self._changes):04d}"
        target = self._root / temporary
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            digest = _write_durably(target, content)
        except OSError as failure:
            raise _explained(failure) from failure
        change = _Change(path=path, temporary=temporary.as_posix(), sha256=digest)
        self._changes[path] = change
        return change

    def _lock(self, names: Sequence[str]) -> None:
        wait_s = self._workspace.settings.workspace.lock_wait_s
        for name in names:
            if name not in self._held:
                self._locks.enter_context(held(self._root, name, wait_s=wait_s, findings=self.findings))
                self._held.add(name)

    def _run(self) -> None:
        self._lock(sorted({lock for path in self._changes if (lock := _lock_of(path))}))
        self._lock(["commit"])
        _redo(self._root)  # of a process that died since this workspace was opened
        self._update_registries()
        _publish(self._root, self._scratch, list(self._changes.values()))
        try:
            _redo(self._root)
        except KeyboardInterrupt:
            _redo(self._root)  # past the redo list the commit counts: finish, then stop
            raise
        if self._settings is not None:
            self._workspace.settings = self._settings

    def _update_registries(self) -> None:
        """Add the new layers and sources to their registries, read under the lock of the commit."""
        if self._layers:
            self._add(LAYER_REGISTRY, registry.encode({**registry.load(self._root), **self._layers}))
        if self._sources:
            file = self._root / SOURCE_REGISTRY
            old = msgspec.json.decode(file.read_bytes()) if file.is_file() else {}
            self._add(SOURCE_REGISTRY, msgspec.json.encode({**old, **self._sources}, order="sorted"))


def _explained(failure: OSError) -> Exception:
    """Return the error of a full disk in the workspace's words, any other as it is."""
    if failure.errno not in _FULL:
        return failure
    return WorkspaceError(
        "The disk is full: nothing was changed.", rule="disk_full", hint="free some space and repeat"
    )


def _write_durably(target: Path, content: bytes | Path) -> str:
    digest = hashlib.sha256()
    with target.open("wb") as out:
        if isinstance(content, bytes):
            out.write(content)
            digest.update(content)
        else:
            with content.open("rb") as source:
                while block := source.read(1 << 20):
                    out.write(block)
                    digest.update(block)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _lock_of(path: str) -> str | None:
    """Return the lock under which a file is written: of its table or layer, else none of its own."""
    parts = Path(path).parts
    if parts[0] in {"tables", "layers"} and len(parts) > 1:
        return f"{parts[0]}/{parts[1].removesuffix('.parquet')}"
    return None


def _widest(types: list[str], name: str) -> str:
    """Return the one type that a layer's features share; ``Polygon`` and ``MultiPolygon`` go together."""
    plain = {t.removesuffix(" Z") for t in types}
    height = " Z" if any(t.endswith(" Z") for t in types) else ""
    if not plain:
        return "Unknown"
    families = {_MULTI.get(t, t) for t in plain}
    if len(families) > 1:
        raise GeometryError(
            f"Layer {name} mixes {', '.join(sorted(types))}.",
            rule="mixed_geometry",
            hint="write one layer for each type",
        )
    return (plain.pop() if len(plain) == 1 else families.pop()) + height


def _publish(root: Path, scratch: Path, changes: list[_Change]) -> None:
    """Make the redo list durable and visible: from here on the commit counts."""
    sync_folder(root / scratch)
    temporary = root / scratch / COMMIT_LIST
    _write_durably(temporary, msgspec.json.encode(_RedoList(changes=changes)))
    temporary.replace(root / COMMIT_LIST)
    sync_folder(root)


def _redo(root: Path) -> None:
    """Carry out the redo list; what has been done already is left as it is."""
    file = root / COMMIT_LIST
    if not file.is_file():
        return
    changes = _decode(file.read_bytes()).changes
    for change in changes:
        _carry_out(root, change)
    for folder in {(root / c.path).parent for c in changes}:
        if folder.is_dir():
            sync_folder(folder)
    file.unlink()
    sync_folder(root)


def _decode(data: bytes) -> _RedoList:
    try:
        return msgspec.json.decode(data, type=_RedoList)
    except msgspec.MsgspecError:
        raise Damaged(
            f"{COMMIT_LIST} is damaged.", hint="restore the workspace from a backup", field=COMMIT_LIST
        ) from None


def _carry_out(root: Path, change: _Change) -> None:
    target = root / change.path
    if change.temporary is None:
        target.unlink(missing_ok=True)
        return
    temporary = root / change.temporary
    if temporary.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(target)
    elif not target.is_file() or sha256_of_file(target) != change.sha256:
        raise Damaged(
            f"{change.path} is lost: a commit was interrupted and its file is gone.",
            hint="restore the workspace from a backup",
            field=change.path,
        )


def mend(root: Path) -> list[Finding]:
    """Finish the commit of a process that died after its redo list; return what was mended.

    Raises
    ------
    Damaged
        The list or a file it names is gone.
    """
    if not (root / COMMIT_LIST).is_file() or is_held(root, "commit"):
        return []
    findings: list[Finding] = []
    with held(root, "commit", wait_s=_MEND_WAIT_S, findings=findings):
        unfinished = (root / COMMIT_LIST).is_file()
        _redo(root)
    if unfinished:
        findings.append(
            Finding(
                severity="note",
                rule="commit_finished",
                message="A commit that was interrupted has been finished.",
                hint="nothing to do",
                action="repaired",
            )
        )
    return findings


def sweep(root: Path) -> int:
    """Remove temporary files of dead processes; return how many entries were removed.

    A redo list may still need the files of a dead process, so nothing is removed while one is there. The
    dead are listed first: who is dead then publishes no list any more.
    """
    scratch = root / SCRATCH
    entries = list(scratch.iterdir()) if scratch.is_dir() else []
    dead = [e for e in entries if (owner := _owner(e.name)) is not None and not owner.alive]
    if (root / COMMIT_LIST).is_file():
        return 0
    for entry in dead:
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
    return len(dead)


def _owner(name: str) -> Holder | None:
    parts = name.removesuffix(".lock").split("_")
    if len(parts) != 4 or not parts[0].isdigit():
        return None
    return Holder(pid=int(parts[0]), started=parts[1], host=bytes.fromhex(parts[2]).decode())
