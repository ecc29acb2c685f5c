"""Charts of a comparison with controls."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from contado.kernel.publish.comparison import Line, Point, before_after, histogram

WORDS = ("years", "IRI", "works")


def drawn(treated, control, **how) -> str:
    return before_after(
        Line("on trial (2)", treated),
        Line("control (40)", control),
        label="a sentence",
        words=WORDS,
        number=lambda v: f"{v:g}",
        **how,
    )


def places(svg: str, name: str) -> list[tuple[float, float]]:
    (path,) = re.findall(rf'class="{name}" d="M([^"]+)"', svg)
    return [tuple(float(c) for c in p.split()) for p in path.split("L")]


def test_the_drawing_is_one_image_with_its_sentence():
    svg = drawn([Point(0, 100), Point(5, 130)], [Point(0, 100, 99, 101), Point(5, 145, 135, 155)])
    root = ET.fromstring(svg)
    assert (root.attrib["role"], root.attrib["aria-label"]) == ("img", "a sentence")
    texts = {e.text for e in root.iter() if e.tag.endswith("text")}
    assert {"on trial (2)", "control (40)", *WORDS} <= texts


def test_a_higher_value_lies_higher_and_the_band_holds_the_line():
    svg = drawn([Point(0, 100), Point(5, 130)], [Point(0, 100, 99, 101), Point(5, 145, 135, 155)])
    treated, control = places(svg, "ct-treated"), places(svg, "ct-control")
    assert treated[0] == control[0]
    assert treated[1][1] > control[1][1]
    band = places(svg.replace("z", ""), "ct-band")
    assert min(y for _, y in band) < control[1][1] < max(y for x, y in band if x == control[1][0])


def test_without_chance_there_is_no_band_and_works_outside_are_not_drawn():
    svg = drawn([Point(1, 100), Point(5, 130)], [Point(1, 100), Point(5, 145)], works_at=0.0)
    assert "ct-band" not in svg
    assert "works" not in svg
    assert "works" in drawn([Point(-1, 90), Point(5, 130)], [Point(-1, 90), Point(5, 145)])


@pytest.mark.parametrize("width", [740.0, 340.0])
def test_names_at_the_ends_do_not_overlap_and_stay_inside(width):
    svg = drawn([Point(0, 100), Point(5, 144.9)], [Point(0, 100), Point(5, 145)], width=width)
    found = re.findall(r'x="([\d.]+)" y="([\d.]+)">(?:on trial|control)', svg)
    (x, first), (_, second) = ((float(a), float(b)) for a, b in found)
    assert abs(first - second) >= 15.9
    assert x + 7 * len("control (40)") <= width + 1


def test_bars_up_to_the_value_are_full_and_as_high_as_their_counts():
    svg = histogram(
        [-2, -1, 0, 1, 2], [1, 4, 8, 2], -1.0, label="chance", words=("size", "tuples", "here"), number=str
    )
    heights = [float(h) for h in re.findall(r'<rect [^>]*height="([\d.]+)"', svg)]
    assert [h / heights[2] for h in heights] == pytest.approx([0.125, 0.5, 1.0, 0.25], abs=0.01)
    assert svg.count('class="ct-full"') == 1
    assert ">here<" in svg
    ET.fromstring(svg)


@pytest.mark.parametrize(("value", "anchor"), [(-3.0, "start"), (-1.0, "end"), (1.0, "start"), (3.0, "end")])
def test_the_name_of_the_value_stands_off_the_tall_bars_where_there_is_room(value, anchor):
    edges = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]
    drawn = histogram(
        edges, [1, 4, 9, 9, 4, 1], value, label="chance", words=("size", "tuples", "here"), number=str
    )
    assert re.search(r'text-anchor="(\w+)">here<', drawn)[1] == anchor


def test_a_histogram_of_nothing_is_still_a_drawing():
    svg = histogram([0, 1], [0], 0.5, label="none", words=("a", "b", "c"), number=str)
    assert ET.fromstring(svg).attrib["aria-label"] == "none"
