"""Rows of a table in pages, by plain links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from contado.web.page import Page

__all__ = ["Slice", "slice_rows"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice(Generic[T]):
    """One page of rows: which rows, how many in all, and the address of every other page."""

    rows: Sequence[T]
    first: int
    last: int
    total: int
    number: int
    pages: int
    go: Callable[[int], str]


def slice_rows(page: Page, found: Sequence[T], query: Mapping[str, Any], name: str, **parts: str) -> Slice[T]:
    """Return the page of ``found`` that ``query["page"]`` asks for; one out of range gives the nearest, no number the first."""
    size = page.site.view.settings.web.rows_a_page
    pages = max(1, -(-len(found) // size))
    asked = str(query.get("page") or "1")
    if not asked.isdecimal():
        page.unknown.append(f"page={asked}")
        asked = "1"
    number = min(pages, max(1, int(asked)))
    start = (number - 1) * size
    rows = found[start : start + size]
    return Slice(
        rows=rows,
        first=start + 1 if rows else 0,
        last=start + len(rows),
        total=len(found),
        number=number,
        pages=pages,
        go=lambda n: page.url(name, {**query, "page": n if n > 1 else None}, **parts),
    )
