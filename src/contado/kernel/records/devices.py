"""Devices that send measurements: each with a token of its own, of which only the SHA-256 is kept.

A device is no account: it may send what it measured and nothing else.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from sqlalchemy import select

from contado.kernel.errors import RecordNotFound, UsageError
from contado.kernel.records import audit
from contado.kernel.records.credentials import hash_of
from contado.kernel.records.schema import Setting
from contado.kernel.records.scopes import now

if TYPE_CHECKING:
    from contado.kernel.records.scopes import ScopedSession

__all__ = ["KnownDevice", "add", "listed", "of_token", "revoke"]

Label = Literal["estimated", "simulated"]
_KEY: Final = "device:"


class KnownDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device; ``subject`` is the pseudonym of what it measures from, ``label`` how its data are born."""

    device_id: str
    subject: str
    label: Label
    token_sha256: str
    added_at: str
    revoked_at: str | None = None


def add(session: ScopedSession, device_id: str, *, subject: str, label: Label) -> str:
    """Add a device, or one that was revoked again; return its token, shown once.

    Raises
    ------
    UsageError
        There is one of this name that may send (rule ``device_exists``).
    """
    before = _find(session, device_id)
    if before is not None and before.revoked_at is None:
        raise UsageError(
            f"Device {device_id!r} has a token already.",
            rule="device_exists",
            hint="revoke it first, then add it again",
            field="device",
        )
    token = secrets.token_urlsafe(32)
    device = KnownDevice(
        device_id=device_id, subject=subject, label=label, token_sha256=hash_of(token), added_at=now()
    )
    _keep(session, device)
    audit.append(session, "device.added", f"device:{device_id}", {"label": label})
    return token


def revoke(session: ScopedSession, device_id: str) -> KnownDevice:
    """Take a device's token back.

    Raises
    ------
    RecordNotFound
        There is no such device.
    """
    device = _find(session, device_id)
    if device is None:
        raise RecordNotFound(
            f"There is no device {device_id!r}.",
            hint="`contado pavement device-list` names them",
            field="device",
        )
    if device.revoked_at is None:
        device = msgspec.structs.replace(device, revoked_at=now())
        _keep(session, device)
        audit.append(session, "device.revoked", f"device:{device_id}")
    return device


def listed(session: ScopedSession) -> list[KnownDevice]:
    """Return all devices by name, revoked ones too."""
    rows = session.scalars(select(Setting).where(Setting.key.startswith(_KEY)).order_by(Setting.key))
    return [msgspec.json.decode(row.value_json, type=KnownDevice) for row in rows]


def of_token(session: ScopedSession, device_id: str, token: str) -> KnownDevice | None:
    """Return the device that a token belongs to; None where it is unknown, revoked or another's."""
    device = _find(session, device_id)
    if device is None or device.revoked_at is not None:
        return None
    return device if hmac.compare_digest(device.token_sha256, hash_of(token)) else None


def _find(session: ScopedSession, device_id: str) -> KnownDevice | None:
    row = session.get(Setting, _KEY + device_id)
    return None if row is None else msgspec.json.decode(row.value_json, type=KnownDevice)


def _keep(session: ScopedSession, device: KnownDevice) -> None:
    text = msgspec.json.encode(device).decode()
    session.merge(Setting(key=_KEY + device.device_id, value_json=text, updated_at=now()))
    session.flush()
