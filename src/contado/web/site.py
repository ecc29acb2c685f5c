"""The workspace behind the pages: opened again when it changes, view models kept until then."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from contado.kernel import records
from contado.kernel.dates import local
from contado.kernel.errors import ContadoError
from contado.kernel.records import Scope
from contado.practices.names import type_names
from contado.web import search
from contado.web.data import (
    fieldcheck,
    fleet,
    history,
    indicators,
    opendata,
    outcomes,
    photos,
    practices,
    programme,
    roads,
    stretches,
    territory,
    trials,
)
from contado.web.data.view import rows
from contado.web.security.seen import SeenView

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from contado.kernel.records import Store
    from contado.kernel.settings import Settings
    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.fleet import Coverage, Vehicle
    from contado.web.data.history import Change
    from contado.web.data.outcomes import Outcome
    from contado.web.data.photos import Photo
    from contado.web.data.roads import Roads
    from contado.web.data.stretches import Segment, Work
    from contado.web.data.view import Row
    from contado.web.i18n import Words

__all__ = ["Site", "opener"]

T = TypeVar("T")

_MOST_OTHERS = 8
"""Scopes whose models are kept beside a visitor's; the oldest go first."""
_MOST_MODELS = 256
"""Models of one scope; their names may hold the address that a client gave."""


def opener(path: Path) -> Callable[[], View]:
    """Return the function that opens the workspace at ``path``."""
    from contado.kernel.workspace import Workspace

    return lambda: Workspace.open(path)


