"""A street with simulated drives, and workspaces that know the street but no drive yet."""

from __future__ import annotations

import time
import urllib.request
from typing import TYPE_CHECKING, Any

import msgspec

from contado.kernel.declare import Context, convert
from contado.kernel.workspace import Workspace
from contado.verbs import load as verb_of

if TYPE_CHECKING:
    from pathlib import Path

TABLES = ("drive", "vehicle", "mounting", "cell_obs", "anomaly_obs", "anomaly", "cell_state", "fix")
"""What drives leave in a workspace, without its prefix."""
KEY = "0123456789abcdef0123456789abcdef"


def drives_on_a_street(folder: Path, passes: int = 2) -> Path:
    """Simulate drives of one car over 900 m."""
    from contado.engines.pavement import simulate

    simulate.drives(folder, seed=3, length_m=900, vehicles=1, passes=passes)
    return folder


def street(path: Path, drives: Path, **pavement: Any) -> Workspace:
    """Return a workspace of the street: always the same key, positions kept for long, further settings."""
    from contado.engines.pavement.ingest import roads

    workspace = Workspace.create(path)
    settings = workspace.settings
    chosen = {"retention_d": 36_500.0} | pavement
    settings = msgspec.structs.replace(
        settings,
        workspace=msgspec.structs.replace(settings.workspace, key=KEY),
        pavement=msgspec.structs.replace(settings.pavement, **chosen),
    )
    with workspace.commit() as commit:
        commit.settings(settings)
    roads.load_network(workspace, drives / "network.geojson")
    roads.load_sections(workspace, drives / "truth_route.csv", None)
    return workspace


def ask(name: str, workspace: Workspace, **values: Any) -> Any:
    """Run a verb on a workspace."""
    verb = verb_of(name)
    return verb(convert(verb.request, values), Context(workspace=workspace.path))


def tables_of(workspace: Workspace) -> dict[str, Any]:
    """Return what drives left in a workspace."""
    fresh = Workspace.open(workspace.path)
    return {name: fresh.read(f"pavement_{name}") for name in TABLES}


def readiness(address: str) -> str:
    """Return how ready the live engine of a server is."""
    with urllib.request.urlopen(f"{address}/healthz", timeout=60) as got:
        return str(msgspec.json.decode(got.read())["live"])


def warm(address: str, within_s: float = 480.0) -> None:
    """Wait until a server works messages off at once."""
    end = time.monotonic() + within_s
    while readiness(address) != "warm":
        assert time.monotonic() < end, "the live engine did not get ready"
        time.sleep(0.2)


def replaced(workspace: Workspace, drives: int = 1, within_s: float = 240.0) -> None:
    """Wait until the batch run has replaced so many live drives."""
    end = time.monotonic() + within_s
    while len(list(workspace.path.glob("live/*/done"))) < drives:
        assert time.monotonic() < end, "no batch run came"
        time.sleep(0.1)
