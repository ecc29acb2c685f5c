"""What a verb is declared with: request, answer, fields with unit, range, sense and question.

A verb is two msgspec structs and one function. From the declaration are made: the command's help and
options, the web form, the OGC process description, the JSON schema and the page of the docs. Our own
verbs stand in `contado.verbs`; a city's practice hands in its own through ``register_processes``.

Examples
--------
>>> from pathlib import Path
>>> from typing import Annotated
>>> class LengthRequest(Request, frozen=True, kw_only=True):
...     profile: Annotated[Path, argument("file with two columns x y")]
...     segment_m: Annotated[float, option("length of a segment", unit="m", gt=0)] = 100.0
>>> [(f.name, f.positional, f.unit, f.default) for f in fields(LengthRequest)]
[('profile', True, None, NODEFAULT), ('segment_m', False, 'm', 100.0)]
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import math
import pkgutil
import types
import typing
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec

from contado.kernel.errors import ExtraMissing, Finding, ScopeMissing, UsageError, did_you_mean
from contado.kernel.labels import Label
from contado.kernel.progress import Cancel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from contado.kernel.progress import Progress
    from contado.kernel.records.access import Records

__all__ = [
    "NO_DEFAULT",
    "Acting",
    "Answer",
    "Context",
    "Field",
    "LabelledAnswer",
    "Process",
    "Request",
    "Verb",
    "acting",
    "answer_json",
    "argument",
    "convert",
    "fields",
    "json_schema",
    "option",
    "require",
]

NO_DEFAULT = msgspec.NODEFAULT

_DAY = "; write it as YYYY-MM-DD: 2026-12-31"

_RECORDS = "contado.kernel.records.access:open_records"
_REFUSE = "contado.kernel.tables.findings:refuse_strictly"
"""What stands on a floor above is named, not imported: declarations stand on the ground floor."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user asks: the base of every verb's request."""


class Answer(msgspec.Struct, kw_only=True):
    """What a verb answers: the base of every verb's answer. Keys are snake_case with unit suffix."""

    findings: list[Finding] = msgspec.field(default_factory=list)

    def exit_code(self) -> int:
        """Exit code of an answer that was printed: 0, or 2 or 3 as the verb's page says."""
        return 0


class LabelledAnswer(Answer, kw_only=True):
    """An answer that rests on data of one kind: measured, estimated or simulated."""

    label: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What surrounds a request: workspace, language, account, strictness, progress, cancel token."""

    workspace: Path | None = None
    lang: Literal["it", "en"] = "en"
    published_lang: Literal["it", "en"] = "it"
    """Language of published texts: the one asked for, else Italian."""
    account: str | None = None
    strict: bool = False
    progress: Progress | None = None
    cancel: Cancel = field(default_factory=Cancel)
    announce: Callable[[Answer], None] | None = None
    """Prints an answer before the verb ends (`serve` announces its address)."""
    right: str | None = None
    """The right that the running verb declares; see `Verb.right`."""

    def accept(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return what is told in the answer, or refuse it under ``--strict``: all but notes.

        Every verb that tells findings calls this with all of them before its first write.

        Raises
        ------
        DataError
            A finding is no note, and the user asked to be strict; the rule, message and hint are the first one's.
        """
        told = list(findings)
        if self.strict:
            pkgutil.resolve_name(_REFUSE)(told)
        return told

    def records(self) -> Records:
        """Open the records of the workspace for the account, or for the local administrator.

        Raises
        ------
        UsageError
            There is no workspace.
        ScopeMissing
            The verb declares no right, so nobody can say who may use it.
        ScopeError, RecordNotFound
            The account may not do this, or does not exist.
        """
        if self.workspace is None:
            raise UsageError("No workspace.", rule="no_workspace", hint="give -w DIR", field="workspace")
        if self.right is None:
            raise ScopeMissing("This verb declares no right to records.", hint="Verb(right='grant.read')")
        opened: Records = pkgutil.resolve_name(_RECORDS)(self.workspace, self.account, self.right)
        return opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """The verb that runs, and the account on whose behalf (None: the local administrator)."""

    verb: str
    account: str | None


_acting: ContextVar[Acting | None] = ContextVar("acting", default=None)


def acting() -> Acting | None:
    """Return the verb that runs in this thread or task, None outside of one: what a commit is told by."""
    return _acting.get()


def argument(
    help: str,  # noqa: A002 - the word of every command line
    *,
    many: bool = False,
    finite: bool = True,
    **limits: Any,
) -> msgspec.Meta:
    """Describe a positional argument: ``many`` takes the rest of the line; not ``finite`` takes NaN and infinities."""
    return _meta(help, {"positional": True, "many": many, "finite": finite}, limits)


