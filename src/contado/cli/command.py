"""One verb -> one click command: options from the request, answer as text or as JSON."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contado.cli.interrupt import ending, listening
from contado.cli.outcome import Outcome
from contado.kernel.declare import Context, Field, convert, fields
from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contado.kernel.declare import Answer, Verb

__all__ = ["build"]

_NEGATIVE = re.compile(r"-\.?\d")
_MARK = "\0"
"""Put before a negative number while click parses, so that it is not taken for an option."""


class _Plain(click.ParamType[Any]):
    """A word passed on as typed; the declaration converts and checks it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Take the mark of a negative number off."""
        return value.removeprefix(_MARK) if isinstance(value, str) else value


class _Command(click.Command):
    """A command that takes negative numbers as arguments, and choices without a value."""

    specs: Sequence[Field] = ()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Mark negative numbers and write short forms out before parsing."""
        words = [_MARK + a if _NEGATIVE.match(a) else a for a in args]
        return super().parse_args(ctx, _written_out(words, self.specs))


def _written_out(words: Sequence[str], specs: Sequence[Field]) -> list[str]:
    """Replace ``--x`` without one of its choices by ``--x=bare``, and ``--no-x`` by ``--x=off``."""
    short = {"--" + s.name.replace("_", "-"): s for s in specs if s.bare is not None}
    negated = {"--no-" + s.name.replace("_", "-"): s for s in specs if s.off is not None}
    out = []
    for word, after in zip(words, [*words[1:], ""], strict=False):
        if word in short and after not in (short[word].choices or ()):
            out.append(f"{word}={short[word].bare}")
        elif word in negated:
            out.append(f"--{word.removeprefix('--no-')}={negated[word].off}")
        else:
            out.append(word)
    return out


def build(verb: Verb[Any, Any]) -> click.Command:
    """Return the click command of ``verb``."""
    specs = fields(verb.request)

    def callback(**values: Any) -> Outcome:
        return _execute(verb, specs, values)

    command = _Command(
        name=verb.name.split()[-1],
        callback=callback,
        params=[_parameter(spec) for spec in specs] + _common(verb),
        help=verb.help + ".",
        epilog=_epilog(verb),
    )
    command.specs = specs
    return command


def _epilog(verb: Verb[Any, Any]) -> str | None:
    if not verb.examples:
        return None
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in verb.examples)


def _parameter(spec: Field) -> click.Parameter:
    if spec.positional:
        nargs = -1 if spec.many else 1
        return click.Argument([spec.name], type=_Plain("text"), nargs=nargs, required=spec.required)
    names = [spec.name, *spec.flags, "--" + spec.name.replace("_", "-")]
    if spec.type is bool:
        dashed = spec.name.replace("_", "-")
        pair = f"--{dashed}/--no-{dashed}"
        return click.Option([spec.name, pair], default=None, help=_help(spec))
    return click.Option(
        names,
        type=_Plain(_metavar(spec)),
        default=None,
        required=spec.required,
        multiple=spec.is_list,
        help=_help(spec),
    )


def _metavar(spec: Field) -> str:
    if spec.choices:
        return "[" + "|".join(spec.choices) + "]"
    kinds = {int: "integer", float: "number", Path: "path", str: "text"}
    return kinds.get(spec.type, getattr(spec.type, "__name__", "text")).upper()


def _help(spec: Field) -> str:
    text = spec.help + (f" [{spec.unit}]" if spec.unit else "")
    shown = not spec.required and spec.default not in (None, (), [], False, "")
    return f"{text}  (default {spec.default})" if shown else text


def _common(verb: Verb[Any, Any]) -> list[click.Parameter]:
    options = [
        click.Option(["as_json", "--json"], is_flag=True, help="Print exactly one JSON object."),
        click.Option(["quiet", "--quiet"], is_flag=True, help="No progress and no messages."),
        click.Option(
            ["lang", "--lang"],
            type=click.Choice(["it", "en"]),
            default=None,
            help="Language of the sentences of an answer (default en) and of published texts (default it).",
        ),
        click.Option(
            ["strict", "--strict"], is_flag=True, help="Refuse, and write nothing, where a warning would do."
        ),
        click.Option(["debug", "--debug"], is_flag=True, help="Print the traceback of a defect."),
    ]
    if verb.workspace:
        where = click.Option(
            ["workspace", "-w", "--workspace"], type=click.Path(path_type=Path), help="Workspace folder."
        )
        options.insert(0, where)
    if verb.right is not None or (verb.workspace and verb.process is not None):
        whose = click.Option(
            ["acting_as", "--as"],
            metavar="ACCOUNT",
            help="Act as this account (default: local administrator).",
        )
        options.insert(1, whose)
    return list(options)


def _execute(verb: Verb[Any, Any], specs: Sequence[Field], values: dict[str, Any]) -> Outcome:
    from contado.cli.render import Screen

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"], lang=values["lang"] or "en")
    request = convert(
        verb.request, {s.name: _split(s, values[s.name]) for s in specs if _given(values[s.name])}
    )
    context = Context(
        workspace=_workspace(values.get("workspace")) if verb.workspace else None,
        lang=values["lang"] or "en",
        published_lang=values["lang"] or "it",
        account=values.get("acting_as"),
        strict=values["strict"],
        progress=screen.progress,
        announce=lambda answer: screen.show(verb, answer),
    )
    with screen, ending(), listening(context.cancel, best_so_far=verb.best_so_far):
        answer: Answer = verb(request, context)
    if not verb.lines:
        screen.show(verb, answer)
    return Outcome(answer.exit_code())


def _given(value: Any) -> bool:
    return value is not None and value != ()


def _split(spec: Field, value: Any) -> Any:
    """Split comma-separated values of a list option; arguments are taken one by one."""
    if spec.is_list and not spec.positional:
        return [part.strip() for item in value for part in str(item).split(",") if part.strip()]
    return list(value) if spec.many else value


def _workspace(given: Path | None) -> Path:
    """Find the workspace: -w, else this folder when it holds contado.toml, else CONTADO_WORKSPACE."""
    if given is not None:
        return given
    if Path("contado.toml").is_file():
        return Path()
    if found := os.environ.get("CONTADO_WORKSPACE"):
        return Path(found)
    raise UsageError(
        "No workspace: this folder holds no contado.toml.",
        rule="no_workspace",
        hint="give -w DIR, or create one with `contado init DIR`",
        field="workspace",
    )
