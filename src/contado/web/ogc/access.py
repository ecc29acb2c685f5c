"""Which layers exist for whom, and what a visitor is told who may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.web.ogc.problems import Problem

if TYPE_CHECKING:
    from contado.kernel.records import Scope
    from contado.kernel.workspace import LayerInfo

__all__ = ["sees", "sign_in_needed"]


def sign_in_needed(detail: str = "Visitors may not do this.") -> Problem:
    """Return the problem of whoever must sign in first."""
    headers = {"www-authenticate": "Bearer"}
    return Problem(401, detail, rule="sign_in_needed", hint="send a bearer token", headers=headers)


def sees(scope: Scope, info: LayerInfo) -> bool:
    """Whether a layer exists for a scope: public ones for all, the others for who has the whole territory."""
    return info.access == "public" or scope.everywhere
