"""Road sections and anomalies: rows of the map, of the table and of the section page."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec

from contado.engines.pavement.maintenance import condition
from contado.engines.pavement.road import beside as sides
from contado.engines.pavement.road import posts
from contado.engines.pavement.road.beside import octant_at
from contado.web.data.layermap import searched
from contado.web.data.territory import fold
from contado.web.data.view import day, layer_rows, pick, real, rows, text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from shapely import Geometry

    from contado.engines.pavement.maintenance.condition import Model
    from contado.engines.pavement.road.posts import Posts
    from contado.engines.pavement.state.change import Level
    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.territory import Territory
    from contado.web.data.view import Row

__all__ = [
    "ANOMALIES",
    "CLASS_IDS",
    "SECTIONS",
    "SORTS",
    "Anomaly",
    "ClassTotal",
    "Filter",
    "Interval",
    "Roads",
    "Section",
    "beside",
    "class_of_word",
    "contributions",
    "load",
    "of_rows",
    "select",
]

SECTIONS = "manto_stradale_sections"
ANOMALIES = "manto_stradale_anomalies"
CLASS_IDS = ("A", "B", "C", "D", "none")
_LETTERS = {"verde": "A", "giallo": "B", "arancione": "C", "rosso": "D"}
"""The field's words for the classes, kept in data and files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A value with its interval; every part may be unknown."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def whole(self, model: Model) -> Interval:
        """Return the interval of a condition index in whole numbers of the classes that its parts are in."""
        value, low, high = (model.whole(v) for v in (self.value, self.low, self.high))
        return Interval(value=value, low=low, high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A homogeneous section of a road. ``class_id`` is A-D, or none where no vehicle has driven it.

    ``why`` are the parts of the priority, ``silent`` those of which nothing is known.
    """

    id: str
    road_code: str | None
    road_name: str | None
    code: str | None
    municipality: str | None
    class_id: str
    index: Interval
    iri: Interval
    passes: int | None
    vehicles: int | None
    last: dt.date | None
    priority: float | None
    length_km: float
    uncertain: bool
    growth: Interval
    label: str | None
    from_km: float | None
    to_km: float | None
    why: tuple[tuple[str, float], ...] = ()
    silent: tuple[str, ...] = ()
    not_driven_km: float | None = None
    not_measurable_km: float | None = None
    level: Level | None = field(default=None, repr=False, compare=False)
    """Mean on the day of the state with the parts of its error, where they were kept."""
    geometry: Geometry | None = field(default=None, repr=False, compare=False)
    parts: tuple[tuple[str, float], ...] = field(default=(), repr=False, compare=False)
    """Class and measured length [km] of its segments, on the day of the state."""
    words: str = field(default="", repr=False, compare=False)
    """What a search looks into, as `contado.web.data.layermap.searched` gives it of the layer's row."""

    @property
    def graded(self) -> Sequence[tuple[str, float]]:
        """Class and length [km] of its parts and of what has no class; of the whole where no parts are known."""
        if not self.parts:
            return ((self.class_id, self.length_km),)
        return (*self.parts, ("none", max(0.0, self.length_km - sum(km for _, km in self.parts))))

    @property
    def posts(self) -> Posts:
        """Official kilometres along it."""
        return posts.between(self.from_km, self.to_km, 1000 * self.length_km)

    @property
    def road(self) -> str:
        """Name and code of the road, where they are known."""
        return ", ".join(dict.fromkeys(p for p in (self.road_name, self.road_code) if p))


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """A pothole, depression or manhole on a section."""

    id: str
    section_id: str | None
    kind: str
    severity: float | None
    criticality: str | None
    p_exists: float | None
    height_mm: float | None
    side: str | None
    """Wheel track in the direction of the section: left, right, both."""
    state: str | None
    chainage_m: float | None
    first_seen: dt.date | None
    last_seen: dt.date | None
    last_not_seen: dt.date | None
    label: str | None
    geometry: Geometry | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassTotal:
    """Sections of a class, and kilometres of segments of that class, which are parts of sections of any."""

    class_id: str
    n: int
    km: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Roads:
    """All sections and anomalies, sections by priority."""

    sections: tuple[Section, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    on: dt.date | None = None
    """Day that the values hold for, where it is not that of the latest pass: the diagnosis lets them age."""

    @property
    def km(self) -> float:
        """Length of all sections."""
        return sum(s.length_km for s in self.sections)

    @property
    def driven_km(self) -> float:
        """Length of the sections that have a class."""
        return sum(s.length_km for s in self.sections if s.class_id != "none")

    @property
    def last(self) -> dt.date | None:
        """The latest pass."""
        return max((s.last for s in self.sections if s.last), default=None)

    @property
    def simulated(self) -> bool:
        """Whether any section or anomaly is simulated."""
        labels = {s.label for s in self.sections} | {a.label for a in self.anomalies}
        return "simulated" in labels

    @property
    def label(self) -> str | None:
        """How the sections were born: the weakest label of all."""
        labels = {s.label for s in self.sections}
        return next((name for name in ("simulated", "estimated", "measured") if name in labels), None)

    @property
    def uncertain(self) -> int:
        """Sections whose interval ends in two classes."""
        return sum(s.uncertain for s in self.sections)

    def by_id(self, section_id: str) -> Section | None:
        """Return a section by its id."""
        return next((s for s in self.sections if s.id == section_id), None)

    def totals(self, sections: Iterable[Section] | None = None) -> list[ClassTotal]:
        """Return sections, kilometres and share of every class, in the order of the classes."""
        chosen = self.sections if sections is None else tuple(sections)
        lengths = condition.lengths(part for s in chosen for part in s.graded)
        km = sum(lengths.values()) or 1.0
        return [
            ClassTotal(
                class_id=c, n=sum(s.class_id == c for s in chosen), km=lengths[c], share=lengths[c] / km
            )
            for c in CLASS_IDS
        ]

    def anomalies_of(self, section_id: str) -> list[Anomaly]:
        """Return the anomalies of a section, the most probable first."""
        own = [a for a in self.anomalies if a.section_id == section_id]
        return sorted(own, key=lambda a: (-(a.p_exists or 0.0), a.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a reader asked to see of the sections."""

    classes: frozenset[str] = frozenset(CLASS_IDS)
    code: str | None = None
    words: str = ""
    sort: str = "priority"
    bbox: tuple[float, float, float, float] | None = None


def load(view: View, territory: Territory) -> Roads:
    """Read the two layers of the road practice, and the classes of its segments; absent ones give no rows."""
    segments = rows(view, "pavement_segment")
    on = max((on for row in segments if (on := day(row, "on"))), default=None)
    found = of_rows(territory, layer_rows(view, SECTIONS), layer_rows(view, ANOMALIES), on)
    parts, ends = _parts(segments), _ends(rows(view, "pavement_lrs_section"))
    sections = (replace(s, parts=parts.get(s.id, ()), to_km=ends.get(s.id, s.to_km)) for s in found.sections)
    return replace(found, sections=tuple(sections))


def _ends(cadastre: Iterable[Row]) -> dict[str, float]:
    """Return the official kilometre that each section ends at, where it is known that it begins at one."""
    known = ((row, posts.of_section(row)) for row in cadastre)
    return {str(row["section_id"]): p.km(row["length_m"]) for row, p in known if p.official}


def _parts(segments: Iterable[Row]) -> dict[str, tuple[tuple[str, float], ...]]:
    """Return class and measured length [km] of the segments of each section."""
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for row in segments:
        measured = real(row, "measured_m")
        length_m = row["to_m"] - row["from_m"] if measured is None else measured
        found[str(row["section_id"])].append((class_of_word(text(row, "criticality")), length_m / 1000))
    return {section: tuple(own) for section, own in found.items()}


def of_rows(
    territory: Territory, section_rows: Iterable[Row], anomaly_rows: Iterable[Row], on: dt.date | None = None
) -> Roads:
    """Return the roads that rows of the two layers describe, ``on`` the day of the state where it is known."""
    names = {u.code: u.name for u in territory.units}
    sections = sorted((_section(row, names) for row in section_rows), key=_by_priority)
    return Roads(sections=tuple(sections), anomalies=tuple(_anomaly(row) for row in anomaly_rows), on=on)


def beside(roads: Roads) -> dict[str, int]:
    """Return the sections that lie on one another, with the octant to which right of travel is in their middle."""
    lines: dict[str, Any] = {s.id: s.geometry for s in roads.sections if s.geometry is not None}
    return {name: octant_at(lines[name]) for name in sides.beside(lines)} if lines else {}


def select(roads: Roads, wanted: Filter) -> list[Section]:
    """Return the sections that pass the filter, in the order asked; unknown values come last."""
    key = fold(wanted.words)
    kept = [
        s
        for s in roads.sections
        if s.class_id in wanted.classes
        and (wanted.code is None or s.code == wanted.code)
        and key in s.words
        and (wanted.bbox is None or _touches(s, wanted.bbox))
    ]
    return sorted(kept, key=_SORTS.get(wanted.sort, _by_priority))


def _touches(s: Section, bbox: tuple[float, float, float, float]) -> bool:
    from shapely import bounds

    if s.geometry is None:
        return False
    west, south, east, north = (float(v) for v in bounds(s.geometry))
    return west <= bbox[2] and east >= bbox[0] and south <= bbox[3] and north >= bbox[1]


def _unknown_last(value: float | None, *, down: bool = True) -> tuple[bool, float]:
    return (value is None, 0.0 if value is None else (-value if down else value))


def _by_priority(s: Section) -> tuple[object, ...]:
    return (*_unknown_last(s.priority), s.id)


_SORTS = {
    "priority": _by_priority,
    "section": lambda s: (s.id,),
    "municipality": lambda s: (s.municipality is None, s.municipality or "", s.id),
    "iri": lambda s: (*_unknown_last(s.iri.value), s.id),
    "passes": lambda s: (*_unknown_last(s.passes), s.id),
    "last": lambda s: (s.last is None, -(s.last.toordinal() if s.last else 0), s.id),
    "class": lambda s: ("DCBA".find(s.class_id) % 5, *_by_priority(s)),
}
SORTS: Sequence[str] = tuple(_SORTS)


def _section(row: Row, names: Mapping[str, str]) -> Section:
    from shapely import from_wkb

    code = text(row, "istat", "municipality")
    wkb = row.get("geometry")
    why, silent = contributions(text(row, "why"))
    return Section(
        id=str(pick(row, "section_id", "id")),
        road_code=text(row, "road_code"),
        road_name=text(row, "road_name"),
        code=code if code in names else None,
        municipality=names.get(code or "") or text(row, "municipality"),
        class_id=class_of_word(text(row, "class", "criticality")),
        index=_interval(
            row,
            ("condition_index",),
            ("condition_low", "condition_index_low"),
            ("condition_high", "condition_index_high"),
        ),
        iri=_interval(row, ("iri_m_km",), ("iri_low_m_km", "low_m_km"), ("iri_high_m_km", "high_m_km")),
        passes=_whole(row, "passes"),
        vehicles=_whole(row, "vehicles"),
        last=day(row, "last_on", "last_date"),
        priority=real(row, "priority"),
        length_km=_kilometres(row, "length_km", "length_m") or 0.0,
        uncertain=bool(row.get("uncertain")),
        growth=_interval(row, ("growth_m_km_y",), ("growth_low_m_km_y",), ("growth_high_m_km_y",)),
        label=text(row, "label"),
        from_km=_kilometres(row, "from_km", "from_m"),
        to_km=_kilometres(row, "to_km", "to_m"),
        why=why,
        silent=silent,
        not_driven_km=real(row, "not_driven_km"),
        not_measurable_km=real(row, "not_measurable_km"),
        level=_level(row),
        geometry=from_wkb(wkb) if wkb else None,
        words=searched(row.values()),
    )


def _level(row: Row) -> Level | None:
    from contado.engines.pavement.state.change import Level

    parts, on, iri = text(row, "error_parts"), day(row, "date"), real(row, "iri_m_km")
    if parts is None or on is None or iri is None:
        return None
    return Level.of_parts(parts, on=on, iri_m_km=iri)


def _anomaly(row: Row) -> Anomaly:
    from shapely import from_wkb

    wkb = row.get("geometry")
    return Anomaly(
        id=str(pick(row, "anomaly_id", "id")),
        section_id=text(row, "section_id"),
        kind=text(row, "kind") or "unknown",
        severity=real(row, "severity"),
        criticality=text(row, "criticality"),
        p_exists=real(row, "p_exists"),
        height_mm=real(row, "height_mm"),
        side=text(row, "side"),
        state=text(row, "state"),
        chainage_m=real(row, "chainage_m"),
        first_seen=day(row, "first_seen"),
        last_seen=day(row, "last_seen"),
        last_not_seen=day(row, "last_not_seen"),
        label=text(row, "label"),
        geometry=from_wkb(wkb) if wkb else None,
    )


def class_of_word(word: str | None) -> str:
    """Return the class that the field's word or a letter names; none for another word."""
    letter = _LETTERS.get(word or "", word or "none")
    return letter if letter in CLASS_IDS else "none"


def _interval(row: Row, value: Sequence[str], low: Sequence[str], high: Sequence[str]) -> Interval:
    return Interval(value=real(row, *value), low=real(row, *low), high=real(row, *high))


def _whole(row: Row, *names: str) -> int | None:
    value = real(row, *names)
    return None if value is None else round(value)


def _kilometres(row: Row, km: str, metres: str) -> float | None:
    value = real(row, metres)
    return real(row, km) if value is None else value / 1000


def contributions(why: str | None) -> tuple[tuple[tuple[str, float], ...], tuple[str, ...]]:
    """Read the parts of a priority, largest first, and the terms without one.

    Parameters
    ----------
    why
        JSON ``{"terms": [{"term", "contribution"}]}``.
    """
    try:
        found = msgspec.json.decode(why or "{}", type=_Why)
    except msgspec.DecodeError:
        return (), ()
    parts = [(t.term, t.contribution) for t in found.terms if t.contribution is not None]
    silent = tuple(t.term for t in found.terms if t.contribution is None)
    return tuple(sorted(parts, key=lambda part: -part[1])), silent


class _Term(msgspec.Struct):
    term: str
    contribution: float | None = None


class _Why(msgspec.Struct):
    terms: list[_Term] = []
