"""Page names to page functions: the table that the application reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.web.pages.duties import defect, not_found, parts, plain
from contado.web.pages.home import home

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from contado.web.page import Page
    from contado.web.site import Site

__all__ = ["FILES", "PAGES", "PARTS", "defect", "not_found"]

PAGES: dict[str, Callable[[Page], Response]] = {
    "home": home,
}
FILES: dict[str, Callable[[Request, Site], Response]] = {}
PARTS = parts
