"""What a reader of a trial must know beside its figures: findings of its evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.trial import placebo as placebos
from contado.engines.pavement.trial.design import ALPHA, design_findings
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.trial.evaluate import Adjusted, Core, Verdict
    from contado.engines.pavement.trial.panel import Panel

__all__ = ["cautions", "covariates_disagree", "covariates_not_used", "left_out"]

_SAME_LAYING_Y: Final = 0.25
"""Sections laid within a season count as laid together [y]."""


def left_out(held: Panel, known: NDArray[np.bool_]) -> list[Finding]:
    """Name the sections and count the campaigns that the comparison could not use."""
    return [*_grown(held, known), *_laid_apart(held)]


def _grown(held: Panel, known: NDArray[np.bool_]) -> list[Finding]:
    lost = [name for name, ok in zip(held.sections, known, strict=True) if not ok]
    if not lost:
        return []
    return [
        _warning(
            "section_without_growth",
            f"{len(lost)} sections have fewer than two campaigns after the works and are left out: {', '.join(lost)}.",
            "measure each section at least twice after it was laid",
        )
    ]


def _laid_apart(held: Panel) -> list[Finding]:
    """Count the campaigns that some sections hold since they were laid and others do not."""
    own = (held.age_y[held.compared] >= 0).any(axis=0) & ~held.counted
    if not held.common_epochs or not own.any() or not held.same_campaigns:
        return []
    last = _laid_last(held)
    return [
        _warning(
            "campaigns_not_used",
            f"{int(own.sum())} of {len(own)} campaigns lie before the last section was laid ({last}): growth is "
            f"compared over the {int(held.counted.sum())} that all have since.",
            "nothing to do; without the sections that were laid last, more campaigns would count",
        )
    ]


def _laid_last(held: Panel) -> str:
    """Name the compared sections whose surface is the youngest, at most three."""
    youngest = np.where(held.compared, held.age_y.max(axis=1), np.inf)
    names = [
        name
        for name, age in zip(held.sections, youngest, strict=True)
        if age <= youngest.min() + _SAME_LAYING_Y
    ]
    return ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")


def cautions(core: Core, n_treated: int, n_control: int, verdict: Verdict) -> list[Finding]:
    """Say what stands between the figures and a verdict."""
    out = design_findings(n_treated, n_control)
    if verdict == "not_identifiable" and all(f.rule != verdict for f in out):
        out.append(_no_common())
    if not core.exact:
        out.append(_sampled(len(core.placebo)))
    return out


def covariates_disagree(adjusted: Adjusted | None, verdict: Verdict) -> list[Finding]:
    """Say when covariates turn the verdict of the plain comparison."""
    if adjusted is None or verdict == "not_identifiable":
        return []
    shown = adjusted.high95 < 0 and adjusted.placebo_p is not None and adjusted.placebo_p <= ALPHA
    if shown == (verdict == "demonstrated"):
        return []
    return [
        _warning(
            "covariates_disagree",
            f"Beside {', '.join(dict.fromkeys(adjusted.covariates))} the effect is {adjusted.effect_per_year:+.4f} a year "
            f"({adjusted.low95:+.4f} to {adjusted.high95:+.4f}), which would give the other verdict.",
            "the arms differ in more than the mix; choose control sections alike in traffic and base",
        )
    ]


def _no_common() -> Finding:
    return _warning(
        "not_identifiable",
        "No two campaigns are common to all sections since the last was laid, so season and year cannot be told from the mix.",
        "measure all sections in the same campaigns",
    )


def _sampled(count: int) -> Finding:
    return _warning(
        "sampled_placebo",
        f"There are more than {placebos.MOST_TUPLES:,} placebo tuples; {count:,} were drawn by the seed.",
        "nothing to do; another seed shows how little p depends on the draw",
    )


def covariates_not_used(covariates: Sequence[str], n_control: int) -> Finding:
    """Say that the controls are too few for the covariates."""
    return _warning(
        "covariates_not_used",
        f"{n_control} control sections cannot tell {', '.join(dict.fromkeys(covariates))} apart: no adjustment is made.",
        "add control sections, or leave out a covariate",
    )


def _warning(rule: str, message: str, hint: str) -> Finding:
    return Finding(severity="warning", rule=rule, table="panel", message=message, hint=hint)
