"""contado portfolio verify: recompute a plan from the tables and say what it breaks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.errors import DataError, TableNotFound

if TYPE_CHECKING:
    from contado.kernel.portfolio.verify import Start, Verdict
    from contado.kernel.tables.exchange import Folder
    from contado.verbs._folders import Floors


class VerifyRequest(Request, frozen=True, kw_only=True):
    """A folder and a plan of it."""

    folder: Annotated[Path, argument("programme or options folder")]
    plan: Annotated[Path, argument("JSON with `programme` or `chosen`, as solve prints it")]
    floors: Annotated[bool, option("check the floors of municipalities")] = True
    discount_rate: Annotated[float, option("social discount rate a year", gt=-1)] = 0.03


class Broken(msgspec.Struct, kw_only=True):
    """One broken rule, in EUR where it is money."""

    rule: str
    key: str
    limit_eur: float | None
    found_eur: float | None
    excess_eur: float | None
    message: str


class VerifyAnswer(Answer, kw_only=True):
    """The auditor's verdict."""

    ok: bool
    value: float
    violations: list[Broken]

    def exit_code(self) -> int:
        """3 when a rule is broken."""
        return 0 if self.ok else 3


def broken(verdict: Verdict) -> list[Broken]:
    """Return the violations of a verdict as a verb prints them."""
    return [
        Broken(
            rule=v.rule,
            key=v.key,
            limit_eur=v.limit_eur,
            found_eur=v.found_eur,
            excess_eur=v.excess_eur,
            message=v.message,
        )
        for v in verdict.violations
    ]


def _run(request: VerifyRequest, context: Context) -> VerifyAnswer:
    from contado.verbs.portfolio._folder import read_portfolio

    plan = _read_plan(request.plan)
    floors: Floors = "hard" if request.floors else "none"
    folder = read_portfolio(request.folder, context, floors=floors)
    key = "programme" if folder.kind == "programme" else "chosen"
    if not isinstance(plan.get(key), list):
        raise DataError(
            f"{request.plan.name} has no list {key!r}, which a plan of this folder needs.",
            rule="bad_plan",
            hint="give the JSON that `contado portfolio solve` printed for this folder",
            field=key,
        )
    if folder.kind == "programme":
        verdict = _programme(folder, plan[key], request)
    else:
        verdict = _options(folder, plan[key], floors=request.floors)
    return VerifyAnswer(
        ok=verdict.ok, value=verdict.value_eur, violations=broken(verdict), findings=list(folder.findings)
    )


def _read_plan(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise TableNotFound(f"There is no {path.name}.", hint="give the JSON of a plan", field=path.name)
    try:
        plan = msgspec.json.decode(path.read_bytes())
    except msgspec.DecodeError as error:
        raise DataError(
            f"{path.name} is no JSON: {error}.", rule="bad_plan", hint="give the JSON of a plan"
        ) from None
    return plan if isinstance(plan, dict) else {}


def _programme(folder: Folder, plan: list[Any], request: VerifyRequest) -> Verdict:
    from contado.kernel.portfolio.verify import verify

    left_out = () if request.floors else ("equity_floors",)
    rows = {name: table.to_pylist() for name, table in folder.tables.items() if name not in left_out}
    return verify(rows, [_start(line) for line in plan], discount_rate_share=request.discount_rate)


def _start(line: Any) -> Start:
    from contado.kernel.portfolio.verify import Start

    try:
        return Start(
            intervention_id=str(line["intervention_id"]),
            start_year=int(line["start_year"]),
            payments_cents={str(p["source"]): round(float(p["amount_eur"]) * 100) for p in line["payments"]},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"A line of the plan cannot be read: {line!r}.",
            rule="bad_plan",
            hint="a line has intervention_id, start_year, payments: [{source, amount_eur}]",
            field="programme",
        ) from error


def _options(folder: Folder, chosen: list[Any], *, floors: bool) -> Verdict:
    from contado.kernel.portfolio.verify_options import verify_options
    from contado.verbs.portfolio._folder import file_rows

    if not all(isinstance(o, int) for o in chosen):
        raise DataError(
            "The list `chosen` holds something that is no row number.",
            rule="bad_plan",
            hint="rows of options.csv count from 0",
            field="chosen",
        )
    position = {row: o for o, row in enumerate(file_rows(folder))}
    return verify_options(folder.tables, [position.get(o, -1) for o in chosen], floors=floors)


VERB = Verb(
    name="portfolio verify",
    help="Recompute a plan from its folder and say what it breaks",
    request=VerifyRequest,
    answer=VerifyAnswer,
    run=_run,
    examples=("contado portfolio verify folder plan.json --json",),
)
