"""Price items: the row of a day and region, index, realised ratios."""

import datetime as dt

import pytest

from contado.kernel import tables
from contado.kernel.appraisal import prices
from contado.kernel.errors import DataError

DAY = dt.date(2027, 6, 1)


def row(**more):
    facts = {"item_id": "road.overlay", "kind": "road", "name_it": "ricarico", "unit": "m2", "low_eur": 9.0}
    facts |= {
        "likely_eur": 12.0,
        "high_eur": 16.0,
        "price_year": 2024,
        "status": "to_confirm",
        "source_id": "list",
    }
    return facts | more


ROWS = prices.from_table(
    tables.from_rows(
        "price_item",
        [
            row(),
            row(likely_eur=13.0, valid_from=dt.date(2027, 1, 1)),
            row(likely_eur=20.0, valid_from=dt.date(2028, 1, 1)),
            row(likely_eur=15.0, region="Lombardia"),
        ],
    )
)


def test_the_row_of_the_day_and_the_region_first():
    assert prices.find(ROWS, "road.overlay", on=dt.date(2026, 1, 1)).likely_eur == 12
    assert prices.find(ROWS, "road.overlay", on=DAY).likely_eur == 13
    assert prices.find(ROWS, "road.overlay", on=DAY, region="Lombardia").likely_eur == 15
    assert prices.find(ROWS, "road.overlay", on=DAY, region="Piemonte").likely_eur == 13


def test_no_row_is_an_error_that_names_the_keys():
    with pytest.raises(DataError, match="overlai") as caught:
        prices.find(ROWS, "road.overlai", on=DAY)
    assert "road.overlay" in caught.value.hint
    late = [row(valid_to=dt.date(2020, 1, 1), valid_from=None, region=None)]
    with pytest.raises(DataError, match="2027-06-01") as caught:
        prices.find(late, "road.overlay", on=DAY)
    assert caught.value.rule == "no_dated_row"


def test_another_price_year_needs_the_index():
    item = prices.find(ROWS, "road.overlay", on=dt.date(2026, 1, 1))
    later = prices.indexed(item, 2026, {2024: 100.0, 2026: 110.0})
    assert (later.low_eur, later.likely_eur, later.high_eur) == pytest.approx((9.9, 13.2, 17.6))
    assert later.price_year == 2026
    assert prices.indexed(item, 2024, {}) is item
    with pytest.raises(DataError, match="2026") as caught:
        prices.indexed(item, 2026, {2024: 100.0})
    assert caught.value.rule == "price_year_differs"


def test_realised_costs_correct_the_catalogue():
    item = prices.find(ROWS, "road.overlay", on=dt.date(2026, 1, 1))
    ratios = [{"domain": "road", "shrunk_ratio": 1.130487, "low": 1.0, "high": 1.25}]
    corrected = prices.realised(item, ratios)
    assert (corrected.low_eur, corrected.likely_eur, corrected.high_eur) == pytest.approx(
        (9.0, 13.565844, 20.0)
    )
    assert prices.realised(item, [{"domain": "trees", "shrunk_ratio": 2.0}]) is item
