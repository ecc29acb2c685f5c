"""What a plan stores for its readers beside the tables: see `contado.kernel.portfolio.details`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from contado.kernel.portfolio.breakeven import Explanation
    from contado.kernel.portfolio.details import Details, SitePair, Sturdiness
    from contado.kernel.portfolio.record import RunSettings
    from contado.kernel.portfolio.result import Result
    from contado.kernel.portfolio.robust import Robustness
    from contado.verbs._worksites import SharedWorksite

__all__ = ["detailed", "details_bytes"]


class _Asked(Protocol):
    """What the plan was asked for beside the programme."""

    @property
    def increments(self) -> bool: ...
    @property
    def explain(self) -> list[str]: ...
    @property
    def without_worksite(self) -> list[str]: ...


def detailed(
    result: Result,
    sturdy: Robustness | None,
    settings: RunSettings,
    asked: _Asked,
    shared: Sequence[SharedWorksite],
) -> Details:
    """Compute the details of a plan; the dear ones only where they were asked for."""
    from contado.kernel.portfolio.details import Details
    from contado.kernel.portfolio.increments import increments

    curve = None
    if asked.increments:
        curve = increments(result.problem, gap_share=settings.gap_share, time_limit_s=settings.time_limit_s)
    return Details(
        sturdiness=_sturdiness(sturdy),
        worksites=_pairs(shared, asked.without_worksite),
        increments=curve,
        explanations=_explained(result, asked.explain, settings.time_limit_s),
    )


def _sturdiness(sturdy: Robustness | None) -> Sturdiness | None:
    from contado.kernel.portfolio.details import Sturdiness

    if sturdy is None:
        return None
    return Sturdiness(
        draws=sturdy.draws,
        replan_method=sturdy.replan_method,
        value_low_eur=sturdy.value_low,
        value_high_eur=sturdy.value_high,
        soft_value_share=sturdy.soft_value_share,
    )


def _pairs(shared: Sequence[SharedWorksite], without: Sequence[str]) -> list[SitePair]:
    from contado.kernel.portfolio.details import SitePair

    on = [SitePair(a=p.a, b=p.b, site_id=p.site_id, saving_eur=p.saving_eur, reason=p.reason) for p in shared]
    ids = [word.strip() for words in without for word in words.split(",") if word.strip()]
    return on + [SitePair(a=a, b=b, off=True) for a, b in zip(ids[::2], ids[1::2], strict=True)]


def _explained(result: Result, ids: Sequence[str], time_limit_s: float) -> list[Explanation]:
    """Explain each of ``ids`` against one best plan without gap, solved once."""
    from contado.kernel.portfolio.breakeven import explain

    wanted = list(dict.fromkeys(word.strip() for words in ids for word in words.split(",") if word.strip()))
    if not wanted:
        return []
    best = result.problem.solve(gap_share=0.0, time_limit_s=time_limit_s)
    return [explain(result.problem, key, time_limit_s=time_limit_s, result=best) for key in wanted]


def details_bytes(folder: Path, details: Details) -> bytes:
    """Return details.json of a run's folder; what an earlier plan of the same run computed is kept."""
    import msgspec

    from contado.kernel.errors import DataError
    from contado.kernel.portfolio.details import decode, merged

    before = folder / "details.json"
    if before.is_file():
        with contextlib.suppress(DataError):  # a damaged file is written anew
            details = merged(decode(before.read_bytes()), details)
    return msgspec.json.format(msgspec.json.encode(details), indent=1)
