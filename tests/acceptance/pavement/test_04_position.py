"""Telemetry, last sentence of item 4: where along the route a sample was taken."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from contado.engines.pavement.measuring import onroute
from contado.engines.pavement.measuring.position import follow
from contado.engines.pavement.telemetry.read import read_drives
from contado.kernel.territory import Network, Route

pytest.importorskip("osmium")


@pytest.mark.item("pavement", 4, "position along the route, six drives, mean error", "<= 1.5 m")
def test_position_along_the_route(shared, figure):
    folder = shared("roads/telemetry_synth")
    network = Network.from_file(shared("roads/network/liechtenstein.osm.pbf"))
    frame = onroute.frame_of(network, Route.read(folder / "truth_route.csv", network))
    means = []
    for drive in read_drives(folder).drives:
        with (folder / f"{drive.name}_gnss.csv").open() as file:
            rows = [(float(r["t_s"]), float(r["truth_chainage_m"])) for r in csv.DictReader(file)]
        truth = np.array(rows)
        located = follow(onroute.fixes_of(drive, frame), frame.line)
        chainage, _, _ = located.at(truth[:, 0])
        means.append(float(np.nanmean(np.abs(chainage - truth[:, 1]))))
        assert np.isfinite(chainage).mean() > 0.99
    figure(f"{np.mean(means):.2f} m, worst drive {max(means):.2f} m")
    assert max(means) <= 1.5
