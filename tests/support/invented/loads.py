"""Workspaces of one road, and drives that are brought into them."""

from __future__ import annotations

import shutil
from datetime import date

from contado.engines.pavement.ingest import load, roads
from contado.kernel.workspace import Workspace

ON = date(2026, 4, 1)


def built(path, drives):
    workspace = Workspace.create(path)
    roads.load_network(workspace, drives / "network.geojson")
    roads.load_sections(workspace, drives / "truth_route.csv", None)
    return workspace


def load_one(workspace, drives, path, name, **known):
    """Load one of the drives alone."""
    part = path / name
    part.mkdir()
    for file in [*drives.glob(f"{name}_*"), drives / "meta.json"]:
        shutil.copy(file, part)
    return load.load(workspace, load.read_folders(part), on=ON, **known)
