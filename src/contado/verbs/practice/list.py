"""contado practice list: the registered practices."""

from __future__ import annotations

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb

__all__ = ["VERB", "ListAnswer", "ListRequest"]


class ListRequest(Request, frozen=True, kw_only=True):
    """Nothing to ask."""


class Listed(msgspec.Struct, kw_only=True):
    """A practice and the module it stands in."""

    name: str
    module: str


class ListAnswer(Answer, kw_only=True):
    """The practices that work; a plug-in that is broken is a finding."""

    practices: list[Listed]


def _run(request: ListRequest, context: Context) -> ListAnswer:  # noqa: ARG001 - every verb takes both
    from contado.kernel import practice

    rows = [Listed(name=r.name, module=r.module) for r in practice.registered().values()]
    return ListAnswer(practices=rows, findings=context.accept(practice.broken()))


VERB = Verb(
    name="practice list",
    help="List the registered practices",
    request=ListRequest,
    answer=ListAnswer,
    run=_run,
)
