"""Messages that wait to be sent: written in the transaction that causes them, sent afterwards.

A message is tried again after 1, 5, 30 minutes, 2 and 12 hours; then it has failed. Several processes may
send at once: each takes messages of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, Protocol

from sqlalchemy import select

from contado.kernel.identifiers import ulid
from contado.kernel.records import audit
from contado.kernel.records.schema import Outbox
from contado.kernel.records.scopes import now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.kernel.records.scopes import Scope, ScopedSession
    from contado.kernel.records.store import Store

__all__ = ["Channel", "Transport", "queue", "send_waiting"]

Channel = Literal["email", "pec", "webhook"]

_PAUSES_MIN: Final = (1, 5, 30, 120, 720)
"""Pauses before each further try [min]."""
_LEASE_MIN: Final = 10
"""After this time a message whose sender died may be taken by another [min]."""


class Transport(Protocol):
    """What carries messages of one channel."""

    def send(self, address: str, subject: str, body: str) -> None:
        """Send one message; any `OSError` means: try again later."""


def queue(
    session: ScopedSession,
    channel: Channel,
    address: str,
    *,
    subject: str,
    body: str,
    to_actor: str | None = None,
) -> Outbox:
    """Put a message into the outbox; it exists if and only if this transaction is committed."""
    message = Outbox(
        id=ulid(),
        channel=channel,
        to_actor=to_actor,
        address=address,
        subject=subject,
        body=body,
        state="waiting",
        tries=0,
        next_try_at=now(),
        created_at=now(),
    )
    session.add(message)
    session.flush()
    receiver = f"actor:{to_actor}" if to_actor else None
    audit.append(session, "outbox.queued", f"message:{message.id}", {"channel": channel, "to": receiver})
    return message


def send_waiting(
    store: Store, scope: Scope, transports: Mapping[str, Transport], *, limit: int = 100
) -> dict[str, int]:
    """Send what is due over the given channels; return how many were sent, put off and given up."""
    counts = {"sent": 0, "put_off": 0, "failed": 0}
    for _ in range(limit):
        message = _take(store, scope, list(transports))
        if message is None:
            break
        error = None
        try:
            transports[message.channel].send(message.address, message.subject, message.body)
        except OSError as failure:
            error = f"{type(failure).__name__}: {failure}"[:500]
        counts[_settle(store, scope, message.id, error)] += 1
    return counts


def _take(store: Store, scope: Scope, channels: list[str]) -> Outbox | None:
    """Take the message that is due longest, for the time of one try."""
    with store.writing(scope) as session:
        message = session.scalar(
            select(Outbox)
            .where(
                Outbox.state.in_(("waiting", "sending")),
                Outbox.next_try_at <= now(),
                Outbox.channel.in_(channels),
            )
            .order_by(Outbox.next_try_at, Outbox.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if message is not None:
            message.state, message.next_try_at = "sending", _in_minutes(_LEASE_MIN)
    return message


def _settle(store: Store, scope: Scope, message_id: str, error: str | None) -> str:
    with store.writing(scope) as session:
        message = session.get_one(Outbox, message_id)
        message.tries += 1
        message.error = error
        if error is None:
            message.state, message.sent_at = "sent", now()
            audit.append(session, "outbox.sent", f"message:{message_id}", {"tries": message.tries})
            return "sent"
        if message.tries > len(_PAUSES_MIN):
            message.state = "failed"
            audit.append(session, "outbox.failed", f"message:{message_id}", {"tries": message.tries})
            return "failed"
        message.state = "waiting"
        message.next_try_at = _in_minutes(_PAUSES_MIN[message.tries - 1])
        return "put_off"


def _in_minutes(minutes: float) -> str:
    instant = datetime.now(UTC) + timedelta(minutes=minutes)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