class Site:
    """View models of a workspace as one scope sees it, each computed once for each state of its files.

    Parameters
    ----------
    open_view
        Opens the workspace.
    scope
        Whose eyes; a visitor's by default. `seen_by` gives the same site through other eyes.
    """

    def __init__(self, open_view: Callable[[], View], scope: Scope | None = None) -> None:
        self._open = open_view
        self._scope = scope or Scope.visitor()
        self._lock = threading.RLock()
        self._models: dict[str, Any] = {}
        self._others: dict[frozenset[str], Site] = {}
        self.view = SeenView(open_view(), self._scope)
        self.revision = _revision(self.view.path)

    def seen_by(self, scope: Scope) -> Site:
        """Return the site as ``scope`` sees it; where nothing is kept from visitors, it is this one."""
        whole = self.view.whole
        if not scope.units or all(info.access == "public" for info in whole.layers()):
            return self
        with self._lock:
            if scope.units not in self._others:
                while len(self._others) >= _MOST_OTHERS:
                    self._others.pop(next(iter(self._others)))
                self._others[scope.units] = Site(lambda: whole, scope)
            return self._others[scope.units]

    def settings(self) -> Settings:
        """Return the present settings of the workspace."""
        return self.view.settings

    def today(self) -> dt.date:
        """Return the legal day of now in the territory."""
        return local.today(self.view.settings.territory.timezone)

    def open_store(self) -> Store:
        """Open the records of the workspace."""
        return records.open_store(self.view.whole)

    def refresh(self) -> None:
        """Open the workspace again when its files have changed since the last look."""
        revision = _revision(self.view.path)
        with self._lock:
            if revision != self.revision:
                self.view = SeenView(self._open(), self._scope)
                self._models.clear()
                self._others.clear()
                self.revision = revision

    def warm(self) -> None:
        """Read what every page needs; what is damaged is told to the visitor who meets it."""
        with contextlib.suppress(ContadoError):
            _ = (self.territory.units, self.roads.sections, self.programme.candidates, self.cards)
            _ = self.search.index

    def cached(self, name: str, make: Callable[[], T]) -> T:
        """Return the model ``name``, made once for the present state."""
        with self._lock:
            if name not in self._models:
                while len(self._models) >= _MOST_MODELS:
                    self._models.pop(next(iter(self._models)))
                self._models[name] = make()
            model: T = self._models[name]
            return model

    @property
    def territory(self) -> territory.Territory:
        """Municipalities."""
        return self.cached("territory", lambda: territory.load(self.view))

    @property
    def roads(self) -> roads.Roads:
        """Road sections and anomalies."""
        return self.cached("roads", lambda: roads.load(self.view, self.territory))

    @property
    def beside(self) -> Mapping[str, int]:
        """Road sections that lie on one another, with the octant to the right of each."""
        return self.cached("beside", lambda: roads.beside(self.roads))

    @property
    def trials(self) -> tuple[trials.Trial, ...]:
        """Trial pavements with what they show."""
        return self.cached("trials", lambda: trials.load(self.view))

    @property
    def history(self) -> history.History:
        """The roads on the days whose state the diagnosis kept."""
        return self.cached("history", lambda: history.load(self.view))

    def roads_on(self, day: dt.date) -> Roads | None:
        """Road sections and anomalies as they were known on a day."""
        return self.cached(f"roads:{day}", lambda: self.history.on(self.territory, day))

    def changes(self, first: dt.date, last: dt.date) -> list[Change]:
        """Return what changed on the roads between two days; none where a day was not kept."""
        before, after = self.roads_on(first), self.roads_on(last)
        if before is None or after is None:
            return []
        return self.cached(
            f"changes:{first}:{last}",
            lambda: history.changes(before, after, self.history.moved(first, last)),
        )

    @property
    def segments(self) -> list[Segment]:
        """Homogeneous segments of the road sections."""
        return self.cached("segments", lambda: stretches.segments(self.view))

    @property
    def outcomes(self) -> list[Outcome]:
        """What was observed of works, before and after them."""
        return self.cached("outcomes", lambda: outcomes.load(self.view, self.indicators))

    @property
    def field_checks(self) -> fieldcheck.FieldChecks:
        """What cars estimated against campaigns of a profiler."""
        return self.cached("field_checks", lambda: fieldcheck.load(self.view))

    @property
    def fleet(self) -> list[Vehicle]:
        """Cars that measure the roads."""
        today = self.today()
        return self.cached(f"fleet:{today}", lambda: fleet.vehicles(self.view, today))

    @property
    def coverage(self) -> list[Coverage]:
        """Roads by municipality, and what of them had no recent pass."""
        return self.cached("coverage", lambda: fleet.coverage(self.roads))

    @property
    def works(self) -> list[Work]:
        """Works that ended on the roads."""
        return self.cached("works", lambda: stretches.works(self.view))

    @property
    def stale_days(self) -> int:
        """Age of the latest pass when it is older than twice the usual rhythm, else 0."""
        last = self.roads.last
        age = (self.today() - last).days if last else 0
        return age if age > 2 * self.view.settings.pavement.not_driven_d else 0

    @property
    def programme(self) -> programme.Programme:
        """The programme and its candidates."""
        return self.cached("programme", lambda: programme.load(self.view, self.territory))

    @property
    def cards(self) -> list[practices.Card]:
        """The good practices with their states."""
        return self.cached("cards", lambda: practices.cards(self.view))

    @property
    def type_names(self) -> dict[str, Words]:
        """Names of the types of intervention."""
        return self.cached("type_names", lambda: type_names(self.view))

    @property
    def datasets(self) -> list[opendata.Dataset]:
        """Public layers."""
        return self.cached("datasets", lambda: opendata.datasets(self.view))

    @property
    def sources(self) -> dict[str, Row]:
        """Where data come from, by id."""
        return self.cached("sources", lambda: {str(r["source_id"]): r for r in rows(self.view, "source")})

    @property
    def photos(self) -> Mapping[str, Sequence[Photo]]:
        """Photographs of the defects of the roads, by section; `photos.seen` tells who sees which."""
        return self.cached("photos", lambda: photos.by_section(self.view))

    @property
    def search(self) -> search.Search:
        """Search over what everybody may see."""
        return self.cached("search", lambda: search.load(self))

    @property
    def indicators(self) -> indicators.Table:
        """Indicators by municipality."""
        return self.cached("indicators", lambda: indicators.load(self.view, self.territory))


def _revision(path: Path) -> str:
    """Return a stamp that changes when a table, a layer, a run or the settings change."""
    kept = [*(path / "layers").rglob("*"), *(path / "tables").rglob("*"), *(path / "runs").glob("*/*.json")]
    made = path / "layers" / ".index"  # from the layers: an index that appears changes nothing
    watched = [path / "contado.toml", *(p for p in kept if not p.is_relative_to(made))]
    stats = [(str(p), p.stat()) for p in watched if p.is_file()]
    return str(hash(tuple(sorted((name, s.st_mtime_ns, s.st_size) for name, s in stats))))
