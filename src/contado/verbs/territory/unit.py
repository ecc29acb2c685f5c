"""contado territory unit: municipalities by code or name."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument

__all__ = ["VERB", "UnitAnswer", "UnitRequest"]


class UnitRequest(Request, frozen=True, kw_only=True):
    """Codes (ISTAT with or without leading zero, Belfiore) or names."""

    query: Annotated[list[str], argument("ISTAT code, Belfiore code or name", many=True)]


class Problem(msgspec.Struct, kw_only=True):
    """Why nothing was found, and what is near."""

    rule: str
    message: str
    hint: str


class Unit(msgspec.Struct, kw_only=True):
    """A municipality as found, or the query with its ``error``; what does not apply is absent.

    ``successor`` and ``since`` say into what and when its code was merged.
    """

    query: str
    istat: str | msgspec.UnsetType = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET
    status: Literal["current", "merged"] | msgspec.UnsetType = msgspec.UNSET
    successor: str | msgspec.UnsetType | None = msgspec.UNSET
    since: str | msgspec.UnsetType | None = msgspec.UNSET
    pop: int | msgspec.UnsetType | None = msgspec.UNSET
    area_km2: float | msgspec.UnsetType | None = msgspec.UNSET
    error: Problem | msgspec.UnsetType = msgspec.UNSET


class UnitAnswer(Answer, kw_only=True):
    """One entry a query, in the order asked."""

    units: list[Unit]

    def exit_code(self) -> int:
        """Exit code 2 when a query is unknown; the others are answered."""
        return 2 if any(unit.error is not msgspec.UNSET for unit in self.units) else 0


def _run(request: UnitRequest, context: Context) -> UnitAnswer:
    from contado.kernel.errors import CodeError
    from contado.kernel.territory import boundaries, codes
    from contado.kernel.workspace import WorkspaceView

    assert context.workspace is not None
    units = boundaries.from_workspace(WorkspaceView(context.workspace))

    def answer(query: str) -> Unit:
        try:
            return Unit(**msgspec.structs.asdict(codes.resolve(units, query)))
        except CodeError as error:
            problem = Problem(rule=error.rule, message=error.message, hint=error.hint)
            return Unit(query=query, error=problem)

    return UnitAnswer(units=[answer(query) for query in request.query])


def _text(answer: UnitAnswer, lang: Literal["it", "en"]) -> str:
    return "\n".join(_line(unit, lang) for unit in answer.units)


def _line(unit: Unit, lang: Literal["it", "en"]) -> str:
    if isinstance(unit.error, Problem):
        return f"{unit.query}: {unit.error.message} Hint: {unit.error.hint}"
    if unit.status == "merged":
        word = "confluito in" if lang == "it" else "merged into"
        return f"{unit.istat}  {unit.name}  {word} {unit.successor}, {unit.since}"
    people = f"{unit.pop:,}" if isinstance(unit.pop, int) else "?"
    residents = "residenti" if lang == "it" else "residents"
    area = f"{unit.area_km2:.2f}" if isinstance(unit.area_km2, float) else "?"
    return f"{unit.istat}  {unit.name}  {people} {residents}  {area} km2"


VERB = Verb(
    name="territory unit",
    help="Look up municipalities by code or name",
    request=UnitRequest,
    answer=UnitAnswer,
    run=_run,
    workspace=True,
    text=_text,
    examples=("contado territory unit 16024 A794 bergamo -w city",),
)
