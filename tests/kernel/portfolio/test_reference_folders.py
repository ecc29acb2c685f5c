"""Programme folders with proven optima (shared/data/planning/programme)."""

import pytest

from contado.kernel.errors import InfeasibleProgramme
from contado.kernel.portfolio import Problem


def test_tiny7_is_worth_its_enumerated_optimum(shared):
    result = Problem.from_folder(shared("planning/programme/tiny7"), floors=False).solve(gap_share=0.0)
    assert result.value_eur == pytest.approx(791_482.33, abs=0.01)
    assert result.verdict.ok


def test_tiny7_with_its_floors_is_infeasible_on_purpose(shared):
    with pytest.raises(InfeasibleProgramme):
        Problem.from_folder(shared("planning/programme/tiny7")).solve()


@pytest.mark.slow
@pytest.mark.parametrize("floors", [False, True])
def test_small40_is_worth_its_proven_optimum(shared, floors):
    problem = Problem.from_folder(shared("planning/programme/small40"), floors=floors)
    result = problem.solve(gap_share=0.0, time_limit_s=300.0)
    assert result.value_eur == pytest.approx(7_140_822.04, abs=1.0)
    assert result.verdict.ok
