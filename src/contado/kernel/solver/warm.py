"""Many linear programmes of one shape: each starts from the basis of the first one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from contado.kernel.solver.direct import claim_of, open_solver, pass_model

if TYPE_CHECKING:
    from contado.kernel.solver.model import Model, Solution

__all__ = ["WarmLP"]


class WarmLP:
    """Solves the linear relaxations of models that differ in their numbers only.

    Every solve starts from the basis of the first, so that an answer does not depend on what was solved
    between.
    """

    def __init__(self) -> None:
        self._basis: Any = None

    def solve(self, model: Model) -> Solution:
        """Maximise the linear relaxation of ``model``."""
        started = time.perf_counter()
        solver = open_solver()
        relaxed = model.relaxed()
        pass_model(solver, relaxed)
        if self._basis is not None:
            solver.setBasis(self._basis)
        solver.run()
        claim = claim_of(solver, relaxed, time.perf_counter() - started)
        if self._basis is None and claim.status == "optimal":
            self._basis = solver.getBasis()
        return claim
