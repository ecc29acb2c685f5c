"""All nondominated points of a programme with several objectives, each proven by a solve.

Two objectives: the epsilon-constraint method, made lexicographic by a small weight on the other objective,
so that each point takes one solve (Y. Y. Haimes et al., IEEE Trans. Systems, Man, Cybernetics 1, 1971;
G. Mavrotas, Applied Mathematics and Computation 213, 2009). Three and more: the search region is kept as
zones, each given by its local lower bounds; a solve in a zone gives a new point, which splits the zones that
hold it, or shows the zone to be empty (K. Klamroth, R. Lacour, D. Vanderpooten, On the representation of the
search region in multi-objective optimization, European Journal of Operational Research 245, 2015). A solve
is spared where an earlier one with wider limits answers for it. Binary programmes of few rows are solved by
listing (`enumerate`), the others by HiGHS.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.errors import ColumnNotFound, DataError, SolverStopped, TableNotFound
from contado.kernel.portfolio.edit import Extension
from contado.kernel.portfolio.milp import build
from contado.kernel.portfolio.search import Clock, solve_exactly
from contado.kernel.solver import RowBuilder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from contado.kernel.portfolio.enumerate import Enumeration
    from contado.kernel.portfolio.problem import Problem
    from contado.kernel.progress import Cancel, Progress
    from contado.kernel.solver import Model

__all__ = ["Front", "Objectives", "front", "of_programme", "read_knapsack"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """A model with p objectives, all maximised: rows of ``weights`` (p, n).

    ``step``: two points that differ by less in an objective count as one there (1 for whole numbers).
    ``scale``: what one unit of the model's objectives is in the printed unit.
    """

    model: Model
    weights: NDArray[np.float64]
    step: float = 1.0
    scale: float = 1.0
    whole: bool = True

    def values(self, x: NDArray[np.float64]) -> tuple[float, ...]:
        """Return the objectives of a solution, in the model's unit."""
        exact = np.where(self.model.integer, np.rint(x), x)
        found = self.weights @ exact
        return tuple(float(round(v) if self.whole else v) for v in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """Points in the printed unit, best first objective first; ``complete``: there are no others."""

    points: tuple[tuple[float, ...], ...]
    complete: bool
    solves: int


def front(
    objectives: Objectives,
    *,
    time_limit_s: float = 60.0,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Front:
    """Return all nondominated points, or those proven before the time ended.

    Raises
    ------
    DataError
        Rule ``bad_objectives``: fewer than two objectives.
    """
    if len(objectives.weights) < 2:
        raise DataError(
            "A front needs two objectives or more.", rule="bad_objectives", hint="give --objectives a,b"
        )
    search = _Search(objectives, Clock(limit_s=time_limit_s), progress, cancel)
    complete = True
    try:
        search.pair() if len(objectives.weights) == 2 else search.zones()
    except SolverStopped:
        complete = False
    scale = objectives.scale
    points = sorted({tuple(v * scale for v in point) for point in search.points}, reverse=True)
    return Front(points=tuple(points), complete=complete, solves=search.solves)


_Point = tuple[float, ...]


@dataclass(slots=True)
class _Search:
    objectives: Objectives
    clock: Clock
    progress: Progress | None
    cancel: Cancel | None
    points: list[_Point] = field(default_factory=list)
    solves: int = 0
    ranges: NDArray[np.float64] = field(init=False)
    listing: Enumeration | None = None
    known: list[tuple[_Point, _Point | None]] = field(default_factory=list)
    """Limits on all objectives but the last, and the best point within them (None: there is none)."""

    def __post_init__(self) -> None:
        spans = np.abs(self.objectives.weights).sum(axis=1)
        self.ranges = spans + self.objectives.step

    def pair(self) -> None:
        """Walk along the front: each point's second objective is the next one's limit."""
        limit = (-np.inf, -np.inf)
        while (point := self._best(0, limit)) is not None:
            self._add(point)
            limit = (-np.inf, point[1])

    def zones(self) -> None:
        """Solve zone after zone until none is left."""
        p = len(self.objectives.weights)
        zones: list[_Point] = [(-np.inf,) * p]
        while zones:
            zone = max(zones, key=lambda z: (z[-1], z))
            point = self._within(zone)
            if point is None or point[-1] <= zone[-1]:
                zones.remove(zone)
                continue
            if point not in self.points:
                self._add(point)
            zones = _split(zones, point)

    def _within(self, zone: _Point) -> _Point | None:
        """Return the best point of the last objective above the zone's other limits, from memory if it is there."""
        limits = zone[:-1]
        for wider, point in self.known:
            if all(w <= z for w, z in zip(wider, limits, strict=True)) and (
                point is None or all(v > z for v, z in zip(point, limits, strict=False))
            ):
                return point
        point = self._best(len(zone) - 1, (*limits, -np.inf))
        self.known.append((limits, point))
        return point

    def _best(self, k: int, above: Sequence[float]) -> _Point | None:
        """Maximise objective ``k`` among the plans strictly above the limits of the others; one solve."""
        if self.cancel is not None and self.cancel.requested:
            raise SolverStopped("The search for the front was cancelled.")
        if not self.clock.left():
            raise SolverStopped("The time for the front has ended.")
        weights, step = self.objectives.weights, self.objectives.step
        changed = Extension(self.objectives.model)
        for j, limit in enumerate(above):
            if j != k and np.isfinite(limit):
                columns = np.flatnonzero(weights[j])
                changed.row(columns.tolist(), weights[j, columns].tolist(), lower=limit + step / 2)
        small = step / (2 * (self.ranges.sum() - self.ranges[k]))
        merged = weights[k] + small * (weights.sum(axis=0) - weights[k])
        changed.objective((int(c), float(merged[c])) for c in np.flatnonzero(merged))
        x = self._optimum(changed.finish())
        self.solves += 1
        return None if x is None else self.objectives.values(x)

    def _optimum(self, model: Model) -> NDArray[np.float64] | None:
        """Return the optimum, None where there is no plan: by listing where that ends soon, else by the solver."""
        from contado.kernel.portfolio.enumerate import Enumeration

        if self.listing is None:
            self.listing = Enumeration()
        if self.listing.fits(model):
            ended, x = self.listing.best(model)
            if ended:
                return x
        claim = solve_exactly(model, self.clock)
        return None if claim is None else claim.x

    def _add(self, point: _Point) -> None:
        self.points.append(point)
        if self.progress is not None:
            self.progress("front", len(self.points), None, {})


def _split(zones: Sequence[_Point], point: _Point) -> list[_Point]:
    """Replace the zones that hold ``point`` by what is left of them; a zone inside another one is left out."""
    holding = [z for z in zones if all(v > w for v, w in zip(point, z, strict=True))]
    others = [z for z in zones if z not in holding]
    pieces = {(*z[:j], point[j], *z[j + 1 :]) for z in holding for j in range(len(point))}
    kept = [
        a
        for a in pieces
        if not any(a != b and _inside(a, b) for b in pieces) and not any(_inside(a, b) for b in others)
    ]
    return [*others, *sorted(kept)]


def _inside(a: _Point, b: _Point) -> bool:
    """Whether zone ``a`` lies within zone ``b``: none of its limits is lower."""
    return all(v >= w for v, w in zip(a, b, strict=True))


def read_knapsack(path: Path) -> Objectives:
    """Read a folder a.csv (weights), b.csv (capacities), c.csv (objectives), index column first.

    Raises
    ------
    TableNotFound
        One of the three files is missing.
    DataError
        Rule ``bad_number`` or ``bad_knapsack``: a cell or a shape does not fit.
    """
    a, b, c = (_matrix(path / f"{name}.csv") for name in "abc")
    b = b.reshape(-1)
    if a.shape != (len(b), c.shape[1]):
        raise DataError(
            f"{path.name}: a.csv is {a.shape}, b.csv {len(b)}, c.csv {c.shape}.",
            rule="bad_knapsack",
            hint="a: constraints x items; b: one a constraint; c: objectives x items",
        )
    rows = RowBuilder()
    for weights, capacity in zip(a, b, strict=True):
        used = np.flatnonzero(weights)
        rows.add(used.tolist(), weights[used].tolist(), upper=float(capacity))
    n = c.shape[1]
    whole = bool((c == np.rint(c)).all())
    model = rows.finish(cost=[0.0] * n, upper=[1.0] * n, integer=[True] * n)
    return Objectives(model=model, weights=c, step=1.0 if whole else 1e-6, whole=whole)


def _matrix(path: Path) -> NDArray[np.float64]:
    if not path.is_file():
        raise TableNotFound(f"There is no {path.name} in {path.parent.name}.", field=path.name)
    with path.open(encoding="utf-8-sig", newline="") as handle:
        lines = list(csv.reader(handle))[1:]
    try:
        return np.array([[float(cell) for cell in line[1:]] for line in lines if line], dtype=np.float64)
    except ValueError as error:
        raise DataError(
            f"{path.name}: {error}.", rule="bad_number", hint="numbers after an index column, equal rows"
        ) from None


def of_programme(problem: Problem, names: Sequence[str], *, step_eur: float = 1.0) -> Objectives:
    """State a programme with several numeric columns of its interventions as objectives.

    Each is summed over the interventions that start, ``benefit_eur`` and other EUR discounted like the value
    of the programme; points closer than ``step_eur`` in one objective count as one.

    Raises
    ------
    ColumnNotFound
        A name that is no column.
    DataError
        Rule ``bad_number``: a cell that is no number.
    """
    rows = problem.rows["interventions"]
    known = {c for row in rows for c in row}
    if missing := [n for n in names if n not in known]:
        raise ColumnNotFound.from_missing(missing, sorted(known), table="interventions")
    model, _ = build(problem)
    weights = np.array([_weights(problem, name) for name in names])
    return Objectives(model=model, weights=weights, step=step_eur / 1000, scale=1000.0, whole=False)


def _weights(problem: Problem, name: str) -> NDArray[np.float64]:
    """Return the objective of one column over the model's columns, in thousands."""
    try:
        cells = [float(row[name]) for row in problem.rows["interventions"]]
    except (TypeError, ValueError):
        raise DataError(
            f"interventions.{name} holds a cell that is no number.", rule="bad_number", field=name
        ) from None
    model, columns = build(problem.with_figures(benefit_eur=np.array(cells)))
    if name.endswith("_eur"):
        return model.cost
    plain = np.zeros(model.n_columns)
    for (i, _), c in columns.x.items():
        plain[c] = cells[i] / 1000
    return plain
