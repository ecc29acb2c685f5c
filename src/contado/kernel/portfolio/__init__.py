"""The choice: which interventions, in which year, paid by whom, worth most under the budgets."""

from __future__ import annotations

from contado.kernel.portfolio.problem import Problem
from contado.kernel.portfolio.result import Choice, Result
from contado.kernel.portfolio.verify import Verdict, Violation, verify

__all__ = ["Choice", "Problem", "Result", "Verdict", "Violation", "verify"]
