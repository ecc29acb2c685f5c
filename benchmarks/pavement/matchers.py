"""Other matchers: their scripts, and what each gets of a network and of points."""

from pathlib import Path

import numpy as np

from contado.kernel.territory import crs

HERE = Path(__file__).resolve().parent / "match"
SCRIPTS = {name: HERE / f"peer_{name}.py" for name in ("fastmm", "mappymatch", "valhalla")}
SCRIPTS["leuvenmapmatching"] = HERE / "peer_leuven.py"


def given(network, fixes, sigma):
    """Return streets and points in metres; ``fixes`` are sorted by trip and time."""
    x, y = crs.to_measure(fixes["lon"], fixes["lat"], network.epsg)
    trip = fixes["trip"]
    return {
        "edge_from": network.edge_from,
        "edge_to": network.edge_to,
        "length": network.edge_length_m,
        "shape_offsets": network.geometry_offsets,
        "shape_x": network.geometry_x,
        "shape_y": network.geometry_y,
        "epsg": network.epsg,
        "x": x,
        "y": y,
        "trips": np.append(np.flatnonzero((trip != trip.shift()).to_numpy()), len(x)),
        "sigma": sigma,
    }
