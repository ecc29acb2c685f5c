"""A large programme as arrays: sites, their options, budgets, floors of municipalities.

max sum_o b_o x_o over x binary, at most one option a site, sum_o a_ro x_o <= B_r on each budget r, and
payments to the sites of municipality q of at least F_q. Floors stand as rows nb + q with entries
-payment and right-hand side -F_q, so that every row reads "use <= right-hand side".

Sites and the options of a site are sorted by their content, so the order of the input never matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Options"]

_CENTS = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """N sites, O options, nb budgets, nf floors, m = nb + nf rows; money in cents.

    Cents are whole numbers held as float64, which adds them exactly up to 9e15.
    """

    ptr: NDArray[np.int64]
    """First option of each site (N + 1)."""
    benefit: NDArray[np.float64]
    """Benefit [cents] (O)."""
    row: NDArray[np.int16]
    """Rows an option draws on (O, K); m where there is none."""
    amount: NDArray[np.float64]
    """What it takes from them [cents] (O, K); 0 where there is none, negative on floors."""
    limit: NDArray[np.float64]
    """Right-hand sides [cents] (m): budgets, then floors with their sign turned."""
    n_budgets: int
    source_row: NDArray[np.int64]
    """Row number of each option in the input (O)."""
    budgets: tuple[str, ...]
    municipalities: tuple[str, ...] = ()
    """Municipality of each floor."""

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return len(self.ptr) - 1

    @property
    def n_options(self) -> int:
        """Number of options."""
        return len(self.benefit)

    @property
    def n_rows(self) -> int:
        """Number of budgets and floors."""
        return len(self.limit)

    @property
    def site(self) -> NDArray[np.int64]:
        """Site of each option (O)."""
        return np.repeat(np.arange(self.n_sites), np.diff(self.ptr))

    def values(self, prices: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return v = b - sum a * price [cents] of each option (O) at the prices of the rows (m)."""
        priced = np.append(prices, 0.0)
        found = self.benefit.copy()
        for k in range(self.row.shape[1]):
            found -= self.amount[:, k] * priced[self.row[:, k]]
        return found

    def bound(self, prices: NDArray[np.float64]) -> float:
        """Return the bound [cents] of weak duality at the prices (m): sum_i max(0, max v) + prices.limit."""
        margins = np.maximum.reduceat(self.values(prices), self.ptr[:-1]) if self.n_sites else np.zeros(0)
        return float(np.maximum(margins, 0.0).sum() + prices @ self.limit)

    def use(self, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what the chosen options take from each row [cents] (m)."""
        taken = np.bincount(self.row[chosen].ravel(), self.amount[chosen].ravel(), minlength=self.n_rows + 1)
        return np.asarray(taken[:-1], dtype=np.float64)

    def sample(self, n_sites: int, seed: int) -> Options:
        """Return the programme of ``n_sites`` sites drawn at random, rows scaled by their share."""
        drawn = np.sort(np.random.default_rng(seed).choice(self.n_sites, n_sites, replace=False))
        sizes = np.diff(self.ptr)[drawn]
        ptr = np.concatenate([[0], np.cumsum(sizes)])
        kept = np.repeat(self.ptr[drawn] - ptr[:-1], sizes) + np.arange(ptr[-1])
        return Options(
            ptr=ptr,
            benefit=self.benefit[kept],
            row=self.row[kept],
            amount=self.amount[kept],
            limit=self.limit * (n_sites / self.n_sites),
            n_budgets=self.n_budgets,
            source_row=self.source_row[kept],
            budgets=self.budgets,
            municipalities=self.municipalities,
        )

    @classmethod
    def from_arrays(  # noqa: PLR0913 - a programme is stated by its columns
        cls,
        *,
        site: NDArray[np.int64],
        benefit_eur: NDArray[np.float64],
        budget: NDArray[np.int64],
        cost_eur: NDArray[np.float64],
        budget_eur: NDArray[np.float64],
        municipality: NDArray[np.int64] | None = None,
        floor_eur: NDArray[np.float64] | None = None,
        budgets: Sequence[str] = (),
        municipalities: Sequence[str] = (),
    ) -> Options:
        """Sort and state a programme.

        Parameters
        ----------
        site
            Number of the site of each option (O); only its order and equality count.
        benefit_eur
            Benefit [EUR] (O).
        budget, cost_eur
            Budgets drawn on, -1 for none, and the cost on each [EUR] (O, K).
        budget_eur
            Budgets [EUR] (nb).
        municipality, floor_eur
            Floor that an option counts towards, -1 for none (O), and the floors [EUR] (nf).
        """
        nb, nf = len(budget_eur), 0 if floor_eur is None else len(floor_eur)
        cents = np.rint(np.asarray(cost_eur) * _CENTS)
        row, amount = _merged(np.where(cents > 0, budget, -1), np.where(budget >= 0, cents, 0.0))
        if floor_eur is not None and municipality is not None:
            row = np.column_stack([row, np.where(municipality >= 0, municipality + nb, -1)])
            amount = np.column_stack([amount, np.where(municipality >= 0, -amount.sum(axis=1), 0.0)])
        benefit = np.asarray(benefit_eur, dtype=np.float64) * _CENTS
        row = np.where((row < 0) | (amount == 0), nb + nf, row)
        order = _order(site, benefit, row, amount)
        ends = np.flatnonzero(np.diff(site[order], append=site.max(initial=0) + 1)) + 1
        limits = [np.asarray(budget_eur), -np.asarray(floor_eur if floor_eur is not None else [])]
        return cls(
            ptr=np.append(0, ends).astype(np.int64),
            benefit=benefit[order],
            row=row.astype(np.int16)[order],
            amount=amount[order],
            limit=np.rint(np.concatenate(limits) * _CENTS),
            n_budgets=nb,
            source_row=order,
            budgets=tuple(budgets) or tuple(str(r) for r in range(nb)),
            municipalities=tuple(municipalities) or tuple(str(q) for q in range(nf)),
        )

    @classmethod
    def from_tables(cls, tables: Mapping[str, pa.Table], *, floors: bool = True) -> Options:
        """State the programme of an options folder (options, budgets; optional sites, equity_floors).

        Raises
        ------
        DataError
            Floors stand without the municipalities of the sites.
        """
        options, budgets = tables["options"], tables["budgets"]
        names = sorted(map(str, budgets["budget"].to_pylist()), key=lambda name: (len(name), name))
        money = dict(
            zip(map(str, budgets["budget"].to_pylist()), budgets["budget_eur"].to_pylist(), strict=True)
        )
        known, site = _numbered(options["site"])
        place, floor = _places(tables, known) if floors else (None, {})
        columns = _columns(options)
        return cls.from_arrays(
            site=site,
            benefit_eur=_numbers(options, "benefit_eur"),
            budget=np.column_stack([_positions(options[b], names) for b, _ in columns]),
            cost_eur=np.column_stack([_numbers(options, c) for _, c in columns]),
            budget_eur=np.array([money[name] for name in names], dtype=np.float64),
            municipality=None if place is None else place[site],
            floor_eur=None if place is None else np.array(list(floor.values()), dtype=np.float64),
            budgets=names,
            municipalities=tuple(floor),
        )


def _merged(
    row: NDArray[np.int64], amount: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Add up the entries of an option that name one row twice; the later one becomes empty."""
    row, amount = row.copy(), amount.copy()
    for k in range(1, row.shape[1]):
        for j in range(k):
            same = (row[:, k] == row[:, j]) & (row[:, k] >= 0)
            amount[same, j] += amount[same, k]
            amount[same, k], row[same, k] = 0.0, -1
    return row, amount


def _order(
    site: NDArray[np.int64], benefit: NDArray[np.float64], row: NDArray[np.int64], amount: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Sort options by site, then the largest benefit, then rows and amounts.

    One whole number holds site and coarse benefit, for one key sorts several times faster than many; what ties
    in it is sorted by all.
    """
    if not len(site):
        return np.zeros(0, dtype=np.int64)
    low, wide = int(site.min()), int(site.max() - site.min()).bit_length()
    if wide > 40:
        low, site = 0, np.unique(site, return_inverse=True)[1]
        wide = len(site).bit_length()
    top, most = benefit.max(), 2.0 ** (62 - wide) - 1
    share = (top - benefit) / max(top - benefit.min(), np.finfo(float).tiny)
    key = ((site - low) << (62 - wide)) | np.minimum(share * most, most).astype(np.int64)
    order = np.argsort(key, kind="stable")
    same = np.diff(key[order]) == 0
    at = np.flatnonzero(np.append(same, False) | np.append(False, same))
    tied = order[at]
    order[at] = tied[np.lexsort([*amount[tied].T, *row[tied].T, -benefit[tied], site[tied]])]
    return order


def _columns(options: pa.Table) -> list[tuple[str, str]]:
    """Return the pairs of columns (budget_x, cost_x_eur) of an options table, in order."""
    letters = sorted(
        n.removeprefix("budget_") for n in options.column_names if n.startswith("budget_") and len(n) == 8
    )
    return [(f"budget_{x}", f"cost_{x}_eur") for x in letters]


def _numbers(table: pa.Table, column: str) -> NDArray[np.float64]:
    found = table[column].to_numpy(zero_copy_only=False).astype(np.float64)
    return np.where(np.isnan(found), 0.0, found)


def _numbered(column: pa.ChunkedArray) -> tuple[pa.Array, NDArray[np.int64]]:
    """Return the distinct values of a column, sorted as text, and the number of each cell's value."""
    import pyarrow.compute as pc

    coded = column.cast("string").combine_chunks().dictionary_encode()
    order = pc.array_sort_indices(coded.dictionary)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    return coded.dictionary.take(order), rank[coded.indices.to_numpy()]


def _positions(column: pa.ChunkedArray, names: Sequence[str]) -> NDArray[np.int64]:
    """Return the position of each cell among the names, -1 where it is empty.

    Raises
    ------
    DataError
        Rule ``unknown_reference``: a cell that is none of them.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    text = column.cast("string")
    found = pc.index_in(text, value_set=pa.array(names, type=pa.string()))
    lost = pc.and_(pc.is_null(found), pc.is_valid(text))
    if pc.any(lost).as_py():
        name = text.filter(lost)[0].as_py()
        raise DataError(
            f"There is no budget {name!r}.",
            rule="unknown_reference",
            hint=f"valid: {', '.join(names[:20])}",
            field="budget",
        )
    return np.asarray(pc.fill_null(found, -1).to_numpy(), dtype=np.int64)


def _places(
    tables: Mapping[str, pa.Table], sites: pa.Array
) -> tuple[NDArray[np.int64] | None, dict[str, float]]:
    """Return the floor of each site (-1 for none) and the floors [EUR] by municipality, sorted."""
    if "equity_floors" not in tables or not tables["equity_floors"].num_rows:
        return None, {}
    if "sites" not in tables:
        raise DataError(
            "There are floors, but no table says in which municipality a site lies.",
            rule="table_not_found",
            hint="add sites.csv with site, municipality, or solve with --no-floors",
            field="sites",
        )
    rows = tables["equity_floors"].to_pylist()
    floor = {str(r["municipality"]): float(r["min_spend_eur"]) for r in rows}
    floor = dict(sorted(floor.items()))
    position = {code: q for q, code in enumerate(floor)}
    home = {str(r["site"]): position.get(str(r["municipality"]), -1) for r in tables["sites"].to_pylist()}
    return np.array([home.get(s, -1) for s in sites.to_pylist()], dtype=np.int64), floor
