"""The practice contract: what a good practice is made of, its hooks, and the registry that finds it.

A practice is a class with three pure functions of the workspace's tables and an explicit seed::

    import -> layers, tables -> diagnose -> propose -> (programme) -> monitor -> tables

It is found by the entry-point group ``contado.practices``, so that a city adds its own without touching
this package::

    [project.entry-points."contado.practices"]
    orti_urbani = "our_city.orti:OrtiUrbani"

A practice may also bring layers, indicators, procedures, pages, processes and feeds: it defines the hooks
of `Hooks` that it needs (inheriting from `Hooks` is optional). `contado.testing.check_practice` proves that
it keeps the contract.

Examples
--------
>>> class OrtiUrbani:
...     name = "orti_urbani"
...     def register_indicators(self):
...         return [IndicatorSpec(id="plots_count", name_it="Orti", name_en="Plots", unit="count",
...                               direction="up", aggregation="sum")]
...     def diagnose(self, workspace, *, on, seed=0, progress=None): ...
...     def propose(self, workspace, diagnosis, *, on, seed=0, progress=None): ...
...     def monitor(self, workspace, programme, *, on, seed=0, progress=None): ...
>>> registry = Registry()
>>> registry.add(OrtiUrbani).indicators[0].id, list(registry)
('plots_count', ['orti_urbani'])
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Protocol, runtime_checkable

from contado.kernel.errors import Finding, PracticeError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from importlib.metadata import EntryPoint

    import pyarrow as pa

    from contado.kernel.declare import Verb
    from contado.kernel.progress import Progress
    from contado.kernel.provenance import Provenance
    from contado.kernel.workspace import Workspace, WorkspaceView

__all__ = [
    "GROUP",
    "HOOKS",
    "STEPS",
    "Diagnosis",
    "FeedSpec",
    "Finding",
    "Hooks",
    "IndicatorSpec",
    "LayerSpec",
    "Outcome",
    "PageSpec",
    "Practice",
    "ProcedureSpec",
    "Programme",
    "Proposal",
    "Registration",
    "Registry",
    "ToyMaker",
    "broken",
    "discover",
    "load",
    "registered",
]

GROUP: Final = "contado.practices"
"""Entry-point group in which practices are found."""
STEPS: Final = ("diagnose", "propose", "monitor")
"""The three functions of a practice, in the order of a year."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was measured: at least table ``indicator_value``; ``provenance`` is filled by the runner."""

    tables: Mapping[str, pa.Table]
    findings: Sequence[Finding] = ()
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What could be done: at least tables ``intervention`` and ``effect``."""

    tables: Mapping[str, pa.Table]
    findings: Sequence[Finding] = ()
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: tables ``indicator_value`` and/or ``observation``."""

    tables: Mapping[str, pa.Table]
    findings: Sequence[Finding] = ()
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class Programme:
    """A chosen programme as a frozen set of tables: ``programme``, ``price`` and ``run``."""

    tables: Mapping[str, pa.Table]

    @property
    def programme(self) -> pa.Table:
        """Chosen interventions: year, source, amount, value, margin, reason."""
        return self.tables["programme"]

    @property
    def price(self) -> pa.Table:
        """Shadow price of each budget."""
        return self.tables["price"]

    @property
    def run(self) -> pa.Table:
        """How the programme was found: inputs' hashes, versions, seed, solver, bound, gap, verdict."""
        return self.tables["run"]

    def works_of(self, workspace: WorkspaceView, practice: str) -> list[dict[str, Any]]:
        """Return a practice's chosen interventions with their ``start_year``, in order of id."""
        started = {
            row["intervention_id"]: row["start_year"]
            for row in self.programme.to_pylist()
            if row["start_year"] is not None
        }
        rows = [
            {**row, "start_year": started[row["id"]]}
            for row in workspace.read("intervention").to_pylist()
            if row["practice"] == practice and row["id"] in started
        ]
        return sorted(rows, key=lambda row: row["id"])


