"""Contrast and distance of the colours, recomputed from the style file (section 6 and 10 of the pages)."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from contado.web import style

STYLE = style.load()
RED_GREEN = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
TRITAN = [
    [[1.01277, 0.13548, -0.14826], [-0.01243, 0.86812, 0.14431], [0.07589, 0.80500, 0.11911]],
    [[0.93678, 0.18979, -0.12657], [0.06154, 0.81526, 0.12320], [-0.37562, 1.12767, 0.24796]],
]


def linear(colour: str) -> np.ndarray:
    c = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    """Contrast ratio of WCAG 2.1, 1.4.3."""
    high, low = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (a, b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def seen(rgb: np.ndarray, sight: str) -> np.ndarray:
    """Protan and deutan: Machado, Oliveira and Fernandes (2009), severity 1. Tritan: Brettel, Vienot and
    Mollon (1997), two half planes, because the single matrix is poor there. Linear sRGB in and out."""
    if sight == "normal":
        return rgb
    if sight == "tritan":
        near = rgb @ [0.03901, -0.02788, -0.01113] >= 0
        return np.clip(np.array(TRITAN[0 if near else 1]) @ rgb, 0, 1)
    return np.clip(np.array(RED_GREEN[sight]) @ rgb, 0, 1)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Ottosson (2020), https://bottosson.github.io/posts/oklab/."""
    m1 = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    m2 = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return m2 @ np.cbrt(m1 @ rgb)


def distance(a: str, b: str, sight: str) -> float:
    return 100 * float(np.linalg.norm(oklab(seen(linear(a), sight)) - oklab(seen(linear(b), sight))))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_reaches_4_5_on_paper_and_on_soft(theme):
    tokens = getattr(STYLE, theme)
    for name in ("ink", "ink-2", "action", "focus", "ok", "run", "wait", "bad", "off"):
        for ground in ("paper", "soft", "selected", "hover"):
            assert contrast(tokens[name], tokens[ground]) >= 4.5, (theme, name, ground)


@pytest.mark.parametrize(
    ("theme", "token", "ratio"),
    [
        ("light", "ink", 16.3),
        ("dark", "ink", 15.3),
        ("light", "ink-2", 7.4),
        ("dark", "ink-2", 9.3),
        ("light", "line-2", 3.3),
        ("dark", "line-2", 4.9),
        ("light", "field", 5.5),
        ("light", "action", 6.9),
        ("dark", "action", 8.1),
    ],
)
def test_the_ratios_that_the_page_of_tokens_states(theme, token, ratio):
    tokens = getattr(STYLE, theme)
    assert contrast(tokens[token], tokens["paper"]) == pytest.approx(ratio, abs=0.06)


def test_the_label_simulated_is_readable_in_both_themes():
    for theme in (STYLE.light, STYLE.dark):
        assert contrast(theme["simulated-ink"], theme["simulated"]) >= 4.5
        assert contrast(theme["simulated-edge"], theme["simulated"]) >= 3


def test_white_letters_on_the_chips_reach_4_5():
    for c in STYLE.classes[:4]:
        assert contrast(c.chip, "#FFFFFF") >= 4.5, c.id
        assert contrast(c.field, "#FFFFFF") >= 4.5, c.id


@pytest.mark.parametrize(
    ("sight", "land"), [("light", "light"), ("high", "light"), ("dark", "dark"), ("field", "light")]
)
def test_classes_reach_3_on_land(sight, land):
    for c in STYLE.classes:
        assert contrast(getattr(c, sight), STYLE.map[land]["land"]) >= 3, (sight, c.id)


@pytest.mark.parametrize(
    ("theme", "sights", "between", "to_none"),
    [
        ("light", ("normal", "protan", "deutan"), 16, 13),
        ("light", ("tritan",), 9, 9),
        ("dark", ("normal", "protan", "deutan", "tritan"), 11, 9),
    ],
)
def test_classes_stay_apart_in_every_kind_of_sight(theme, sights, between, to_none):
    """Goals are stated in whole units; the least to "not driven" is 12.6 in protan sight."""
    *classes, none = STYLE.classes
    for sight in sights:
        least = min(
            distance(getattr(a, theme), getattr(b, theme), sight)
            for a, b in itertools.combinations(classes, 2)
        )
        unknown = min(distance(getattr(a, theme), getattr(none, theme), sight) for a in classes)
        assert round(least) >= between, (theme, sight, least)
        assert round(unknown) >= to_none, (theme, sight, unknown)


@pytest.mark.parametrize("ramp", ["share", "heat", "count"])
def test_neighbours_of_a_ramp_are_at_least_10_apart(ramp):
    colours = STYLE.ramp[ramp]
    for sight in ("normal", "protan", "deutan", "tritan"):
        assert min(distance(a, b, sight) for a, b in itertools.pairwise(colours)) >= 10, (ramp, sight)


def test_the_outline_of_fills_reaches_3_on_white():
    assert contrast(STYLE.ramp["outline"], "#FFFFFF") >= 3


def test_the_style_sheet_is_made_from_the_file():
    sheet = style.style_sheet()
    for c in STYLE.classes:
        assert f"--ct-class-{c.id}:{c.light};" in sheet
        assert f"--ct-key-{c.id}:{c.chip};" in sheet
    assert set(re.findall(r"--ct-map-(\w+):", sheet)) == set(STYLE.map["light"])


def test_lower_bounds_belong_to_the_class():
    assert [style.classify(v, [0, 1, 2, 4, 10]) for v in (0, 1, 3, 4, 9, 10, 50)] == [0, 1, 2, 3, 3, 4, 4]
