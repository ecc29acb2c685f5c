"""A workspace with roads of two municipalities, its records in SQLite and in PostgreSQL."""

from __future__ import annotations

import pytest

from invented.inspections import LEGNANO, add_sections, section
from invented.stores import prepared, prepared_database, stores  # noqa: F401 - fixtures


@pytest.fixture(scope="module")
def made(tmp_path_factory, stores):  # noqa: F811 - the fixture
    """Makes workspaces with three roads of two municipalities."""

    def make():
        workspace = stores.make(tmp_path_factory.mktemp("roads") / "w")
        add_sections(
            workspace,
            [
                section("A", 9.17, 45.46),
                section("B", 9.18, 45.46),
                section("L", 8.91, 45.59, municipality=LEGNANO),
            ],
        )
        return workspace

    return make


@pytest.fixture
def copied(tmp_path, stores):  # noqa: F811 - the fixture
    """Copies a workspace with its records, so that each test may change its own."""

    def copy(workspace):
        return stores.copy(workspace, tmp_path / "copy")

    return copy


@pytest.fixture
def workspace(made):
    return made()