@runtime_checkable
class Practice(Protocol):
    """A good practice: three pure functions; equal tables and an equal seed give equal results."""

    name: ClassVar[str]

    def diagnose(
        self, workspace: WorkspaceView, *, on: date, seed: int = 0, progress: Progress | None = None
    ) -> Diagnosis:
        """Measure the territory on the day ``on``."""

    def propose(
        self,
        workspace: WorkspaceView,
        diagnosis: Diagnosis,
        *,
        on: date,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Proposal:
        """Propose interventions with cost, years and effects for what ``diagnosis`` found."""

    def monitor(
        self,
        workspace: WorkspaceView,
        programme: Programme,
        *,
        on: date,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Outcome:
        """Measure what the interventions of ``programme`` did."""


@runtime_checkable
class ToyMaker(Protocol):
    """A practice that brings its own layers and tables to the conformance suite's toy territory."""

    def toy(self, workspace: Workspace) -> None:
        """Write what the practice needs into ``workspace``, which already holds six assets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSpec:
    """A layer that a practice writes or reads: id, titles, geometry, licence, who may see it."""

    id: str
    title_it: str
    title_en: str
    geometry_type: Literal["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"]
    label: Literal["measured", "estimated", "simulated"] = "measured"
    access: Literal["public", "org", "private"] = "public"
    licence: str = ""
    required: bool = False
    """Whether `diagnose` needs it; a page names what is missing."""
    style: Mapping[str, Any] = field(default_factory=dict)
    description_it: str = ""
    description_en: str = ""
    theme: str = ""
    """Code of the EU vocabulary of data themes (TRAN, ENVI, ENER ...)."""
    frequency: str = ""
    """Code of the EU vocabulary of frequencies (ANNUAL, MONTHLY, IRREG ...)."""
    hvd: str = ""
    """Category of Reg. (EU) 2023/138 under which the layer falls: geospatial, mobility ..."""
    mobility: str = ""
    """Code of the mobilityDCAT-AP vocabulary of themes, on layers about mobility."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorSpec:
    """A row for the indicator registry; ``unit`` as in a ``unit`` cell (``t_y``)."""

    id: str
    name_it: str
    name_en: str
    unit: str
    direction: Literal["up", "down", "none"]
    aggregation: Literal["sum", "mean", "share"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureSpec:
    """An administrative procedure that the practice offers: names, term in days, norm, office."""

    id: str
    name_it: str
    name_en: str
    term_d: int | None = None
    norm: str = ""
    office: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSpec:
    """What the practice's page and its row on the home page say, in Italian and English.

    ``column`` is who it is for; ``opens_with`` says what the page shows first; ``steps_it`` and
    ``steps_en`` are the four numbered steps under "Che cos'è".
    """

    plain_it: str
    plain_en: str
    official: str
    column: Literal["residents", "municipalities", "offices"]
    opens_with_it: str
    opens_with_en: str
    button_it: str
    button_en: str
    office: str = ""
    sentence_it: str = ""
    sentence_en: str = ""
    steps_it: tuple[str, ...] = ()
    steps_en: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec:
    """A feed: where it comes from (a table or layer of the workspace) and in which format."""

    id: str
    title_it: str
    title_en: str
    format: Literal["ics", "geojson", "rss"]
    source: str


class Hooks:
    """The extension points of a practice; each returns nothing unless the practice says otherwise.

    A practice defines those it needs. They are called once, on an instance, when the practice is found.
    """

    def register_layers(self) -> Sequence[LayerSpec]:
        """Return the layers that the practice writes or needs, so that pages and catalogue know them."""
        return ()

    def register_indicators(self) -> Sequence[IndicatorSpec]:
        """Return the indicators that the practice measures in; their units are checked."""
        return ()

    def register_procedures(self) -> Sequence[ProcedureSpec]:
        """Return the administrative procedures that a citizen or municipality can start."""
        return ()

    def register_pages(self) -> Sequence[PageSpec]:
        """Return the texts of the practice's page; the first is its row on the home page."""
        return ()

    def register_processes(self) -> Sequence[Verb[Any, Any]]:
        """Return verbs of the practice: command, web form and OGC process are made from each."""
        return ()

    def register_feeds(self) -> Sequence[FeedSpec]:
        """Return the feeds (calendar, GeoJSON, RSS) that the practice keeps up to date."""
        return ()


HOOKS: Final = (
    "register_layers",
    "register_indicators",
    "register_procedures",
    "register_pages",
    "register_processes",
    "register_feeds",
)
"""Names of the hooks, in the order in which they are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A practice that was found, with all that it registers."""

    name: str
    module: str
    practice: type[Any]
    layers: tuple[LayerSpec, ...] = ()
    indicators: tuple[IndicatorSpec, ...] = ()
    procedures: tuple[ProcedureSpec, ...] = ()
    pages: tuple[PageSpec, ...] = ()
    processes: tuple[Verb[Any, Any], ...] = ()
    feeds: tuple[FeedSpec, ...] = ()


class Registry:
    """The practices by name. A name stands once; a broken plug-in is reported and left out.

    Attributes
    ----------
    findings
        One finding for each plug-in that was left out, with the reason.
    """

    def __init__(self) -> None:
        self._rows: dict[str, Registration] = {}
        self.findings: list[Finding] = []

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._rows))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, name: str) -> Registration:
        if name not in self._rows:
            hint = did_you_mean(name, self._rows) or "no practice is registered"
            raise PracticeError(
                f"There is no practice {name!r}.", rule="unknown_practice", hint=hint, field=name
            )
        return self._rows[name]

    def add(self, practice: type[Any]) -> Registration:
        """Register the class ``practice`` and all that its hooks return.

        Raises
        ------
        PracticeError
            It has no valid name, lacks a function, or its name is taken.
        """
        name = _name_of(practice)
        if name in self._rows:
            raise PracticeError(
                f"Two practices are called {name!r}: {self._rows[name].module} and {practice.__module__}.",
                rule="duplicate_practice",
                hint="rename one, or uninstall the package that brings it",
                field=name,
            )
        instance = practice()
        rows = {hook.removeprefix("register_"): tuple(_call(instance, hook)) for hook in HOOKS}
        self._rows[name] = Registration(name=name, module=practice.__module__, practice=practice, **rows)
        return self._rows[name]

    def add_entry_point(self, entry: EntryPoint) -> None:
        """Import and register one plug-in; what goes wrong in it becomes a finding."""
        try:
            self.add(_loaded(entry))
        except Exception as error:  # noqa: BLE001 - a plug-in is foreign code; one that fails must not stop the others
            self.findings.append(_left_out(entry, error))


