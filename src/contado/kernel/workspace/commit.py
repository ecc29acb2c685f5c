"""One commit: several files change together or not at all.

Files are first written under ``.commit/`` and made durable. Then, under the locks of all that is written, the
redo list of `contado.kernel.workspace.redo` makes the commit count, and the files are renamed. A process
killed before that leaves the old state; one killed after it leaves a list that the next opening finishes.

A workspace that has records gets a row of their audit chain for each commit: who, by which verb, which
files with which hash. The row is written between list and renames, and decides.
"""

from __future__ import annotations

import errno
import pkgutil
import shutil
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import msgspec

from contado.kernel import tables
from contado.kernel.errors import ContadoError, Finding, GeometryError, WorkspaceError
from contado.kernel.identifiers import ulid
from contado.kernel.provenance import sha256_of_bytes
from contado.kernel.settings import Settings, dump
from contado.kernel.workspace import redo, registry
from contado.kernel.workspace.layout import (
    LAYER_REGISTRY,
    SCRATCH,
    SETTINGS,
    SOURCE_REGISTRY,
    checked_name,
    checked_path,
    has_records,
)
from contado.kernel.workspace.lock import Holder, held, scratch_name
from contado.kernel.workspace.redo import Change
from contado.kernel.workspace.registry import Access, LayerInfo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    import geopandas
    import numpy as np
    import pyarrow as pa

    from contado.kernel.provenance import Provenance
    from contado.kernel.workspace.workspace import Workspace

__all__ = ["Commit", "source_hash"]

_MULTI = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_VOUCH: Final = "contado.kernel.records.commits:vouch"
"""The records are named, not imported: they stand above the workspace."""


