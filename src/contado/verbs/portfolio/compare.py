"""contado portfolio compare: two programmes side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument
from contado.kernel.errors import DataError, TableNotFound


class CompareRequest(Request, frozen=True, kw_only=True):
    """Two answers that hold a programme."""

    a: Annotated[Path, argument("JSON answer with a programme: before")]
    b: Annotated[Path, argument("JSON answer with a programme: after")]


class MovedRow(msgspec.Struct, frozen=True, kw_only=True):
    """An intervention that both have, in other years."""

    id: str
    from_year: int
    to_year: int


class CompareAnswer(Answer, kw_only=True):
    """What changes from the first to the second; value_difference is second less first [EUR]."""

    added: list[str]
    removed: list[str]
    moved: list[MovedRow]
    refunded: list[str]
    value_difference: float | None


def _run(request: CompareRequest, context: Context) -> CompareAnswer:  # noqa: ARG001 - a verb's signature
    from contado.kernel.portfolio.compare import compare

    found = compare(_read(request.a), _read(request.b))
    return CompareAnswer(
        added=found.added,
        removed=found.removed,
        moved=[MovedRow(id=m.id, from_year=m.from_year, to_year=m.to_year) for m in found.moved],
        refunded=found.refunded,
        value_difference=found.value_difference,
    )


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise TableNotFound(f"There is no {path.name}.", hint="give a JSON answer with a programme")
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise DataError(
            f"{path.name}: {error}.",
            rule="bad_plan",
            hint="give the JSON answer of `contado plan --json` or `contado portfolio solve --json`",
        ) from None


VERB = Verb(
    name="portfolio compare",
    help="Show what changes from one programme to another",
    request=CompareRequest,
    answer=CompareAnswer,
    run=_run,
    examples=("contado portfolio compare before.json after.json --json",),
)
