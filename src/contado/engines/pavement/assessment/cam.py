"""Recycled share of pavement layers against the minimum environmental criteria for roads (CAM strade).

The minima are dated rows (`data/cam_strade.csv`) that name the article and the version of the CAM register; what was
not read in the text of the norm says so in its ``status``. A share that is not known is neither right nor wrong.

Examples
--------
>>> import datetime as dt
>>> minima_on(dt.date(2025, 1, 15))["wearing"].minimum
0.15
>>> minima_on(dt.date(2024, 12, 20))
{}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement import columns, data
from contado.kernel.dates import holding
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import pyarrow as pa

__all__ = ["COLUMNS", "LayerCheck", "Minimum", "check_mix", "layer_of", "layers", "minima_on"]

COLUMNS: Final = ("layer", "recycled_share", "label")
"""Columns of a mix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """The least recycled share of a layer on a day, with the norm that says so."""

    layer: str
    minimum: float
    name_it: str
    name_en: str
    article: str
    norm: str
    version_id: str
    """Version of the CAM register."""
    rule_version: str
    """The version with the day of the decree that amended it, if any."""
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCheck:
    """One layer of a mix: its share, the minimum, whether it is met (None = not known), the article."""

    layer: str
    recycled_share: float | None
    minimum: float | None
    ok: bool | None
    article: str | None


def layers() -> tuple[str, ...]:
    """Return the names of the layers, from the road body up."""
    return tuple(dict.fromkeys(row["layer"] for row in data.rows("cam_strade")))


def layer_of(word: str) -> str | None:
    """Return the layer that a word of the trade names, or None.

    Examples
    --------
    >>> layer_of("Usura drenante"), layer_of("cement-bound base"), layer_of("roof")
    ('porous', 'cement_bound_base', None)
    """
    key = word.strip().casefold().replace("-", "_").replace(" ", "_")
    for row in data.rows("cam_strade"):
        if key == row["layer"] or key in row["aliases"].split(";"):
            return row["layer"]
    return None


def minima_on(on: date) -> dict[str, Minimum]:
    """Return the minimum of each layer on the day ``on``; none before the decree was in force."""
    return {row["layer"]: _minimum(row) for row in holding(data.rows("cam_strade"), on)}


def _minimum(row: dict[str, str]) -> Minimum:
    amended = f"+DM-{row['amended_on']}" if row["amended_on"] else ""
    return Minimum(
        layer=row["layer"],
        minimum=float(row["minimum_share"]),
        name_it=row["name_it"],
        name_en=row["name_en"],
        article=row["article"],
        norm=row["norm"],
        version_id=row["version_id"],
        rule_version=row["version_id"] + amended,
        status=row["status"],
    )


def check_mix(
    table: pa.Table, on: date, *, name: str = "mix", lines: Sequence[int] | None = None
) -> tuple[tuple[LayerCheck, ...], str | None, list[Finding]]:
    """Return the check of each layer, the version of the rule, and what must be said about it.

    Parameters
    ----------
    table
        One row a layer: layer, recycled_share (0 to 1; empty = not known).
    on
        Day whose rule counts.

    Raises
    ------
    DataError
        ``missing_column``, ``not_a_number``, ``share_range``.
    UsageError
        ``unknown_choice``: no such layer.
    """
    columns.require(table, COLUMNS[:2], name)
    share = columns.numbers(table, "recycled_share", name, lines=lines)
    hint = "a share lies between 0 and 1: 15 % is 0.15"
    bad = np.flatnonzero((share < 0) | (share > 1))
    columns.refuse(bad, table, "recycled_share", name, "share_range", hint, lines)
    found = columns.choices(table, "layer", name, layers(), lines=lines, meaning=layer_of)
    minima = minima_on(on)
    checks = tuple(
        check(layer, None if np.isnan(s) else float(s), minima) for layer, s in zip(found, share, strict=True)
    )
    version = next((m.rule_version for m in minima.values()), None)
    return checks, version, notes(minima, on)


def check(layer: str, share: float | None, minima: dict[str, Minimum]) -> LayerCheck:
    """Return the check of one layer against the minima of a day."""
    rule = minima.get(layer)
    met = None if rule is None or share is None else share >= rule.minimum
    return LayerCheck(
        layer=layer,
        recycled_share=share,
        minimum=None if rule is None else rule.minimum,
        ok=met,
        article=None if rule is None else f"{rule.norm}, {rule.article}",
    )


def notes(minima: dict[str, Minimum], on: date) -> list[Finding]:
    """Return that no rule holds on a day, or that its figures are still to be confirmed."""
    if not minima:
        return [
            Finding(
                severity="note",
                rule="no_rule_on_date",
                table="cam_strade",
                message=f"On {on.isoformat()} no minimum environmental criteria for roads were in force.",
                hint="they hold from 2024-12-21; give --on",
            )
        ]
    open_ = sorted({m.rule_version for m in minima.values() if m.status == "to_confirm"})
    if not open_:
        return []
    return [
        Finding(
            severity="warning",
            rule="to_confirm",
            table="cam_strade",
            message=f"The minima of {', '.join(open_)} were read in secondary sources: to be confirmed against the text.",
            hint="correct data/cam_strade.csv, which holds them with their source",
        )
    ]
