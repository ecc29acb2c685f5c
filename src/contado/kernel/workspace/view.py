"""The read-only face of a workspace."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from contado.kernel import tables
from contado.kernel.errors import Damaged, DataError, Newer, TableNotFound, WorkspaceError
from contado.kernel.provenance import sha256_of_bytes, sha256_of_file
from contado.kernel.settings import SCHEMA_VERSION, Settings, parse
from contado.kernel.workspace import registry
from contado.kernel.workspace.layout import COMMIT_LIST, PENDING_LIST, RECORDS, SCRATCH, SETTINGS
from contado.kernel.workspace.lock import is_held
from contado.kernel.workspace.redo import mend

if TYPE_CHECKING:
    import os

    from contado.kernel.provenance import Provenance
    from contado.kernel.workspace.registry import LayerInfo

__all__ = ["WorkspaceView"]

_POLL_S = 0.02
_ATTEMPTS = 10
"""How often a layer or the shares of a table are read again while writers keep renaming them."""


class WorkspaceView:
    """What a practice sees: settings, tables, layers, rasters and sources, nothing that writes.

    Parameters
    ----------
    path
        The workspace folder.

    Raises
    ------
    WorkspaceError
        The folder is no workspace.
    Damaged
        contado.toml cannot be read.
    Newer
        It was written by a newer program.

    Attributes
    ----------
    findings
        What opening had to mend: the commit of a process that died, its lock.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.settings = _load_settings(self.path)
        self.findings = mend(self)
        self.settings = _load_settings(self.path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def read(self, table: str) -> pa.Table:
        """Return a table, the shares of all practices joined, rows in the order of their key.

        A known table without rows is empty, not an error.

        Raises
        ------
        TableNotFound
            No schema and no file has this name.
        Damaged
            A file of the table cannot be read.
        DataError
            Two shares give a further column different types (rule ``shares_differ``).
        """
        if table == "layer":
            return self._layer_table()
        known = table in tables.names()
        shares = self._read_shares(table, table if known else None)
        if not shares:
            if not known:
                raise TableNotFound.from_name(table, {*tables.names(), *self.tables()})
            return tables.empty(table)
        joined = _joined(shares, table)
        return tables.sort(table, joined) if known else joined

    def _read_shares(self, table: str, schema: str | None) -> list[pa.Table]:
        """Read all shares of a table as one commit left them: again when one changed meanwhile."""
        shares: list[pa.Table] = []
        for _ in range(_ATTEMPTS):
            self._settle()
            files = self.files_of(table)
            before = _identities(files)
            shares = [self._read_share(f, schema) for f in files]
            if self.files_of(table) == files and _identities(files) == before:
                break
        return shares

    def provenance(self, table: str, practice: str | None = None) -> Provenance | None:
        """Return how a table, or a practice's share of it, was made; None where its file does not say."""
        files = self.files_of(table)
        named = [f for f in files if f.stem == practice] or files
        return tables.provenance(tables.read(named[0]).table) if len(named) == 1 else None

    def files_of(self, table: str) -> list[Path]:
        """Return the Parquet files of a table, one a share; none where it has no rows yet."""
        folder = self.path / "tables"
        whole = folder / f"{table}.parquet"
        shares = sorted((folder / table).glob("*.parquet")) if "/" not in table else []
        return [f for f in [whole, *shares] if f.is_file() and not f.name.startswith(".")]

    def _read_share(self, file: Path, schema: str | None) -> pa.Table:
        try:
            found = tables.read(file).table
            return tables.conform(schema, found) if schema else found
        except DataError as error:
            name = file.relative_to(self.path).as_posix()
            raise Damaged(
                f"{name} is damaged: {error.message}",
                hint="restore it from a backup or run its verb again",
                field=name,
            ) from None

    def _layer_table(self) -> pa.Table:
        import msgspec

        rows = []
        for info in self.layers():
            row = msgspec.structs.asdict(info)
            style = row.pop("style")
            rows.append({**row, "style_json": msgspec.json.encode(style).decode() if style else None})
        return tables.from_rows("layer", rows)

    def tables(self) -> dict[str, int]:
        """Return the rows of every table that has a file, by name."""
        import pyarrow.parquet as pq

        folder = self.path / "tables"
        names = {p.stem if p.suffix == ".parquet" else p.name for p in _visible(folder)}
        out = {}
        for name in sorted(n for n in names if self.files_of(n)):
            try:
                out[name] = sum(pq.read_metadata(f).num_rows for f in self.files_of(name))
            except (pa.ArrowException, OSError):
                raise Damaged(
                    f"tables/{name} is damaged.", hint="restore it from a backup", field=name
                ) from None
        return out

    def layers(self) -> list[LayerInfo]:
        """Return the registry of layers in the order of their ids (`Damaged` when it cannot be read)."""
        return list(registry.load(self.path).values())

    def layer(self, name: str) -> pa.Table:
        """Return a layer: attributes and ``geometry`` as WKB; metadata ``geo`` holds the CRS.

        Raises
        ------
        TableNotFound
            There is no such layer; the hint names the nearest.
        Damaged
            The file does not have the hash of the registry, and nobody is writing it.
        """
        return self.layer_version(name)[1]

    def layer_version(self, name: str) -> tuple[LayerInfo, pa.Table]:
        """Return a layer with the registry's row of just this version, whatever is written meanwhile.

        Errors are those of `layer`.
        """
        for attempt in range(_ATTEMPTS):
            if attempt:  # a writer may have renamed the file between the registry and the read
                self._settle()
            info = self.layer_info(name)
            file = self.path / info.parquet_path
            data = file.read_bytes() if file.is_file() else b""
            if sha256_of_bytes(data) == info.sha256:
                return info, tables.geoparquet.read(pa.BufferReader(data))
            if attempt and info == self.layer_info(name) and not (self.path / COMMIT_LIST).is_file():
                break
        raise Damaged(
            f"{info.parquet_path} is damaged: it does not have the hash of the registry.",
            hint="restore it from a backup or import the layer again",
            field=info.parquet_path,
        )

    def _settle(self) -> None:
        """Wait for the renames of a running commit; finish those of a dead one."""
        deadline = time.monotonic() + self.settings.workspace.lock_wait_s
        while (self.path / COMMIT_LIST).is_file() and time.monotonic() < deadline:
            if is_held(self.path, "commit"):
                time.sleep(_POLL_S)
            else:
                self.findings += mend(self)
        undecided = any(f.rule == "commit_undecided" for f in self.findings)
        if (self.path / PENDING_LIST).is_file() and not undecided:
            self.findings += mend(self)

    def layer_info(self, name: str) -> LayerInfo:
        """Return the registry's row of a layer (`TableNotFound` when there is none)."""
        layers = registry.load(self.path)
        if name not in layers:
            raise TableNotFound.from_name(name, layers, kind="layer")
        return layers[name]

    def source(self, name: str) -> Path:
        """Return the folder of a source, its files as they came (`TableNotFound` when there is none)."""
        return self._below("sources", name, "")

    def raster(self, name: str) -> Path:
        """Return the file of a raster (`TableNotFound` when there is none)."""
        return self._below("rasters", name, ".tif")

    def _below(self, folder: str, name: str, suffix: str) -> Path:
        path = self.path / folder / f"{name}{suffix}"
        known = {p.name.removesuffix(suffix) for p in _visible(self.path / folder)} - {"registry.json"}
        if name not in known:
            raise TableNotFound.from_name(name, known, kind=folder.removesuffix("s"))
        return path

    def file_names(self) -> list[str]:
        """Return every file of the workspace; locks, indices, scratch and records are left out."""
        out = []
        for file in sorted(self.path.rglob("*")):
            relative = file.relative_to(self.path)
            hidden = relative.parts[0] in {SCRATCH, *RECORDS} or relative.parts[:2] == ("layers", ".index")
            listed = relative.name in {COMMIT_LIST, PENDING_LIST}
            if file.is_file() and not hidden and file.suffix != ".lock" and not listed:
                out.append(relative.as_posix())
        return out

    def file_hashes(self) -> dict[str, str]:
        """Return the sha256 of every file of the workspace (`file_names`)."""
        return {name: sha256_of_file(self.path / name) for name in self.file_names()}


def _identities(files: list[Path]) -> list[tuple[int, int]]:
    """Return what tells a file from the one that is renamed over it."""
    found = [file.stat() for file in files]
    return [(stat.st_ino, stat.st_mtime_ns) for stat in found]


def _joined(shares: list[pa.Table], table: str) -> pa.Table:
    try:
        joined = pa.concat_tables(
            [share.replace_schema_metadata(None) for share in shares], promote_options="permissive"
        )
    except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
        raise DataError(
            f"The shares of {table} do not fit together: {error}.",
            rule="shares_differ",
            hint="give a further column one type in all shares",
            field=table,
        ) from None
    metadata = shares[0].schema.metadata if len(shares) == 1 else None
    return joined.combine_chunks().replace_schema_metadata(metadata)


def _visible(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [p for p in folder.iterdir() if not p.name.startswith(".") and p.suffix != ".lock"]


def _load_settings(path: Path) -> Settings:
    file = path / SETTINGS
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise WorkspaceError(
            f"{path} is no workspace: it holds no {SETTINGS}.",
            rule="no_workspace",
            hint="create one with `contado init DIR`",
            field="workspace",
        ) from None
    except UnicodeDecodeError:
        raise Damaged(
            f"{SETTINGS} is not UTF-8 text.", hint="restore it from a backup", field=SETTINGS
        ) from None
    _refuse_newer(text)
    return parse(text, name=SETTINGS)


def _refuse_newer(text: str) -> None:
    """Refuse a newer layout before its unknown settings are complained about."""
    try:
        version = tomllib.loads(text).get("schema")
    except tomllib.TOMLDecodeError:
        return  # parse says what is wrong
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise Newer(
            f"The workspace has layout {version}; this program knows layouts up to {SCHEMA_VERSION}.",
            hint=f"install a contado that knows layout {version}",
            field="schema",
        )
