"""The writable face of a workspace."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from contado.kernel import tables
from contado.kernel.errors import WorkspaceError
from contado.kernel.settings import Settings, dump
from contado.kernel.workspace.commit import Commit
from contado.kernel.workspace.layout import SETTINGS
from contado.kernel.workspace.redo import sweep
from contado.kernel.workspace.view import WorkspaceView

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

__all__ = ["Workspace"]


class Workspace(WorkspaceView):
    """A workspace folder that may be written; see `WorkspaceView` for reading."""

    @classmethod
    def create(cls, path: str | os.PathLike[str], settings: Settings | None = None) -> Self:
        """Create a workspace in a folder that is absent or empty.

        A random key for keyed hashes is drawn where the settings hold none.

        Raises
        ------
        WorkspaceError
            The folder holds something (rule ``workspace_not_empty``).
        """
        folder = Path(path)
        if folder.exists() and (not folder.is_dir() or _holds_something(folder)):
            raise WorkspaceError(
                f"{folder} is not an empty folder.",
                rule="workspace_not_empty",
                hint="give a folder that is absent or empty",
                field="workspace",
            )
        folder.mkdir(parents=True, exist_ok=True)
        with tables.atomic(folder / SETTINGS) as temporary:
            temporary.write_text(dump(_with_key(settings or Settings())), encoding="utf-8")
        return cls.open(folder)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a workspace; an unfinished commit is finished, leftovers of dead processes are swept.

        Raises
        ------
        WorkspaceError, Damaged, Newer
            As for `WorkspaceView`.
        """
        workspace = cls(path)
        sweep(workspace.path)
        return workspace

    def commit(self, *, lock: Sequence[str] = ()) -> Commit:
        """Return a commit: ``with workspace.commit() as c: c.table(...); c.layer(...)``.

        On leaving the block all files change together; on an exception none does. ``lock`` names what is
        locked from the start ("layers/roads"), for work that reads, computes and writes back.

        Where the workspace has records, the commit leaves a row in their audit chain
        (`contado.kernel.records.commits`); rows of the records that belong to it are written with
        ``commits.writing``, in one transaction with that row.

        Raises
        ------
        Locked
            Another process writes the same table or layer for longer than ``lock_wait_s``.
        WorkspaceError
            The disk is full (rule ``disk_full``); nothing was changed.
        """
        return Commit(self, lock)


def _holds_something(folder: Path) -> bool:
    """Whether a folder holds more than what an interrupted `Workspace.create` may have left."""
    return any(not entry.name.startswith(".contado.") for entry in folder.iterdir())


def _with_key(settings: Settings) -> Settings:
    if settings.workspace.key:
        return settings
    theme = msgspec.structs.replace(settings.workspace, key=secrets.token_hex(16))
    return msgspec.structs.replace(settings, workspace=theme)
