"""Words and numbers of a report: the same as on the pages."""

from __future__ import annotations

import pytest

from contado.kernel.programme.report.pen import Pen
from contado.kernel.publish.words import unit_sign


@pytest.mark.parametrize("lang", ["it", "en"])
@pytest.mark.parametrize("unit", ["km_y", "tco2e_y", "eur_m2_y", "degc", "m3_y", "count"])
def test_a_unit_has_one_sign_in_reports_and_on_pages(unit, lang):
    assert Pen(lang, None, {}).unit(unit) == unit_sign(unit, lang)


def test_a_count_a_year_is_told_in_words():
    assert (Pen("it", None, {}).unit("count_y"), Pen("en", None, {}).unit("count_y")) == (
        "all'anno",
        "a year",
    )
