"""The folder of a workspace: where things lie, which names are allowed.

::

    contado.toml            settings and the version of the layout
    commit.json             redo list of a commit that is under way
    commit.pending.json     the same before its row stands in the audit chain
    layers/NAME.parquet     GeoParquet;  layers/registry.json says what each layer is
    tables/NAME.parquet     a table, or one share a practice in tables/NAME/PRACTICE.parquet
    rasters/ tiles/ runs/
    live/ signals/          drives that go on, and raw signals until their retention day
    records.sqlite          records: accounts, audit chain, documents, jobs; attachments in files/
    backups/                copies of the records before their schema was changed
    sources/NAME/           files kept as they came;  sources/registry.json has their hashes
    .commit/                temporary files of running writers
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Final

from contado.kernel.errors import UsageError

__all__ = [
    "COMMIT_LIST",
    "DATABASE_URL",
    "LAYER_REGISTRY",
    "PENDING_LIST",
    "RECORDS",
    "SCRATCH",
    "SETTINGS",
    "SOURCE_REGISTRY",
    "checked_name",
    "checked_path",
    "has_records",
    "sync_folder",
]

SETTINGS: Final = "contado.toml"
COMMIT_LIST: Final = "commit.json"
PENDING_LIST: Final = "commit.pending.json"
SCRATCH: Final = ".commit"
LAYER_REGISTRY: Final = "layers/registry.json"
SOURCE_REGISTRY: Final = "sources/registry.json"
RECORDS: Final = ("records.sqlite", "records.sqlite-wal", "records.sqlite-shm", "files", "backups")
"""What belongs to the transactional records (`contado.kernel.records`)."""
DATABASE_URL: Final = "CONTADO_DATABASE_URL"
"""Variable of the environment that names the database of the records where it is no file."""
_NAME: Final = re.compile(r"\w[\w.-]{0,99}", re.ASCII)
_RESERVED: Final = {"registry"}


def checked_name(name: str, kind: str) -> str:
    """Return ``name`` when it may name a table, layer, practice or source.

    Raises
    ------
    UsageError
        It is empty, too long, reserved or holds path characters (rule ``bad_name``).
    """
    if not _NAME.fullmatch(name) or name in _RESERVED or name.endswith((".lock", ".")):
        raise UsageError(
            f"{name!r} cannot name a {kind}.",
            rule="bad_name",
            hint="use letters, digits, _ - . (at most 100), beginning with a letter or digit",
            field=kind,
        )
    return name


def checked_path(relative: str) -> str:
    """Return a path below the workspace in POSIX form.

    Raises
    ------
    UsageError
        It is absolute, leaves the workspace, or is kept for the workspace itself (rule ``bad_path``).
    """
    path = PurePosixPath(Path(relative).as_posix())
    reserved = {SETTINGS, COMMIT_LIST, PENDING_LIST, LAYER_REGISTRY, SOURCE_REGISTRY}
    if path.is_absolute() or ".." in path.parts or not path.parts or str(path) in reserved:
        raise UsageError(
            f"{relative!r} is no path for a file of the workspace.",
            rule="bad_path",
            hint="give a path below the workspace, such as runs/plan.json",
        )
    return str(path)


def has_records(root: Path) -> bool:
    """Whether the workspace at ``root`` may have records: a file, or a database that is named."""
    return bool(os.environ.get(DATABASE_URL)) or (root / RECORDS[0]).is_file()


def sync_folder(folder: Path) -> None:
    """Make the renames in ``folder`` durable (a no-op where folders cannot be synced)."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows opens no folders
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
