"""OGC API - Processes 1: the verbs that run on a server, described, and executed as jobs.

A description is made from the verb's declaration; nothing is written twice.
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.responses import Response

from contado import __version__
from contado.kernel.declare import json_schema
from contado.kernel.errors import ContadoError, UsageError, did_you_mean
from contado.kernel.records import jobs
from contado.web.ogc.jobs import ENDED, job_address, results_of, status_of
from contado.web.ogc.problems import BadParameter, Problem, of_error
from contado.web.worker.offered import asked, offered, open_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from contado.kernel.declare import Field, Verb
    from contado.kernel.records import Scope, Store
    from contado.kernel.records.schema import Job
    from contado.kernel.settings import Jobs
    from contado.web.i18n import Lang

__all__ = ["CONFORMANCE", "PATHS", "accept", "execute", "process", "processes"]

_SPEC: Final = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf"
CONFORMANCE: Final = tuple(
    f"{_SPEC}/{name}" for name in ("core", "ogc-process-description", "json", "job-list", "dismiss")
)
PATHS: Final = (
    "/api/processes",
    "/api/processes/{process}",
    "/api/processes/{process}/execution",
    "/api/jobs",
    "/api/jobs/{job_id}",
    "/api/jobs/{job_id}/results",
)
"""Paths of this module, for the description of the API."""

_NO_PROCESS: Final = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-process"
_LOOK_S: Final = 0.15
_OUTPUT: Final = "answer"


# ---------------------------------------------------------------- descriptions
def processes(request: Request, lang: Lang) -> dict[str, Any]:
    """Return the list of processes; ``limit`` cuts it, and a link says where it goes on."""
    given = request.query_params
    first, limit = _whole(given.get("offset"), "offset", 0, 0), _whole(given.get("limit"), "limit", 100, 1)
    names = sorted(offered())
    links = [_link("/api/processes", "self", "the processes")]
    if first + limit < len(names):
        links.append(_link(f"/api/processes?limit={limit}&offset={first + limit}", "next", "more processes"))
    return {"processes": [_summary(n, lang) for n in names[first : first + limit]], "links": links}


def _whole(given: str | None, name: str, default: int, least: int) -> int:
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or int(given) < least:
        raise BadParameter(name, f"{name}: {given!r} is not valid.", f"a whole number from {least}")
    return int(given)


def process(process_id: str, lang: Lang) -> dict[str, Any]:
    """Return the description of a process.

    Raises
    ------
    Problem
        There is no such process (404).
    """
    verb = verb_of(process_id)
    return {
        **_summary(process_id, lang),
        "inputs": {f.name: _input(f, _properties(process_id)[f.name], lang) for f in open_fields(verb)},
        "outputs": {_OUTPUT: {"title": _title(verb, lang), "schema": _answer_schema(process_id)}},
    }


def verb_of(process_id: str) -> Verb[Any, Any]:
    """Return the verb of a process (`Problem` 404 where there is none)."""
    found = offered().get(process_id)
    if found is None:
        hint = did_you_mean(process_id, list(offered())) or "see /api/processes"
        detail = f"There is no process {process_id!r}."
        raise Problem(404, detail, rule="no_such_process", hint=hint, kind=_NO_PROCESS)
    return found


def _title(verb: Verb[Any, Any], lang: Lang) -> str:
    assert verb.process is not None
    return verb.process.title_it if lang == "it" else verb.process.title_en


def _summary(process_id: str, lang: Lang) -> dict[str, Any]:
    verb = offered()[process_id]
    assert verb.process is not None
    waits = ["sync-execute"] if verb.process.quick else []
    where = f"/api/processes/{process_id}"
    return {
        "id": process_id,
        "version": __version__,
        "title": _title(verb, lang),
        "description": verb.help + ".",
        "keywords": [verb.process.right],
        "jobControlOptions": [*waits, "async-execute", "dismiss"],
        "outputTransmission": ["value"],
        "links": [
            _link(where, "self", "description"),
            _link(f"{where}/execution", "http://www.opengis.net/def/rel/ogc/1.0/execute", "execution"),
        ],
    }


def _link(href: str, rel: str, title: str) -> dict[str, str]:
    return {"href": href, "rel": rel, "type": "application/json", "title": title}


def _input(field: Field, schema: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    question = field.question_it if lang == "it" else field.question_en
    unit = {"x-unit": field.unit} if field.unit else {}
    return {
        "title": field.name.replace("_", " "),
        "description": question or field.help,
        "schema": {**{k: v for k, v in schema.items() if k != "description"}, **unit},
        "minOccurs": 1 if field.required else 0,
        "maxOccurs": 1,
    }


@cache
def _properties(process_id: str) -> dict[str, Any]:
    found: dict[str, Any] = _inlined(offered()[process_id].request)["properties"]
    return found


@cache
def _answer_schema(process_id: str) -> dict[str, Any]:
    return {"contentMediaType": "application/json", **_inlined(offered()[process_id].answer)}


def _inlined(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Return a struct's schema without references: it stands inside another document."""
    schema = json_schema(struct)
    definitions = schema.pop("$defs", {})

    def expand(value: Any) -> Any:
        if isinstance(value, list):
            return [expand(v) for v in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return expand(definitions[value["$ref"].rpartition("/")[2]])
        return {k: expand(v) for k, v in value.items()}

    found: dict[str, Any] = expand(schema)
    return found


# ---------------------------------------------------------------- execution
class _Body(msgspec.Struct, kw_only=True):
    """What a client sends to run a process."""

    inputs: dict[str, Any] = {}
    outputs: dict[str, Any] | None = None
    response: str = "document"


def execute(
    store: Store, scope: Scope, settings: Jobs, process_id: str, body: bytes, prefer: str
) -> Response:
    """Run a process: its result at once where that was preferred and is offered, else the job.

    Raises
    ------
    Problem
        No such process (404), a body or input that is not valid (400), an account that may not (403), too
        many jobs of it that wait (429).
    """
    verb = verb_of(process_id)
    assert verb.process is not None
    asked_for = _read(body)
    values = {k: _plain(v) for k, v in asked_for.inputs.items()}
    job = accept(store, scope, settings, process_id, values)
    asynchronous = "respond-async" in prefer.replace(" ", "").split(",")
    if verb.process.quick and not asynchronous:
        ended = _wait(store, scope, job, settings.patience_s)
        if ended is not None:
            return results_of(ended, raw=asked_for.response == "raw")
    headers = {"location": job_address(job.id)}
    if asynchronous:
        headers["preference-applied"] = "respond-async"
    content = msgspec.json.encode(status_of(job))
    return Response(content, 201, media_type="application/json", headers=headers)


def _read(body: bytes) -> _Body:
    try:
        found = msgspec.json.decode(body or b"{}", type=_Body)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise Problem(
            400, f"The body cannot be read: {error}.", rule="bad_body", hint='{"inputs": {...}}'
        ) from None
    if unknown := set(found.outputs or ()) - {_OUTPUT}:
        raise Problem(400, f"There is no output {min(unknown)!r}.", rule="unknown_output", hint=_OUTPUT)
    if found.response not in {"document", "raw"}:
        raise Problem(400, f"response: {found.response!r}.", rule="bad_value", hint="document or raw")
    return found


def _plain(value: Any) -> Any:
    """Return the value of an input that came with its media type beside it."""
    return value["value"] if isinstance(value, dict) and "value" in value else value


def accept(store: Store, scope: Scope, settings: Jobs, process_id: str, values: Mapping[str, Any]) -> Job:
    """Check a request and accept it as a job of the scope's account (errors of `execute`)."""
    verb = verb_of(process_id)
    assert verb.process is not None
    try:
        right = verb.process.needed(asked(verb, values))
        scope.require(right)
        scope.require("job.created")
    except UsageError as error:
        raise Problem(400, error.message, rule=error.rule, hint=error.hint, parameter=error.field) from None
    except ContadoError as error:
        raise of_error(error) from None
    with store.writing(scope) as session:
        waiting = jobs.listed(session, states=["accepted"], limit=1000)
        if sum(job.account_id == scope.account_id for job in waiting) >= settings.waiting:
            raise Problem(
                429,
                f"{settings.waiting} jobs of this account wait already.",
                rule="too_many_jobs",
                hint="wait for one, or dismiss one",
                headers={"retry-after": "10"},
            )
        return jobs.create(session, process_id, values)


def _wait(store: Store, scope: Scope, job: Job, patience_s: float) -> Job | None:
    """Return the job once it has ended, None where that takes longer than a client waits."""
    ends = time.monotonic() + patience_s
    while time.monotonic() < ends:
        with store.reading(scope) as session:
            now = jobs.get(session, job.id)
        if now.state in ENDED:
            return now
        time.sleep(_LOOK_S)
    return None
