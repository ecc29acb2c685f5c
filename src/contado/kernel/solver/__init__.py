"""Integer programmes: arrays in, a plan, a bound and a status out.

highspy is imported here and nowhere else. A solver's status is a *claim*: whoever prints it has it checked.
"""

from __future__ import annotations

from contado.kernel.solver.child import solve_in_child
from contado.kernel.solver.direct import solve
from contado.kernel.solver.model import Model, RowBuilder, Solution
from contado.kernel.solver.warm import WarmLP

__all__ = ["Model", "RowBuilder", "Solution", "WarmLP", "solve", "solve_in_child"]
