"""pavement.curitiba: real 1 Hz drives over a whole city; the typed speed limit says whether the way is right."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from contado.kernel.territory import Network

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import matchers
import peers

SIGMA_M = 5.0
MOVING_KMH = 5.0
REPEATS = 3
SIDES = ("fastmm", "mappymatch")


def drives(folder):
    """Return the fixes of both drivers by trip and time, with speed and typed limit [km/h]."""
    parts = [
        pd.read_csv(folder / f"driver_{name}.csv.gz", sep=";", dtype=str).assign(driver=name) for name in "AB"
    ]
    raw = pd.concat(parts, ignore_index=True)

    def number(column):
        return pd.to_numeric(raw[column].str.replace(",", "."), errors="coerce")

    fixes = pd.DataFrame(
        {
            "trip": raw["ID"] + " " + raw["DAY"],
            "t_s": pd.to_timedelta(raw["03:00:00"]).dt.total_seconds(),
            "lon": number("LONG"),
            "lat": number("LAT"),
            "kmh": number("SPD_KMH"),
            "limit": number("LIMITE_VEL"),
        }
    ).dropna(subset=["lon", "lat"])
    return fixes.sort_values(["trip", "t_s"], kind="stable", ignore_index=True)


def score(network, fixes, edge):
    """Return shares of the moving fixes with a typed limit: on a way with that limit, of those whose way has a
    limit and of all; and the share of all fixes that was matched."""
    asked = ((fixes["kmh"] > MOVING_KMH) & fixes["limit"].notna()).to_numpy()
    limit = np.where(edge >= 0, network.edge_maxspeed[edge], np.nan)[asked]
    same = limit == fixes["limit"].to_numpy()[asked]
    return {
        "same_limit": float(same[np.isfinite(limit)].mean()),
        "same_limit_of_all": float(same.mean()),
        "asked": int(asked.sum()),
        "matched": float((edge >= 0).mean()),
    }


def run(n=None):
    """Match the first ``n`` fixes (default: all); return task, n, ours, peers, skipped, figures."""
    folder = peers.shared("roads/real/curitiba")
    network = Network.from_ways(folder / "osm_ways.parquet")
    fixes = drives(folder)[:n]
    results = [network.match(fixes[["trip", "t_s", "lon", "lat"]], sigma_m=SIGMA_M) for _ in range(REPEATS)]
    ours_s = min(result.compute_s for result in results)
    figures = {f"ours_{k}": v for k, v in score(network, fixes, results[0].edge).items()}
    figures |= {"edges": network.edges, "points_per_s": len(fixes) / ours_s}
    ratio = results[0].trips["length_ratio"].drop_null().to_numpy()
    figures |= {"length_ratio_least": float(ratio.min()), "length_ratio_most": float(ratio.max())}

    def side(name):
        def call():
            what = matchers.given(network, fixes, SIGMA_M)
            answer = peers.ask(name, matchers.SCRIPTS[name], timeout_s=1800, repeats=1, **what)
            figures.update(
                {f"{name}_{k}": v for k, v in score(network, fixes, answer.arrays["edge"]).items()}
            )
            figures[f"{name}_points_per_s"] = len(fixes) / answer.cpu_s
            return {"version": answer.version, "cpu_s": answer.cpu_s}

        return call

    beside, skipped = peers.beside(ours_s, {name: side(name) for name in SIDES})
    skipped.append({"name": "leuvenmapmatching", "reason": "hundreds of points a second: see pavement.match"})
    return {
        "task": "pavement.curitiba",
        "n": len(fixes),
        "ours": {"cpu_s": ours_s},
        "peers": beside,
        "skipped": skipped,
        "figures": figures,
    }


if __name__ == "__main__":
    print(json.dumps(run(*(int(word) for word in sys.argv[1:])), indent=1))
