"""What works really cost (and brought): realised over planned, by domain, shrunk towards each other.

With m_d the mean log ratio of the n_d works of domain d and s2 the pooled variance within domains, the spread
between domains tau2 is the moment estimator of DerSimonian and Laird [1]_ with weights n_d / s2, and
``shrunk_d = exp((tau2 m_d + (s2/n_d) mu) / (tau2 + s2/n_d))``, mu the tau2-weighted mean: a domain with few works
borrows from the others, one with many speaks for itself [2]_.

References
----------
.. [1] R. DerSimonian, N. Laird, Meta-analysis in clinical trials, Controlled Clinical Trials 7(3), 1986, 177-188,
   doi:10.1016/0197-2456(86)90046-2.
.. [2] B. Efron, C. Morris, Data analysis using Stein's estimator and its generalizations, JASA 70(350), 1975,
   doi:10.1080/01621459.1975.10479864.

Examples
--------
>>> works = [("road", 100, 118), ("road", 200, 214), ("road", 150, 171),
...          ("building", 300, 303), ("building", 250, 260), ("trees", 80, 112)]
>>> found = {d.domain: (round(d.mean_ratio, 6), round(d.shrunk_ratio, 6)) for d in feedback(works).domains}
>>> found["road"], found["building"], found["trees"]
((1.129077, 1.130487), (1.02489, 1.031824), (1.4, 1.376086))
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["DomainRatio", "Feedback", "feedback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRatio:
    """Realised over planned in one domain."""

    domain: str
    n: int
    mean_ratio: float
    """Geometric mean of the ratios."""
    shrunk_ratio: float
    low: float | None
    """Lower end of the interval of the domain's ratio."""
    high: float | None
    work_low: float | None
    """Lower end of the interval of a further work of the domain: what a sampler of costs draws from."""
    work_high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """Ratios of all domains, variance within (s2) and between (tau2) of the log ratios."""

    domains: list[DomainRatio]
    s2: float | None
    """None where no domain has two works."""
    tau2: float | None


def feedback(observed: Iterable[tuple[str, float, float]], *, confidence: float = 0.9) -> Feedback:
    """Return the ratios by domain, in the order of the names.

    Parameters
    ----------
    observed
        Domain, planned, realised; both amounts positive.
    confidence
        Probability of the intervals (normal on the log scale).

    Raises
    ------
    DataError
        ``not_positive``: an amount that is not positive.
    """
    logs: dict[str, list[float]] = {}
    for domain, planned, realised in observed:
        if not (planned > 0 and realised > 0 and math.isfinite(planned) and math.isfinite(realised)):
            raise DataError(
                f"{domain}: planned {planned:g}, realised {realised:g}: a ratio needs two positive amounts.",
                rule="not_positive",
                hint="leave works out that are not finished",
            )
        logs.setdefault(domain, []).append(math.log(realised / planned))
    names = sorted(logs)
    n = np.array([len(logs[d]) for d in names], float)
    means = np.array([math.fsum(logs[d]) / len(logs[d]) for d in names])
    s2 = _within([np.array(logs[d]) for d in names])
    if s2 is None:
        domains = [_domain(d, n[i], means[i], means[i], None, None) for i, d in enumerate(names)]
        return Feedback(domains=domains, s2=None, tau2=None)
    tau2 = _between(n, means, s2)
    shrunk, variance = _shrink(n, means, s2, tau2)
    z = _quantile(confidence)
    domains = [
        _domain(d, n[i], means[i], shrunk[i], z * math.sqrt(variance[i]), z * math.sqrt(variance[i] + s2))
        for i, d in enumerate(names)
    ]
    return Feedback(domains=domains, s2=s2, tau2=tau2)


def _quantile(confidence: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf((1 + confidence) / 2)


def _within(logs: list[Floats]) -> float | None:
    """Return the pooled variance within domains, or None where no domain has two works."""
    free = sum(len(v) - 1 for v in logs)
    return float(sum(((v - v.mean()) ** 2).sum() for v in logs)) / free if free else None


def _between(n: Floats, means: Floats, s2: float) -> float:
    """Return the variance between domains by the moments of Q [1]_; where s2 is 0, that of the means."""
    if len(n) < 2:
        return 0.0
    if s2 == 0:
        return float(means.var(ddof=1))
    weights = n / s2
    centre = float(weights @ means) / weights.sum()
    q = float(weights @ (means - centre) ** 2)
    scale = weights.sum() - float(weights @ weights) / weights.sum()
    return max(0.0, (q - (len(n) - 1)) / float(scale))


def _shrink(n: Floats, means: Floats, s2: float, tau2: float) -> tuple[Floats, Floats]:
    """Return the shrunk log ratios and their variances, that of the common mean counted."""
    own = s2 / n
    if tau2 + s2 == 0:
        return means, np.zeros_like(means)
    weights = 1 / (tau2 + own)
    mu = float(weights @ means) / float(weights.sum())
    trust = tau2 * weights
    variance = trust * own + (1 - trust) ** 2 / float(weights.sum())
    return trust * means + (1 - trust) * mu, variance


def _domain(
    name: str, n: float, mean: float, shrunk: float, half: float | None, work: float | None
) -> DomainRatio:
    return DomainRatio(
        domain=name,
        n=int(n),
        mean_ratio=math.exp(mean),
        shrunk_ratio=math.exp(shrunk),
        low=None if half is None else math.exp(shrunk - half),
        high=None if half is None else math.exp(shrunk + half),
        work_low=None if work is None else math.exp(shrunk - work),
        work_high=None if work is None else math.exp(shrunk + work),
    )
