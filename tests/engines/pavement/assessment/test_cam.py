"""Recycled shares against the minimum criteria of a day."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from contado.engines.pavement import data
from contado.engines.pavement.assessment import cam
from contado.kernel.errors import ContadoError

FIRST, AMENDED = date(2024, 12, 21), date(2025, 9, 24)


def test_each_day_has_one_row_a_layer_and_the_decree_that_counts():
    for day, version in ((FIRST, "strade-2024"), (AMENDED, "strade-2024+DM-2025-09-11")):
        minima = cam.minima_on(day)
        assert set(minima) == set(cam.layers())
        assert {m.rule_version for m in minima.values()} == {version}
        assert {m.version_id for m in minima.values()} == {"strade-2024"}
    assert cam.minima_on(date(2025, 9, 23))["base"].rule_version == "strade-2024"
    assert cam.minima_on(date(2024, 12, 20)) == {}


def test_the_minima_of_the_decree():
    found = {layer: m.minimum for layer, m in cam.minima_on(FIRST).items()}
    assert found == {
        "body": 0.7,
        "cement_bound_base": 0.5,
        "base": 0.35,
        "binder": 0.3,
        "wearing": 0.15,
        "porous": 0.1,
    }


def test_what_was_not_read_in_the_norm_says_so():
    assert {row["status"] for row in data.rows("cam_strade")} == {"to_confirm"}
    _, _, notes = cam.check_mix(pa.table({"layer": ["base"], "recycled_share": [0.4]}), AMENDED)
    assert [f.rule for f in notes] == ["to_confirm"]


def test_a_share_at_the_minimum_is_enough_and_an_unknown_one_is_neither():
    table = pa.table({"layer": ["usura", "Binder", "base"], "recycled_share": [0.15, 0.29, None]})
    found, _, _ = cam.check_mix(table, FIRST)
    assert [(c.layer, c.ok) for c in found] == [("wearing", True), ("binder", False), ("base", None)]


def test_before_the_decree_nothing_is_asked():
    table = pa.table({"layer": ["base"], "recycled_share": [0.0]})
    (found,), version, notes = cam.check_mix(table, date(2024, 1, 1))
    assert (found.minimum, found.ok, found.article, version) == (None, None, None, None)
    assert [f.rule for f in notes] == ["no_rule_on_date"]


@pytest.mark.parametrize(
    ("layer", "share", "rule"), [("roof", 0.1, "unknown_choice"), ("base", 35.0, "share_range")]
)
def test_a_mix_that_cannot_be_is_refused(layer, share, rule):
    with pytest.raises(ContadoError) as refused:
        cam.check_mix(pa.table({"layer": [layer], "recycled_share": [share]}), FIRST)
    assert refused.value.rule == rule
    assert refused.value.rows == (1,)
    if rule == "unknown_choice":
        assert all(word in refused.value.message for word in cam.layers())
