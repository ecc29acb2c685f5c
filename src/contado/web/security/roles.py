"""Names of the roles, as pages say them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from contado.kernel.records.roles import ROLES
from contado.web.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["NAMES", "name_of"]

NAMES: Final[Mapping[str, Words]] = {
    "visitor": Words("Visitatore", "Visitor"),
    "citizen": Words("Cittadino", "Citizen"),
    "applicant": Words("Richiedente", "Applicant"),
    "producer": Words("Produttore", "Producer"),
    "place_manager": Words("Gestore di un luogo", "Place manager"),
    "municipality_officer": Words("Ufficio comunale", "Municipality officer"),
    "body_reviewer": Words("Ente che esprime pareri", "Reviewing body"),
    "case_officer": Words("Responsabile di procedimento", "Case officer"),
    "manager": Words("Dirigente", "Manager"),
    "admin": Words("Amministrazione", "Administrator"),
}
"""Role -> its name; a test compares the keys with the roles of the records."""


def name_of(held: Iterable[str]) -> Words:
    """Return the name of the widest of some roles; an account without any grant has its own word."""
    return next(
        (NAMES[role] for role in reversed(ROLES) if role in set(held)), Words("Senza ruolo", "No role")
    )
