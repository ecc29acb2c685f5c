"""Charts and the drawn map: the right marks in the right places, small, readable without colour."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from shapely import Polygon, box

from contado.kernel.publish import charts, figuremap


def marks(svg: str, tag: str) -> list[ET.Element]:
    return [e for e in ET.fromstring(svg).iter() if e.tag == tag]


def test_a_whisker_places_value_and_interval_on_the_common_scale():
    svg = charts.whisker(5.0, 2.5, 7.5, 0.0, 10.0)
    assert [c.get("cx") for c in marks(svg, "circle")] == ["38"]
    assert "M21 7H55" in svg
    assert ET.fromstring(svg).get("aria-hidden") == "true"


def test_values_off_the_scale_stop_at_its_ends():
    assert marks(charts.whisker(99.0, None, None, 0.0, 10.0), "circle")[0].get("cx") == "72"


def test_positions_have_a_tick_for_each_value_the_median_and_the_own_house():
    svg = charts.position([1.0, 2.0, 3.0, 4.0, 5.0], 5.0, 4.5, 5.0)
    paths = {p.get("class"): p.get("d") for p in marks(svg, "path")}
    assert paths["ct-ticks"].count("M") == 5
    assert paths["ct-ink"].startswith("M113 ")
    assert paths["ct-own-fill"].startswith("M214 ")
    assert charts.position([], None) == ""


def test_parts_of_a_bar_are_as_long_as_their_share():
    parts = [charts.Part("A", "A", 0.75, "#31529E"), charts.Part("none", "–", 0.25, "#63696E")]
    svg = charts.stacked_bar(parts, "A 75 %", width=202)
    drawn = [r for r in marks(svg, "rect") if str(r.get("class")).startswith("ct-part")]
    assert [float(r.get("width")) for r in drawn] == [150.0, 50.0]
    assert drawn[1].get("fill") == "url(#ct-hatch-none-202)"
    assert ET.fromstring(svg).get("aria-label") == "A 75 %"


def test_the_cut_line_lies_at_one_and_the_programme_ends_at_its_last_euro():
    bars = [
        charts.Bar(10, 3, True),
        charts.Bar(10, 2, False, "excluded"),
        charts.Bar(10, 1.2, True),
        charts.Bar(10, 0.8, False),
    ]
    svg = charts.cut_line(bars, label="x", words=("cost", "line = 1", "in", "out"), axis=lambda v: f"{v:.0f}")
    paths = {p.get("class"): p.get("d") for p in marks(svg, "path") if p.get("class")}
    height = float(re.search(r"M34 ([\d.]+)H", paths["ct-cut"])[1])
    assert height == pytest.approx(300 - 42 - (300 - 40 - 42) / 3, abs=0.1)
    assert paths["ct-chosen"].count("z") == 2
    assert paths["ct-rejected"].count("z") == 2
    texts = [t.text for t in marks(svg, "text")]
    assert {"0", "10", "20", "30", "40", "line = 1"} <= set(texts)


def test_robustness_has_full_hatched_and_hollow_parts():
    fills = [r.get("fill") for r in marks(charts.robustness(2, 1, 1, "x"), "rect") if r.get("y")]
    assert fills == [charts.CHOSEN, "url(#ct-hatch-robust)", "#FFF"]
    assert charts.robustness(0, 0, 0, "x") == ""


def test_labels_are_escaped():
    assert "<b>" not in charts.robustness(1, 0, 0, "<b>")


def test_neighbours_keep_their_shared_border_and_links_leave_the_tab_order():
    wavy = [(1, 0), (1.01, 0.3), (0.99, 0.6), (1, 1)]
    left, right = Polygon([(0, 0), *wavy, (0, 1)]), Polygon([*wavy, (2, 1), (2, 0)])
    drawn = figuremap.outline([("a", left), ("b", right)])
    svg = figuremap.draw(
        drawn, fills={"a": "ct-fill-1"}, titles={"a": "A & B"}, links={"a": "/a?x=1&y=2"}, label="map"
    )
    tree = ET.fromstring(svg)
    assert [e.get("tabindex") for e in tree.iter("a")] == ["-1"]
    assert [e.text for e in tree.iter("title")] == ["A & B"]
    assert [e.get("class") for e in tree.iter("path") if e.get("class")] == ["ct-fill-1", "ct-fill-unknown"]


def test_nothing_to_draw_is_an_empty_frame():
    assert figuremap.outline([]).shapes == ()


@pytest.mark.parametrize("n", [133])
def test_the_map_of_the_shipped_territory_stays_small(n):
    from contado.kernel.territory import boundaries

    units = boundaries.shipped().gdf
    drawn = figuremap.outline(list(zip(units["istat"], units.geometry, strict=True)))
    svg = figuremap.draw(
        drawn, fills={}, titles=dict(zip(units["istat"], units["name"], strict=True)), label="x"
    )
    assert svg.count("<title>") == n
    assert len(svg) <= 40_000


def test_a_hole_is_drawn():
    ring = box(0, 0, 4, 4).difference(box(1, 1, 3, 3))
    assert figuremap.outline([("a", ring)]).shapes[0].path.count("z") == 2


def test_the_value_curve_rises_through_its_steps_and_marks_today():
    steps = [charts.Step(1e6, 2e6, 2.2e6), charts.Step(2e6, 3e6, 3e6, now=True), charts.Step(3e6, 3.5e6, 4e6)]
    svg = charts.value_curve(
        steps, label="from 2 to 3.5", words=("budgets", "value", "today"), axis=lambda v: f"{v / 1e6:g}"
    )
    dots = [(float(c.get("cx")), float(c.get("cy")), c.get("r")) for c in marks(svg, "circle")]
    assert [r for _, _, r in dots] == ["4", "6", "4"]
    assert [x for x, _, _ in dots] == sorted(x for x, _, _ in dots)
    assert [y for _, y, _ in dots] == sorted((y for _, y, _ in dots), reverse=True)
    assert (dots[1][0] - dots[0][0]) == pytest.approx(dots[2][0] - dots[1][0], abs=0.11)
    texts = [t.text for t in marks(svg, "text")]
    assert {"today", "budgets", "value", "0", "4"} <= set(texts)
    assert ET.fromstring(svg).get("aria-label") == "from 2 to 3.5"


def test_signs_of_the_robustness_legend_differ_without_colour():
    fills = [marks(charts.robust_key(k), "rect")[0].get("fill") for k in ("core", "borderline", "exterior")]
    assert fills == [charts.CHOSEN, "url(#ct-hatch-robust)", "#FFF"]


def test_the_cut_line_says_where_bars_are_cut_and_keeps_its_signs_apart():
    words = ("cost", "line", "in", "out")
    bars = [charts.Bar(1.0, 9.0, chosen=False, mark="excluded") for _ in range(60)]
    svg = charts.cut_line(bars, label="x", words=words, axis=lambda v: f"{v:g}", width=340, height=250)
    assert "6+" in [t.text for t in marks(svg, "text")]
    crosses = [p for p in marks(svg, "path") if "l6 6m0-6l-6 6" in p.get("d")]
    assert 20 <= len(crosses) <= 34
