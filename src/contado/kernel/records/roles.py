"""Who may do what: one table, role x dotted verb.

The dotted verbs are those of the audit chain; a verb of the command line and a route of the web name one
as their right. What is read has a verb too (``grant.read``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from contado.kernel.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["OFFICE_ROLES", "ROLES", "TABLE", "allowed", "checked_role", "may"]

ROLES: Final = (
    "visitor",
    "citizen",
    "applicant",
    "producer",
    "place_manager",
    "municipality_officer",
    "body_reviewer",
    "case_officer",
    "manager",
    "admin",
)

OFFICE_ROLES: Final = frozenset(ROLES[4:])
"""Roles whose grants open the rows of a unit; the others reach public rows and their own."""

_EVERYBODY = frozenset(ROLES)
_SIGNED_IN = _EVERYBODY - {"visitor"}
_EDITORS = frozenset({"municipality_officer", "case_officer", "manager", "admin"})
_PLANNERS = frozenset({"case_officer", "manager", "admin"})
_HEADS = frozenset({"manager", "admin"})
_ADMIN = frozenset({"admin"})

TABLE: Final[Mapping[str, frozenset[str]]] = {
    "account.bound": _ADMIN,
    "account.created": _ADMIN,
    "account.disabled": _ADMIN,
    "account.read": _ADMIN,
    "actor.created": _ADMIN,
    "actor.erased": _ADMIN,
    "actor.read": _HEADS,
    "anomaly.answered": _EDITORS,
    "anomaly.observed": _EDITORS,
    "anomaly.read": OFFICE_ROLES,
    "audit.read": _HEADS,
    "device.added": _ADMIN,
    "device.read": _ADMIN,
    "device.revoked": _ADMIN,
    "document.added": _SIGNED_IN,
    "document.erased": _HEADS,
    "document.read": _EVERYBODY,
    "feature.created": _EDITORS,
    "feature.deleted": _EDITORS,
    "feature.read": _SIGNED_IN,
    "feature.replaced": _EDITORS,
    "feature.updated": _EDITORS,
    "grant.added": _ADMIN,
    "grant.read": _ADMIN,
    "job.created": _EVERYBODY,
    "job.dismissed": _EVERYBODY,
    "job.finished": _ADMIN,
    "job.read": _EVERYBODY,
    "job.started": _ADMIN,
    "link.issued": _ADMIN,
    "link.used": _EVERYBODY,
    "live.read": OFFICE_ROLES,
    "outbox.failed": _ADMIN,
    "outbox.queued": OFFICE_ROLES,
    "outbox.sent": _ADMIN,
    "point.located": _SIGNED_IN,
    "practice.computed": _HEADS,
    "programme.planned": _PLANNERS,
    "programme.published": _HEADS,
    "realisation.recorded": _EDITORS,
    "records.read": _ADMIN,
    "retention.applied": _ADMIN,
    "session.closed": _SIGNED_IN,
    "session.opened": _SIGNED_IN,
    "setting.changed": _ADMIN,
    "system.entered": _ADMIN,
    "token.issued": _ADMIN,
    "workspace.committed": _EDITORS,
    "workspace.imported": _HEADS,
}
"""Dotted verb -> the roles that may do it. A system job acts as admin."""


def checked_role(role: str) -> str:
    """Return ``role`` when it is one.

    Raises
    ------
    UsageError
        There is no such role; the hint names the valid ones (rule ``unknown_role``).
    """
    if role not in ROLES:
        near = did_you_mean(role, ROLES)
        valid = f"valid: {', '.join(ROLES)}"
        hint = near if near.startswith("valid") else f"{near} {valid}".strip()
        raise UsageError(f"There is no role {role!r}.", rule="unknown_role", hint=hint, field="role")
    return role


def may(roles: Iterable[str], verb: str) -> bool:
    """Whether somebody with ``roles`` may do ``verb`` (`KeyError` for a verb outside the table)."""
    return not TABLE[verb].isdisjoint(roles)


def allowed(role: str) -> list[str]:
    """Return the verbs that a role may do, in alphabetical order."""
    return [verb for verb, roles in TABLE.items() if checked_role(role) in roles]
