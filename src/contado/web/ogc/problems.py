"""Problems (RFC 9457): what the API answers when a request cannot be served."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from contado.kernel.errors import (
    ContadoError,
    DataError,
    Locked,
    RecordNotFound,
    ScopeError,
    StaleVersion,
    TableNotFound,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.web.security import Refusal

__all__ = ["BadParameter", "Problem", "http_problem", "is_below", "of_error", "refused", "response"]

MEDIA_TYPE = "application/problem+json"

_TITLES = {
    400: "The request is not valid",
    401: "You need to sign in",
    403: "Not allowed for this account",
    404: "Not found",
    405: "This cannot be done here",
    409: "It exists already",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Not this media type",
    422: "The feature is not valid",
    428: "The version that was read must be named",
    500: "A defect of ours",
    503: "Not available now",
}

_STATUS: tuple[tuple[type[ContadoError], int], ...] = (
    (TableNotFound, 404),
    (RecordNotFound, 404),
    (StaleVersion, 412),
    (ScopeError, 403),
    (Locked, 503),
)
"""Errors of the kernel -> status; any other is a defect of the workspace (500)."""


class Problem(Exception):
    """A request that is not served: status, rule that programs read, sentence, hint, type URI."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        rule: str,
        hint: str = "",
        parameter: str | None = None,
        headers: Mapping[str, str] | None = None,
        kind: str = "about:blank",
        title: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.rule = rule
        self.hint = hint
        self.parameter = parameter
        self.headers = dict(headers or {})
        self.kind = kind
        self.title = title or _TITLES.get(status, "This cannot be done")


class BadParameter(Problem):
    """A query parameter that is unknown or has a value that cannot be used."""

    def __init__(self, name: str, detail: str, hint: str) -> None:
        super().__init__(400, detail, rule="bad_parameter", hint=hint, parameter=name)


def of_error(error: ContadoError) -> Problem:
    """Return the problem of an error of the kernel."""
    status = next((s for kind, s in _STATUS if isinstance(error, kind)), None)
    if status is None:
        status = 422 if type(error) is DataError or isinstance(error, UsageError) else 500
    headers = {"retry-after": "5"} if status == 503 else {}
    return Problem(status, error.message, rule=error.rule, hint=error.hint, headers=headers)


def response(problem: Problem) -> Response:
    """Return the answer of a problem."""
    body = {
        "type": problem.kind,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "rule": problem.rule,
        "hint": problem.hint,
    }
    if problem.parameter is not None:
        body["parameter"] = problem.parameter
    content = msgspec.json.encode(body)
    return Response(content, problem.status, media_type=MEDIA_TYPE, headers=problem.headers)


def refused(refusal: Refusal) -> Response:
    """Return the answer to what the web's security refuses."""
    title, detail = refusal.title.en, refusal.sentence.en
    return response(Problem(refusal.status, detail, rule=refusal.rule, headers=refusal.headers, title=title))


def is_below(path: str) -> bool:
    """Whether an address belongs to programs, where errors are problems and not pages."""
    return path.startswith(("/api/", "/tiles/", "/ingest/", "/events/"))


def http_problem(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer where no endpoint was reached, or one failed."""
    title = _TITLES.get(status, "This cannot be done")
    hint = (
        "addresses stand in /api/openapi.json"
        if status < 500
        else "say the request id to whoever runs the site"
    )
    return response(Problem(status, f"{title}.", rule=f"http_{status}", hint=hint, headers=headers))
