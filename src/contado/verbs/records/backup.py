"""contado records backup: a consistent copy of the records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.verbs.audit.head import Link


class BackupRequest(Request, frozen=True, kw_only=True):
    """Where to."""

    file: Annotated[Path, argument("file of the backup (zip); an existing one is replaced")]
    whole: Annotated[bool, option("also layers, tables, rasters, sources, tiles and runs")] = False


class BackupAnswer(Answer, kw_only=True):
    """The backup; ``audit_head`` is the last link of the chain inside."""

    bytes: int
    sha256: str
    audit_head: Link


def _run(request: BackupRequest, context: Context) -> BackupAnswer:
    from contado.kernel.records import backup

    with context.records() as records:
        done = backup.write(records.store, records.workspace, request.file, whole=request.whole)
    head = Link(seq=done.audit_head.seq, hash=done.audit_head.hash)
    return BackupAnswer(bytes=done.bytes, sha256=done.sha256, audit_head=head)


VERB = Verb(
    name="records backup",
    help="Write a consistent copy of the records and attachments",
    request=BackupRequest,
    answer=BackupAnswer,
    run=_run,
    workspace=True,
    right="records.read",
    examples=(
        "contado records backup records.zip -w city",
        "contado records backup --whole city.zip -w city",
    ),
)
