"""Addresses of processes and jobs -> functions; who asks, and problems as answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from contado.kernel.errors import ContadoError
from contado.web.ogc import common, jobs, openapi, processes
from contado.web.ogc.problems import BadParameter, Problem, of_error, response
from contado.web.security import principal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI
    from starlette.requests import Request

    from contado.kernel.records import Scope, Store
    from contado.web.i18n import Lang
    from contado.web.site import Site

__all__ = ["add"]

_MOST_BYTES = 1_000_000
"""Largest body of a request to run a process [byte]."""


def add(app: FastAPI, site: Site) -> None:
    """Add the addresses of processes and jobs."""
    routes: tuple[tuple[str, str, Callable[[_Ask], Any], frozenset[str]], ...] = (
        (
            "GET",
            "/api/processes",
            lambda a: processes.processes(a.request, a.lang),
            frozenset({"limit", "offset"}),
        ),
        (
            "GET",
            "/api/processes/{process}",
            lambda a: processes.process(a.part("process"), a.lang),
            frozenset(),
        ),
        ("POST", "/api/processes/{process}/execution", _execute, frozenset()),
        (
            "GET",
            "/api/jobs",
            lambda a: jobs.list_jobs(a.store, a.scope, a.request.query_params),
            jobs.LIST_PARAMETERS,
        ),
        ("GET", "/api/jobs/{job_id}", lambda a: jobs.status_of(a.job()), frozenset()),
        (
            "DELETE",
            "/api/jobs/{job_id}",
            lambda a: jobs.dismiss(a.store, a.scope, a.part("job_id")),
            frozenset(),
        ),
        ("GET", "/api/jobs/{job_id}/results", _results, frozenset({"response"})),
    )
    for method, path, function, known in routes:
        app.add_route(path, _endpoint(site, function, known), methods=[method])
    common.conforms_to("processes", processes.CONFORMANCE)
    operations = [(method.lower(), path, sorted(known)) for method, path, _, known in routes]
    openapi.add_paths("processes", lambda: _described(operations))


def _described(operations: list[tuple[str, str, list[str]]]) -> dict[str, Any]:
    """Return the OpenAPI path items of this module."""
    items: dict[str, Any] = {}
    for method, path, known in operations:
        parts = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        item = items.setdefault(path, {"parameters": [_parameter(part, "path") for part in parts]})
        item[method] = {
            "operationId": f"{method}_{path.removeprefix('/api/').replace('/', '_').translate(_BRACKETS)}",
            "parameters": [_parameter(name, "query") for name in known],
            "responses": {"default": {"description": "The document, or a problem (RFC 9457)"}},
        }
    return items


_BRACKETS = str.maketrans("", "", "{}")


def _parameter(name: str, place: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}


class _Ask:
    """One request of this module."""

    def __init__(self, request: Request, site: Site, body: bytes) -> None:
        self.request, self.site, self.body = request, site, body
        self.store: Store = request.app.state.keeper.store
        self.scope: Scope = principal(request).scope

    @property
    def lang(self) -> Lang:
        wanted = self.request.query_params.get("lang") or self.request.headers.get("accept-language", "")
        return "it" if wanted.lower().startswith("it") else "en"

    def part(self, name: str) -> str:
        return str(self.request.path_params[name])

    def job(self) -> Any:
        return jobs.one(self.store, self.scope, self.part("job_id"))


def _execute(ask: _Ask) -> Response:
    if ask.scope.account_id is None:
        raise Problem(
            401,
            "Visitors may not run processes.",
            rule="sign_in_needed",
            hint="send a bearer token",
            headers={"www-authenticate": "Bearer"},
        )
    prefer = ask.request.headers.get("prefer", "")
    return processes.execute(
        ask.store, ask.scope, ask.site.view.settings.jobs, ask.part("process"), ask.body, prefer
    )


def _results(ask: _Ask) -> Response:
    raw = ask.request.query_params.get("response") == "raw"
    return jobs.results_of(ask.job(), raw=raw)


def _endpoint(
    site: Site, function: Callable[[_Ask], Any], known: frozenset[str]
) -> Callable[[Request], Awaitable[Response]]:
    def act(request: Request, body: bytes) -> Response:
        try:
            if unknown := sorted(set(request.query_params) - known - {"f", "lang"}):
                raise BadParameter(
                    unknown[0],
                    f"Unknown parameter {unknown[0]!r}.",
                    ", ".join(sorted(known)) or "there is none",
                )
            if request.query_params.get("f", "json") != "json":
                raise BadParameter("f", "Only JSON is offered here.", "json")
            found = function(_Ask(request, site, body))
        except Problem as problem:
            return response(problem)
        except ContadoError as error:
            return response(of_error(error))
        if isinstance(found, Response):
            return found
        return Response(msgspec.json.encode(found), media_type="application/json")

    async def endpoint(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                return response(Problem(413, "The body is too large.", rule="too_large", hint="at most 1 MB"))
        return await run_in_threadpool(act, request, body)

    return endpoint
