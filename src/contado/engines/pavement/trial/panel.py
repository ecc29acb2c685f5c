"""A trial's panel: from cells of several campaigns to one mean wear (log IRI) a section and campaign.

The unit of a trial is the section: cells of one section share its growth, so their number is no sample size.
Cells are averaged within a section over those that every campaign measured, so that a cell that was missed
once does not look like a change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from contado.engines.pavement import columns
from contado.engines.pavement.trial.metrics import METRICS, ROUGHNESS
from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.trial.metrics import Metric

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    Flags = NDArray[np.bool_]

__all__ = ["ARMS", "COLUMNS", "COVARIATES", "Panel", "of_table"]

ARMS: Final = ("treated", "control")
COVARIATES: Final = ("aadt", "heavy_share", "thickness_cm", "base")
"""Columns that describe a section and may explain its growth; ``base`` is a word, the others are numbers."""
_REQUIRED: Final = ("section", "group", "age_years")
COLUMNS: Final = (*_REQUIRED, *METRICS, "from_m", "to_m", "campaign", *COVARIATES, "label")
"""Columns of a panel."""
_SAME_AGE_Y: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Sections by campaigns; the campaigns are those that every section has.

    Attributes
    ----------
    sections
        (s,) names, in alphabetical order.
    treated
        (s,) whether the section got the treatment.
    age_y
        (s, e) age of the surface at each campaign [y]; negative before it was laid.
    metric
        What was measured.
    wear
        (s, e) mean over cells of the metric on its scale of wear: the logarithm of IRI [log m/km].
    covariates
        (s, k) numbers that describe the sections; words are one column a word but the first.
    covariate_names
        What the columns of ``covariates`` came from.
    rows
        Rows that were used: section, campaign (its column here; -1 where it is left out), age [y] and wear.
    common_epochs
        Whether the sections share at least two campaigns; else each has its own ages and ``age_y`` and
        ``wear`` hold NaN where a section was not measured.
    """

    metric: Metric
    sections: tuple[str, ...]
    treated: Flags
    age_y: Floats
    wear: Floats
    covariates: Floats
    covariate_names: tuple[str, ...]
    rows: tuple[Ints, Ints, Floats, Floats]
    common_epochs: bool
    findings: tuple[Finding, ...] = ()

    @property
    def compared(self) -> Flags:
        """(s,) whether a section has two campaigns since it was laid, so that its growth can be known."""
        return np.asarray((self.age_y >= 0).sum(axis=1) >= 2)

    @property
    def counted(self) -> Flags:
        """(e,) campaigns in which every compared section was already laid: those whose growth is compared.

        What a campaign does to all alike (season, instrument, year) cancels between the arms only if both
        arms hold it, so a section that was laid earlier than others loses its earlier campaigns.
        """
        compared = self.compared
        if not self.common_epochs or not compared.any():
            return np.zeros(self.age_y.shape[1], bool)
        return np.asarray((self.age_y[compared] >= 0).all(axis=0))

    @property
    def same_campaigns(self) -> bool:
        """Whether all growths come from the same two campaigns or more."""
        return int(self.counted.sum()) >= 2

    @property
    def before(self) -> Flags:
        """(e,) campaigns before the works: every section that was laid during the campaigns was still to be laid."""
        none = np.zeros(self.age_y.shape[1], bool)
        works = np.asarray((self.age_y < 0).any(axis=1))
        if not self.common_epochs or not self.treated.any() or not works[self.treated].all():
            return none
        return np.asarray((self.age_y[works] < 0).all(axis=0))

    @property
    def slopes(self) -> Floats:
        """(s,) least-squares growth of wear a year since the section was laid; NaN where unknown.

        Over the campaigns of `counted`; where these are fewer than two each section has its own.
        """
        own = np.where(self.age_y >= 0, self.age_y, np.nan)
        if self.same_campaigns:
            own = np.where(self.counted & self.compared[:, None], own, np.nan)
        return slopes(own, self.wear)

    @property
    def slopes_before(self) -> Floats | None:
        """(s,) the same over the campaigns before the works; None where these are fewer than two."""
        before = self.before
        return slopes(self.age_y[:, before], self.wear[:, before]) if int(before.sum()) >= 2 else None


