"""How the road verbs name a file that is not plain CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contado.kernel.errors import Finding

__all__ = ["named"]


def named(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings; what the readers of tables call `converted` is `italian_csv` in this engine."""
    return [msgspec.structs.replace(f, rule="italian_csv") if f.rule == "converted" else f for f in findings]
