"""What reading drives and looking at the sections noticed, in a few findings."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from contado.engines.pavement.measuring.scales import RENEWED
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contado.engines.pavement.measuring.processing import ProcessResult
    from contado.engines.pavement.telemetry.drive import DriveSet

__all__ = ["noticed"]


def noticed(sets: Sequence[DriveSet], results: Sequence[ProcessResult]) -> tuple[Finding, ...]:
    """Return the findings of reading, and those of the sections counted by rule: notes are counted apart.

    That a survey is of a surface that is gone is told of each section.
    """
    found = [f for s in sets for f in (*s.findings, *(g for d in s.drives for g in d.findings))]
    seen = [f for result in results for f in result.findings]
    found += [f for f in seen if f.rule == RENEWED]
    counts = Counter((f.rule, f.severity) for f in seen if f.rule != RENEWED)
    found += [
        Finding(
            severity=severity,
            rule=rule,
            table="pavement_cell_obs",
            message=f"{count} traversals of a section: {rule.replace('_', ' ')}.",
            hint="those parts were not used",
            action="dropped",
        )
        for (rule, severity), count in sorted(counts.items())
    ]
    return tuple(dict.fromkeys(found))
