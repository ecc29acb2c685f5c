"""Known fixtures of the roads of a workspace: declared or from the map, and where its sections pass them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.engines.pavement.anomalies.fixtures import Fixture, located, read_fixtures
from contado.engines.pavement.ingest.roads import source_of
from contado.engines.pavement.measuring import onroute
from contado.kernel import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from contado.engines.pavement.anomalies.fixtures import Located
    from contado.engines.pavement.ingest.rehearsal import Rehearsal
    from contado.kernel.territory import Network, Route
    from contado.kernel.workspace import Commit, Workspace, WorkspaceView

__all__ = ["load_fixtures", "on_sections", "put_fixtures"]

FIXTURE_SOURCE = "pavement_fixtures"


def load_fixtures(workspace: Workspace, file: Path) -> int:
    """Write table ``pavement_fixture`` anew from an OpenStreetMap extract or a table; return its rows.

    Raises
    ------
    DataError
        As `read_fixtures`.
    """
    known = read_fixtures(file)
    with workspace.commit() as commit:
        put_fixtures(commit, known, file)
    return len(known)


def put_fixtures(commit: Commit | Rehearsal, known: Sequence[Fixture], file: Path) -> None:
    """Write table ``pavement_fixture`` anew with the fixtures of a file."""
    rows = [
        {
            "fixture_id": f.fixture_id,
            "kind": f.kind,
            "lon": f.lon,
            "lat": f.lat,
            "name": f.name,
            "source_id": FIXTURE_SOURCE,
        }
        for f in known
    ]
    commit.table("pavement_fixture", tables.from_rows("pavement_fixture", rows))
    source = source_of(FIXTURE_SOURCE, "Known fixtures of the roads", file)
    commit.table("source", source, practice=FIXTURE_SOURCE)


def on_sections(
    workspace: WorkspaceView, network: Network, routes: Mapping[str, Route], sections: Iterable[str]
) -> dict[str, Sequence[Located]]:
    """Return where each of ``sections`` passes the fixtures of table ``pavement_fixture``."""
    rows = workspace.read("pavement_fixture").drop_columns(["source_id"]).to_pylist()
    known = [Fixture(**row) for row in rows]
    if not known:
        return {}
    return {s: located(known, onroute.frame_of(network, routes[s])) for s in sorted(sections) if s in routes}