def _name_of(practice: type[Any]) -> str:
    name = getattr(practice, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise PracticeError(
            f"{getattr(practice, '__qualname__', practice)!s} has no valid name: {name!r}.",
            rule="practice_name",
            hint="set the class attribute name to small letters, digits and underscores",
            field="name",
        )
    missing = [step for step in STEPS if not callable(getattr(practice, step, None))]
    if missing:
        raise PracticeError(
            f"The practice {name!r} lacks {', '.join(missing)}.",
            hint="a practice has diagnose, propose and monitor",
            field=missing[0],
        )
    return name


def _call(instance: object, hook: str) -> Iterable[Any]:
    function = getattr(instance, hook, None)
    rows: Iterable[Any] = function() if function is not None else ()
    return rows


def _loaded(entry: EntryPoint) -> type[Any]:
    practice: type[Any] = entry.load()
    if _name_of(practice) != entry.name:
        raise PracticeError(
            f"the entry point {entry.name!r} holds the practice {practice.name!r}",
            rule="practice_name",
            hint="give both the same name",
        )
    return practice


def _left_out(entry: EntryPoint, error: Exception) -> Finding:
    if isinstance(error, PracticeError):
        rule, message, hint = error.rule, error.message, error.hint
    else:
        rule, message, hint = "broken_practice", repr(error), "repair or uninstall the package"
    return Finding(
        severity="error",
        rule=rule,
        table="practice",
        row=entry.name,
        message=f"{entry.value}: {message}",
        hint=hint,
        action="refused",
    )


def discover(entries: Iterable[EntryPoint]) -> Registry:
    """Return the registry of ``entries``, those of this package first, then by name and value."""
    registry = Registry()
    for entry in sorted(set(entries), key=lambda e: (not e.value.startswith("contado."), e.name, e.value)):
        registry.add_entry_point(entry)
    return registry


@functools.cache
def _installed() -> Registry:
    from importlib.metadata import entry_points

    return discover(entry_points(group=GROUP))


def registered() -> dict[str, Registration]:
    """Return every practice that is installed and sound, by name."""
    registry = _installed()
    return {name: registry[name] for name in registry}


def broken() -> tuple[Finding, ...]:
    """Return one finding for each installed plug-in that had to be left out."""
    return tuple(_installed().findings)


def load(name: str) -> Practice:
    """Return a fresh instance of the practice called ``name``.

    Raises
    ------
    PracticeError
        No such practice is registered; the hint names the nearest, or why it was left out.
    """
    registry = _installed()
    for finding in registry.findings:
        if finding.row == name and name not in set(registry):
            raise PracticeError(finding.message, rule=finding.rule, hint=finding.hint, field=name)
    practice: Practice = registry[name].practice()
    return practice
