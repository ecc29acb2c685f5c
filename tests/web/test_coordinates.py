"""Places as people and phones write them."""

from __future__ import annotations

import pytest

from contado.web.coordinates import lat_lon


@pytest.mark.parametrize(
    "written",
    [
        "45.4195, 8.93",
        "45.4195,8.93",
        "45.4195 8.93",
        "45.4195;8.93",
        "45,4195, 8,93",
        "45,4195 8,93",
        "45,4195; 8,93",
        "45,4195,8,93",
        "45.4195° N, 8.93° E",
        "45,4195° N, 8,93° E",
        "45.4195°N 8.93°E",
        "8.93° E, 45.4195° N",
        "N 45.4195, E 8.93",
        "45.4195°, 8.93°",
        "45°25'10.2\"N 8°55'48.0\"E",
        "45° 25′ 10,2″ N, 8° 55′ 48″ E",
        "45° 25.17' N, 8° 55.8' E",
        "  45.4195 ,  8.93 ",
        "45.4195° n, 8.93° e",
    ],
)
def test_one_place_in_many_ways(written):
    assert lat_lon(written) == pytest.approx((45.4195, 8.93), abs=1e-9)


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("45.4195 N, 8.93 W", (45.4195, -8.93)),
        ("45,4195 N, 8,93 O", (45.4195, -8.93)),
        ("-45.4, -8.9", (-45.4, -8.9)),
        ("45, 9", (45.0, 9.0)),
        ("45,5 100,25", (45.5, 100.25)),
    ],
)
def test_signs_letters_and_whole_degrees(written, place):
    assert lat_lon(written) == pytest.approx(place)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "Via Roma 3",
        "45.4195",
        "45,4195",
        "45,9",
        "45,4195, 8",
        "45,4195,8",
        "45.4195, 8,93",
        "95.0, 8.93",
        "45.0, 190.0",
        "45.4 N, 8.9 N",
        "45.4 N, 8.9",
        "-45.4 S, 8.9 E",
        "45°61' N, 8°10' E",
        "45.4.1, 8.9",
        "45.4195, 8.93, 120",
    ],
)
def test_what_is_no_place_or_could_be_several_is_not_read(written):
    assert lat_lon(written) is None
