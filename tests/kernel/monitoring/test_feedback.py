import datetime as dt
import math

import pytest

from contado.kernel import monitoring
from contado.kernel.appraisal import prices
from contado.kernel.errors import DataError

WORKS = [
    ("road", 100, 118),
    ("road", 200, 214),
    ("road", 150, 171),
    ("building", 300, 303),
    ("building", 250, 260),
    ("trees", 80, 112),
]


def test_the_figures_of_the_page():
    found = {d.domain: d for d in monitoring.feedback(WORKS).domains}
    assert [round(found[d].mean_ratio, 6) for d in ("road", "building", "trees")] == [1.129077, 1.02489, 1.4]
    assert [round(found[d].shrunk_ratio, 6) for d in ("road", "building", "trees")] == [
        1.130487,
        1.031824,
        1.376086,
    ]
    for ratio in found.values():
        assert ratio.work_low < ratio.low < ratio.shrunk_ratio < ratio.high < ratio.work_high


def test_without_spread_within_domains_nothing_is_shrunk():
    found = monitoring.feedback([("a", 100, 110), ("b", 100, 130)])
    assert (found.s2, found.tau2) == (None, None)
    assert [d.shrunk_ratio for d in found.domains] == [d.mean_ratio for d in found.domains]
    assert found.domains[0].low is None


def test_equal_ratios_within_domains_speak_for_themselves():
    found = monitoring.feedback([("a", 100, 110), ("a", 200, 220), ("b", 100, 130)])
    assert [d.shrunk_ratio for d in found.domains] == pytest.approx([1.1, 1.3])


def test_domains_that_differ_by_chance_only_share_one_ratio():
    found = monitoring.feedback([("a", 100, 90), ("a", 100, 130), ("b", 100, 95), ("b", 100, 125)])
    assert found.tau2 == 0
    assert found.domains[0].shrunk_ratio == pytest.approx(found.domains[1].shrunk_ratio)


def test_one_domain_keeps_its_mean():
    found = monitoring.feedback([("a", 100, 110), ("a", 100, 121)])
    assert found.domains[0].shrunk_ratio == pytest.approx(math.sqrt(1.1 * 1.21))


def test_the_ratios_correct_a_price():
    row = {"item_id": "r", "kind": "road", "name_it": "r", "unit": "m2", "low_eur": 9.0, "likely_eur": 10.0}
    row |= {"high_eur": 12.0, "price_year": 2026}
    item = prices.find([row], "r", on=dt.date(2027, 1, 1))
    ratios = [
        {"domain": d.domain, "shrunk_ratio": d.shrunk_ratio, "low": d.low, "high": d.high}
        for d in monitoring.feedback(WORKS).domains
    ]
    assert prices.realised(item, ratios).likely_eur == pytest.approx(11.30487, abs=1e-5)


def test_an_amount_that_is_not_positive_is_refused():
    with pytest.raises(DataError) as raised:
        monitoring.feedback([("a", 0, 5)])
    assert raised.value.rule == "not_positive"
