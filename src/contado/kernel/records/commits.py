"""Commits of a workspace in the audit chain: who changed which files, to which content.

Each commit of a workspace that has records leaves one row ``workspace.committed`` of the object
``commit:ULID``; its body names the verb that ran and the SHA-256 of each file that changed (null: it
went; a source is one entry, `contado.kernel.workspace.commit.source_hash`). The row stands before the files are
renamed, and decides whether an interrupted commit counts (`contado.kernel.workspace.redo`).

>>> with workspace.commit(lock=["tables/payment"]) as commit:                # doctest: +SKIP
...     with commits.writing(commit, store, scope) as session:
...         audit.append(session, "realisation.recorded", "source:events-1")
...         commit.table("payment", table)
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import select

from contado.kernel.declare import acting
from contado.kernel.errors import Finding
from contado.kernel.provenance import sha256_of_file
from contado.kernel.records import audit
from contado.kernel.records.schema import Audit
from contado.kernel.records.scopes import local_administrator
from contado.kernel.records.store import existing
from contado.kernel.workspace.commit import source_hash
from contado.kernel.workspace.layout import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contado.kernel.records.scopes import Scope, ScopedSession
    from contado.kernel.records.store import Store
    from contado.kernel.workspace import Commit, WorkspaceView

__all__ = ["COMMITTED", "differing", "stands", "vouch", "writing"]

COMMITTED: Final = "workspace.committed"
"""Audit verb of a commit."""


@contextmanager
def writing(commit: Commit, store: Store, scope: Scope) -> Iterator[ScopedSession]:
    """Open a transaction of the records in which a commit of the workspace stands or falls with its rows.

    The transaction ends with the commit's own row; the files follow when the block of the commit ends. The lock
    of all commits is held from the beginning, so what takes long is computed before; the tables that are
    written are best named in the commit's ``lock``.

    Raises
    ------
    Locked
        Another process commits or writes records for longer than ``lock_wait_s``.
    """
    commit.begin()
    try:
        with store.writing(scope) as session:
            yield session
            if files := commit.prepare():
                who = acting()
                body = {"verb": None if who is None else who.verb, "files": files}
                audit.append(session, COMMITTED, f"commit:{commit.id}", body)
    except BaseException:
        commit.withdraw()
        raise
    commit.vouched()


def vouch(commit: Commit) -> None:
    """Write the row of a commit that has no rows of its own; a workspace without records is left alone.

    The actor is the account of the verb that runs, else the local administrator.
    """
    store = existing(commit.workspace)
    if store is None:
        return
    who = acting()
    with store:
        scope = local_administrator() if who is None or who.account is None else store.scope(who.account)
        with writing(commit, store, scope):
            pass


def stands(workspace: WorkspaceView, commit_id: str) -> bool:
    """Whether the chain holds the row of a commit."""
    store = existing(workspace)
    if store is None:
        return False
    row = select(Audit.seq).where(Audit.verb == COMMITTED, Audit.object == f"commit:{commit_id}")
    with store, store.connection() as connection:
        return connection.execute(row).first() is not None


def differing(store: Store, workspace: WorkspaceView) -> list[Finding]:
    """Return the files that are not as the last commit in the chain that names them left them.

    Settings are left out: people edit them by hand.
    """
    told: dict[str, tuple[int, str | None]] = {}
    rows = select(Audit.seq, Audit.body_json).where(Audit.verb == COMMITTED).order_by(Audit.seq)
    with store.connection() as connection:
        for seq, body in connection.execute(rows):
            files: dict[str, str | None] = msgspec.json.decode(body)["files"]
            told |= {path: (seq, digest) for path, digest in files.items() if path != SETTINGS}
    now = {path: _hash_of(workspace.path / path) for path in told}
    return [
        _differs(path, seq, gone=now[path] is None, back=digest is None)
        for path, (seq, digest) in sorted(told.items())
        if now[path] != digest
    ]


def _hash_of(path: Path) -> str | None:
    """Return the hash of a file, or of a source's folder; None where there is none."""
    if path.is_dir():
        files = {p.relative_to(path).as_posix(): p for p in path.rglob("*") if p.is_file()}
        return source_hash({name: sha256_of_file(p) for name, p in files.items()})
    return sha256_of_file(path) if path.is_file() else None


def _differs(path: str, seq: int, *, gone: bool, back: bool) -> Finding:
    what = "is gone" if gone else "is there again" if back else "has another content"
    return Finding(
        severity="warning",
        rule="file_differs",
        table=path,
        row=seq,
        message=f"{path} {what}: row {seq} of the chain left it otherwise, and no later commit names it.",
        hint="it was changed by hand, restored from elsewhere, or the records were; run its verb again",
    )
