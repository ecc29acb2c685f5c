"""A programme of options as a mixed-integer programme: for small ones, and to see why floors cannot be met."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from contado.kernel.portfolio.milp import in_eur
from contado.kernel.solver import Model, solve, solve_in_child

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.kernel.portfolio.options import Options
    from contado.kernel.progress import Cancel, Progress
    from contado.kernel.solver import Solution

__all__ = ["Conflict", "best_by_milp", "floor_conflict", "options_model"]

_UNIT = 100_000.0
"""Cents in the model's unit of money, 1,000 EUR."""
_IN_PROCESS = 200
"""Options up to which the solver runs here: it ends long before a process of its own would have begun."""


class Conflict(NamedTuple):
    """A floor that cannot be kept, and by how much it would have to be lower."""

    municipality: str
    relax_eur: float


def options_model(options: Options) -> Model:
    """Return the programme as arrays: a column an option; rows: budgets, floors, one option a site."""
    from scipy.sparse import coo_array

    m, n_options = options.n_rows, options.n_options
    full = options.amount.ravel() != 0
    column = np.repeat(np.arange(n_options, dtype=np.int32), options.row.shape[1])[full]
    entries = options.amount.ravel()[full] / _UNIT, (options.row.ravel()[full].astype(np.int32), column)
    paid = coo_array(entries, shape=(m, n_options)).tocsr()
    return Model(
        cost=options.benefit / _UNIT,
        lower=np.zeros(n_options),
        upper=np.ones(n_options),
        integer=np.ones(n_options, dtype=bool),
        row_lower=np.full(m + options.n_sites, -np.inf),
        row_upper=np.concatenate([options.limit / _UNIT, np.ones(options.n_sites)]),
        start=np.concatenate([paid.indptr[:-1], paid.nnz + options.ptr]).astype(np.int32),
        index=np.concatenate([paid.indices, np.arange(n_options)]).astype(np.int32),
        value=np.concatenate([paid.data, np.ones(n_options)]),
    )


def best_by_milp(
    options: Options,
    *,
    gap_share: float,
    time_limit_s: float,
    seed: int,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> tuple[Solution, NDArray[np.int64] | None]:
    """Return the solver's claim [1,000 EUR], and its chosen options where they keep every row to the cent.

    ``progress`` hears of plans and bounds in EUR.
    """
    model = options_model(options)
    if options.n_options <= _IN_PROCESS:
        claim = solve(model, gap_share=gap_share, time_limit_s=time_limit_s, seed=seed)
    else:
        claim = solve_in_child(
            model,
            gap_share=gap_share,
            time_limit_s=time_limit_s,
            seed=seed,
            progress=None if progress is None else in_eur(progress),
            cancel=cancel,
        )
    if claim.x is None:
        return claim, None
    chosen = np.flatnonzero(claim.x > 0.5)
    kept = bool((options.use(chosen) <= options.limit).all())
    return claim, chosen if kept else None


def floor_conflict(options: Options, *, time_limit_s: float) -> list[Conflict]:
    """Return the floors that cannot be kept together and what they lack, by an elastic linear programme.

    Empty where all can be kept by fractions of options, or where the time did not suffice.
    """
    nb, nf = options.n_budgets, options.n_rows - options.n_budgets
    model = options_model(options)
    short = model.n_columns + np.arange(nf)
    ends = np.concatenate([model.start[: nb + 1], model.start[nb + 1 : nb + nf + 1] + np.arange(1, nf + 1)])
    rest = model.start[nb + nf + 1 :] + nf
    at = model.start[nb + 1 : nb + nf + 1]
    elastic = Model(
        cost=np.concatenate([np.zeros(model.n_columns), -np.ones(nf)]),
        lower=np.zeros(model.n_columns + nf),
        upper=np.concatenate([model.upper, np.full(nf, np.inf)]),
        integer=np.zeros(model.n_columns + nf, dtype=bool),
        row_lower=model.row_lower,
        row_upper=model.row_upper,
        start=np.concatenate([ends, rest]).astype(np.int32),
        index=np.insert(model.index, at, short).astype(np.int32),
        value=np.insert(model.value, at, -1.0),
    )
    claim = solve_in_child(elastic, time_limit_s=time_limit_s)
    if claim.x is None or claim.status != "optimal":
        return []
    lacking = claim.x[model.n_columns :] * _UNIT / 100
    return [Conflict(options.municipalities[q], float(lacking[q])) for q in np.flatnonzero(lacking > 0.005)]
