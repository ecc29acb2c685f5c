"""Codes of units as people type them, for grants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel.errors import CodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from contado.kernel.workspace import WorkspaceView

__all__ = ["resolver"]


def resolver(workspace: WorkspaceView) -> Callable[[Iterable[str]], list[str]]:
    """Return the function from codes or names (or ``*``) to unit ids; a merged code gives its successor.

    The function raises `CodeError` with the nearest names for a code of no unit.
    """
    from contado.kernel.territory import boundaries, codes

    units = boundaries.from_workspace(workspace)
    table = workspace.read("territory_unit").select(["id", "kind"]).to_pylist()
    others = {row["id"] for row in table if row["kind"] != "municipality"}

    def one(text: str) -> str:
        if text == "*" or text in others:
            return text
        found = codes.resolve(units, text)
        return found.successor or found.istat

    def resolve(texts: Iterable[str]) -> list[str]:
        try:
            return sorted({one(text) for text in texts})
        except CodeError as error:
            raise CodeError(error.message, rule="unknown_unit_code", hint=error.hint, field="scope") from None

    return resolve
