"""Codes and names of municipalities."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

from contado.kernel.errors import CodeError
from contado.kernel.territory import boundaries, codes


@pytest.fixture(scope="module")
def units():
    return boundaries.shipped()


def test_every_code_name_and_belfiore_code_of_the_territory_resolves(units):
    for row in units.gdf.to_dict("records"):
        for text in (row["istat"], int(row["istat"]), row["belfiore"], row["name"], row["name"].upper()):
            assert codes.resolve(units, text).istat == row["istat"]


@pytest.mark.parametrize("text", ["cassina de pecchi", "CASSINA DE' PECCHI", "Cassina de’ Pecchi"])
def test_names_are_compared_without_case_accents_and_punctuation(units, text):
    assert codes.resolve(units, text).istat == "015060"


def test_the_query_comes_back_as_typed(units):
    assert codes.resolve(units, " 015146 ").query == " 015146 "


def test_an_unknown_name_gives_the_three_nearest(units):
    with pytest.raises(CodeError) as caught:
        codes.resolve(units, "Milanno")
    assert caught.value.rule == "unknown_code"
    assert caught.value.hint.count("(015") == 3
    assert "Milano (015146)" in caught.value.hint


@pytest.mark.parametrize("text", ["999999", "0151460", "Z999", "", "  ", "nan"])
def test_what_is_unknown_is_refused(units, text):
    with pytest.raises(CodeError, match="code or name"):
        codes.resolve(units, text)


def test_changes_have_a_date_and_a_status():
    for change in codes.changes():
        assert change.status in {"confirmed", "to_confirm"}
        assert len(change.since) == 10
        assert len(change.code) == len(change.successor) == 6


def two(names):
    shapes = [shapely.box(9 + k, 45, 10 + k, 46) for k in range(2)]
    frame = gpd.GeoDataFrame({"istat": ["001001", "001002"], "name": names}, geometry=shapes, crs=4326)
    return boundaries.from_frame(frame, name="two")


def test_a_name_of_two_municipalities_asks_for_the_code():
    with pytest.raises(CodeError) as caught:
        codes.resolve(two(["Samone", "Samone"]), "samone")
    assert caught.value.rule == "ambiguous_name"
    assert "001001" in caught.value.hint
    assert "001002" in caught.value.hint


def test_a_merger_counts_only_where_its_successor_is():
    with pytest.raises(CodeError):
        codes.resolve(two(["A", "B"]), "015235")