def option(
    help: str,  # noqa: A002 - the word of every command line
    *,
    unit: str | None = None,
    question_it: str | None = None,
    question_en: str | None = None,
    flags: Sequence[str] = (),
    bare: str | None = None,
    off: str | None = None,
    **limits: Any,
) -> msgspec.Meta:
    """Describe an option: its help, its unit, its question in plain words, further flags and limits.

    ``bare`` is the choice that ``--x`` alone stands for, ``off`` the one of ``--no-x``.

    ``limits`` are those of `msgspec.Meta`: ``gt, ge, lt, le, min_length, pattern`` and so on.
    """
    extra = {"unit": unit, "question_it": question_it, "question_en": question_en, "flags": tuple(flags)}
    extra |= {"bare": bare, "off": off}
    return _meta(help, extra, limits)


def _meta(text: str, extra: dict[str, Any], limits: dict[str, Any]) -> msgspec.Meta:
    return msgspec.Meta(description=text, extra=extra, **limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a request, as faces need it."""

    name: str
    type: Any
    """The bare type, without None and without annotation."""
    help: str
    default: Any
    positional: bool = False
    many: bool = False
    finite: bool = True
    """Whether NaN and infinities are refused."""
    nullable: bool = False
    unit: str | None = None
    question_it: str | None = None
    question_en: str | None = None
    flags: tuple[str, ...] = ()
    bare: str | None = None
    """The choice that the option alone, without a value, stands for."""
    off: str | None = None
    """The choice that ``--no-`` before the option stands for."""
    limits: Mapping[str, float] = field(default_factory=dict)

    @property
    def required(self) -> bool:
        """Whether the user must give it."""
        return self.default is NO_DEFAULT

    @property
    def choices(self) -> tuple[str, ...] | None:
        """The valid words of a choice, or None."""
        if typing.get_origin(self.type) is Literal:
            return tuple(str(a) for a in typing.get_args(self.type))
        return None

    @property
    def is_list(self) -> bool:
        """Whether several values may be given."""
        return typing.get_origin(self.type) in (list, tuple)


def fields(request: type[msgspec.Struct]) -> list[Field]:
    """Return the fields of a request in the order of their declaration."""
    hints = typing.get_type_hints(request, include_extras=True)
    return [_field(info, hints[info.name]) for info in msgspec.structs.fields(request)]


def _field(info: msgspec.structs.FieldInfo, hint: Any) -> Field:
    meta, bare, nullable = _unwrap(hint)
    default = info.default_factory() if info.default_factory is not msgspec.NODEFAULT else info.default
    extra = dict(meta.extra or {})
    names = ("gt", "ge", "lt", "le", "min_length", "max_length")
    limits = {n: getattr(meta, n) for n in names if getattr(meta, n) is not None}
    return Field(
        name=info.name,
        type=bare,
        help=meta.description or "",
        default=default,
        nullable=nullable,
        limits=limits,
        **extra,
    )


def _unwrap(hint: Any) -> tuple[msgspec.Meta, Any, bool]:
    """Take description, bare type and "may be None" out of a hint.

    Both ``Annotated[T | None, option(...)]`` and ``Annotated[T, option(..., gt=0)] | None`` are understood;
    msgspec accepts limits in the second form only.
    """
    if typing.get_origin(hint) is Annotated:
        bare, nullable = _without_none(typing.get_args(hint)[0])
        meta = next((m for m in hint.__metadata__ if isinstance(m, msgspec.Meta)), msgspec.Meta())
        return meta, bare, nullable
    bare, nullable = _without_none(hint)
    if typing.get_origin(bare) is Annotated:
        meta, inner, _ = _unwrap(bare)
        return meta, inner, nullable
    return msgspec.Meta(), bare, nullable


def _without_none(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        kept = [a for a in typing.get_args(hint) if a is not type(None)]
        if len(kept) < len(typing.get_args(hint)):
            return (kept[0] if len(kept) == 1 else typing.Union[tuple(kept)], True)  # noqa: UP007 - built at run time
    return hint, False


R = TypeVar("R", bound=Request)
A = TypeVar("A", bound=Answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process(typing.Generic[R]):
    """How a verb is offered to run on a server; fields that are paths are never offered there."""

    title_it: str
    title_en: str
    right: str
    """The dotted verb of `contado.kernel.records.roles` that whoever runs it must be allowed."""
    right_of: Callable[[R], str] | None = None
    """The right that one request needs, where requests of this verb differ."""
    withheld: tuple[str, ...] = ()
    """Fields that are not offered beside those that are paths."""
    quick: bool = False
    """Whether it ends in a second or two, so that a client may wait for it."""

    def needed(self, request: R) -> str:
        """Return the right that a request needs."""
        return self.right if self.right_of is None else self.right_of(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb(typing.Generic[R, A]):
    """A verb: its name as typed, one line of help, request, answer and the function between them.

    ``extra`` names the optional extra it needs and ``needs`` the packages of it that it imports.
    """

    name: str
    help: str
    request: type[R]
    answer: type[A]
    run: Callable[[R, Context], A]
    extra: str | None = None
    needs: tuple[str, ...] = ()
    workspace: bool = False
    """Whether it works on a workspace (and so takes -w)."""
    best_so_far: bool = False
    """Whether Ctrl-C once ends it with the best found so far (exit 3) instead of with nothing (exit 130)."""
    right: str | None = None
    """The dotted verb of `contado.kernel.records.roles` that its caller must be allowed; it takes --as."""
    lines: bool = False
    """Whether ``--json`` prints one object a line instead of exactly one (`pavement watch`)."""
    process: Process[R] | None = None
    """How it runs on a server; None: it does not."""
    examples: tuple[str, ...] = ()
    text: Callable[[A, Literal["it", "en"]], str] | None = None
    """Writes the answer for a person where a plain listing of its keys does not do."""

    def __call__(self, request: R, context: Context | None = None) -> A:
        """Check that the extra is there, and that the account may, then run.

        Raises
        ------
        ExtraMissing
            See `require`.
        ScopeError, RecordNotFound
            The account may not do this, or does not exist.
        """
        require(self.name, self.extra, self.needs)
        context = dataclasses.replace(context or Context(), right=self.needed(request))
        if context.account is not None and context.right is not None:
            with context.records():
                pass
        before = _acting.set(Acting(verb=self.name, account=context.account))
        try:
            return self.run(request, context)
        finally:
            _acting.reset(before)

    def needed(self, request: R) -> str | None:
        """Return the right that a request needs, None where the verb declares none."""
        return self.process.needed(request) if self.right is None and self.process else self.right


def require(verb: str, extra: str | None, packages: Sequence[str]) -> None:
    """Raise `ExtraMissing` when one of ``packages`` cannot be imported.

    Raises
    ------
    ExtraMissing
        Names the package and the extra that brings it.
    """
    for package in packages:
        if extra is not None and importlib.util.find_spec(package) is None:
            raise ExtraMissing.from_extra(verb, extra, package)


def convert(request: type[R], values: Mapping[str, Any]) -> R:
    """Build a request from plain values (of a command line, form or JSON body).

    Raises
    ------
    UsageError
        Names the field, the bad value and what is valid.
    """
    known = [f.name for f in fields(request)]
    for name in values:
        if name not in known:
            raise UsageError(
                f"Unknown field {name!r}.", rule="unknown_field", hint=did_you_mean(name, known), field=name
            )
    try:
        found = msgspec.convert(dict(values), request, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise _bad_value(str(error), request, values) from None
    for spec in fields(request):
        if spec.finite and spec.name in values and not _is_finite(getattr(found, spec.name)):
            told = f"{spec.name}: {values[spec.name]!r} is not valid: Expected a finite number."
            raise UsageError(told, rule="bad_value", hint=spec.help, field=spec.name)
    return found


def _is_finite(value: Any) -> bool:
    """Tell a number without end, or a list that holds one, from everything else."""
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def _bad_value(text: str, request: type[R], values: Mapping[str, Any]) -> UsageError:
    """Turn msgspec's message into one that quotes the value and says what is valid."""
    message, _, place = text.partition(" - at ")
    name = place.strip("`$.").split("[")[0] or text.rpartition("`")[0].rpartition("`")[2]
    known = {f.name: f for f in fields(request)}
    if name not in known:
        return UsageError(f"{message}.", rule="bad_value", hint="see --help")
    spec = known[name]
    if name not in values:
        return UsageError(f"{name} is missing.", rule="missing_value", hint=spec.help, field=name)
    if spec.choices:
        rule, hint = "unknown_choice", did_you_mean(str(values[name]), spec.choices)
        hint = hint if hint.startswith("valid") else f"{hint} valid: {', '.join(spec.choices)}"
        message = f"{message}; valid: {', '.join(spec.choices)}"
    else:
        rule, hint = "bad_value", spec.help + (_DAY if spec.type is date else "")
    return UsageError(f"{name}: {values[name]!r} is not valid: {message}.", rule=rule, hint=hint, field=name)


def _decode(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    raise NotImplementedError(kind)


def answer_json(answer: Answer) -> bytes:
    """Return the one JSON object of an answer; what is not a number is null."""
    return msgspec.json.encode(
        answer, enc_hook=lambda value: str(value) if isinstance(value, Path) else value.tolist()
    )


def json_schema(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the JSON schema of a request or an answer."""

    def hook(kind: type) -> dict[str, Any]:
        return {"type": "string", "format": "path"} if kind is Path else {}

    return msgspec.json.schema(struct, schema_hook=hook)
