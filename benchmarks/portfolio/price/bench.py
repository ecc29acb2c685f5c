"""portfolio.price: large programmes by the price method, beside PDLP with rounding and HiGHS on the relaxation."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

import peers
from portfolio import pdlp
from portfolio.family import family
from portfolio.ours import peak_mb, timed

from contado.kernel.portfolio.options import Options
from contado.kernel.portfolio.options_model import options_model

GAP = 1e-5
PDLP_LIMIT_S, HIGHS_LIMIT_S = 560.0, 30.0


def run(n=10_000):
    """Return task, n, ours, peers, skipped, figures."""
    n = n or 10_000
    options = family(n)
    timed(family(300), 0.1)  # compiles the kernels
    (result, cpu_s), (_, again_s) = timed(options, GAP), timed(options, GAP)
    cpu_s = min(cpu_s, again_s)
    figures = {
        "gap": result.gap_share,
        "bound_eur": result.bound_eur,
        "passes": result.passes,
        "peak_mb": peak_mb(options, GAP),
    }
    found, skipped = peers.beside(
        cpu_s,
        {
            "OR-Tools PDLP with rounding": lambda: pdlp.side(
                options, max(GAP, result.gap_share), cpu_s, PDLP_LIMIT_S
            ),
            "HiGHS LP": lambda: highs(options, result.bound_eur),
        },
    )
    try:
        figures |= options10k()
    except peers.Absent as error:
        skipped.append({"name": "options10k", "reason": str(error)})
    return {
        "task": "portfolio.price",
        "n": n,
        "ours": {"cpu_s": cpu_s},
        "peers": found,
        "skipped": skipped,
        "figures": figures,
    }


def highs(options, bound_eur):
    """The linear relaxation alone, by simplex: no plan."""
    import highspy

    model = options_model(options).relaxed()
    given = {name: getattr(model, name) for name in pdlp.ARRAYS}
    script = Path(pdlp.__file__).with_name("lp_highs.py")
    found = peers.ask_ourselves(script, timeout_s=HIGHS_LIMIT_S, **given)
    value = float(found.arrays["value"]) * 1000
    note = f"relaxation alone, {value:.1f} EUR; our bound {(bound_eur - value) / value:.1e} above"
    version = highspy.Highs().version()
    return {"version": version, "cpu_s": found.cpu_s, "note": note}


def options10k():
    """Gap and CPU seconds of the published folder of 10,000 sites, asked for 4e-4."""
    from contado.kernel.tables import exchange

    folder = peers.shared("planning/options10k")
    options = Options.from_tables(exchange.read_folder(folder).tables)
    result, cpu_s = timed(options, 4e-4)
    return {"options10k_gap": result.gap_share, "options10k_cpu_s": cpu_s}


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000), indent=1))
