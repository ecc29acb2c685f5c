"""contado tables schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument

if TYPE_CHECKING:
    from contado.kernel.tables import Attribute


class SchemaRequest(Request, frozen=True, kw_only=True):
    """Which schema."""

    name: Annotated[
        str | None, argument("table (intervention) or file of a folder (folder/interventions)")
    ] = None


class AttributeRow(msgspec.Struct, kw_only=True):
    """One column of a table."""

    attribute: str
    type: str
    unit: str | None
    required: bool
    nullable: bool
    default: str | None
    key: bool
    reference: str | None
    min: float | None
    max: float | None
    missing_rule: str
    range_rule: str
    action: str
    description: str
    source: str | None


class SchemaAnswer(Answer, kw_only=True):
    """The names of all tables, or the attributes of one."""

    name: str | None = None
    tables: list[str] | None = None
    attributes: list[AttributeRow] | None = None


def _run(request: SchemaRequest, context: Context) -> SchemaAnswer:  # noqa: ARG001 - every verb takes a context
    from contado.kernel import tables

    if request.name is None:
        return SchemaAnswer(tables=[*tables.names(), *tables.folder_names()])
    rows = [_row(a) for a in tables.schema(request.name).attributes]
    return SchemaAnswer(name=request.name, attributes=rows)


def _row(attribute: Attribute) -> AttributeRow:
    """Return an attribute with empty cells as unknown."""
    values = {f: getattr(attribute, f) for f in AttributeRow.__struct_fields__}
    return msgspec.convert({k: None if v == "" else v for k, v in values.items()}, AttributeRow)


def _text(answer: SchemaAnswer, lang: Literal["it", "en"]) -> str:  # noqa: ARG001 - schemas are in English
    if answer.attributes is None:
        return "\n".join(answer.tables or [])
    lines = []
    for a in answer.attributes:
        marks = (
            ["key"] * a.key
            + ["required"] * (a.required and not a.key)
            + [f"-> {a.reference}"] * bool(a.reference)
        )
        unit = f" [{a.unit}]" if a.unit else ""
        told = f" ({', '.join(marks)})" if marks else ""
        lines.append(f"{a.attribute:24} {a.type}{unit}{told}: {a.description}")
    return "\n".join(lines)


VERB = Verb(
    name="tables schema",
    help="Describe the schemas of the tables",
    request=SchemaRequest,
    answer=SchemaAnswer,
    run=_run,
    text=_text,
    examples=("contado tables schema", "contado tables schema intervention"),
)
