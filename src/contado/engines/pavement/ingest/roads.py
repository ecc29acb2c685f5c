"""The street network, the sections and the works of a workspace, brought in from files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.engines.pavement.ingest import sections
from contado.kernel import tables
from contado.kernel.provenance import sha256_of_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pyarrow as pa

    from contado.kernel.errors import Finding
    from contado.kernel.labels import Label
    from contado.kernel.territory import Network
    from contado.kernel.workspace import Workspace

__all__ = [
    "LAYER",
    "NETWORK_SOURCE",
    "SECTIONS_SOURCE",
    "load_network",
    "load_sections",
    "load_survey",
    "load_works",
    "source_of",
]

NETWORK_SOURCE = "street_network"
SECTIONS_SOURCE = "road_sections"
WORKS_SOURCE = "road_works"
SURVEY_SOURCE = "road_survey"
LAYER = "road_links"
"""Layer of the streets, each piece once."""


def load_network(workspace: Workspace, file: Path, *, profile: str = "drive") -> int:
    """Write table ``road_link`` and its layer from a network file; return the number of directed links."""
    from contado.kernel.territory import Network

    network = Network.from_file(file, profile, workspace.settings.territory.epsg)
    links = network.links(source=file.name, source_id=NETWORK_SOURCE)
    with workspace.commit() as commit:
        commit.table("road_link", links)
        commit.table("source", source_of(NETWORK_SOURCE, "Street network", file), practice=NETWORK_SOURCE)
        commit.layer(
            LAYER,
            _streets(network, links),
            crs="EPSG:4326",
            title_it="Rete stradale",
            title_en="Street network",
            source_id=NETWORK_SOURCE,
            label=_label(file),
        )
    return int(links.num_rows)


def _label(file: Path) -> Label:
    """Return ``simulated`` for a network that says so of itself (GeoJSON member ``label``), else measured."""
    import json

    if file.suffix != ".geojson":
        return "measured"
    said = json.loads(file.read_text(encoding="utf-8-sig")).get("label")
    return "simulated" if said == "simulated" else "measured"


def _label_of_sections(workspace: Workspace) -> Label | None:
    """Return ``simulated`` where the streets are; else nothing is known of how the facts were born."""
    streets = (info.label for info in workspace.layers() if info.id == LAYER)
    return "simulated" if "simulated" in streets else None


def _streets(network: Network, links: pa.Table) -> pa.Table:
    """Return every piece once, in the direction it was drawn."""
    import pyarrow as pa

    first = pa.array(network.first_of_piece)
    names = ["link_id", "way_id", "highway", "name", "length_m", "maxspeed_kmh", "geometry"]
    return links.select(names).take(first)


def load_sections(workspace: Workspace, routes: Path | None, facts: Path | None) -> tuple[int, list[Finding]]:
    """Write table ``pavement_lrs_section``; without ``routes`` the ways of the network are the sections.

    Sections of a simulated network are simulated.
    """
    from contado.kernel.territory import Network

    network = Network.from_links(workspace.read("road_link"), epsg=workspace.settings.territory.epsg)
    locate, label = _locate(workspace), _label_of_sections(workspace)
    if routes is None:
        table = sections.of_ways(network, locate=locate, source_id=NETWORK_SOURCE, label=label)
        findings: list[Finding] = []
    else:
        table, findings = sections.from_files(
            network, routes, facts, locate=locate, source_id=SECTIONS_SOURCE, label=label
        )
    with workspace.commit() as commit:
        commit.table("pavement_lrs_section", table)
        if routes is not None:
            commit.table(
                "source", source_of(SECTIONS_SOURCE, "Road sections", routes), practice=SECTIONS_SOURCE
            )
    return table.num_rows, findings


def load_works(workspace: Workspace, file: Path) -> tuple[int, list[Finding]]:
    """Write table ``pavement_works`` (section_id, from_m, to_m, date[, treatment, cost_eur]).

    Raises
    ------
    UsageError
        A treatment that is not in the workspace's catalogue (`unknown_choice`), with its line.
    """
    from contado.engines.pavement import treatments

    read = tables.read(file, declared="pavement_works")
    rows = treatments.coded(
        _from(read.table, WORKS_SOURCE),
        treatments.of_workspace(workspace.read("pavement_treatment")),
        name=file.name,
        lines=read.lines,
        otherwise="leave the cell empty, or bring the body's own codes into table pavement_treatment",
    )
    with workspace.commit() as commit:
        commit.table("pavement_works", rows)
        commit.table("source", source_of(WORKS_SOURCE, "Road works", file), practice=WORKS_SOURCE)
    return int(rows.num_rows), list(read.findings)


def load_survey(workspace: Workspace, file: Path) -> tuple[int, list[Finding]]:
    """Add to table ``pavement_survey`` (section_id, from_m, to_m, iri_m_km[, date, run, instrument, sd_log, role, label]).

    What an earlier file told of a section on the same day is replaced whole; other days stay. What meta.json beside
    the file calls simulated is simulated.

    Raises
    ------
    DataError
        An IRI is not positive (`iri_not_positive`), with its line.
    UsageError
        A role that does not exist (`unknown_choice`), with its line.
    """
    import numpy as np
    import pyarrow as pa

    from contado.engines.pavement import columns
    from contado.engines.pavement.campaigns import ROLES
    from contado.engines.pavement.profile_file import label_beside

    read = tables.read(file, declared="pavement_survey")
    columns.require(read.table, ["section_id", "from_m", "to_m", "iri_m_km"], file.name)
    iri = columns.numbers(read.table, "iri_m_km", file.name, lines=read.lines)
    bad = np.flatnonzero(~(iri > 0))
    columns.refuse(bad, read.table, "iri_m_km", file.name, "iri_not_positive", "IRI is above 0", read.lines)
    if "role" in read.table.column_names:
        columns.choices(read.table, "role", file.name, ROLES, lines=read.lines, meaning=_role)
    rows = tables.conform("pavement_survey", _from(read.table, SURVEY_SOURCE))
    if label_beside(file) == "simulated":
        said = pa.array(["simulated"] * rows.num_rows)
        rows = rows.set_column(rows.column_names.index("label"), "label", said)
    with workspace.commit(lock=["tables/pavement_survey"]) as commit:
        kept = _other_days(workspace.read("pavement_survey"), rows)
        commit.table("pavement_survey", pa.concat_tables([kept, rows], promote_options="permissive"))
        commit.table("source", source_of(SURVEY_SOURCE, "Profilometer survey", file), practice=SURVEY_SOURCE)
    return int(rows.num_rows), list(read.findings)


def _role(word: str) -> str:
    """Return a role as it is written; an empty cell calibrates."""
    return "calibration" if word.strip() in {"", "None"} else word.strip()


def _other_days(old: pa.Table, new: pa.Table) -> pa.Table:
    """Return the rows of sections and days that the new ones do not tell of."""
    import pyarrow as pa

    def days(table: pa.Table) -> list[tuple[Any, Any]]:
        return list(zip(table["section_id"].to_pylist(), table["date"].to_pylist(), strict=True))

    told = set(days(new))
    return old.filter(pa.array([day not in told for day in days(old)], pa.bool_()))


def _from(table: pa.Table, source_id: str) -> pa.Table:
    """Return the rows with the file as their source, whatever the file called its own."""
    import pyarrow as pa

    kept = table.drop_columns([c for c in ("source_id",) if c in table.column_names])
    return kept.append_column("source_id", pa.array([source_id] * table.num_rows, pa.string()))


def _locate(workspace: Workspace) -> Callable[[float, float], str | None] | None:
    """Return what gives the municipality of a point; None where the workspace has no municipalities."""
    from contado.kernel.territory import boundaries
    from contado.kernel.territory.locate import Locator

    if workspace.read("territory_unit").num_rows == 0:
        return None
    locator = Locator(boundaries.from_workspace(workspace))

    def locate(lon: float, lat: float) -> str | None:
        found: str | None = locator.istat([lon], [lat])[0].as_py()
        return found

    return locate


def source_of(source_id: str, title: str, file: Path) -> pa.Table:
    """Return the row of table ``source`` of a file that was brought in."""
    row = {"source_id": source_id, "title": f"{title} ({file.name})", "sha256": sha256_of_file(file)}
    return tables.from_rows("source", [row])
