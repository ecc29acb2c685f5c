"""contado audit verify: recompute the chain of the records."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, option
from contado.verbs.audit.head import Link


class VerifyRequest(Request, frozen=True, kw_only=True):
    """What to hold the chain against."""

    anchor: Annotated[
        str | None, option("SEQ:HASH that was noted earlier: finds a cut tail and a complete rewrite too")
    ] = None


class ChainProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What does not hold, and at which row."""

    seq: int
    kind: Literal["changed", "missing", "reordered", "anchor"]
    detail: str


class VerifyAnswer(Answer, kw_only=True):
    """Whether the chain holds; problems in the order of seq.

    Findings name files of the workspace that are not as the chain's last commit of them left them.
    """

    ok: bool
    events: int
    head: Link
    problems: list[ChainProblem]

    def exit_code(self) -> int:
        """3 when the chain does not hold."""
        return 0 if self.ok else 3


def _run(request: VerifyRequest, context: Context) -> VerifyAnswer:
    from contado.kernel.records import audit, commits

    anchor = audit.parse_anchor(request.anchor) if request.anchor is not None else None
    with context.records() as records:
        with records.store.connection() as connection:
            found = audit.verify(audit.rows(connection), anchor)
        differing = commits.differing(records.store, records.workspace)
    told = [*records.workspace.findings, *differing]
    if found.ok:  # a chain that does not hold is told whole
        context.accept(told)
    return VerifyAnswer(
        ok=found.ok,
        events=found.events,
        head=Link(seq=found.head.seq, hash=found.head.hash),
        problems=[ChainProblem(**msgspec.structs.asdict(p)) for p in found.problems],
        findings=told,
    )


VERB = Verb(
    name="audit verify",
    help="Recompute the audit chain and say what does not hold",
    request=VerifyRequest,
    answer=VerifyAnswer,
    run=_run,
    workspace=True,
    right="audit.read",
    examples=("contado audit verify -w city", "contado audit verify --anchor 41:9f86d0... -w city"),
)
