"""contado why: the chain of a number, from the programme down to files and norms."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument
from contado.kernel.errors import TableNotFound, did_you_mean
from contado.kernel.provenance import Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from contado.kernel.workspace import WorkspaceView


class WhyRequest(Request, frozen=True, kw_only=True):
    """Which number."""

    id: Annotated[str, argument("id of an intervention, asset, municipality, source or observation")]


class WhyAnswer(Answer, kw_only=True):
    """The links of the chain, from what was asked for down to its sources."""

    id: str
    chain: list[Step]


class _Link(msgspec.Struct, frozen=True):
    """Rows of ``table`` whose ``key`` is the id asked for; the columns to show; the ids to follow.

    ``named`` is the column that names the row in the answer (default: the key).
    """

    table: str
    key: str
    show: tuple[str, ...]
    follow: tuple[str, ...] = ("source_id",)
    named: str = ""


_LINKS: tuple[_Link, ...] = (
    _Link(
        "programme",
        "intervention_id",
        ("start_year", "source", "amount_eur", "value_eur", "reason_code"),
        ("source",),
    ),
    _Link("intervention", "id", ("type", "asset_id", "cost_eur", "benefit_eur"), ("asset_id", "source_id")),
    _Link("effect", "intervention_id", ("value",), ("indicator", "source_id")),
    _Link("indicator", "id", ("name_it", "name_en", "unit", "direction", "aggregation"), ()),
    _Link("asset", "id", ("name", "kind")),
    _Link("indicator_value", "subject_id", ("value",), ("indicator", "source_id")),
    _Link("observation", "intervention_id", ("value",), ("indicator", "source_id"), "subject_id"),
    _Link("observation", "subject_id", ("value",), ("indicator", "source_id")),
    _Link("territory_unit", "istat6", ("pop", "area_km2")),
    _Link("funding_rule", "source", ("max_rate", "when", "valid_from", "valid_to", "status", "article")),
    _Link("funding_amount", "intervention_id", ("amount_eur", "formula", "article"), ("source", "source_id")),
    _Link("budget", "source", ("budget_eur",)),
    _Link("source", "source_id", ("title", "publisher", "date", "licence", "url", "sha256"), ()),
)
"""The links in the order in which a chain is told."""


def _run(request: WhyRequest, context: Context) -> WhyAnswer:
    from contado.kernel.workspace import WorkspaceView

    assert context.workspace is not None
    view = WorkspaceView(context.workspace)
    books = {link.table: view.read(link.table) for link in _LINKS}
    books["indicator"] = _indicators(books["indicator"])
    chain: dict[_Link, list[Step]] = {link: [] for link in _LINKS}
    seen: set[str] = set()
    queue = [request.id]
    while queue:
        key = queue.pop(0)
        if key in seen:
            continue
        seen.add(key)
        for link in _LINKS:
            for row in _rows(books[link.table], link.key, key):
                chain[link] += _steps(view, link, row)
                queue += [str(row[c]) for c in link.follow if row.get(c)]
    told = [step for link in _LINKS for step in chain[link]]
    if not told:
        known = [str(k) for link in _LINKS for k in books[link.table][link.key].to_pylist() if k]
        raise TableNotFound(
            f"Nothing in the workspace has the id {request.id!r}.",
            rule="unknown_reference",
            hint=did_you_mean(request.id, known) or "look for the id in the programme or in a layer",
            field="id",
        )
    return WhyAnswer(id=request.id, chain=list(dict.fromkeys(told)))


def _indicators(own: pa.Table) -> pa.Table:
    """Return the workspace's indicators, and those of the registry that it does not hold."""
    from contado.kernel import tables

    rows = own.to_pylist()
    held = {row["id"] for row in rows}
    shared = [dataclasses.asdict(i) for i in tables.indicators().values() if i.id not in held]
    return tables.from_rows("indicator", [*rows, *shared])


def _rows(book: pa.Table, column: str, key: str) -> list[dict[str, Any]]:
    """Return the rows with this key; the others are never made into objects, for tables may be long."""
    import pyarrow.compute as pc

    found: list[dict[str, Any]] = book.filter(pc.equal(book[column], key)).to_pylist()
    return found


def _steps(view: WorkspaceView, link: _Link, row: dict[str, Any]) -> Iterator[Step]:
    """Yield one step for each shown column; an indicator's value names its indicator and period."""
    made = view.provenance(link.table, row.get("practice"))
    function = f"{made.function} {made.version}" if made else None
    for column in link.show:
        value = row.get(column)
        if value is None:
            continue
        plain = value if isinstance(value, (str, int, float)) else str(value)
        name = " ".join(str(row[c]) for c in ("indicator", "period") if row.get(c)) or column
        yield Step(
            table=link.table,
            id=str(row[link.named or link.key]),
            column=name if column == "value" else column,
            value=plain,
            function=function,
            method=row.get("method"),
            source=row.get("source_id"),
        )


def _text(answer: WhyAnswer, lang: Literal["it", "en"]) -> str:
    made, source = ("calcolato da", "fonte") if lang == "it" else ("made by", "source")
    lines = [answer.id]
    for step in answer.chain:
        how = ": ".join(part for part in (step.function, step.method) if part)
        extra = f"  ({made} {how})" if how else ""
        extra += f"  [{source}: {step.source}]" if step.source else ""
        lines.append(f"  {step.table} {step.id}: {step.column} = {step.value}{extra}")
    return "\n".join(lines)


VERB = Verb(
    name="why",
    help="Show where a number comes from",
    request=WhyRequest,
    answer=WhyAnswer,
    run=_run,
    workspace=True,
    text=_text,
    examples=("contado why manto_stradale:S01:000 -w city",),
)
