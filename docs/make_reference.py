"""Write docs/reference/ from the declarations: verbs, settings, tables, indicators, practices, answers.

    python docs/make_reference.py            write the pages
    python docs/make_reference.py --check    say which page differs, exit 1

A test runs the check, so a verb, setting, table, indicator or practice cannot be undocumented.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contado import verbs
from contado.kernel import practice, settings, tables
from contado.kernel.declare import Field, fields, json_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- written by docs/make_reference.py; change the declarations, not this page -->"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Yield a Markdown table."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |"


def verb_page() -> Iterator[str]:
    """Yield the page of all verbs."""
    yield "# Verbs"
    yield ""
    yield "Every verb also takes `--json`, `--quiet`, `--lang it|en`, [`--strict`](../strict.md) and `--debug`; a verb of a workspace takes `-w DIR`. The JSON schemas of all answers stand in [answers.json](answers.json)."
    for name in verbs.names():
        verb = verbs.load(name)
        yield ""
        yield f"## contado {name}"
        yield ""
        right = f" Takes `--as ACCOUNT`; right `{verb.right}`." if verb.right else ""
        yield f"{verb.help}." + (f" Needs the extra `{verb.extra}`." if verb.extra else "") + right
        asked = fields(verb.request)
        if asked:
            yield ""
            yield from table(("what", "type", "default", "meaning"), [_field_row(f) for f in asked])
        yield ""
        answered = ", ".join(f"`{f.name}`" for f in fields(verb.answer))
        yield f"Answer: {answered}."
        if verb.examples:
            yield ""
            yield "```console"
            yield from (f"$ {line}" for line in verb.examples)
            yield "```"


def _field_row(field: Field) -> tuple[str, str, str, str]:
    shown = field.name.upper() if field.positional else "--" + field.name.replace("_", "-")
    kind = " or ".join(field.choices) if field.choices else getattr(field.type, "__name__", str(field.type))
    default = "required" if field.required else "" if field.default in (None, [], ()) else str(field.default)
    meaning = field.help + (f" [{field.unit}]" if field.unit else "")
    return f"`{shown}`", kind, default, meaning


def setting_page() -> Iterator[str]:
    """Yield the page of all settings."""
    yield "# Settings"
    yield ""
    yield "They stand in `contado.toml` of the workspace; an unknown key is refused with the nearest name."
    yield ""
    rows = [(f"`{s.name}`", s.type, s.default, s.unit or "", s.help) for s in settings.describe()]
    yield from table(("setting", "type", "default", "unit", "meaning"), rows)


def table_page() -> Iterator[str]:
    """Yield the page of all tables."""
    yield "# Tables"
    yield ""
    yield "A schema is CSV data: validation, this page and the code read the same file. Key columns are bold."
    for name in tables.names():
        yield ""
        yield f"## {name}"
        yield ""
        rows = [
            (
                f"**{a.attribute}**" if a.key else a.attribute,
                a.type,
                a.unit or "",
                "yes" if a.required else "",
                a.reference or "",
                a.description,
            )
            for a in tables.schema(name).attributes
        ]
        yield from table(("column", "type", "unit", "required", "refers to", "meaning"), rows)


def indicator_page() -> Iterator[str]:
    """Yield the page of the indicator registry."""
    yield "# Indicators"
    yield ""
    yield "One registry, so that effects of all domains add up."
    yield ""
    rows = [
        (f"`{i.id}`", i.name_en, i.name_it, i.unit, i.direction, i.aggregation)
        for i in tables.indicators().values()
    ]
    yield from table(("id", "English", "Italian", "unit", "better", "aggregation"), rows)


def practice_page() -> Iterator[str]:
    """Yield the page of the registered practices."""
    yield "# Registered practices"
    for name, registration in practice.registered().items():
        yield ""
        yield f"## {name}"
        yield ""
        yield (registration.practice.__doc__ or "").strip().split("\n\n")[0]
        yield ""
        layers = ", ".join(f"`{s.id}`" for s in registration.layers) or "none"
        indicators = ", ".join(f"`{s.id}`" for s in registration.indicators) or "those of the registry"
        yield f"Layers: {layers}. Indicators: {indicators}."


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "verbs.md": verb_page,
    "settings.md": setting_page,
    "tables.md": table_page,
    "indicators.md": indicator_page,
    "practices.md": practice_page,
}


ANSWERS = "answers.json"


def answer_schemas() -> dict[str, Any]:
    """Return the JSON schema of what every verb prints with ``--json``, by its name, and that of an error."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "error": _ERROR,
        "answers": {name: json_schema(verbs.load(name).answer) for name in verbs.names()},
    }


_ERROR = {
    "title": "Error",
    "description": "What every verb prints with --json when it ends without an answer (exit 1, 2, 3 or 130).",
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["rule", "message", "hint", "rows", "field"],
            "additionalProperties": False,
            "properties": {
                "rule": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
                "message": {"type": "string", "minLength": 1},
                "hint": {"type": "string"},
                "rows": {"type": "array", "items": {"type": "integer", "minimum": 1}},
                "field": {"type": ["string", "null"]},
            },
        }
    },
}


def render(page: str) -> str:
    """Return the text of a page."""
    if page == ANSWERS:
        return json.dumps(answer_schemas(), indent=1, ensure_ascii=False) + "\n"
    head, *rest = PAGES[page]()
    return "\n".join([head, "", NOTE, *rest]).rstrip() + "\n"


def main() -> int:
    """Write or check every page."""
    differing = []
    for page in (*PAGES, ANSWERS):
        path, text = FOLDER / page, render(page)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        differing.append(page)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    print("\n".join(differing) or "all pages are up to date")
    return 1 if differing and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
