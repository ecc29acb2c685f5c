"""``--strict``: every verb that tells findings hands them to `Context.accept`, which refuses all but notes."""

from __future__ import annotations

import ast
import functools
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from contado import verbs
from contado.kernel.declare import Context
from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTE = Finding(severity="note", rule="a", message="a.", hint="h")
WARNING = Finding(severity="warning", rule="b", message="b.", table="t", row=2, hint="look")

OWN_WAY = {
    "tables check": "a check prints its whole answer: its findings are the refusals, exit 2",
    "frontend check": "a check prints its whole answer: exit 3 where a file is not as it was",
    "bench": "a check prints its whole answer: exit 3 where a ratio fell",
    "records retention": "its findings are notes of what it deleted",
}
"""Verbs that tell findings and refuse none of them under ``--strict``, and why."""


class Function(NamedTuple):
    """A function of a verb's module; the class whose methods are called stands for all of them."""

    module: str
    node: ast.AST


@functools.cache
def parsed(module: str) -> tuple[dict[str, ast.AST], dict[str, tuple[str, str | None]]]:
    """Return the functions and classes of a module, and what it imports from other verbs by the name it uses."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    tree = ast.parse(Path(str(spec.origin)).read_text(encoding="utf-8"))
    own = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    imported: dict[str, tuple[str, str | None]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("contado.verbs"):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = importlib.util.find_spec(inner) if _is_package(node.module) else None
                imported[alias.asname or alias.name] = (
                    (inner, None) if is_module else (str(node.module), alias.name)
                )
    return own, imported


def _is_package(module: str | None) -> bool:
    spec = importlib.util.find_spec(str(module))
    return spec is not None and spec.submodule_search_locations is not None


def called(function: Function) -> Iterator[Function]:
    """Yield the functions of verbs that a function names."""
    own, imported = parsed(function.module)
    for node in ast.walk(function.node):
        if isinstance(node, ast.Name) and node.id in own:
            yield Function(function.module, own[node.id])
        elif isinstance(node, ast.Name) and (place := imported.get(node.id)) and place[1] is not None:
            if (found := parsed(place[0])[0].get(place[1])) is not None:
                yield Function(place[0], found)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            place = imported.get(node.value.id)
            if place and place[1] is None and (found := parsed(place[0])[0].get(node.attr)) is not None:
                yield Function(place[0], found)


def reached(name: str) -> list[ast.AST]:
    """Return the syntax of every function that running a verb may reach."""
    run = verbs.load(name).run
    seen: dict[int, ast.AST] = {}
    waiting = [Function(run.__module__, parsed(run.__module__)[0][run.__name__])]
    while waiting:
        function = waiting.pop()
        if id(function.node) not in seen:
            seen[id(function.node)] = function.node
            waiting += called(function)
    return list(seen.values())


def tells_findings(nodes: list[ast.AST]) -> bool:
    """Whether an answer is given findings: by a keyword, or by an assignment to its attribute."""
    inside = [n for node in nodes for n in ast.walk(node)]
    given = any(isinstance(n, ast.keyword) and n.arg == "findings" for n in inside)
    stored = [n for n in inside if isinstance(n, ast.Attribute) and n.attr == "findings"]
    return given or any(isinstance(n.ctx, ast.Store) for n in stored)


def accepts(nodes: list[ast.AST]) -> bool:
    inside = [n for node in nodes for n in ast.walk(node)]
    return any(isinstance(n, ast.Attribute) and n.attr == "accept" for n in inside)


@pytest.mark.parametrize("name", list(verbs.names()))
def test_a_verb_that_tells_findings_asks_whether_they_are_accepted(name):
    nodes = reached(name)
    if name in OWN_WAY:
        assert tells_findings(nodes)
        assert not accepts(nodes), f"{name} is no exception any more"
    elif tells_findings(nodes):
        assert accepts(nodes), f"{name} tells findings that --strict does not refuse"


def test_no_verb_refuses_in_a_way_of_its_own():
    folder = Path(str(verbs.__file__)).parent
    words = {p: p.read_text(encoding="utf-8") for p in folder.rglob("*.py")}
    private = {p.relative_to(folder).as_posix() for p, text in words.items() if "made_strict" in text}
    assert private == {"tables/check.py"}


def test_notes_are_accepted_and_all_is_without_strict():
    assert Context().accept([NOTE, WARNING]) == [NOTE, WARNING]
    assert Context(strict=True).accept(iter([NOTE])) == [NOTE]


@pytest.mark.parametrize(
    "found",
    [
        WARNING,
        Finding(severity="error", rule="b", message="b.", table="t", row=2, hint="look"),
        Finding(
            severity="error", rule="b", message="b.", table="t", row=2, action="row_set_aside", hint="look"
        ),
    ],
)
def test_all_else_is_refused_with_rule_message_and_hint(found):
    with pytest.raises(DataError) as caught:
        Context(strict=True).accept([NOTE, found])
    told = caught.value
    assert (told.rule, told.message, told.hint, told.rows, told.field) == ("b", "b.", "look", (2,), "t")
    assert told.exit_code == 2