def slopes(age_y: Floats, wear: Floats) -> Floats:
    """Return the least-squares slope of each row over its known places; NaN with fewer than two ages.

    Examples
    --------
    >>> slopes(np.array([[0.0, 1.0, 2.0]]), np.array([[0.0, 0.1, 0.2]])).round(6).tolist()
    [0.1]
    """
    known = ~np.isnan(age_y) & ~np.isnan(wear)
    n = np.maximum(known.sum(axis=1), 1)
    age = np.where(known, age_y, 0.0)
    y = np.where(known, wear, 0.0)
    centred = np.where(known, age - (age.sum(axis=1) / n)[:, None], 0.0)
    square = (centred**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(square > 0, (centred * y).sum(axis=1) / square, np.nan)
    return found


def of_table(
    table: pa.Table, *, metric: str = ROUGHNESS, name: str = "panel", lines: Sequence[int] | None = None
) -> Panel:
    """Return the panel of a table: section, group, age_years, iri_m_km or another metric[, from_m, to_m, campaign, covariates].

    Parameters
    ----------
    table
        One row a cell and campaign (or a section and campaign); ``group`` is treated or control.
    metric
        Name of one of `METRICS`, which is the column that holds it.
    name, lines
        For messages: the file and the line of each row.

    Raises
    ------
    DataError
        ``missing_column``, ``not_a_number``, ``iri_not_positive``, ``mixed_group`` (a section in both
        groups), ``empty_file``.
    UsageError
        ``unknown_choice``: a group that is neither treated nor control.
    """
    measured = METRICS[metric]
    columns.require(table, (*_REQUIRED, metric), name)
    if table.num_rows == 0:
        raise DataError(f"{name} has no rows.", rule="empty_file", hint="give sections, ages and values")
    wear, age, unknown = _measured(table, measured, name, lines)
    kept = np.flatnonzero(~unknown)
    table, wear, age = table.take(pa.array(kept)), wear[kept], age[kept]
    if table.num_rows == 0:
        raise DataError(
            f"{name} has no measured row.", rule="empty_file", hint="give sections, ages and values"
        )
    lines = None if lines is None else [lines[int(i)] for i in kept]
    unnamed = np.array([v is None for v in table["section"].to_pylist()])
    columns.refuse(
        np.flatnonzero(unnamed), table, "section", name, "missing_value", "name the section", lines
    )
    words = columns.texts(table, "section")
    names, section = np.unique(np.array(words, object).astype(str), return_inverse=True)
    treated = _arms(table, section, len(names), name, lines)
    covariates, covariate_names = _covariates(table, section, len(names), name, lines)
    findings = [_dropped(int(unknown.sum()), metric)] if unknown.any() else []
    epoch, age_y, means, common, more = _balanced(table, section, age, wear, len(names))
    order = np.lexsort((wear, age, section))
    return Panel(
        metric=measured,
        sections=tuple(str(n) for n in names),
        treated=treated,
        age_y=age_y,
        wear=means,
        covariates=covariates,
        covariate_names=covariate_names,
        rows=(section[order], epoch[order], age[order], wear[order]),
        common_epochs=common,
        findings=(*findings, *more),
    )


def _measured(
    table: pa.Table, metric: Metric, name: str, lines: Sequence[int] | None
) -> tuple[Floats, Floats, Flags]:
    """Return wear and age of each row and which rows are not known."""
    values = columns.numbers(table, metric.name, name, lines=lines)
    age = columns.numbers(table, "age_years", name, lines=lines)
    hint = "leave out cells that were not measured; they are unknown, not zero"
    if metric.relative:
        columns.refuse(np.flatnonzero(values <= 0), table, metric.name, name, "iri_not_positive", hint, lines)
    return metric.wear(values), age, np.isnan(values) | np.isnan(age)


def _arms(table: pa.Table, section: Ints, n: int, name: str, lines: Sequence[int] | None) -> Flags:
    """Return which sections are treated."""
    words = columns.choices(table, "group", name, ARMS, lines=lines)
    is_treated = np.array(words) == "treated"
    share = np.bincount(section, weights=is_treated, minlength=n) / np.bincount(section, minlength=n)
    mixed = np.flatnonzero(((share > 0) & (share < 1))[section])
    columns.refuse(mixed, table, "section", name, "mixed_group", "a section is in one group only", lines)
    treated: Flags = share == 1
    return treated


def _covariates(
    table: pa.Table, section: Ints, n: int, name: str, lines: Sequence[int] | None
) -> tuple[Floats, tuple[str, ...]]:
    """Return the covariates that are known for every section and differ between sections."""
    found: list[Floats] = []
    names: list[str] = []
    for column in COVARIATES:
        if column not in table.column_names:
            continue
        made = _words(table, column, section, n) if column == "base" else None
        if made is None:
            values = columns.numbers(table, column, name, lines=lines)
            made = (np.bincount(section, weights=values, minlength=n) / np.bincount(section, minlength=n))[
                :, None
            ]
        made = made[:, np.ptp(made, axis=0) > 0] if made.size else made
        if made.shape[1] and not np.isnan(made).any():
            scaled = (made - made.mean(axis=0)) / made.std(axis=0)
            found.append(scaled)
            names += [column] * made.shape[1]
    return (np.hstack(found) if found else np.zeros((n, 0))), tuple(names)


def _words(table: pa.Table, column: str, section: Ints, n: int) -> Floats:
    """Return one column of zeros and ones for each word but the first."""
    words, code = np.unique(np.array(columns.texts(table, column)), return_inverse=True)
    chosen = np.zeros(n, np.intp)
    chosen[section[::-1]] = code[::-1]
    found: Floats = (chosen[:, None] == np.arange(1, len(words))[None, :]).astype(float)
    return found


def _balanced(
    table: pa.Table, section: Ints, age: Floats, wear: Floats, n: int
) -> tuple[Ints, Floats, Floats, bool, list[Finding]]:
    """Return the campaign of each row, ages and means of the common ones, whether there are any, what was left out."""
    epoch, count = _epochs(table, age)
    pair, pair_section = _cells(table, section)
    seen = np.zeros((n, count), bool)
    seen[section, epoch] = True
    shared = seen.all(axis=0)
    common = int(shared.sum()) >= 2
    used = shared if common else np.ones(count, bool)
    mean = _means(pair * count + epoch, wear, len(pair_section) * count).reshape(-1, count)[:, used]
    ages = _means(section * count + epoch, age, n * count).reshape(-1, count)[:, used]
    whole: Flags = np.isfinite(mean.sum(axis=1)) | (not common)
    log_mean, lost = _over_cells(mean, whole, pair_section, n)
    named = "campaign" in table.column_names
    findings = [] if shared.all() else [_unequal(int(shared.sum()), count, common=common, named=named)]
    if lost:
        findings.append(_left_out_cells(lost, len(mean)))
    place = np.where(used, np.cumsum(used) - 1, -1)
    return place[epoch], ages, log_mean, common, findings


def _epochs(table: pa.Table, age: Floats) -> tuple[Ints, int]:
    """Return the campaign of each row: the column ``campaign``, else the age."""
    if "campaign" in table.column_names:
        words, code = np.unique(np.array(columns.texts(table, "campaign")), return_inverse=True)
        mean_age = _means(code, age, len(words))
        rank = np.argsort(np.argsort(mean_age, kind="stable"), kind="stable")
        return rank[code], len(words)
    ages, code = np.unique(np.round(age / _SAME_AGE_Y), return_inverse=True)
    return code, len(ages)


def _cells(table: pa.Table, section: Ints) -> tuple[Ints, Ints]:
    """Return the cell of each row (one number over all sections) and the section of each cell."""
    if "from_m" not in table.column_names:
        return section, np.arange(int(section.max()) + 1)
    start = columns.numbers(table, "from_m", "panel")
    both = np.stack([section.astype(float), np.nan_to_num(start, nan=-1.0)], axis=1)
    cells, code = np.unique(both, axis=0, return_inverse=True)
    return code, cells[:, 0].astype(np.intp)


def _means(place: Ints, values: Floats, size: int) -> Floats:
    """Return the mean of the values at each place, NaN where there is none, the same for any order of rows."""
    order = np.lexsort((values, place))
    total = np.bincount(place[order], weights=values[order], minlength=size)
    count = np.bincount(place, minlength=size)
    with np.errstate(invalid="ignore"):
        mean: Floats = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean


def _over_cells(mean: Floats, whole: Flags, pair_section: Ints, n: int) -> tuple[Floats, int]:
    """Average cells over each section: those measured every time, all where a section has no such cell."""
    has_whole = np.bincount(pair_section, weights=whole, minlength=n) > 0
    used = whole | ~has_whole[pair_section]
    known = ~np.isnan(mean) & used[:, None]
    out = np.full((n, mean.shape[1]), np.nan)
    for epoch in range(mean.shape[1]):
        at = known[:, epoch]
        out[:, epoch] = _means(pair_section[at], mean[at, epoch], n)
    return out, int((~used).sum())


def _dropped(count: int, metric: str) -> Finding:
    return Finding(
        severity="note",
        rule="rows_dropped",
        table="panel",
        message=f"{count} rows without {metric} or age were left out.",
        hint="unknown is not zero; nothing is filled in",
        action="dropped",
    )


def _unequal(shared: int, count: int, *, common: bool, named: bool) -> Finding:
    told = (
        f"the {shared} that all have are used"
        if common
        else "fewer than two are common, so each section keeps its own and season is not cancelled"
    )
    return Finding(
        severity="warning",
        rule="unequal_campaigns",
        table="panel",
        message=f"The sections were not measured in the same campaigns: of {count}, {told}.",
        hint="measure treated and control sections in the same campaigns"
        if named
        else "name the campaign of each row (column campaign): without it rows of one age are taken for one campaign",
        action="dropped" if common else "kept",
    )


def _left_out_cells(lost: int, count: int) -> Finding:
    return Finding(
        severity="note",
        rule="cells_left_out",
        table="panel",
        message=f"{lost} of {count} cells were not measured in every campaign and were left out.",
        hint="a cell that is missing once would look like a change",
        action="dropped",
    )


def table_of(panel: pa.Table | Mapping[str, Any] | Any) -> pa.Table:
    """Return an Arrow table of whatever holds columns: an Arrow table, a mapping or a data frame."""
    if isinstance(panel, pa.Table):
        return panel
    return pa.Table.from_pandas(panel, preserve_index=False) if hasattr(panel, "iloc") else pa.table(panel)
