"""Groups and commands, made from the index of verbs; each verb is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

import contado
from contado import verbs
from contado.cli.outcome import Outcome, report_failure
from contado.kernel.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["VerbGroup", "run"]

_EPILOG = "Every verb takes --json (one object on standard output) and --help."


class VerbGroup(click.Group):
    """A group whose commands come from the index and load on use."""

    def __init__(self, name: str | None, index: Mapping[str, str | Mapping[str, str]], **kwargs: Any) -> None:
        super().__init__(name, no_args_is_help=True, **kwargs)
        self.index = index

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the index."""
        return list(self.index)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb, or build the group, called ``cmd_name``."""
        entry = self.index.get(cmd_name)
        if entry is None:
            return None
        if not isinstance(entry, str):
            return VerbGroup(cmd_name, entry, help=verbs.GROUPS[cmd_name])
        from contado.cli.command import build

        prefix = f"{self.name} " if self.name else ""
        return build(verbs.load(prefix + cmd_name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List names with the index's one-line helps, without importing the verbs."""
        rows = [(n, e if isinstance(e, str) else verbs.GROUPS[n]) for n, e in self.index.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is answered with the nearest names."""
        if args and args[0] not in self.index and not args[0].startswith("-"):
            where = f"contado {self.name}" if self.name else "contado"
            raise UsageError(
                f"There is no verb {args[0]!r} in `{where}`.",
                rule="unknown_verb",
                hint=did_you_mean(args[0], self.index) or f"{where} --help",
                field=args[0],
            )
        return super().resolve_command(ctx, args)


def _app() -> VerbGroup:
    app = VerbGroup(
        None,
        verbs.INDEX,
        help="contado: diagnose the territory, choose the programme, carry it out, measure what it did.",
        epilog=_EPILOG,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    return click.version_option(contado.__version__, prog_name="contado")(app)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; no traceback reaches the user."""
    try:
        result = _app().main(args=arguments, prog_name="contado", standalone_mode=False)
    except BaseException as error:  # noqa: BLE001 - the border: every failure becomes a message and an exit code
        return report_failure(error, arguments)
    return result.exit_code if isinstance(result, Outcome) else int(result or 0)
