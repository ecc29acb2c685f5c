"""What whoever watches the store asks: is it reachable, which schema, what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import msgspec
from sqlalchemy import func, select

from contado.kernel.records import migrate
from contado.kernel.records.schema import Job, Outbox

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from contado.kernel.records.store import Store

__all__ = ["Status", "status"]

JobState = Literal["accepted", "running", "successful", "failed", "dismissed"]
MessageState = Literal["waiting", "sending", "sent", "failed"]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Version of the schema, and jobs and messages of the outbox by state; a state without any counts 0."""

    schema: int
    jobs: dict[str, int]
    outbox: dict[str, int]


def status(store: Store) -> Status:
    """Return how the store is; counts only, no row leaves it.

    Raises
    ------
    Newer
        A newer program has changed the schema meanwhile.
    WorkspaceError
        The database cannot be reached (rule ``records_unreachable``).
    """
    with store.connection() as connection:
        return Status(
            schema=migrate.checked_version(connection),
            jobs=_counts(connection, Job, get_args(JobState)),
            outbox=_counts(connection, Outbox, get_args(MessageState)),
        )


def _counts(connection: Connection, kind: type[Job | Outbox], states: tuple[str, ...]) -> dict[str, int]:
    table = kind.__table__
    found = connection.execute(select(table.c.state, func.count()).group_by(table.c.state))
    return dict.fromkeys(states, 0) | {state: int(n) for state, n in found}
