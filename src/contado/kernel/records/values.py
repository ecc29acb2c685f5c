"""Values that the program keeps for itself in the store, as JSON by key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from contado.kernel.records import audit
from contado.kernel.records.schema import Setting
from contado.kernel.records.scopes import now

if TYPE_CHECKING:
    from contado.kernel.records.scopes import ScopedSession

__all__ = ["get_value", "set_value"]


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
