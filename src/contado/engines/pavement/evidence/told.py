"""What cameras, citizens and inspectors tell: rows of ``pavement_anomaly_obs`` and what follows from them.

Only the sections that are told about are tracked again; what is in already changes nothing.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from contado.engines.pavement.anomalies.sources import sensor_of
from contado.engines.pavement.anomalies.track import existence
from contado.engines.pavement.evidence import log, photos
from contado.engines.pavement.ingest import history
from contado.kernel import tables
from contado.kernel.dates import local

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    import pyarrow as pa

    from contado.engines.pavement.anomalies.life import Answer
    from contado.kernel.records import Scope, ScopedSession
    from contado.kernel.workspace import Workspace
    from contado.kernel.workspace.commit import Commit

__all__ = ["SOURCE_ID", "Desk", "Told", "desk"]

SOURCE_ID: Final = "road_observations"
"""Source of what people and cameras told."""
_TABLES: Final = ("anomaly_obs", "anomaly", "evidence")
_LOCKS: Final = (*(f"tables/pavement_{name}" for name in _TABLES), "tables/source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One observation of a place by a camera or person; ``id`` tells the same one sent twice."""

    id: str
    section_id: str
    chainage_m: float
    lon: float
    lat: float
    kind: str
    source: str
    at: datetime
    answer: Answer | None = None
    who: str | None = None
    photo: str | None = None
    away_m: int | None = None
    accuracy_m: int | None = None
    label: str = "estimated"

    def row(self) -> dict[str, Any]:
        """Return the row of ``pavement_anomaly_obs``."""
        found = self.answer in {None, "present"}
        return {
            "section_id": self.section_id,
            "drive_id": self.id,
            "chainage_m": self.chainage_m,
            "t_utc": self.at,
            "kind": self.kind,
            "p_exists": existence([found], [True], sensor_of(self.source, self.kind)),
            "passes": int(found),
            "passes_possible": 1,
            "lon": self.lon,
            "lat": self.lat,
            "source": self.source,
            "answer": self.answer,
            "who": self.who,
            "photo": self.photo,
            "label": self.label,
        }


@contextmanager
def desk(workspace: Workspace, scope: Scope) -> Iterator[Desk]:
    """Open the tables and records for taking in; both are written at the end of the block, or neither."""
    from contado.kernel import records

    with (
        records.open_store(workspace) as store,
        workspace.commit(lock=_LOCKS) as commit,
        records.commits.writing(commit, store, scope) as session,
    ):
        open_desk = Desk(workspace, session)
        yield open_desk
        open_desk.write(commit)


class Desk:
    """Where observations are taken in, under the locks of the tables; see `desk`."""

    def __init__(self, workspace: Workspace, session: ScopedSession) -> None:
        self.workspace = workspace
        self.session = session
        self._changed = False
        self._kept = {name: workspace.read(f"pavement_{name}") for name in _TABLES}

    def rows(self, name: str, **wanted: str) -> list[dict[str, Any]]:
        """Return the rows of anomaly_obs, anomaly or evidence whose columns hold what is ``wanted``."""
        import pyarrow.compute as pc

        table = self._kept[name]
        for column, value in wanted.items():
            table = table.filter(pc.equal(table[column], value))
        found: list[dict[str, Any]] = table.to_pylist()
        return found

    def unit_of(self, section_id: str) -> str:
        """Return the municipality of a section, ``*`` where none is known."""
        sections = self.workspace.read("pavement_lrs_section").select(["section_id", "municipality"])
        units = {row["section_id"]: row["municipality"] for row in sections.to_pylist()}
        return units.get(section_id) or "*"

    def keep(self, photo: bytes | None, section_id: str) -> str | None:
        """Keep a photograph in the same transaction, for the offices; return its reference.

        What a telephone writes beside the picture, such as its position, is not kept.

        Raises
        ------
        DataError
            It is none, or too large (`bad_type`, `bad_size`).
        """
        if photo is None:
            return None
        from contado.kernel.records import documents

        picture = photos.bare(photo)
        kept = documents.add(self.session, picture, unit_id=self.unit_of(section_id), visibility="org")
        return f"document:{kept.id}"

    def take(self, told: Sequence[Told], on: date | None = None) -> tuple[int, int]:
        """Take in what is not in yet; return how much that is, and how many anomalies are new or changed.

        Parameters
        ----------
        on
            Day of the states; by default the legal day of now.
        """
        known = set(self._kept["anomaly_obs"]["drive_id"].to_pylist())
        new = [t for t in {t.id: t for t in told}.values() if t.id not in known]
        if not new:
            return 0, 0
        timezone = self.workspace.settings.territory.timezone
        felt = _joined(self._kept["anomaly_obs"], "pavement_anomaly_obs", [t.row() for t in new])
        sections = {t.section_id for t in new}
        latest = max(local.legal_day(t.at, timezone) for t in new)
        anomalies, changes = history.follow(
            _within(self.workspace.read("pavement_cell_obs"), sections),
            _within(felt, sections),
            on=max(on or local.today(timezone), latest),
            lines=history.lines_of(_within(self.workspace.read("pavement_lrs_section"), sections)),
            timezone=timezone,
            source_id=SOURCE_ID,
        )
        before = _within(self._kept["anomaly"], sections).to_pylist()
        states = {r["anomaly_id"]: r["state"] for r in before}
        changed = sum(states.get(r["anomaly_id"]) != r["state"] for r in anomalies.to_pylist())
        evidence = log.appended(
            self.session,
            self._kept["evidence"],
            changes,
            timezone=timezone,
            sections=sections,
            presence={t.id: (t.away_m, t.accuracy_m) for t in new},
        )
        self._replace(felt, anomalies, evidence, sections)
        return len(new), changed

    def _replace(self, felt: pa.Table, anomalies: pa.Table, evidence: pa.Table, sections: set[str]) -> None:
        import pyarrow as pa

        others = _within(self._kept["anomaly"], sections, inside=False)
        self._kept = {
            "anomaly_obs": felt,
            "anomaly": pa.concat_tables([others, anomalies], promote_options="permissive"),
            "evidence": evidence,
        }
        self._changed = True

    def write(self, commit: Commit) -> None:
        """Hand the tables to the commit, where something was taken in."""
        if not self._changed:
            return
        for name, table in self._kept.items():
            commit.table(f"pavement_{name}", table)
        source = {"source_id": SOURCE_ID, "title": "Observations of the road by cameras and people"}
        commit.table("source", tables.from_rows("source", [source]), practice=SOURCE_ID)


def _joined(old: pa.Table, name: str, rows: list[dict[str, Any]]) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables([old, tables.from_rows(name, rows)], promote_options="permissive")


def _within(table: pa.Table, sections: set[str], *, inside: bool = True) -> pa.Table:
    """Return the rows of some sections, or all the others."""
    import pyarrow as pa
    import pyarrow.compute as pc

    here = pc.is_in(table["section_id"], value_set=pa.array(sorted(sections), pa.string()))
    return table.filter(here if inside else pc.invert(here))
