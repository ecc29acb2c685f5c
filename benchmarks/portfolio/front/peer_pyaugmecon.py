"""pyaugmecon on a multi-objective knapsack: a folder of CSV read into the peer's own kind of model."""

import tempfile

import numpy as np
from peers import serve
from pyaugmecon import PyAugmecon
from pyomo.environ import Binary, ConcreteModel, Constraint, ObjectiveList, Var, maximize


def front(given):
    """Return all points, solves (infeasible ones counted) and grid points."""
    a, b, c = given["a"], given["b"].ravel(), given["c"]
    model = ConcreteModel()
    items = range(a.shape[1])
    model.x = Var(items, within=Binary)
    model.rows = Constraint(
        range(len(b)), rule=lambda m, r: sum(int(a[r, i]) * m.x[i] for i in items) <= int(b[r])
    )
    model.obj_list = ObjectiveList()
    for weights in c:
        model.obj_list.add(expr=sum(int(weights[i]) * model.x[i] for i in items), sense=maximize)
    with tempfile.TemporaryDirectory() as folder:
        quiet = {"progress_bar": False, "log_to_console": False, "write_csv": False}
        result = PyAugmecon(model, {"workers": 1, "artifact_folder": folder, **quiet}).solve()
    return {
        "points": np.array(result.points),
        "solves": result.models_solved,
        "infeasible": result.models_infeasible,
    }


if __name__ == "__main__":
    serve(front)
