"""Surveys of the LTPP: ages across works, and what belongs to the place."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from contado.engines.pavement.deterioration import ltpp
from contado.kernel.errors import DataError

_DISTRESS = ltpp.STRUCTURE[-5:]


def survey(works, visit, *, built=None, number="7", iri=1.5, **more):
    return {
        "STATE_CODE": "48",
        "SHRP_ID": number,
        "CONSTRUCTION_NO": str(works),
        "VISIT_DATE": visit,
        "CONSTRUCTION_DATE": built,
        "EXPERIMENT_NO": 2,
        "PAVEMENT_FAMILY": "ACUB",
        "MEAN_IRI": iri,
        "BOUND_THICKNESS_CM": 5.0,
        "PLASTICITY_INDEX": None,
        "AADTT_LTPPLN": None,
        "KESAL_YEAR": None,
        "FREEZE_INDEX_YR": 10.0,
        "MEAN_ANN_TEMP_AVG": 15.0,
        "TOTAL_ANN_PRECIP": 900.0,
        **dict.fromkeys(_DISTRESS, 0.0),
        **more,
    }


def column(rows, name):
    found = ltpp.surveys_of(pa.Table.from_pylist(rows))
    return found.structure[:, ltpp.STRUCTURE.index(name)]


HISTORY = [
    survey(1, "1990-01-01", built="1980-01-01"),
    survey(1, "1992-01-01", built="1980-01-01"),
    survey(3, "1994-01-01"),
    survey(3, "1996-01-01"),
]


def test_works_lie_between_the_surveys_about_them():
    np.testing.assert_allclose(column(HISTORY, "since_works_y"), [10, 12, 1, 3], atol=0.01)
    np.testing.assert_allclose(column(HISTORY, "road_age_y"), [10, 12, 14, 16], atol=0.01)
    np.testing.assert_allclose(column(HISTORY, "age_y"), [10, 12, 0, 2], atol=0.01)
    assert column(HISTORY, "age_from_first_visit").tolist() == [0, 0, 1, 1]
    assert column(HISTORY, "works_before").tolist() == [0, 0, 2, 2]


def test_a_road_of_which_nothing_earlier_is_known():
    rows = [survey(2, "1991-01-01", number="8"), survey(2, "1993-01-01", number="8"), *HISTORY]
    np.testing.assert_allclose(column(rows, "since_works_y")[:2], [0, 2], atol=0.01)
    assert np.isnan(column(rows, "road_age_y")[:2]).all()


def test_what_belongs_to_the_place_is_the_mean_of_its_surveys():
    rows = [
        survey(1, "1990-01-01", PLASTICITY_INDEX=12.0, FREEZE_INDEX_YR=100.0, KESAL_YEAR=40.0),
        survey(1, "1991-01-01", FREEZE_INDEX_YR=300.0),
        survey(1, "1991-01-01", number="8"),
    ]
    assert column(rows, "FREEZE_INDEX_YR").tolist() == [200, 200, 10]
    np.testing.assert_array_equal(column(rows, "PLASTICITY_INDEX"), [12, 12, np.nan])
    np.testing.assert_array_equal(column(rows, "KESAL_YEAR"), [40, np.nan, np.nan])


def test_surveys_without_roughness_are_refused():
    with pytest.raises(DataError) as caught:
        ltpp.surveys_of(pa.Table.from_pylist([survey(1, "1990-01-01", iri=0.0)]))
    assert caught.value.rule == "iri_not_positive"


def test_roughness_is_learnt_from_age():
    rng = np.random.default_rng(0)
    rows = []
    for number in range(60):
        for year in range(1, 9):
            iri = float(np.exp(0.1 * year + rng.normal(0, 0.05)))
            visit = f"{1990 + year}-01-01"
            rows.append(survey(1, visit, built="1990-01-01", number=str(number), iri=iri))
    surveys = ltpp.surveys_of(pa.Table.from_pylist(rows))
    train, out = np.arange(400), np.arange(400, 480)
    found = ltpp.iri_from_structure(
        surveys, train, out, settings=ltpp.BoostSettings(rounds=60, rate=0.1, columns_share=1.0)
    )
    np.testing.assert_allclose(found, np.exp(0.1 * surveys.age_y[out]), rtol=0.1)
