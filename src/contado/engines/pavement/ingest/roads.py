"""The street network, the sections and the works of a workspace, brought in from files."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from contado.engines.pavement import columns
from contado.engines.pavement.ingest import sections
from contado.engines.pavement.maintenance import treatments
from contado.engines.pavement.state import works_file
from contado.kernel import tables
from contado.kernel.errors import Finding
from contado.kernel.provenance import sha256_of_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from contado.engines.pavement.ingest.rehearsal import Rehearsal
    from contado.engines.pavement.state.works_file import Works
    from contado.kernel.labels import Label
    from contado.kernel.territory import Network
    from contado.kernel.workspace import Commit, Workspace, WorkspaceView

    Writing = Commit | Rehearsal

__all__ = [
    "LAYER",
    "NETWORK_SOURCE",
    "SECTIONS_SOURCE",
    "SURVEY_LOCK",
    "WORKS_LOCK",
    "Sections",
    "Streets",
    "Surveyed",
    "load_network",
    "load_sections",
    "load_survey",
    "load_works",
    "put_works",
    "read_network",
    "read_sections",
    "read_survey",
    "read_works",
    "source_of",
    "unplaced",
]

NETWORK_SOURCE = "street_network"
SECTIONS_SOURCE = "road_sections"
WORKS_SOURCE = "road_works"
SURVEY_SOURCE = "road_survey"
WORKS_LOCK: Final = "tables/pavement_works"
SURVEY_LOCK: Final = "tables/pavement_survey"
LAYER = "road_links"
"""Layer of the streets, each piece once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Streets:
    """A street network as a file tells it: rows of table ``road_link``, and its layer."""

    file: Path
    links: pa.Table
    pieces: pa.Table
    label: Label

    def put(self, commit: Writing) -> None:
        """Write table and layer."""
        commit.table("road_link", self.links)
        commit.table(
            "source", source_of(NETWORK_SOURCE, "Street network", self.file), practice=NETWORK_SOURCE
        )
        commit.layer(
            LAYER,
            self.pieces,
            crs="EPSG:4326",
            title_it="Rete stradale",
            title_en="Street network",
            source_id=NETWORK_SOURCE,
            label=self.label,
        )


def read_network(workspace: WorkspaceView, file: Path, *, profile: str = "drive") -> Streets:
    """Read a network file; nothing is written (errors of `contado.kernel.territory.Network.from_file`)."""
    from contado.kernel.territory import Network

    network = Network.from_file(file, profile, workspace.settings.territory.epsg)
    links = network.links(source=file.name, source_id=NETWORK_SOURCE)
    return Streets(
        file=file,
        links=tables.sort("road_link", tables.conform("road_link", links)),
        pieces=_streets(network, links),
        label=_label(file),
    )


def load_network(workspace: Workspace, file: Path, *, profile: str = "drive") -> int:
    """Write table ``road_link`` and its layer from a network file; return the number of directed links."""
    streets = read_network(workspace, file, profile=profile)
    with workspace.commit() as commit:
        streets.put(commit)
    return int(streets.links.num_rows)


def _label(file: Path) -> Label:
    """Return ``simulated`` for a network that says so of itself (GeoJSON member ``label``), else measured."""
    import json

    if file.suffix != ".geojson":
        return "measured"
    said = json.loads(file.read_text(encoding="utf-8-sig")).get("label")
    return "simulated" if said == "simulated" else "measured"


def _label_of_sections(workspace: WorkspaceView, streets: Streets | None) -> Label | None:
    """Return ``simulated`` where the streets are; else nothing is known of how the facts were born."""
    known = (
        {info.label for info in workspace.layers() if info.id == LAYER}
        if streets is None
        else {streets.label}
    )
    return "simulated" if "simulated" in known else None


