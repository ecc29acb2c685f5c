"""Workspaces whose records stand in SQLite or in PostgreSQL: made, copied, and named to the environment."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from contado.kernel import records
from contado.kernel.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URL = "CONTADO_DATABASE_URL"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> Path:
    """A workspace with empty records in SQLite, made once and copied."""
    workspace = Workspace.create(tmp_path_factory.mktemp("prepared") / "city")
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv(URL, raising=False)
        records.prepare(workspace)
    return workspace.path


@pytest.fixture(scope="session")
def prepared_database(postgres, prepared) -> str:
    """A database of PostgreSQL with empty records, made once and copied or emptied."""
    url = postgres.database()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(URL, url)
        records.prepare(Workspace.open(prepared))
    return url


class Stores:
    """Makes workspaces on one kind of store; the one that was made or entered last is the environment's."""

    def __init__(self, prepared: Path, postgres=None, database: str = "") -> None:
        self._prepared = prepared
        self._postgres = postgres
        self._database = database
        self._urls: dict[Path, str] = {}

    def make(self, path: Path) -> Workspace:
        """Return a new workspace with empty records, and a key of its own."""
        workspace = Workspace.create(path)
        if self._postgres is None:
            shutil.copy(self._prepared / "records.sqlite", path)
        return self._entered(workspace, self._database)

    def copy(self, workspace: Workspace, path: Path) -> Workspace:
        """Return a copy of a workspace with a copy of its records."""
        shutil.copytree(workspace.path, path)
        return self._entered(Workspace(path), self._urls.get(workspace.path, ""))

    def enter(self, workspace: Workspace) -> Workspace:
        """Let the environment name the records of a workspace."""
        if self._postgres is not None:
            os.environ[URL] = self._urls[workspace.path]
        return workspace

    def _entered(self, workspace: Workspace, database: str) -> Workspace:
        if self._postgres is not None:
            self._urls[workspace.path] = self._postgres.copy(database)
        return self.enter(workspace)

    def drop(self) -> None:
        """Drop the databases that were made."""
        for url in self._urls.values():
            self._postgres.drop(url)


@contextmanager
def stores_of(request) -> Iterator[Stores]:
    """Yield the stores of ``request.param``: sqlite or postgres."""
    postgres = request.getfixturevalue("postgres") if request.param == "postgres" else None
    database = request.getfixturevalue("prepared_database") if postgres else ""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv(URL, raising=False)
        stores = Stores(request.getfixturevalue("prepared"), postgres, database)
        yield stores
        os.environ.pop(URL, None)
        stores.drop()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def stores(request):
    """Workspaces on each of the two stores."""
    with stores_of(request) as found:
        yield found


@pytest.fixture(params=["sqlite", "postgres"])
def each_store(request, monkeypatch) -> Iterator[str]:
    """Let the workspaces of one test keep their records in their folder, then in a database of PostgreSQL."""
    monkeypatch.delenv(URL, raising=False)
    if request.param == "sqlite":
        yield request.param
        return
    postgres = request.getfixturevalue("postgres")
    url = postgres.copy(request.getfixturevalue("prepared_database"))
    monkeypatch.setenv(URL, url)
    yield request.param
    postgres.drop(url)
