"""Definition of done of the road engine, item 20 (d): real histories of asphalt surfaces, sections left out whole."""

from __future__ import annotations

import numpy as np
import pytest

from contado.engines.pavement.deterioration import ltpp
from contado.kernel import tables

FOLDS = 5
COMPLETE = (
    "BOUND_THICKNESS_CM",
    "FREEZE_INDEX_YR",
    "TOTAL_ANN_PRECIP",
    "MEPDG_TRANS_CRACK_LENGTH_AC",
    "MEPDG_LONG_CRACK_LENGTH_AC",
    "HPMS16_CRACKING_PERCENT_AC",
    "PATCH_A",
    "MAX_MEAN_DEPTH_WIRE_REF",
)
"""Columns that the published study wanted complete."""


@pytest.fixture(scope="module")
def surveys(shared):
    return ltpp.surveys_of(tables.read(shared("roads/ltpp/flexible_iri_raw_merged.csv.gz")).table)


def r2(found, truth):
    return 1 - ((truth - found) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()


def test_the_previous_survey_is_of_the_same_surface(surveys):
    rows = np.flatnonzero(surveys.previous >= 0)
    assert (surveys.surface[rows] == surveys.surface[surveys.previous[rows]]).all()
    assert (surveys.wait_y[rows] > 0).all()
    assert len(surveys) - rows.size == np.unique(surveys.surface.astype(str)).size


@pytest.mark.item("pavement", 20, "LTPP: next IRI given the last, sections left out whole, R2", ">= 0.70")
def test_next_iri(surveys, figure):
    fold, found = folds_of(surveys, 0), np.full(len(surveys), np.nan)
    for k in range(FOLDS):
        model = ltpp.growth_of(surveys, np.flatnonzero(fold != k))
        rows = np.flatnonzero(fold == k)
        found[rows] = ltpp.next_iri(model, surveys, rows)
    known = np.isfinite(found)
    score = r2(found[known], surveys.iri_m_km[known])
    figure(f"{score:.3f} over {known.sum()} surveys")
    assert known.sum() == 2147
    assert score >= 0.70


@pytest.fixture(scope="module")
def complete(surveys):
    """Whether a survey is one of those that the published study kept, on which both are scored."""
    place = [ltpp.STRUCTURE.index(name) for name in COMPLETE]
    return np.isfinite(surveys.structure[:, place]).all(axis=1)


def folds_of(surveys, seed):
    """Return a fold for each survey; sections of one SHRP number stay together."""
    number, place = np.unique(surveys.number.astype(str), return_inverse=True)
    return (np.random.default_rng(seed).permutation(number.size) % FOLDS)[place]


def five_fold(surveys, complete, seed):
    fold, found = folds_of(surveys, seed), np.full(len(surveys), np.nan)
    for k in range(FOLDS):
        rows = np.flatnonzero((fold == k) & complete)
        found[rows] = ltpp.iri_from_structure(surveys, np.flatnonzero(fold != k), rows)
    return r2(found[complete], surveys.iri_m_km[complete])


@pytest.mark.slow
@pytest.mark.xfail(
    strict=True,
    reason="measured 0.389 on the published split, 0.33 over five folds; settings chosen on the training sections alone",
)
@pytest.mark.item(
    "pavement", 20, "LTPP: IRI from structure, traffic, climate, published split, R2", ">= 0.42"
)
def test_iri_from_structure(surveys, complete, figure):
    number = surveys.number.astype(int)
    groups = np.unique(number[complete])
    # the published study draws a fifth of the SHRP numbers: RandomState 42, first of a permutation
    drawn = np.random.RandomState(42).permutation(groups.size)[: int(np.ceil(0.2 * groups.size))]
    out = np.isin(number, groups[drawn])
    train, rows = np.flatnonzero(~out), np.flatnonzero(complete & out)
    assert rows.size == 235  # as published
    score = r2(ltpp.iri_from_structure(surveys, train, rows), surveys.iri_m_km[rows])
    figure(
        f"{score:.3f} over {rows.size} surveys of {np.unique(surveys.section[rows].astype(str)).size} sections; "
        f"five-fold {five_fold(surveys, complete, 0):.3f}"
    )
    assert score >= 0.42
