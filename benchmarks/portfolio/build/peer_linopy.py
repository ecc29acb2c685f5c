"""linopy: one labelled variable an option, grouped sums for sites and budgets, then HiGHS."""

import time

import linopy
import numpy as np
import pandas as pd
import xarray as xr
from peers import serve


def build(given):
    """Return the size of the model, the seconds of building it and of handing it to HiGHS."""
    start = time.process_time()
    options = pd.RangeIndex(len(given["site"]), name="option")
    budgets = pd.RangeIndex(len(given["budget_eur"]), name="budget")
    model = linopy.Model()
    x = model.add_variables(coords=[options], binary=True, name="x")
    site = pd.Series(given["site"], index=options, name="site")
    model.add_constraints(x.groupby(site).sum() <= 1, name="one")
    spent = 0
    for k in range(2):
        budget = pd.Series(given["budget"][:, k], index=options, name="budget")
        cost = xr.DataArray(given["cost_eur"][:, k] / 1000, coords=[options])
        spent = (x * cost).groupby(budget).sum() + spent
    model.add_constraints(spent <= xr.DataArray(given["budget_eur"] / 1000, coords=[budgets]), name="budgets")
    model.add_objective((x * xr.DataArray(given["benefit_eur"] / 1000, coords=[options])).sum(), sense="max")
    built = time.process_time()
    handed = model.to_highspy()
    end = time.process_time()
    size = [handed.getNumCol(), handed.getNumRow(), handed.getNumNz()]
    return {"size": np.array(size), "cpu_s": built - start, "to_solver_s": end - built}


if __name__ == "__main__":
    serve(build)
