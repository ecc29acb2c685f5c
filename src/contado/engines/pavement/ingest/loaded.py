"""What a load answers: what became of the drives, and what is to be said of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pyarrow as pa

    from contado.engines.pavement.telemetry.drive import Rejected
    from contado.kernel.labels import Label

__all__ = ["Loaded", "changes", "shifted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of a folder of drives.

    ``drives`` found, ``loaded`` now (those measured anew among them), ``unchanged`` already in; ``cells``
    observations of cells that are new; ``anomalies`` known afterwards; ``cells_changed`` and ``anomalies_changed``
    those that are new, gone or in another state. ``ids`` are the pseudonyms of all drives by the hash of their
    content, ``written`` those of the loaded ones.
    """

    drives: int
    loaded: int
    unchanged: int
    rejected: tuple[Rejected, ...]
    cells: int
    anomalies: int
    cells_changed: int
    anomalies_changed: int
    label: Label
    findings: tuple[Finding, ...]
    compute_s: float
    ids: Mapping[str, str] = field(default_factory=dict)
    written: frozenset[str] = frozenset()

    @property
    def states_changed(self) -> int:
        """States of cells and anomalies that are new, gone or others."""
        return self.cells_changed + self.anomalies_changed


def changes(before: pa.Table, after: pa.Table, *keys: str) -> int:
    """Return how many rows are new, gone or in another ``state``."""
    was, now = (
        dict(zip(zip(*(t[n].to_pylist() for n in keys), strict=True), t["state"].to_pylist(), strict=True))
        for t in (before, after)
    )
    return sum(was.get(key) != now.get(key) for key in was | now)


def shifted(drives: Collection[str]) -> tuple[Finding, ...]:
    """Say which new drives tell only what another drive of their car tells, seconds before or after."""
    return tuple(
        Finding(
            severity="warning",
            rule="pass_told_again",
            message=f"Drive {name} reads what another drive of its car read seconds before or after: a clock was "
            "shifted; the pass counts once.",
            table="pavement_drive",
            row=name,
            hint="nothing to do; give each drive once",
            action="kept",
        )
        for name in sorted(drives)
    )
