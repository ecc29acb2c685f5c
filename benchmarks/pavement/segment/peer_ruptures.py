"""ruptures: PELT in Python on few cells, and its compiled kernel PELT on more, with our penalty and least length."""

import numpy as np
import peers


def run(given):
    import ruptures

    def pelt():
        return (
            ruptures.Pelt(model="l2", min_size=10, jump=1)
            .fit(given["few"])
            .predict(pen=float(given["few_penalty"]))
        )

    def kernel():
        search = ruptures.KernelCPD(kernel="linear", min_size=10)
        return search.fit(given["more"].reshape(-1, 1)).predict(pen=float(given["more_penalty"]))

    if int(given["compiled"]):
        found, cpu_s = peers.best(kernel, 3)
    else:
        found, cpu_s = peers.best(pelt, 1)
    return {"ends": np.array(found), "cpu_s": cpu_s}


peers.serve(run)
