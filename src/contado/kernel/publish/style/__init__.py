"""Style data of pages and files: one file read by style sheet, map, legend, table, QGIS style, single files."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ChangeClass", "RoadClass", "Sight", "Style", "breaks_text", "classify", "load"]

Sight = Literal["light", "dark", "high", "field"]


class RoadClass(msgspec.Struct, frozen=True, kw_only=True):
    """One of the ordered classes: letter, words, colours, widths at zoom 8, 10, 12 and 15."""

    id: str
    it: str
    en: str
    light: str
    dark: str
    high: str
    chip: str
    field: str
    tint: str
    widths: tuple[float, float, float, float]
    value: str | None = None
    dash: tuple[float, float] | None = None

    @property
    def letter(self) -> str:
        """The letter on the chip; an en dash for "not driven"."""
        return "–" if self.id == "none" else self.id


class ChangeClass(msgspec.Struct, frozen=True, kw_only=True):
    """A class of change between two dates: words, arrow of the table, colour, widths as those of roads."""

    id: str
    it: str
    en: str
    arrow: str
    light: str
    widths: tuple[float, float, float, float]
    dash: tuple[float, float] | None = None


class Style(msgspec.Struct, frozen=True, rename={"classes": "class"}):
    """The whole style file."""

    light: dict[str, str]
    dark: dict[str, str]
    high: dict[str, str]
    map: dict[str, dict[str, str]]
    classes: list[RoadClass]
    breaks: dict[str, list[float]]
    ramp: dict[str, list[str] | str]
    count_breaks: dict[str, list[int]]
    change: list[ChangeClass]
    mark: dict[str, str]
    mark_of: dict[str, str]

    def by_id(self, class_id: str) -> RoadClass:
        """Return the class with this letter, or "not driven" for an unknown one."""
        return next((c for c in self.classes if c.id == class_id), self.classes[-1])


@cache
def load() -> Style:
    """Read the style file."""
    text = (Path(__file__).parent / "tokens.toml").read_bytes()
    return msgspec.toml.decode(text, type=Style)


def classify(value: float, breaks: Sequence[float]) -> int:
    """Return the position of the class that holds ``value``, lower bound included."""
    return max(0, sum(value >= b for b in breaks) - 1)


def breaks_text(class_id: str) -> str:
    """Return the interval of a class on the condition index: "≥ 70", "50–70", "< 30"."""
    bounds = [f"{b:.0f}" for b in load().breaks["condition_index"]]
    texts = {"A": f"≥ {bounds[0]}", "D": f"< {bounds[-1]}"}
    between = {"B": f"{bounds[1]}–{bounds[0]}", "C": f"{bounds[2]}–{bounds[1]}"}
    return (texts | between).get(class_id, "")
