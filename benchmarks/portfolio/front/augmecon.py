"""How many solves AUGMECON-R takes: the algorithm replayed on a front that is already known.

A. Nikas, A. Fountoulakis, A. Forouli, H. Doukas, A robust augmented epsilon-constraint method (AUGMECON-R) for
finding exact solutions of multi-objective linear programming problems, Operational Research 22, 2022 (online
2020). Each solve of the method asks for the point that is best in the first objective, then in the others'
surplus, among those that keep the limits of the others: of a known front this is a look-up. So the count needs
no solver and is exact as far as the surplus terms only break ties, as they are meant to.
"""

from __future__ import annotations

from itertools import product

import numpy as np


def solves(points, low):
    """Return (solves, infeasible ones, points found) of AUGMECON-R on a front of whole numbers, unit steps.

    Parameters
    ----------
    points
        The front (n, p), all objectives maximised; the first is optimised, the others are limited.
    low
        Where the grid of each limited objective begins (p - 1).
    """
    points = np.asarray(points, dtype=np.int64)
    low = np.asarray(low, dtype=np.int64)
    spans = points[:, 1:].max(axis=0) - low
    order = np.lexsort([*(-points[:, k] for k in range(points.shape[1] - 1, -1, -1))])
    points = points[order]
    flags = np.zeros(spans + 1, dtype=np.int64)
    blocked = np.full(spans[1:] + 1, spans[0] + 1, dtype=np.int64)
    done, infeasible, found = 0, 0, set()
    for outer in product(*(range(s + 1) for s in spans[1:])):
        inner = 0
        while inner < min(spans[0] + 1, blocked[outer]):
            if flags[(inner, *outer)]:
                inner += flags[(inner, *outer)]
                continue
            done += 1
            limits = low + np.array([inner, *outer])
            kept = np.flatnonzero((points[:, 1:] >= limits).all(axis=1))
            if not len(kept):
                infeasible += 1
                tail = tuple(slice(o, None) for o in outer)
                blocked[tail] = np.minimum(blocked[tail], inner)
                break
            point = points[kept[0]]
            found.add(tuple(point.tolist()))
            surplus = point[1:] - limits
            reach = tuple(slice(o, o + s + 1) for o, s in zip(outer, surplus[1:], strict=True))
            flags[(inner, *reach)] = np.maximum(flags[(inner, *reach)], surplus[0] + 1)
            inner += int(surplus[0]) + 1
    return done, infeasible, len(found)
