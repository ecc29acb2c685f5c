"""Published trials that give one figure a section: what it lost a year, and what that cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.engines.pavement import columns
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

__all__ = ["PublishedSection", "published"]

_FULL_PCI = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSection:
    """One section: what it lost of its condition a year, and that loss over the least of all sections."""

    section: str
    mix: str | None
    pci: float
    loss_per_year: float
    ratio_to_best: float | None
    """None where the best section lost nothing."""


def published(
    table: pa.Table, years: float, *, name: str = "published", lines: Sequence[int] | None = None
) -> tuple[tuple[PublishedSection, ...], list[Finding]]:
    """Return the sections of a published table and what must be said about it.

    Parameters
    ----------
    table
        One row a section: section, pci_after_Ny (N = ``years``)[, mix]; a new surface has a PCI of 100.
    years
        Age of the surfaces [y]; positive.

    Raises
    ------
    DataError
        ``missing_column``, ``not_a_number``, ``pci_range``: outside 0 to 100 or empty; ``missing_value``,
        ``duplicate_id``: a section without name or twice.
    """
    column = f"pci_after_{years:g}y"
    columns.require(table, ["section", column], name)
    pci = columns.numbers(table, column, name, lines=lines)
    bad = np.flatnonzero(~((pci >= 0) & (pci <= _FULL_PCI)))
    columns.refuse(bad, table, column, name, "pci_range", "a PCI lies between 0 and 100", lines)
    loss = (_FULL_PCI - pci) / years
    least = float(loss.min(initial=np.inf))
    mixes = columns.texts(table, "mix") if "mix" in table.column_names else [""] * table.num_rows
    rows = zip(columns.names(table, "section", name, lines=lines), mixes, pci, loss, strict=True)
    found = tuple(
        PublishedSection(
            section=section,
            mix=mix or None,
            pci=float(p),
            loss_per_year=float(v),
            ratio_to_best=float(v / least) if least > 0 else None,
        )
        for section, mix, p, v in rows
    )
    return found, _cautions(found)


def _cautions(found: Sequence[PublishedSection]) -> list[Finding]:
    """Say that an arm of one section cannot be told from its place."""
    arms = [s.mix or s.section for s in found]
    single = sorted({a for a in arms if arms.count(a) == 1})
    if not single:
        return []
    return [
        Finding(
            severity="warning",
            rule="one_section_per_arm",
            table="published",
            message=f"one section per arm: {', '.join(single)}. Sections differ in more than the mix, "
            "so the ratio of their losses is no evidence by itself.",
            hint="compare with several control sections: contado pavement trial",
        )
    ]
