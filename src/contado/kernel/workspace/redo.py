"""The redo list of a commit: what makes it whole or absent, whenever its process dies.

A commit's files wait under ``.commit/``; the list names them with their hashes. Without records the list
appears as ``commit.json`` in one step, and from then on the commit counts. Where the workspace has records,
it first appears as ``commit.pending.json``, then the commit's row is written to the audit chain, then it
is renamed to ``commit.json``: here the row decides. Whoever finds a pending list of a process that died asks
the chain: a row carries the commit on, without one nothing has happened. So there is no row without its
change and no change without its row.
"""

from __future__ import annotations

import hashlib
import os
import pkgutil
import shutil
from typing import TYPE_CHECKING, Final

import msgspec

from contado.kernel.errors import ContadoError, Damaged, Finding
from contado.kernel.provenance import sha256_of_file
from contado.kernel.workspace.layout import COMMIT_LIST, PENDING_LIST, SCRATCH, sync_folder
from contado.kernel.workspace.lock import Holder, held, is_held

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from contado.kernel.workspace.view import WorkspaceView

__all__ = [
    "Change",
    "is_listed",
    "is_unsettled",
    "mend",
    "prepare",
    "publish",
    "settle",
    "sweep",
    "write_durably",
]

_STANDS: Final = "contado.kernel.records.commits:stands"
"""The records are named, not imported: they stand above the workspace."""
_MEND_WAIT_S: Final = 5.0


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the redo list: a temporary file that becomes ``path``, or (without) its removal."""

    path: str
    temporary: str | None = None
    sha256: str | None = None


class _RedoList(msgspec.Struct, frozen=True, kw_only=True):
    changes: list[Change]
    id: str = ""


def prepare(root: Path, scratch: Path, commit_id: str, changes: Sequence[Change], *, pending: bool) -> None:
    """Make the redo list durable and visible: as pending, or at once as the list that counts."""
    sync_folder(root / scratch)
    temporary = root / scratch / COMMIT_LIST
    write_durably(temporary, msgspec.json.encode(_RedoList(id=commit_id, changes=list(changes))))
    temporary.replace(root / (PENDING_LIST if pending else COMMIT_LIST))
    sync_folder(root)


def publish(root: Path) -> bool:
    """Let a pending list count, and carry out the list; tell whether there was one.

    What has been done already is left as it is.
    """
    pending, file = root / PENDING_LIST, root / COMMIT_LIST
    if pending.is_file():
        pending.replace(file)
        sync_folder(root)
    return _carry_out(root, file)


def _carry_out(root: Path, file: Path) -> bool:
    if not file.is_file():
        return False
    changes = _read(file).changes
    for change in changes:
        _rename(root, change)
    for folder in {(root / c.path).parent for c in changes}:
        if folder.is_dir():
            sync_folder(folder)
    file.unlink()
    sync_folder(root)
    return True


def _read(file: Path) -> _RedoList:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_RedoList)
    except msgspec.MsgspecError:
        raise Damaged(
            f"{file.name} is damaged.", hint="restore the workspace from a backup", field=file.name
        ) from None


def _rename(root: Path, change: Change) -> None:
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


def is_listed(root: Path, commit_id: str) -> bool:
    """Whether a list, pending or not, is that of this commit: its temporary files are still needed."""
    files = [root / PENDING_LIST, root / COMMIT_LIST]
    return any(file.is_file() and _read(file).id == commit_id for file in files)


def is_unsettled(root: Path) -> bool:
    """Whether a commit is under way, or was interrupted."""
    return (root / COMMIT_LIST).is_file() or (root / PENDING_LIST).is_file()


def settle(workspace: WorkspaceView) -> None:
    """Finish or forget, under the lock ``commit``, what an interrupted commit has left.

    Raises
    ------
    Damaged
        The list or a file it names is gone.
    ContadoError
        The records, which decide about a pending list, cannot be read.
    """
    _carry_out(workspace.path, workspace.path / COMMIT_LIST)
    _decide(workspace)


def _decide(workspace: WorkspaceView) -> bool:
    """Carry a pending list out where the chain has its row, else forget it; tell whether it was carried out."""
    pending = workspace.path / PENDING_LIST
    if not pending.is_file():
        return False
    if pkgutil.resolve_name(_STANDS)(workspace, _read(pending).id):
        return publish(workspace.path)
    pending.unlink()
    sync_folder(workspace.path)
    return False


def mend(workspace: WorkspaceView) -> list[Finding]:
    """Finish or forget the commit of a process that died; return what was mended.

    Raises
    ------
    Damaged
        The list or a file it names is gone.
    """
    root = workspace.path
    if not is_unsettled(root) or is_held(root, "commit"):
        return []
    findings: list[Finding] = []
    with held(root, "commit", wait_s=_MEND_WAIT_S, findings=findings):
        finished = _carry_out(root, root / COMMIT_LIST)
        try:
            finished = _decide(workspace) or finished
        except ContadoError as error:
            findings.append(_undecided(error))
    if finished:
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


def _undecided(error: ContadoError) -> Finding:
    return Finding(
        severity="warning",
        rule="commit_undecided",
        message=f"A commit was interrupted; whether it counts, the records must say: {error.message}",
        hint="what is read is the state before it; make the records reachable, then open the workspace again",
    )


def sweep(root: Path) -> int:
    """Remove temporary files of dead processes; return how many entries were removed.

    A redo list may still need the files of a dead process, so nothing is removed while one is there. The
    dead are listed first: who is dead then publishes no list any more.
    """
    scratch = root / SCRATCH
    entries = list(scratch.iterdir()) if scratch.is_dir() else []
    dead = [e for e in entries if (owner := _owner(e.name)) is not None and not owner.alive]
    if is_unsettled(root):
        return 0
    for entry in dead:
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
    return len(dead)


def _owner(name: str) -> Holder | None:
    parts = name.removesuffix(".lock").split("_")
    if len(parts) != 4 or not parts[0].isdigit():
        return None
    return Holder(pid=int(parts[0]), started=parts[1], host=bytes.fromhex(parts[2]).decode())


def write_durably(target: Path, content: bytes | Path) -> str:
    """Write bytes, or a copy of a file, past the caches of the system; return the SHA-256."""
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
