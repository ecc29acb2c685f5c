"""How well a share is known that was counted in a sample, and how large a sample a wish needs.

References
----------
.. [1] E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22(158), 1927,
   doi:10.1080/01621459.1927.10502953.
.. [2] L. D. Brown, T. T. Cai, A. DasGupta, Interval estimation for a binomial proportion, Statistical Science
   16(2), 2001, doi:10.1214/ss/1009213286 (why this one and not p +- z sd).
"""

from __future__ import annotations

import math
from typing import Final

__all__ = ["sample_for", "wilson"]

Z_95: Final = 1.959963984540054


def wilson(hits: float, n: float, z: float = Z_95) -> tuple[float, float]:
    """Return the Wilson interval of a share: ``hits`` of ``n`` independent draws, n > 0; 95 % by default.

    Counts need not be whole: draws that resemble each other count less (effective numbers).

    Examples
    --------
    >>> [round(end, 3) for end in wilson(39, 45)]
    [0.738, 0.937]
    """
    share, spread = hits / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def sample_for(half_width: float, share: float, z: float = Z_95) -> int:
    """Return the least number of independent draws whose Wilson interval is no wider than +- ``half_width``.

    Parameters
    ----------
    half_width
        Half of the interval's width, between 0 and 0.5.
    share
        The share that is expected.
    z
        Quantile of the interval's level; 95 % by default.

    Examples
    --------
    >>> [sample_for(half, 0.9) for half in (0.10, 0.05, 0.03)]
    [37, 141, 388]
    """
    low, high = 0, 1
    while _half(high, share, z) > half_width:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _half(middle, share, z) <= half_width else (middle, high)
    return high


def _half(n: int, share: float, z: float) -> float:
    low, high = wilson(share * n, n, z)
    return (high - low) / 2
