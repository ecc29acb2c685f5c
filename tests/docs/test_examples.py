"""Examples of the docs are run as they stand: console blocks in order, files written as shown.

In a page's console blocks a line ``$ contado ...`` is run; the lines below it must appear in what is
printed, in order (``...`` stands for anything). A block opened as ```python file=NAME is written to NAME.
Pages run in an empty folder of their own. Doctests of modules run too.
"""

import contextlib
import doctest
import importlib
import io
import pkgutil
import re
import shlex
from pathlib import Path

import pytest

import contado
from contado.cli.app import run

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    "docs/tour.md",
    "docs/administration.md",
    pytest.param("docs/from-a-phone-to-a-programme.md", marks=pytest.mark.slow),
]
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps(page: Path):
    """Yield ("file", name, text) and ("run", command, expected lines) in the order of the page."""
    for language, name, body in BLOCK.findall(page.read_text(encoding="utf-8")):
        if name:
            yield "file", name, body
        elif language == "console":
            for chunk in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                command, *expected = chunk.rstrip().split("\n")
                yield "run", command, expected


def follow(page: Path) -> None:
    for kind, what, more in steps(page):
        if kind == "file":
            Path(what).parent.mkdir(parents=True, exist_ok=True)
            Path(what).write_text(more, encoding="utf-8")
            continue
        words = shlex.split(what)
        assert words[0] == "contado", what
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = run(words[1:])
        assert code == 0, f"{what}\n{printed.getvalue()}"
        position = 0
        for line in more:
            for piece in filter(None, (p.strip() for p in line.split("..."))):
                found = printed.getvalue().find(piece, position)
                assert found >= 0, f"{what}: {piece!r} is not in\n{printed.getvalue()}"
                position = found


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_do_what_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    follow(ROOT / page)


def modules() -> list[str]:
    found = pkgutil.walk_packages(contado.__path__, "contado.")
    scripts = ("__main__", "migrations.env")  # what another program runs, not what anybody imports
    return [m.name for m in found if not m.name.endswith(scripts)]


@pytest.mark.parametrize("name", modules())
def test_doctests(name):
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