class Commit:
    """Collects what is to be written; see `contado.kernel.workspace.Workspace.commit`.

    A commit is a transaction: what is written twice in it is there as it was written last.

    Attributes
    ----------
    id
        ULID; the audit chain's row of the commit names it.
    findings
        Locks that were taken over.
    """

    def __init__(self, workspace: Workspace, lock: Sequence[str] = ()) -> None:
        self.id = ulid()
        self.findings: list[Finding] = []
        self.workspace = workspace
        self._root = workspace.path
        self._wanted_locks = sorted(set(lock))
        self._locks = ExitStack()
        self._held: set[str] = set()
        self._changes: dict[str, Change] = {}
        self._written = 0
        self._prepared = False
        self._vouched = False
        self._done = False
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
            if self._vouched or (kind is None and self._changes):
                self._run()
        except OSError as failure:
            raise _explained(failure) from failure
        finally:
            if self._done or not redo.is_listed(self._root, self.id):
                shutil.rmtree(self._root / self._scratch, ignore_errors=True)
            self._locks.close()

    def table(
        self, name: str, table: pa.Table, *, practice: str | None = None, provenance: Provenance | None = None
    ) -> None:
        """Write a table, or with ``practice`` that practice's share of it.

        Written twice in one commit, the last one stands, as in any transaction.

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
        shapes: np.ndarray | None = None,
    ) -> LayerInfo:
        """Write a layer and its row of the registry, which is returned; an existing one is replaced whole.

        ``shapes`` are its geometries, where they are known already: half of the time of writing is saved.

        Raises
        ------
        GeometryError
            No CRS is known, or points, lines and polygons are mixed.
        UsageError
            The name is no name.
        """
        path = f"layers/{checked_name(name, 'layer')}.parquet"
        layer = tables.geoparquet.as_layer(data, crs)
        content, found = tables.geoparquet.encode(layer, provenance=provenance, shapes=shapes)
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
        return self._layers[name]

    def _changed_at(self, name: str, sha256: str) -> str:
        """Return now, or when the layer last changed where its content is the same as before."""
        old = registry.load(self._root).get(name)
        if old is not None and old.sha256 == sha256 and old.updated_at:
            return old.updated_at
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def source(self, name: str, files: Mapping[str, Path | bytes]) -> None:
        """Keep ``files`` (name -> path or content) as they are in ``sources/NAME``, replacing it whole."""
        folder = self._root / "sources" / checked_name(name, "source")
        for earlier in [path for path in self._changes if path.startswith(f"sources/{name}/")]:
            self._forget(earlier)
        kept = {}
        for file, content in files.items():
            relative = checked_path(f"sources/{name}/{file}")
            kept[file] = self._add(relative, content).sha256 or ""
        for old in folder.rglob("*") if folder.is_dir() else ():
            relative = old.relative_to(self._root).as_posix()
            if old.is_file() and relative not in self._changes:
                self._changes[relative] = Change(path=relative)
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
        self._forget(path)
        (self._root / self._scratch).mkdir(parents=True, exist_ok=True)  # where the redo list is written
        self._changes[path] = Change(path=path)

    def settings(self, settings: Settings) -> None:
        """Write contado.toml."""
        self._settings = settings
        self._add(SETTINGS, dump(settings).encode())

    def _add(self, path: str, content: bytes | Path) -> Change:
        """Write ``content`` durably to a temporary file and note the change; an earlier one gives way."""
        self._forget(path)
        temporary = self._scratch / f"{self._written:04d}"
        self._written += 1
        target = self._root / temporary
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            digest = redo.write_durably(target, content)
        except OSError as failure:
            raise _explained(failure) from failure
        change = Change(path=path, temporary=temporary.as_posix(), sha256=digest)
        self._changes[path] = change
        return change

    def _forget(self, path: str) -> None:
        """Take back what this commit was to do with a file."""
        earlier = self._changes.pop(path, None)
        if earlier is not None and earlier.temporary is not None:
            (self._root / earlier.temporary).unlink(missing_ok=True)

    def _lock(self, names: Sequence[str]) -> None:
        wait_s = self.workspace.settings.workspace.lock_wait_s
        for name in names:
            if name not in self._held:
                self._locks.enter_context(held(self._root, name, wait_s=wait_s, findings=self.findings))
                self._held.add(name)

    def begin(self) -> None:
        """Take the lock of all commits; what an interrupted one has left is finished or forgotten first.

        Raises
        ------
        Locked
            Another process commits, or writes one of the tables and layers, for longer than ``lock_wait_s``.
        """
        self._lock(sorted({lock for path in self._changes if (lock := _lock_of(path))}))
        self._lock(["commit"])
        redo.settle(self.workspace)

    def prepare(self, *, pending: bool = True) -> dict[str, str | None]:
        """Make the redo list durable; return what changes: path -> SHA-256, None for what goes.

        A source is one entry (`source_hash`), since names of its files are chosen by people. Without
        changes nothing is prepared, and the result is empty.
        """
        if not self._changes:
            return {}
        self._lock(sorted({lock for path in self._changes if (lock := _lock_of(path))}))
        self._update_registries()
        redo.prepare(self._root, self._scratch, self.id, list(self._changes.values()), pending=pending)
        self._prepared = True
        whole = {f"sources/{name}": source_hash(files) for name, files in self._sources.items()}
        inside = tuple(f"{source}/" for source in whole)
        return whole | {path: c.sha256 for path, c in self._changes.items() if not path.startswith(inside)}

    def vouched(self) -> None:
        """Note that the audit chain holds the row of what was prepared: from here on the commit counts."""
        self._vouched = self._prepared

    def withdraw(self) -> None:
        """Settle a commit whose row could not be written, as far as the records say whether it was."""
        if redo.is_listed(self._root, self.id):
            with suppress(ContadoError, OSError):  # else it stays pending, and the next one settles it
                redo.settle(self.workspace)

    def _run(self) -> None:
        if not self._vouched:
            if has_records(self._root):
                pkgutil.resolve_name(_VOUCH)(self)
            if not self._prepared:
                self.begin()
                self.prepare(pending=False)
        try:
            redo.publish(self._root)
        except KeyboardInterrupt:
            redo.publish(self._root)  # past the redo list the commit counts: finish, then stop
            raise
        self._done = True
        if self._settings is not None:
            self.workspace.settings = self._settings

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


def source_hash(files: Mapping[str, str]) -> str:
    """Return the one hash of a source: SHA-256 of the JSON object of its files and their hashes, sorted."""
    return sha256_of_bytes(msgspec.json.encode(dict(files), order="sorted"))


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
