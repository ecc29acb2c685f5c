"""portfolio.floors: large programmes with a least payment for each municipality, beside PDLP with the same rounding."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

import peers
from portfolio import pdlp
from portfolio.family import family
from portfolio.ours import timed

FLOORS, MANY = 133, 1000
SITES_A_FLOOR = 75
"""Fewer sites of so different a size cannot meet a floor to the euro."""
GAP, COARSE, LARGE, MANY_GAP = 1e-4, 2e-4, 1e-5, 5e-5
LARGE_FROM = 1_000_000
"""Sites from which the goals of a million sites hold."""
PDLP_LIMIT_S = 560.0


def run(n=10_000):
    """Return task, n, ours, peers, skipped, figures."""
    n = n or 10_000
    options = family(n, floors=min(FLOORS, 1 + n // SITES_A_FLOOR))
    timed(family(300, floors=5), 0.1)  # compiles the kernels
    large = n >= LARGE_FROM
    goal = LARGE if large else GAP
    (result, cpu_s), (_, again_s) = timed(options, goal), timed(options, goal)
    cpu_s = min(cpu_s, again_s)
    figures = {"gap": result.gap_share, "bound_eur": result.bound_eur, "passes": result.passes}
    coarse, coarse_s = timed(options, COARSE)
    figures |= {"coarse_gap": coarse.gap_share, "coarse_cpu_s": coarse_s}
    if large:
        many, many_s = timed(family(n, floors=MANY), MANY_GAP)
        figures |= {"floors_1000_gap": many.gap_share, "floors_1000_cpu_s": many_s}
    found, skipped = peers.beside(
        cpu_s,
        {
            "OR-Tools PDLP with the same rounding": lambda: pdlp.side(
                options, max(goal, result.gap_share), cpu_s, PDLP_LIMIT_S
            )
        },
    )
    return {
        "task": "portfolio.floors",
        "n": n,
        "ours": {"cpu_s": cpu_s},
        "peers": found,
        "skipped": skipped,
        "figures": figures,
    }


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000), indent=1))
