"""Pages that the law or courtesy asks for, the two sections without data yet, and the errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.web.security import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from contado.web.page import Page
    from contado.web.security import Refusal

__all__ = ["defect", "not_found", "parts", "plain", "refused"]


def plain(template: str, it: str, en: str) -> Callable[[Page], Response]:
    """Return the page function of a template that needs nothing but its title."""

    def page_function(page: Page) -> Response:
        page.query()
        return page.render(template, crumbs=[(page.say(it, en), None)])

    return page_function


def parts(page: Page) -> Response:
    """Render the sheet of all parts (development only)."""
    return page.render("parts.html", simulated=True)


def not_found(page: Page, status: int = 404) -> Response:
    """Say that the page does not exist or is not for this reader."""
    return page.render("error.html", status=status, number=None, refusal=NotAllowed())


def defect(page: Page, number: str) -> Response:
    """Say that something went wrong on our side, with the number of the request."""
    return page.render("error.html", status=500, number=number, refusal=None)


def refused(page: Page, refusal: Refusal, status: int) -> Response:
    """Say what was refused and what to do."""
    answer = page.render("error.html", status=status, number=None, refusal=refusal)
    answer.headers.update(refusal.headers)
    return answer
