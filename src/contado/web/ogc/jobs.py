"""OGC API - Processes 1: jobs - their state, list, results and dismissal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from contado.kernel.errors import RecordNotFound
from contado.kernel.records import jobs
from contado.web.ogc.problems import BadParameter, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.datastructures import QueryParams

    from contado.kernel.records import Scope, ScopedSession, Store
    from contado.kernel.records.schema import Job

__all__ = [
    "ENDED",
    "LIST_PARAMETERS",
    "dismiss",
    "job_address",
    "list_jobs",
    "one",
    "results_of",
    "status_of",
]

ENDED: Final = frozenset({"successful", "failed", "dismissed"})
_STATES: Final = ("accepted", "running", *sorted(ENDED))
_TYPES: Final = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
LIST_PARAMETERS: Final = frozenset(
    {"type", "processID", "status", "datetime", "minDuration", "maxDuration", "limit", "before"}
)
"""Query parameters of the list."""
_MOST: Final = 1000


def job_address(job_id: str) -> str:
    """Return the address of a job."""
    return f"/api/jobs/{job_id}"


def status_of(job: Job) -> dict[str, Any]:
    """Return the state of a job; one that was told to stop is dismissed, though it may still hand over its best."""
    stopping = job.state == "running" and bool(job.cancel_requested)
    share = _share(job)
    facts = {
        "message": "stopping" if stopping else job.message,
        "started": job.started_at,
        "finished": job.ended_at,
        "updated": job.ended_at or job.heartbeat_at or job.created_at,
        "progress": None if share is None else round(100 * share),
        "stage": job.stage,
        "best": None if job.best_json is None else msgspec.json.decode(job.best_json),
        "run": job.result_path.removeprefix("runs/") if job.result_path else None,
    }
    return {
        "processID": job.process,
        "type": "process",
        "jobID": job.id,
        "status": "dismissed" if stopping else job.state,
        "created": job.created_at,
        **{k: v for k, v in facts.items() if v is not None},
        "links": _links(job),
    }


def _share(job: Job) -> float | None:
    """Return how much of the present stage is done (all of it, once the job was successful)."""
    if job.state == "successful":
        return 1.0
    if job.done is None or not job.total:
        return None
    return min(1.0, max(0.0, job.done / job.total))


def _links(job: Job) -> list[dict[str, str]]:
    where = job_address(job.id)
    links = [{"href": where, "rel": "self", "type": "application/json", "title": "this job"}]
    if job.state in ENDED and job.result_json is not None:
        rel = "http://www.opengis.net/def/rel/ogc/1.0/results"
        links.append({"href": f"{where}/results", "rel": rel, "type": "application/json", "title": "results"})
    return links


def one(store: Store, scope: Scope, job_id: str) -> Job:
    """Return a job (`Problem` 404 where there is none for this scope)."""
    try:
        with store.reading(scope) as session:
            return jobs.get(session, job_id)
    except RecordNotFound as error:
        raise _no_job(error) from None


def _no_job(error: RecordNotFound) -> Problem:
    return Problem(404, error.message, rule=error.rule, hint=error.hint, kind=f"{_TYPES}/no-such-job")


def dismiss(store: Store, scope: Scope, job_id: str) -> dict[str, Any]:
    """Stop a job and return its state.

    Raises
    ------
    Problem
        There is none (404), or it has ended by itself (409): what it made is kept.
    """
    try:
        with store.writing(scope) as session:
            job = jobs.request_cancel(session, job_id)
    except RecordNotFound as error:
        raise _no_job(error) from None
    if job.state in {"successful", "failed"}:
        raise Problem(409, "The job has ended.", rule="job_ended", hint="its results are kept")
    return status_of(job)


# ---------------------------------------------------------------- results
def results_of(job: Job, *, raw: bool) -> Response:
    """Return what a job made; of a dismissed one the best it had, where it had any.

    Raises
    ------
    Problem
        It has not ended (404), or ended without a result: with the status and rule of its error.
    """
    if job.state not in ENDED:
        raise Problem(
            404,
            "The job has not ended.",
            rule="result_not_ready",
            hint="ask again",
            kind=f"{_TYPES}/result-not-ready",
        )
    found = msgspec.json.decode(job.result_json or b"{}", type=dict[str, msgspec.Raw])
    if "answer" not in found:
        raise _failure(job, found)
    answer = bytes(found["answer"])
    document = answer if raw else b'{"answer":{"mediaType":"application/json","value":' + answer + b"}}"
    return Response(document, media_type="application/json")


def _failure(job: Job, found: dict[str, msgspec.Raw]) -> Problem:
    if "error" not in found:
        hint = "run it again"
        return Problem(
            410 if job.state == "dismissed" else 500,
            "The job left no result.",
            rule=job.message or "no_result",
            hint=hint,
        )
    error = msgspec.json.decode(found["error"])
    status = 500 if error["rule"] == "internal_error" else 422
    return Problem(status, error["message"], rule=error["rule"], hint=error.get("hint") or "")


# ---------------------------------------------------------------- the list
def list_jobs(store: Store, scope: Scope, query: QueryParams) -> dict[str, Any]:
    """Return the jobs of a scope, the newest first; filters as in the standard, ``before`` goes on.

    Raises
    ------
    Problem
        A parameter is not valid (400).
    """
    limit = int(_number(query, "limit", 10, least=1, most=_MOST))
    fits = _filter(query)
    states = query.getlist("status") or None
    if states and (bad := sorted(set(states) - set(_STATES))):
        raise BadParameter("status", f"status: {bad[0]!r} is not valid.", ", ".join(_STATES))
    found: list[Job] = []
    with store.reading(scope) as session:
        for job in _walk(session, states, query.get("before")):
            if fits(job):
                found.append(job)
            if len(found) > limit:
                break
    shown = found[:limit]
    links = [{"href": "/api/jobs", "rel": "self", "type": "application/json", "title": "the jobs"}]
    if len(found) > limit:
        kept = [(k, v) for k, v in query.multi_items() if k != "before"]
        more = urlencode([*kept, ("before", shown[-1].id)])
        links.append(
            {"href": f"/api/jobs?{more}", "rel": "next", "type": "application/json", "title": "more jobs"}
        )
    return {"jobs": [status_of(job) for job in shown], "links": links}


def _walk(session: ScopedSession, states: list[str] | None, before: str | None) -> Iterator[Job]:
    while page := jobs.listed(session, states=states, before=before, limit=200):
        yield from page
        before = page[-1].id


def _number(query: QueryParams, name: str, default: float, *, least: float, most: float = 1e12) -> float:
    given = query.get(name)
    if given is None:
        return default
    try:
        value = float(given)
    except ValueError:
        value = -1.0
    if not value >= least:
        raise BadParameter(name, f"{name}: {given!r} is not valid.", f"a number from {least:g}")
    return min(value, most)


def _filter(query: QueryParams) -> Callable[[Job], bool]:
    processes, kinds = set(query.getlist("processID")), set(query.getlist("type"))
    first, last = _interval(query.get("datetime"))
    shortest = _number(query, "minDuration", 0, least=0)
    longest = _number(query, "maxDuration", float("inf"), least=0, most=float("inf"))

    def fits(job: Job) -> bool:
        if (processes and job.process not in processes) or (kinds and "process" not in kinds):
            return False
        if not first <= job.created_at <= last:
            return False
        return shortest <= _duration_s(job) <= longest

    return fits


def _duration_s(job: Job) -> float:
    """Return how long a job has run so far [s], 0 before it starts."""
    if job.started_at is None:
        return 0.0
    ended = datetime.fromisoformat(job.ended_at) if job.ended_at else datetime.now(UTC)
    return (ended - datetime.fromisoformat(job.started_at)).total_seconds()


def _interval(given: str | None) -> tuple[str, str]:
    """Return the first and last instant of ``datetime`` as records write them."""
    if given is None:
        return "", "~"
    parts = given.split("/")
    if len(parts) > 2:
        raise BadParameter(
            "datetime", f"datetime: {given!r} is not valid.", "an instant, or FROM/TO, .. = open"
        )
    ends = [_instant(p, given) for p in parts]
    first, last = (ends[0], ends[-1])
    return first or "", last or "~"


def _instant(text: str, given: str) -> str:
    if text in {"", ".."}:
        return ""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadParameter(
            "datetime", f"datetime: {given!r} is not valid.", "for example 2026-11-01T00:00:00Z/.."
        ) from None
    instant = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
