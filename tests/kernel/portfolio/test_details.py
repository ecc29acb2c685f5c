"""What a run keeps for its readers: read back as written, dear figures kept, damage told."""

import msgspec
import pytest

from contado.kernel.errors import DataError
from contado.kernel.portfolio.breakeven import Explanation
from contado.kernel.portfolio.details import Details, SitePair, Sturdiness, decode, merged
from contado.kernel.portfolio.explain import Reason
from contado.kernel.portfolio.increments import Increments, Step


def explanation(key, loss):
    reason = Reason(code="outranked", it="no", en="no", value_eur=1.0, priced_cost_eur=2.0)
    return Explanation(
        intervention_id=key,
        chosen=False,
        start_year=None,
        loss_if_forced_eur=loss,
        loss_if_removed_eur=None,
        break_even_cost_eur=1.0,
        break_even_benefit_eur=None,
        because=[],
        reason=reason,
    )


FULL = Details(
    sturdiness=Sturdiness(
        draws=200, replan_method="milp", value_low_eur=1.0, value_high_eur=2.0, soft_value_share=None
    ),
    worksites=[SitePair(a="A", b="B", saving_eur=3.0), SitePair(a="A", b="C", off=True)],
    increments=Increments(
        steps=[Step(scale=1.0, value=1.0, bound=1.5, gap=0.3, chosen=["A"])], enters=[], nested=True
    ),
    explanations=[explanation("A", 1.0), explanation("B", 2.0)],
)


def test_details_are_read_back_as_written():
    assert decode(msgspec.json.encode(FULL)) == FULL
    assert FULL.explanation("B") == explanation("B", 2.0)
    assert FULL.explanation("Z") is None


def test_the_same_run_planned_again_keeps_what_was_dear():
    again = Details(worksites=[], explanations=[explanation("B", 9.0)])
    kept = merged(FULL, again)
    assert (kept.increments, kept.sturdiness, kept.worksites) == (FULL.increments, FULL.sturdiness, [])
    assert kept.explanations == [explanation("B", 9.0), explanation("A", 1.0)]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"worksites": 3}'])
def test_a_damaged_file_is_told(content):
    with pytest.raises(DataError) as error:
        decode(content)
    assert error.value.rule == "bad_run"
