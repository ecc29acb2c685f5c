"""contado records restore: a backup back into a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from contado.kernel.declare import Context, Request, Verb, argument
from contado.kernel.errors import TableNotFound
from contado.verbs.audit.head import Link
from contado.verbs.records.backup import BackupAnswer


class RestoreRequest(Request, frozen=True, kw_only=True):
    """Which backup, into which workspace."""

    file: Annotated[Path, argument("a backup that `contado records backup` wrote")]
    folder: Annotated[Path, argument("the workspace; an absent or empty folder becomes one")]


def _run(request: RestoreRequest, context: Context) -> BackupAnswer:
    from contado.kernel.records import backup

    if not request.file.is_file():
        raise TableNotFound(f"There is no file {request.file}.", hint="give a backup", field="file")
    done = backup.restore(request.file, request.folder, accept=context.accept)
    head = Link(seq=done.audit_head.seq, hash=done.audit_head.hash)
    return BackupAnswer(bytes=done.bytes, sha256=done.sha256, audit_head=head, findings=list(done.findings))


VERB = Verb(
    name="records restore",
    help="Verify a backup and put it in its place",
    request=RestoreRequest,
    answer=BackupAnswer,
    run=_run,
    examples=("contado records restore records.zip city",),
)
