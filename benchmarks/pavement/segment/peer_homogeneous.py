"""homogeneous-segmentation (GPL-2.0, in an environment of its own): its methods SHS and MCV, 100 to 500 m."""

import numpy as np
import peers


def run(given):
    import homogeneous_segmentation
    import pandas as pd

    method = {
        "SHS": homogeneous_segmentation.segment_ids_to_maximize_spatial_heterogeneity,
        "MCV": homogeneous_segmentation.segment_ids_to_minimize_coefficient_of_variation,
    }[str(given["method"])]
    start = given["start_m"]
    cells = pd.DataFrame({"from": start, "to": start + 10.0, "iri": given["iri"]})

    def segment():
        return method(cells, ("from", "to"), ["iri"], allowed_segment_length_range=(100.0, 500.0))

    ids, cpu_s = peers.best(segment, 1)
    last = np.flatnonzero(np.diff(ids.to_numpy(), append=-1) != 0)
    return {"ends": last + 1, "cpu_s": cpu_s}


peers.serve(run)
