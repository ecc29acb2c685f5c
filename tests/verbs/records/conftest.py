"""A workspace of the shipped territory, made once, and the command line on a copy of it."""

from __future__ import annotations

import json
import shutil

import pytest

from contado.cli.app import run as main
from contado.kernel import records
from contado.kernel.territory import boundaries, unit_tables
from contado.kernel.workspace import Workspace


@pytest.fixture(scope="session")
def territory(tmp_path_factory):
    workspace = Workspace.create(tmp_path_factory.mktemp("territory") / "city")
    with workspace.commit() as commit:
        unit_tables.write(commit, boundaries.shipped())
    records.prepare(workspace)
    return workspace.path


@pytest.fixture
def city(territory, tmp_path):
    return shutil.copytree(territory, tmp_path / "city")


@pytest.fixture
def run(capsys, city):
    """Run a verb on the workspace; return exit code and answer."""

    def call(*words, workspace=True):
        code = main([*map(str, words), *(["-w", str(city)] if workspace else []), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call
