"""The API for people: the same documents as plain pages with their links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.web.page import Page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from contado.web.site import Site

__all__ = ["answer", "cell"]


def cell(value: Any) -> str:
    """Return a value as a page shows it; unknown is an en dash."""
    return "–" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def answer(
    request: Request,
    site: Site,
    title: str,
    links: Sequence[Mapping[str, Any]],
    *,
    facts: Mapping[str, object] | None = None,
    columns: Sequence[str] = (),
    rows: Sequence[Sequence[tuple[str, str | None]]] = (),
) -> Response:
    """Render a document: facts, a table whose cells may be links, and where to go from here.

    The language is Italian unless the browser prefers English.
    """
    accept = request.headers.get("accept-language", "").lower()
    page = Page(request, site, "en" if accept.startswith("en") else "it", "data")
    return page.render(
        "ogc.html",
        crumbs=[
            (page.say("Dati aperti", "Open data"), page.url("data")),
            ("API", "/api/?f=html"),
            (title, None),
        ],
        title=title,
        facts={k: cell(v) for k, v in (facts or {}).items()},
        columns=columns,
        rows=rows,
        links=[item for item in links if item["rel"] != "self"],
    )
