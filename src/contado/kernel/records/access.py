"""What a verb is handed: the store of its workspace and the scope it acts in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from contado.kernel.records import commits
from contado.kernel.records.scopes import local_administrator
from contado.kernel.records.store import open_store
from contado.kernel.workspace import WorkspaceView

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

    from contado.kernel.records.scopes import Scope, ScopedSession
    from contado.kernel.records.store import Store
    from contado.kernel.workspace import Commit

__all__ = ["Records", "open_records"]


class Records:
    """A store and a scope; a context manager that closes the store."""

    def __init__(self, workspace: WorkspaceView, store: Store, scope: Scope) -> None:
        self.workspace = workspace
        self.store = store
        self.scope = scope

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.store.close()

    def writing(self) -> AbstractContextManager[ScopedSession]:
        """Open a writing transaction in the scope; see `Store.writing`."""
        return self.store.writing(self.scope)

    def committing(self, commit: Commit) -> AbstractContextManager[ScopedSession]:
        """Open a writing transaction in which a commit stands or falls with its rows; see `commits.writing`."""
        return commits.writing(commit, self.store, self.scope)

    def reading(self) -> AbstractContextManager[ScopedSession]:
        """Open a reading transaction in the scope; see `Store.reading`."""
        return self.store.reading(self.scope)


def open_records(path: Path, account: str | None, right: str) -> Records:
    """Open the records of a workspace for an account (None: the local administrator).

    Raises
    ------
    RecordNotFound
        There is no such account (rule ``no_account``).
    ScopeError
        None of its roles may do ``right`` (rule ``not_allowed``).
    WorkspaceError
        Errors of `contado.kernel.records.store.open_store`.
    """
    workspace = WorkspaceView(path)
    store = open_store(workspace)
    try:
        scope = local_administrator() if account is None else store.scope(account)
        scope.require(right)
    except BaseException:
        store.close()
        raise
    return Records(workspace, store, scope)
