"""Declarations: from typed structs to what a face needs."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import pytest

from contado.kernel.declare import (
    NO_DEFAULT,
    Answer,
    Context,
    Request,
    Verb,
    argument,
    convert,
    fields,
    json_schema,
    option,
)
from contado.kernel.errors import ExtraMissing, UsageError


class Ask(Request, frozen=True, kw_only=True):
    """A request with one field of each kind."""

    files: Annotated[list[str], argument("files", many=True)]
    length_m: Annotated[float, option("length", unit="m", gt=0)] = 100.0
    colour: Annotated[Literal["red", "blue"] | None, option("colour")] = None
    out: Annotated[Path | None, option("folder")] = None
    floors: Annotated[bool, option("keep floors")] = True
    gap: Annotated[float, option("gap", ge=0)] | None = None
    on: Annotated[date | None, option("day")] = None


class Reply(Answer, kw_only=True):
    """An answer."""

    n: int


VERB = Verb(
    name="toy",
    help="A toy",
    request=Ask,
    answer=Reply,
    run=lambda r, _: Reply(n=len(r.files)),
    extra="toys",
    needs=("json",),
)


def test_fields_tell_type_default_unit_and_choices():
    files, length, colour, out, floors, gap, _ = fields(Ask)
    assert files.positional
    assert files.many
    assert files.required
    assert files.default is NO_DEFAULT
    assert (length.unit, length.default, length.limits) == ("m", 100.0, {"gt": 0})
    assert (colour.choices, colour.nullable, colour.required) == (("red", "blue"), True, False)
    assert out.type is Path
    assert floors.type is bool
    assert (gap.type, gap.nullable, gap.help, gap.limits) == (float, True, "gap", {"ge": 0})


def test_plain_values_become_a_request():
    ask = convert(Ask, {"files": ["a"], "length_m": "20", "out": "there", "floors": "false"})
    assert (ask.length_m, ask.out, ask.floors) == (20.0, Path("there"), False)


@pytest.mark.parametrize(
    ("values", "rule", "field", "quoted"),
    [
        ({"files": [], "length_m": "ten"}, "bad_value", "length_m", "'ten'"),
        ({"files": [], "length_m": -1.0}, "bad_value", "length_m", "-1.0"),
        ({"files": [], "length_m": "inf"}, "bad_value", "length_m", "'inf'"),
        ({"files": [], "gap": "1e999"}, "bad_value", "gap", "'1e999'"),
        ({"files": [], "colour": "rde"}, "unknown_choice", "colour", "'rde'"),
        ({"files": [], "lenght_m": 1.0}, "unknown_field", "lenght_m", "lenght_m"),
        ({}, "missing_value", "files", "files"),
    ],
)
def test_a_bad_value_is_quoted_with_what_is_valid(values, rule, field, quoted):
    with pytest.raises(UsageError) as error:
        convert(Ask, values)
    assert (error.value.rule, error.value.field) == (rule, field)
    assert quoted in error.value.message
    assert error.value.hint


def test_a_day_that_is_written_otherwise_is_told_the_form():
    with pytest.raises(UsageError) as caught:
        convert(Ask, {"files": [], "on": "31/12/2026"})
    assert (caught.value.rule, caught.value.hint) == (
        "bad_value",
        "day; write it as YYYY-MM-DD: 2026-12-31",
    )


def test_an_unknown_choice_lists_every_valid_one():
    with pytest.raises(UsageError) as error:
        convert(Ask, {"files": [], "colour": "rde"})
    assert "red" in error.value.hint
    assert "blue" in error.value.hint
    assert "valid: red, blue" in error.value.message


def test_a_verb_runs_and_names_a_missing_extra():
    assert VERB(Ask(files=["a", "b"])).n == 2
    missing = Verb(
        name="toy", help="", request=Ask, answer=Reply, run=VERB.run, extra="toys", needs=("no_such_package",)
    )
    with pytest.raises(ExtraMissing) as error:
        missing(Ask(files=[]), Context())
    assert error.value.hint == "pip install 'contado[toys]'"
    assert error.value.exit_code == 2


def test_schemas_are_made_from_the_declaration():
    schema = json_schema(Ask)["$defs"]["Ask"]
    assert schema["properties"]["length_m"]["exclusiveMinimum"] == 0
    assert schema["required"] == ["files"]
    assert json_schema(Reply)["$defs"]["Finding"]
