"""Panels: common campaigns, common cells, what is refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from contado.engines.pavement import trial
from contado.engines.pavement.trial import panel as panels
from contado.kernel.errors import ContadoError


def rules(panel):
    return [f.rule for f in panel.findings]


def test_means_are_those_of_the_cells(table_of):
    table = table_of(treated=2, control=3)
    held = trial.of_table(table)
    one = table.filter(pc.and_(pc.equal(table["section"], "S03"), pc.equal(table["age_years"], 2.0)))
    assert held.sections == ("S00", "S01", "S02", "S03", "S04")
    assert held.treated.tolist() == [True, True, False, False, False]
    assert held.wear[3, 2] == pytest.approx(np.log(one["iri_m_km"].to_numpy()).mean())
    assert held.common_epochs
    assert rules(held) == []


def test_slopes_are_those_of_least_squares(table_of):
    held = trial.of_table(table_of())
    lines = [np.polyfit(a, y, 1)[0] for a, y in zip(held.age_y, held.wear, strict=True)]
    assert held.slopes == pytest.approx(np.array(lines))


def test_a_campaign_that_one_section_missed_is_left_out_of_all(table_of):
    table = table_of()
    missed = pc.and_(pc.equal(table["section"], "S05"), pc.equal(table["age_years"], 2.0))
    held = trial.of_table(table.filter(pc.invert(missed)))
    assert held.age_y.shape[1] == 4
    assert 2.0 not in held.age_y[0]
    assert rules(held) == ["unequal_campaigns"]
    whole = trial.of_table(table.filter(pc.not_equal(table["age_years"], 2.0)))
    assert held.wear == pytest.approx(whole.wear)


def test_a_cell_that_was_missed_once_does_not_look_like_a_change(table_of):
    table = table_of()
    rough = pc.and_(pc.equal(table["section"], "S05"), pc.equal(table["from_m"], 40.0))
    last = pc.equal(table["age_years"], 4.0)
    held = trial.of_table(table.filter(pc.invert(pc.and_(rough, last))))
    without = trial.of_table(table.filter(pc.invert(rough)))
    assert held.wear == pytest.approx(without.wear)
    assert rules(held) == ["cells_left_out"]


def test_sections_without_common_campaigns_keep_their_own(panel_of):
    rows = panel_of(treated=2, control=6)
    rows["age_years"] = [
        a + 0.01 * int(s[1:]) for a, s in zip(rows["age_years"], rows["section"], strict=True)
    ]
    held = trial.of_table(pa.table(rows))
    assert not held.common_epochs
    assert rules(held) == ["unequal_campaigns"]
    assert np.isfinite(held.slopes).all()
    named = trial.of_table(pa.table({**rows, "campaign": [f"{a:.0f}" for a in rows["age_years"]]}))
    assert named.common_epochs
    assert rules(named) == []


def test_rows_that_are_not_known_are_left_out_and_counted(panel_of):
    rows = panel_of()
    rows["iri_m_km"][3] = None
    held = trial.of_table(pa.table(rows))
    assert rules(held) == ["rows_dropped", "cells_left_out"]


def test_words_of_covariates_become_columns(panel_of):
    rows = panel_of(treated=1, control=3)
    base = {"S00": "bound", "S01": "bound", "S02": "loose", "S03": "old"}
    rows["base"] = [base[s] for s in rows["section"]]
    rows["aadt"] = [1000.0 * (1 + int(s[1:])) for s in rows["section"]]
    rows["heavy_share"] = [0.1] * len(rows["section"])
    held = trial.of_table(pa.table(rows))
    assert held.covariate_names == ("aadt", "base", "base")
    assert held.covariates.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)


@pytest.mark.parametrize(
    ("change", "rule", "rows"),
    [
        ({"iri_m_km": {6: 0.0}}, "iri_not_positive", (7,)),
        ({"iri_m_km": {6: -1.0}}, "iri_not_positive", (7,)),
        ({"group": {2: "treatd"}}, "unknown_choice", (3,)),
        ({"group": {0: "control"}}, "mixed_group", (1, 2, 3)),
        ({"section": {4: None}}, "missing_value", (5,)),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_row(panel_of, change, rule, rows):
    made = panel_of()
    for column, cells in change.items():
        for row, value in cells.items():
            made[column][row] = value
    with pytest.raises(ContadoError) as refused:
        trial.of_table(pa.table(made))
    assert refused.value.rule == rule
    assert refused.value.rows[: len(rows)] == rows
    assert refused.value.hint


def test_a_missing_column_names_the_nearest(panel_of):
    made = panel_of()
    made["iri_m_kn"] = made.pop("iri_m_km")
    with pytest.raises(ContadoError) as refused:
        trial.of_table(pa.table(made))
    assert refused.value.rule == "missing_column"
    assert "iri_m_kn" in refused.value.hint


def test_a_mapping_and_a_data_frame_are_tables_too(panel_of):
    import pandas as pd

    made = panel_of()
    assert panels.table_of(made).equals(pa.table(made))
    assert panels.table_of(pd.DataFrame(made)).num_rows == len(made["section"])
