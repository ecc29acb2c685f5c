"""contado grants list: who may do what where."""

from __future__ import annotations

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb


class ListRequest(Request, frozen=True, kw_only=True):
    """All grants."""


class GrantEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A role of an account over units; days are included at both ends, None = open."""

    account: str
    role: str
    units: list[str]
    valid_from: str | None
    valid_to: str | None


class ListAnswer(Answer, kw_only=True):
    """The grants by account and role."""

    grants: list[GrantEntry]


def _run(request: ListRequest, context: Context) -> ListAnswer:  # noqa: ARG001 - every verb takes both
    from contado.kernel.records import accounts

    with context.records() as records, records.reading() as session:
        return ListAnswer(
            grants=[GrantEntry(**msgspec.structs.asdict(row)) for row in accounts.grants(session)]
        )


VERB = Verb(
    name="grants list",
    help="List who may do what where",
    request=ListRequest,
    answer=ListAnswer,
    run=_run,
    workspace=True,
    right="grant.read",
    examples=("contado grants list -w city",),
)
