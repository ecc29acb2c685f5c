"""portfolio.milp: small programmes to the proven optimum, beside the textbook formulation in the same solver."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))
sys.path.append(str(Path(__file__).resolve().parent))

import peers
from textbook import Textbook

from contado.kernel.portfolio import Problem
from contado.kernel.portfolio.projected import project
from contado.kernel.solver import solve

MID = 120
LIMIT_S = 1800.0
MID_LIMIT_S, MID_GAP = 60.0, 5e-4


def run(n=40):
    """Return task, n, ours, peers, skipped, figures: tiny7 below 40, small40; from 120 mid120 as well."""
    n = n or 40
    name = "tiny7" if n < 40 else "small40"
    answer = {"task": "portfolio.milp", "n": n, "ours": {"cpu_s": 0.0}, "peers": [], "skipped": []}
    try:
        problem = Problem.from_folder(peers.shared(f"planning/programme/{name}"), floors=False)
    except peers.Absent as error:
        return answer | {"skipped": [{"name": name, "reason": str(error)}]}
    claim, cpu_s = to_the_end(project(problem)[0])
    found, skipped = peers.beside(cpu_s, {"textbook formulation": lambda: textbook(problem, claim)})
    figures = {"value_eur": claim.value * 1000, "nodes": claim.nodes}
    whole, whole_s = counted(lambda: problem.solve(gap_share=0.0, time_limit_s=LIMIT_S))
    figures |= {"with_proof_cpu_s": whole_s, "proven_gap": whole.gap_share}
    if n >= MID:
        mid = Problem.from_folder(peers.shared("planning/programme/mid120"), floors=False)
        result, mid_s = counted(lambda: mid.solve(gap_share=MID_GAP, time_limit_s=MID_LIMIT_S))
        figures |= {"mid120_value_eur": result.value_eur, "mid120_gap": result.gap_share}
        figures |= {"mid120_cpu_s": mid_s}
    return answer | {
        "ours": {"cpu_s": cpu_s},
        "peers": found,
        "skipped": skipped,
        "figures": figures,
    }


def to_the_end(model):
    claim, cpu_s = counted(lambda: solve(model, gap_share=0.0, time_limit_s=LIMIT_S))
    if claim.value is None:
        raise peers.Absent(f"no plan in {LIMIT_S:g} s")
    return claim, cpu_s


def counted(function):
    start = peers.cpu_s()
    result = function()
    return result, peers.cpu_s() - start


def textbook(problem, ours):
    """The same rules, the same solver and gap; the value must agree."""
    claim, cpu_s = to_the_end(Textbook(problem).model())
    ended = claim.status == "optimal"
    same = abs(claim.value - ours.value) <= 1e-6 * ours.value if ended else None
    left = "" if ended else f", stopped at a gap of {claim.gap:.1e}"
    note = f"{claim.nodes} nodes{left}"
    return {"version": claim.solver, "cpu_s": cpu_s, "identical": same, "note": note}


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 40), indent=1))
