"""pymcdm: PROMETHEE II with the usual criterion, TOPSIS with vector normalisation."""

import time

from peers import serve
from pymcdm.methods import PROMETHEE_II, TOPSIS
from pymcdm.normalizations import vector_normalization


def rank(given):
    """Return the net flows of the small matrix, the closeness of the large one, and the seconds of each."""
    weights, types = given["weights"], given["types"]
    start = time.process_time()
    flows = PROMETHEE_II("usual")(given["matrix"], weights, types)
    middle = time.process_time()
    near = TOPSIS(vector_normalization)(given["large"], given["large_weights"], given["large_types"])
    end = time.process_time()
    return {"flows": flows, "near": near, "cpu_s": middle - start, "topsis_s": end - middle}


if __name__ == "__main__":
    serve(rank)
