"""contado practice check: the conformance suite on one practice."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument

__all__ = ["VERB", "CheckAnswer", "CheckRequest"]


class CheckRequest(Request, frozen=True, kw_only=True):
    """A registered name, or a class in a file."""

    practice: Annotated[str, argument("registered name, or FILE.py:CLASS")]


class Checked(msgspec.Struct, kw_only=True):
    """One check: whether it holds, and if not where and what to do."""

    check: str
    ok: bool
    message: str


class CheckAnswer(Answer, kw_only=True):
    """All thirteen checks."""

    practice: str
    ok: bool
    checks: list[Checked]

    def exit_code(self) -> int:
        """Exit code 3 when a check does not hold."""
        return 0 if self.ok else 3


def _run(request: CheckRequest, context: Context) -> CheckAnswer:  # noqa: ARG001 - every verb takes both
    from contado.testing import check_practice, load_target

    report = check_practice(load_target(request.practice))
    rows = [Checked(check=r.check, ok=r.ok, message=r.message) for r in report.checks]
    return CheckAnswer(practice=report.practice, ok=report.ok, checks=rows)


def _text(answer: CheckAnswer, lang: Literal["it", "en"]) -> str:
    good, bad = ("bene", "NO") if lang == "it" else ("ok", "FAILS")
    rows = [f"{good if r.ok else bad:6}{r.check:13}{r.message}".rstrip() for r in answer.checks]
    return "\n".join([answer.practice, *rows])


VERB = Verb(
    name="practice check",
    help="Run the conformance suite on a practice",
    request=CheckRequest,
    answer=CheckAnswer,
    run=_run,
    text=_text,
    examples=("contado practice check manto_stradale", "contado practice check orti.py:OrtiUrbani"),
)
