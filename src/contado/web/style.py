"""Style data of the pages, by the name that pages use; they stand in `contado.kernel.publish.style`."""

from __future__ import annotations

from contado.kernel.publish.style import (
    ChangeClass,
    RoadClass,
    Style,
    breaks_text,
    classify,
    load,
    style_sheet,
)

__all__ = ["ChangeClass", "RoadClass", "Style", "breaks_text", "classify", "load", "style_sheet"]