def _streets(network: Network, links: pa.Table) -> pa.Table:
    """Return every piece once, in the direction it was drawn."""
    import pyarrow as pa

    first = pa.array(network.first_of_piece)
    names = ["link_id", "way_id", "highway", "name", "length_m", "maxspeed_kmh", "geometry"]
    return links.select(names).take(first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """Rows of table ``pavement_lrs_section``, the file of their edges, and what was noticed."""

    rows: pa.Table
    routes: Path | None
    findings: tuple[Finding, ...]

    def put(self, commit: Writing) -> None:
        """Write the table."""
        commit.table("pavement_lrs_section", self.rows)
        if self.routes is not None:
            source = source_of(SECTIONS_SOURCE, "Road sections", self.routes)
            commit.table("source", source, practice=SECTIONS_SOURCE)


def read_sections(
    workspace: WorkspaceView, routes: Path | None, facts: Path | None, streets: Streets | None = None
) -> Sections:
    """Read sections; without ``routes`` the ways of the network are the sections. Nothing is written.

    Sections of a simulated network are simulated.

    Parameters
    ----------
    streets
        Network that the workspace is to have; by default the one that it has.

    Raises
    ------
    DataError
        As `contado.engines.pavement.ingest.sections.from_files`.
    """
    from contado.kernel.territory import Network

    links = workspace.read("road_link") if streets is None else streets.links
    network = Network.from_links(links, epsg=workspace.settings.territory.epsg)
    locate, label = _locate(workspace), _label_of_sections(workspace, streets)
    if routes is None:
        rows = sections.of_ways(network, locate=locate, source_id=NETWORK_SOURCE, label=label)
        return Sections(rows=rows, routes=None, findings=())
    rows, found = sections.from_files(
        network, routes, facts, locate=locate, source_id=SECTIONS_SOURCE, label=label
    )
    return Sections(rows=rows, routes=routes, findings=tuple(found))


def load_sections(workspace: Workspace, routes: Path | None, facts: Path | None) -> tuple[int, list[Finding]]:
    """Write table ``pavement_lrs_section`` as `read_sections` reads it; return its rows and what was noticed."""
    found = read_sections(workspace, routes, facts)
    with workspace.commit() as commit:
        found.put(commit)
    return found.rows.num_rows, list(found.findings)


def read_works(workspace: WorkspaceView, file: Path) -> Works:
    """Read works whose treatments are those of the workspace (errors of `works_file.read`); nothing is written.

    Known works of which the file tells another treatment are named.
    """
    works = works_file.read(
        file,
        treatments.of_workspace(workspace.read("pavement_treatment")),
        otherwise="leave the cell empty, or bring the body's own codes into table pavement_treatment",
        timezone=workspace.settings.territory.timezone,
    )
    return replace(works, findings=(*works.findings, *_told_anew(workspace.read("pavement_works"), works)))


def put_works(commit: Writing, works: Works, file: Path) -> None:
    """Add works to table ``pavement_works``, which the commit has locked: they are history, and stay.

    What begins at one place of a section on one day a newer file tells anew, all of it.
    """
    import pyarrow as pa

    known = commit.workspace.read("pavement_works")
    new = tables.conform("pavement_works", _born(_from(works.rows, WORKS_SOURCE), file))
    told = {_begin(row) for row in new.to_pylist()}
    kept = known.filter(pa.array([_begin(row) not in told for row in known.to_pylist()], pa.bool_()))
    rows = pa.concat_tables([kept, new.select(kept.column_names)], promote_options="permissive")
    commit.table("pavement_works", tables.sort("pavement_works", rows))
    commit.table("source", source_of(WORKS_SOURCE, "Road works", file), practice=WORKS_SOURCE)


def _begin(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return where and when works began."""
    return row["section_id"], row["from_m"], row["date"]


def _told_anew(known: pa.Table, works: Works) -> list[Finding]:
    """Name the known treatments that the file does not tell of works that begin where and when those did."""
    now: dict[tuple[Any, ...], list[str | None]] = defaultdict(list)
    for row in works.rows.to_pylist():
        now[_begin(row)].append(row.get("treatment"))
    lost = [
        row for row in known.to_pylist()
        if row["treatment"] and _begin(row) in now and row["treatment"] not in now[_begin(row)]
    ]  # fmt: skip
    if not lost:
        return []
    named = [f"{row['treatment']} of {row['date']} on {row['section_id']}" for row in lost]
    return [
        Finding(
            severity="warning",
            rule="works_told_anew",
            table="pavement_works",
            row=lost[0]["section_id"],
            message=f"{len(lost)} known works take another treatment from {works.name}: {', '.join(named[:5])}.",
            hint="nothing to do for a correction; else give all works of that place and day in one file",
            action="repaired",
        )
    ]


def load_works(workspace: Workspace, file: Path) -> tuple[int, list[Finding]]:
    """Add works to table ``pavement_works`` (`put_works`); return the rows of the file and what was noticed.

    Raises
    ------
    DataError, UsageError
        As `read_works`.
    """
    works = read_works(workspace, file)
    with workspace.commit(lock=[WORKS_LOCK]) as commit:
        put_works(commit, works, file)
    return int(works.rows.num_rows), list(works.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """Rows of table ``pavement_survey`` as a file tells them, and what was noticed."""

    file: Path
    rows: pa.Table
    findings: tuple[Finding, ...]

    def put(self, commit: Writing) -> None:
        """Add the rows: what the table, which the commit has locked, tells of the same section and day goes."""
        import pyarrow as pa

        kept = _other_days(commit.workspace.read("pavement_survey"), self.rows)
        commit.table("pavement_survey", pa.concat_tables([kept, self.rows], promote_options="permissive"))
        source = source_of(SURVEY_SOURCE, "Profilometer survey", self.file)
        commit.table("source", source, practice=SURVEY_SOURCE)


def load_survey(workspace: Workspace, file: Path) -> tuple[int, list[Finding]]:
    """Add a survey to table ``pavement_survey``; return its rows and what was noticed (errors of `read_survey`)."""
    survey = read_survey(file)
    with workspace.commit(lock=[SURVEY_LOCK]) as commit:
        survey.put(commit)
    return survey.rows.num_rows, list(survey.findings)


def read_survey(file: Path) -> Surveyed:
    """Read surveyed stretches: section_id, from_m, to_m, iri_m_km[, date, run, instrument, sd_log, role, label].

    What meta.json beside the file calls simulated is simulated. Nothing is written.

    Raises
    ------
    DataError
        An IRI is not positive (`iri_not_positive`), with its line.
    UsageError
        A role that does not exist (`unknown_choice`), with its line.
    """
    import numpy as np

    from contado.engines.pavement.measuring.campaigns import ROLES

    read = tables.read(file, declared="pavement_survey")
    columns.require(read.table, ["section_id", "from_m", "to_m", "iri_m_km"], file.name)
    iri = columns.numbers(read.table, "iri_m_km", file.name, lines=read.lines)
    bad = np.flatnonzero(~(iri > 0))
    columns.refuse(bad, read.table, "iri_m_km", file.name, "iri_not_positive", "IRI is above 0", read.lines)
    if "role" in read.table.column_names:
        columns.choices(read.table, "role", file.name, ROLES, lines=read.lines, meaning=_role)
    rows = tables.conform("pavement_survey", _born(_from(read.table, SURVEY_SOURCE), file))
    return Surveyed(file=file, rows=rows, findings=tuple(read.findings))


def unplaced(file: Path, known: Sequence[str]) -> list[Finding]:
    """Tell in one finding which rows of a survey lie on none of the ``known`` sections."""
    read = tables.read(file, declared="pavement_survey")
    named, there = columns.texts(read.table, "section_id"), set(known)
    off = [row for row, section in enumerate(named) if section not in there]
    if not off:
        return []
    lines = read.lines or range(1, len(named) + 1)
    what = "surveyed stretches that lie on no section that is known"
    places, whose = [lines[row] for row in off], [named[row] for row in off]
    return [works_file.told(file.name, places, whose, what, "look at section_id", known)]


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


def _born(table: pa.Table, file: Path) -> pa.Table:
    """Return the rows, simulated where meta.json beside their file says so."""
    import pyarrow as pa

    from contado.engines.pavement.profile.profile_file import label_beside

    if label_beside(file) != "simulated":
        return table
    kept = table.drop_columns([c for c in ("label",) if c in table.column_names])
    return kept.append_column("label", pa.array(["simulated"] * table.num_rows, pa.string()))


def _locate(workspace: WorkspaceView) -> Callable[[float, float], str | None] | None:
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
