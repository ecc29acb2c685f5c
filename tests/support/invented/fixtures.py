"""Fixtures of the invented city: its workspace, its pages, its server, a browser where there is one."""

from __future__ import annotations

import urllib.parse
from pathlib import Path

import pytest

from contado.kernel import tables
from invented.axe import axe_source
from invented.city import make_workspace
from invented.pages import PAGES
from invented.server import serve_in_thread


@pytest.fixture(scope="session")
def workspace(tmp_path_factory) -> Path:
    """A workspace with roads and a programme."""
    return make_workspace(tmp_path_factory.mktemp("web") / "city")


@pytest.fixture(scope="session")
def bare_workspace(tmp_path_factory) -> Path:
    """A workspace with municipalities only."""
    return make_workspace(tmp_path_factory.mktemp("web") / "bare", roads=False)


@pytest.fixture(scope="session")
def client(workspace):
    from starlette.testclient import TestClient

    from contado.web.app import create

    return TestClient(create(workspace), raise_server_exceptions=False)


@pytest.fixture(scope="session")
def bare_client(bare_workspace):
    from starlette.testclient import TestClient

    from contado.web.app import create

    return TestClient(create(bare_workspace), raise_server_exceptions=False)


@pytest.fixture(scope="session")
def served(workspace):
    yield from serve_in_thread(workspace)


@pytest.fixture(scope="session")
def address(served):
    return served[0]


@pytest.fixture(scope="session")
def wire(served):
    return served[1]


@pytest.fixture(scope="session")
def bare_served(bare_workspace):
    yield from serve_in_thread(bare_workspace)


@pytest.fixture(scope="session")
def bare_address(bare_served):
    return bare_served[0]


@pytest.fixture(scope="session")
def browser(chromium):
    """The browser, where the front end is built."""
    if not (Path(tables.__file__).parents[2] / "web/static/vendor/manifest.json").is_file():
        pytest.skip("the front end is not built: install without CONTADO_FRONTEND=skip")
    return chromium


@pytest.fixture(scope="session")
def axe(tmp_path_factory) -> str:
    """The source of axe-core."""
    return axe_source(tmp_path_factory.mktemp("axe"))


@pytest.fixture(scope="module")
def pages(workspace):
    """The pages, with an intervention that exists."""
    from contado.kernel.workspace import Workspace

    table = Workspace.open(workspace).read("intervention")
    first = next(i for i in table.column("id").to_pylist())
    return {
        n: tuple(a.replace("manto_stradale:S001-04:TYPE", first) for a in pair) for n, pair in PAGES.items()
    }


@pytest.fixture
def tab(browser):
    """A fresh tab; what it logs and asks for is kept."""
    contexts = []

    def make(width: int, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.problems, page.foreign = [], []
        page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: page.problems.append(str(e)))
        page.on("request", lambda r: page.foreign.append(r.url) if _foreign(r.url) else None)
        return page

    yield make
    for context in contexts:
        context.close()


def _foreign(url: str) -> bool:
    parts = urllib.parse.urlparse(url)
    return parts.scheme in {"http", "https"} and parts.hostname != "127.0.0.1"
