"""Which verbs run as processes: those whose declaration says so, our own and those of practices."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contado.kernel import practice
from contado.kernel.declare import convert, fields
from contado.kernel.errors import UsageError, did_you_mean
from contado.verbs import load, names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from contado.kernel.declare import Field, Request, Verb

__all__ = ["asked", "find", "id_of", "offered", "open_fields", "withheld"]


def id_of(name: str) -> str:
    """Return the id of the process of a verb called ``name`` ("pavement load" -> "pavement-load")."""
    return name.replace(" ", "-")


@cache
def offered() -> dict[str, Verb[Any, Any]]:
    """Return the processes by id; a practice's verb cannot take the place of one of ours."""
    found: dict[str, Verb[Any, Any]] = {}
    for verb in _declared():
        if verb.process is not None and verb.workspace:
            found.setdefault(id_of(verb.name), verb)
    return found


def _declared() -> Iterator[Verb[Any, Any]]:
    yield from (load(name) for name in names())
    for registration in practice.registered().values():
        yield from registration.processes


def find(process: str) -> Verb[Any, Any] | None:
    """Return the verb of a process, None where none is offered under that id."""
    for name in names():
        if id_of(name) == process:
            verb = load(name)
            return verb if verb.process is not None and verb.workspace else None
    return offered().get(process)


def withheld(verb: Verb[Any, Any]) -> frozenset[str]:
    """Return the fields that are not offered: paths, lists of paths, and those that the declaration names."""
    declared = verb.process.withheld if verb.process else ()
    return frozenset(declared) | {f.name for f in fields(verb.request) if _is_path(f.type)}


def _is_path(kind: Any) -> bool:
    return kind is Path or any(_is_path(part) for part in getattr(kind, "__args__", ()))


def open_fields(verb: Verb[Any, Any]) -> list[Field]:
    """Return the fields of a process that a client may give."""
    hidden = withheld(verb)
    return [f for f in fields(verb.request) if f.name not in hidden]


def asked(verb: Verb[Any, Any], values: Mapping[str, Any]) -> Request:
    """Build the request of a process from what a client gave.

    Raises
    ------
    UsageError
        A value is not valid, or a field is unknown or not offered.
    """
    known = [f.name for f in open_fields(verb)]
    if unknown := [name for name in values if name not in known]:
        raise UsageError(
            f"Unknown input {unknown[0]!r}.",
            rule="unknown_field",
            hint=did_you_mean(unknown[0], known) or f"inputs: {', '.join(known)}",
            field=unknown[0],
        )
    request: Request = convert(verb.request, values)
    return request
