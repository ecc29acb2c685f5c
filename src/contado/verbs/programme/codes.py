"""contado programme codes: are these CUP or CUI well formed."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument
from contado.kernel.identifiers import check_cui, check_cup


class CodesRequest(Request, frozen=True, kw_only=True):
    """The codes."""

    codes: Annotated[list[str], argument("codes, as the offices write them", many=True)]


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """One code: what it is and what is wrong with it."""

    code: str
    kind: Literal["cup", "cui", "unknown"]
    valid: bool
    problem: str | None


class CodesAnswer(Answer, kw_only=True):
    """One entry a code, in order."""

    codes: list[Code]


def _run(request: CodesRequest, context: Context) -> CodesAnswer:  # noqa: ARG001 - every verb has both
    return CodesAnswer(codes=[_judged(code) for code in request.codes])


def _judged(code: str) -> Code:
    kind = _kind(code)
    if kind == "cup":
        problem = check_cup(code)
    elif kind == "cui":
        problem = check_cui(code)
    else:
        problem = f"a CUP has 15 characters and a CUI 21, this has {len(code)}"
    return Code(code=code, kind=kind, valid=problem is None, problem=problem)


def _kind(code: str) -> Literal["cup", "cui", "unknown"]:
    """Tell by the length, and near it by the shape: a CUI begins with L, S or F and a digit follows its kind."""
    if check_cup(code) is None or len(code) == 15:
        return "cup"
    if len(code) == 21:
        return "cui"
    long_cui = len(code) > 17 and code[:1].upper() in {"L", "S", "F"} and code[1:].isdigit()
    if long_cui:
        return "cui"
    cup_like = 12 <= len(code) <= 18 and code[:1].isalpha() and code[1:3].isdigit() and code[3:4].isalpha()
    return "cup" if cup_like else "unknown"


VERB = Verb(
    name="programme codes",
    help="Check project codes",
    request=CodesRequest,
    answer=CodesAnswer,
    run=_run,
    examples=("contado programme codes G17H03000130011 L08911820960202700001",),
)
