"""The thirteen practices of the mission keep their rows."""

from __future__ import annotations

import re

import pytest

from contado.kernel.errors import PracticeError
from contado.practices import catalogue

NAMES = {
    "gpp",
    "punti_parco",
    "mercato_terra",
    "deciwatt",
    "luigi",
    "manto_stradale",
    "territori_virtuosi",
    "territori_resilienti",
    "forestazione",
    "community",
    "gipave",
    "pums",
    "biciplan",
}


def test_all_thirteen_stand_in_the_catalogue_once():
    names = [entry.practice for entry in catalogue.entries()]
    assert len(names) == 13
    assert set(names) == NAMES


def test_columns_of_the_home_page():
    columns = [entry.page.column for entry in catalogue.entries()]
    assert columns == ["residents"] * 5 + ["municipalities"] * 5 + ["offices"] * 3


def test_no_text_is_missing():
    for entry in catalogue.entries():
        row = entry.page
        texts = (row.plain_it, row.plain_en, row.official, row.opens_with_it, row.opens_with_en)
        assert all((*texts, row.button_it, row.button_en)), entry.practice


def test_what_a_practice_opens_with_counts_nothing_of_one_territory():
    for entry in catalogue.entries():
        texts = (entry.page.opens_with_it, entry.page.opens_with_en)
        assert not any(re.search(r"\d{2,}", text) for text in texts), entry.practice


def test_an_unknown_practice_names_the_nearest():
    with pytest.raises(PracticeError, match="manto_stradale"):
        catalogue.page("manto_stradali")
