"""contado funding evaluate: what each source may pay for each intervention on a day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

from contado.kernel.dates import today
from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.errors import TableNotFound
from contado.kernel.funding.evaluate import Funded


class EvaluateRequest(Request, frozen=True, kw_only=True):
    """A programme folder and the day whose rules count."""

    folder: Annotated[Path, argument("folder with interventions.csv and funding_rules.csv")]
    on: Annotated[dt.date | None, option("day whose rules count; default today")] = None


class EvaluateAnswer(Answer, kw_only=True):
    """One entry an intervention, in the order of the file."""

    interventions: list[Funded]


def _run(request: EvaluateRequest, context: Context) -> EvaluateAnswer:
    from contado.kernel import tables
    from contado.kernel.funding import evaluate

    def rows(name: str, *, required: bool = True) -> list[dict[str, object]]:
        path = request.folder / f"{name}.csv"
        if not path.is_file():
            if required:
                raise TableNotFound(f"There is no {path}.", hint="a programme folder holds it", field=name)
            return []
        table: list[dict[str, object]] = tables.read(path).table.to_pylist()
        return table

    result = evaluate(
        rows("interventions"),
        rows("funding_rules"),
        on=request.on or today(),
        amounts=rows("funding_amounts", required=False),
    )
    return EvaluateAnswer(interventions=result.interventions, findings=context.accept(result.findings))


VERB = Verb(
    name="funding evaluate",
    help="Say what each source may pay for each intervention on a day",
    request=EvaluateRequest,
    answer=EvaluateAnswer,
    run=_run,
    examples=("contado funding evaluate folder --on 2027-06-01 --json",),
)
