"""Charts for writers that cannot hold an SVG: the same SVG gives the same PNG."""

from __future__ import annotations

import json
import re
from typing import Final, NamedTuple

from contado.kernel.publish.extra import needed

__all__ = ["Picture", "picture", "size", "standalone"]

_TEMPLATE: Final = """
#set page(width: auto, height: auto, margin: 0pt)
#let data = json(bytes(sys.inputs.data))
#image(bytes(data.svg), format: "svg", width: data.width * 1pt)
"""
_PPI: Final = 160
_BOX: Final = re.compile(r'viewBox="\S+ \S+ ([\d.]+) ([\d.]+)"')
_NAMESPACE: Final = ' xmlns="http://www.w3.org/2000/svg"'


class Picture(NamedTuple):
    """A PNG and the size it was drawn for [px of CSS]."""

    png: bytes
    width: float
    height: float


def size(svg: str) -> tuple[float, float]:
    """Return width and height of a drawing as its view box says [px of CSS].

    Examples
    --------
    >>> size('<svg viewBox="0 0 740 300"></svg>')
    (740.0, 300.0)
    """
    found = _BOX.search(svg)
    if found is None:
        raise ValueError("the drawing states no view box")
    return float(found[1]), float(found[2])


def standalone(svg: str) -> str:
    """Return a drawing made for a page as a document of its own, with its namespace."""
    return svg if "xmlns=" in svg else svg.replace("<svg", f"<svg{_NAMESPACE}", 1)


def picture(svg: str) -> Picture:
    """Return a drawing as PNG.

    Raises
    ------
    ExtraMissing
        typst is not installed (extra ``publish``).
    """
    typst = needed("typst")
    width, height = size(svg)
    data = json.dumps({"svg": standalone(svg), "width": width})
    done = typst.compile(
        _TEMPLATE.encode(), format="png", ppi=_PPI, sys_inputs={"data": data}, ignore_system_fonts=True
    )
    return Picture(done if isinstance(done, bytes) else done[0], width, height)
