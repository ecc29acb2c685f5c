"""Values that the program keeps for itself in the store, as JSON by key; some only once and for minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import delete

from contado.kernel.records import audit
from contado.kernel.records.schema import Setting
from contado.kernel.records.scopes import now

if TYPE_CHECKING:
    from contado.kernel.records.scopes import ScopedSession

__all__ = ["get_value", "put_once", "set_value", "take_once"]

_ONCE: Final = "once:"
"""Keys of what is taken once; ``updated_at`` of such a row is when it ends."""


def get_value(session: ScopedSession, key: str, default: Any = None) -> Any:
    """Return the value of ``key``, ``default`` where there is none."""
    found = session.get(Setting, key)
    return default if found is None else msgspec.json.decode(found.value_json)


def set_value(session: ScopedSession, key: str, value: Any) -> None:
    """Keep ``value`` under ``key``; the change is audited, the value is not."""
    text = msgspec.json.encode(value).decode()
    session.merge(Setting(key=key, value_json=text, updated_at=now()))
    session.flush()
    audit.append(session, "setting.changed", f"setting:{key}")


def put_once(session: ScopedSession, key: str, value: Any, *, minutes: float) -> None:
    """Keep ``value`` for some minutes, to be taken once by whichever process; what has ended is swept.

    It is no record, so the chain does not hear of it: the state of a sign-in under way.
    """
    ended = delete(Setting).where(Setting.key.startswith(_ONCE), Setting.updated_at <= now())
    session.execute(ended)
    until = datetime.now(UTC) + timedelta(minutes=minutes)
    text = msgspec.json.encode(value).decode()
    ends_at = until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    session.add(Setting(key=_ONCE + key, value_json=text, updated_at=ends_at))
    session.flush()


def take_once(session: ScopedSession, key: str) -> Any:
    """Return and forget what `put_once` kept; None where it is unknown, taken or has ended."""
    taken = (
        delete(Setting)
        .where(Setting.key == _ONCE + key, Setting.updated_at > now())
        .returning(Setting.value_json)
    )
    found = session.execute(taken).first()
    return None if found is None else msgspec.json.decode(found[0])
