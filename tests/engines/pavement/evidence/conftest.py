"""A workspace with two roads."""

from __future__ import annotations

import shutil

import pytest

from contado.kernel.workspace import Workspace
from invented.inspections import LEGNANO, add_sections, section


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Makes workspaces with three roads of two municipalities."""

    def make():
        workspace = Workspace.create(tmp_path_factory.mktemp("roads") / "w")
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
def copied(tmp_path):
    """Copies a workspace, so that each test may change its own."""

    def copy(workspace):
        shutil.copytree(workspace.path, tmp_path / "copy")
        return Workspace.open(tmp_path / "copy")

    return copy


@pytest.fixture
def workspace(made):
    return made()
