"""The strip diagram of a section."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

import pytest

from contado.kernel.publish.strip import Band, Cell, Mark, Stretch, Texts, axis_ends, strip

TEXTS = Texts("Roughness", "anomalies", "works", "full = confirmed", ".")
BANDS = [Band(0.0, "#E9EDF6", "A good"), Band(2.4, "#E7F1F8", "B fair"), Band(5.6, "#F6E6EC", "D critical")]


def cells(values) -> list[Cell]:
    return [
        Cell(20.0 * i, 20.0 * (i + 1), v, None if v is None else v * 0.9, None if v is None else v * 1.1)
        for i, v in enumerate(values)
    ]


def lines(svg: str) -> list[str]:
    return re.findall(r'class="ct-iri" d="([^"]+)"', svg)


def test_a_cell_that_nobody_drove_breaks_the_line():
    drawn = strip(cells([2.0, 3.0, None, 4.0, 5.0]), BANDS, texts=TEXTS)
    assert len(lines(drawn)) == 2
    assert drawn.count('class="ct-band"') == 2


def test_the_line_runs_from_the_first_chainage_to_the_last():
    (line,) = lines(strip(cells([2.0, 2.0, 2.0]), BANDS, texts=TEXTS))
    xs = [float(point.split()[0]) for point in line.removeprefix("M").split("L")]
    assert (xs[0], xs[-1]) == (64.0, 1082.0)


def test_without_intervals_there_is_no_band():
    bare = [Cell(0.0, 20.0, 2.0, None, None), Cell(20.0, 40.0, 3.0, None, None)]
    assert "ct-band" not in strip(bare, BANDS, texts=TEXTS)


def test_classes_above_the_axis_are_left_out_and_names_never_overlap():
    drawn = strip(cells([2.0, 3.0]), BANDS, texts=TEXTS)
    assert "D critical" in drawn
    low = [Band(0.0, "#FFF", "A"), Band(99.0, "#FFF", "far")]
    assert "far" not in strip(cells([2.0]), low, texts=TEXTS)
    heights = [float(y) for y in re.findall(r'x="1090" y="(\d+)" class="ct-text">(?:A|B|D)', drawn)]
    assert all(a - b >= 14 for a, b in itertools.pairwise(heights))


@pytest.mark.parametrize(("confirmed", "css"), [(True, "ct-mark"), (False, "ct-hollow")])
def test_a_confirmed_anomaly_is_full_and_its_words_are_escaped(confirmed, css):
    drawn = strip(cells([2.0]), BANDS, [Mark(10.0, "pothole", confirmed, "a < b")], texts=TEXTS)
    assert f'class="{css}"' in drawn
    assert "<title>a &lt; b</title>" in drawn


def test_works_are_outlined_where_they_are():
    works = [Stretch(0.0, 20.0, "patch"), Stretch(20.0, 40.0, "new surface")]
    drawn = strip(cells([2.0, 2.0]), BANDS, works=works, texts=TEXTS)
    assert drawn.count('class="ct-work ct-ink"') == 2
    assert "stroke-dasharray" not in drawn
    assert ">new surface</text>" in drawn
    assert ">patch</text>" not in drawn


def test_planned_works_are_dashed():
    done, planned = Stretch(0.0, 20.0, "done"), Stretch(20.0, 40.0, "planned", planned=True)
    drawn = strip(cells([2.0, 2.0]), BANDS, [], [done, planned], texts=TEXTS)
    assert re.findall(r'stroke-dasharray="5 3"><title>(\w+)<', drawn) == ["planned"]


def test_the_axis_counts_from_the_chainage_of_the_road():
    drawn = strip(cells([2.0] * 10), BANDS, texts=TEXTS, start_m=9400.0)
    assert ">9.45</text>" in drawn


@pytest.mark.parametrize("width", [1232.0, 720.0])
def test_the_drawing_is_well_formed_at_both_widths(width):
    root = ET.fromstring(strip(cells([2.0, 14.0]), BANDS, texts=TEXTS, width=width))
    assert root.get("width") == f"{width:.0f}"
    assert root.get("aria-label") == "Roughness"


def test_the_axis_of_a_section_whose_kilometres_fall_runs_down():
    along = [Cell(100.0 * i, 100.0 * (i + 1), 2.0, 1.8, 2.2) for i in range(25)]
    drawn = strip(along, BANDS, texts=TEXTS, start_m=14_900.0, step=-1.0)
    ticks = [(float(x), float(km)) for x, km in re.findall(r'x="(\d+)" y="173"[^>]*>([\d.]+)<', drawn)]
    assert [km for _, km in sorted(ticks)] == [14.5, 14.0, 13.5, 13.0, 12.5]
    left, right = axis_ends(1232.0)
    assert all(x == pytest.approx(left + (14.9 - km) / 2.5 * (right - left), abs=1) for x, km in ticks)
