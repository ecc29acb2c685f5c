"""contado audit head: the last link of the chain."""

from __future__ import annotations

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb


class HeadRequest(Request, frozen=True, kw_only=True):
    """The last link."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link of the chain: kept elsewhere, ``SEQ:HASH`` is an anchor."""

    seq: int
    hash: str


class HeadAnswer(Answer, kw_only=True):
    """The last link; an empty chain has seq 0."""

    seq: int
    hash: str


def _run(request: HeadRequest, context: Context) -> HeadAnswer:  # noqa: ARG001 - every verb takes both
    from contado.kernel.records import audit

    with context.records() as records, records.store.connection() as connection:
        found = audit.head(connection)
    return HeadAnswer(seq=found.seq, hash=found.hash)


VERB = Verb(
    name="audit head",
    help="Print the last link of the audit chain, to be kept elsewhere as an anchor",
    request=HeadRequest,
    answer=HeadAnswer,
    run=_run,
    workspace=True,
    right="audit.read",
    examples=("contado audit head -w city",),
)
