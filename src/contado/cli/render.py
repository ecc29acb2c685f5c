"""What a person sees: the answer as lines and tables, progress and findings on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal, Self

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from contado.kernel.declare import answer_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from contado.kernel.declare import Answer, Verb

__all__ = ["Screen"]

_ROWS = 20
_WIDE = 160
"""Columns of a table that goes to a file or a pipe, where nobody's window cuts it."""
_STYLES = {"error": "red", "warning": "yellow", "note": "cyan"}


class Screen:
    """Standard output for the answer, standard error for everything else."""

    def __init__(self, *, as_json: bool, quiet: bool, lang: Literal["it", "en"]) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.lang = lang
        self.out = Console(highlight=False)
        if not self.out.is_terminal:
            self.out.width = _WIDE
        self.err = Console(stderr=True, highlight=False)
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._said = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def progress(
        self, stage: str, done: float, total: float | None = None, info: Mapping[str, object] | None = None
    ) -> None:
        """Draw a bar a stage; off a terminal, one line when a stage begins and one when a gap is known anew."""
        if self.quiet:
            return
        label = stage + "".join(f"  {_fact(k, v)}" for k, v in (info or {}).items() if v is not None)
        if not self.err.is_terminal:
            self._line(stage, label, gap=(info or {}).get("gap"))
            return
        if self._bars is None:
            columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
            self._bars = Progress(*columns, console=self.err)
            self._bars.start()
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(label, total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total, description=label)

    def _line(self, stage: str, label: str, *, gap: object) -> None:
        """Say on a line of its own that a stage begins, or how far a search is."""
        if stage not in self._tasks:
            self._tasks[stage] = TaskID(len(self._tasks))
            self.err.print(f"{stage} ...")
        if gap is not None and label != self._said:
            self._said = label
            self.err.print(label, soft_wrap=True)

    def show(self, verb: Verb[Any, Any], answer: Answer) -> None:
        """Print the answer once, then its findings."""
        if self.as_json:
            click.echo(answer_json(answer).decode())
            sys.stdout.flush()
            return
        if verb.text is not None:
            click.echo(verb.text(answer, self.lang))
        else:
            self._listing(msgspec.to_builtins(answer, enc_hook=str))
        if not self.quiet:
            for finding in answer.findings:
                place = f" {finding.table}" if finding.table else ""
                row = f" row {finding.row}" if finding.row is not None else ""
                hint = f" Hint: {finding.hint}" if finding.hint else ""
                style = _STYLES[finding.severity]
                self.err.print(f"[{style}]{finding.severity}[/{style}]", end="")
                self.err.print(f"{place}{row}: {finding.message}{hint} ({finding.rule})", markup=False)

    def _listing(self, answer: dict[str, Any]) -> None:
        answer.pop("findings", None)
        plain = {k: v for k, v in answer.items() if not _is_table(v)}
        width = max((len(k) for k in plain), default=0)
        for key, value in plain.items():
            click.echo(f"{key.ljust(width)}  {_cell(value)}")
        for key, value in answer.items():
            if _is_table(value):
                self._table(key, value)

    def _table(self, name: str, rows: list[dict[str, Any]]) -> None:
        table = Table(title=name, title_justify="left", box=None, pad_edge=False, header_style="bold")
        for column in rows[0]:
            numeric = isinstance(rows[0][column], (int, float)) and not isinstance(rows[0][column], bool)
            table.add_column(column, justify="right" if numeric else "left")
        for row in rows[:_ROWS]:
            table.add_row(*[_cell(row.get(c)) for c in rows[0]])
        self.out.print(table)
        if len(rows) > _ROWS:
            click.echo(f"... and {len(rows) - _ROWS} more (--json gives all)")


def _fact(name: str, value: object) -> str:
    """Write a fact of a progress: money in EUR, a gap in per cent."""
    if not isinstance(value, float):
        return f"{name} {value}"
    return f"{name} {value:.4%}" if name == "gap" else f"{name} {value:,.2f}"


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _cell(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) >= 1000 else f"{value:.5g}"
    if _is_table(value):
        return str(len(value))
    if isinstance(value, dict):
        return ", ".join(f"{k} {_cell(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(_cell(v) for v in value)
    return str(value)
