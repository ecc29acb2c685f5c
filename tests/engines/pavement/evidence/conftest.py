"""A workspace with two roads."""

from __future__ import annotations

import pytest

from contado.kernel.workspace import Workspace
from invented.inspections import LEGNANO, add_sections, section


@pytest.fixture
def workspace(tmp_path):
    workspace = Workspace.create(tmp_path / "w")
    add_sections(
        workspace,
        [
            section("A", 9.17, 45.46),
            section("B", 9.18, 45.46),
            section("L", 8.91, 45.59, municipality=LEGNANO),
        ],
    )
    return workspace
