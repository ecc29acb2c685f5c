"""Codes of units as people type them, for grants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel.errors import CodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from contado.kernel.workspace import WorkspaceView

__all__ = ["resolver"]


def resolver(workspace: WorkspaceView) -> Callable[[Iterable[str]], list[str]]:
    """Return the function from codes or names (or ``*``) to unit ids; a merged code gives its successor.

    The function raises `CodeError` with the nearest names for a code of no unit.
    """
    table = workspace.read("territory_unit").select(["id", "valid_to"]).to_pylist()
    current = {"*", *(str(row["id"]) for row in table if row["valid_to"] is None)}

    def resolve(texts: Iterable[str]) -> list[str]:
        given = set(texts)
        return sorted((given & current) | set(_looked_up(workspace, given - current)))

    return resolve


def _looked_up(workspace: WorkspaceView, texts: Iterable[str]) -> Iterator[str]:
    """Yield the units of texts that are no current ids: names, short, Belfiore and merged codes."""
    from contado.kernel.territory import boundaries, codes

    units = None
    for text in sorted(texts):
        units = units or boundaries.from_workspace(workspace)
        try:
            found = codes.resolve(units, text)
        except CodeError as error:
            raise CodeError(error.message, rule="unknown_unit_code", hint=error.hint, field="scope") from None
        yield found.successor or found.istat
