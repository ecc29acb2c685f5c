"""Widths of the columns of a table on paper, after what stands in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["shares"]

_LEAST: Final = {True: 7, False: 9}
_WIDEST: Final = {True: 30, False: 34}
_WRAPPED: Final = {True: 22, False: 34}
"""Letters, for forms and for reports: no column is narrower than the first or wider than the second; of a cell of
several words no more than the third is counted."""


def shares(headings: Sequence[str], rows: Sequence[Sequence[str]], *, form: bool) -> list[float]:
    """Return the share of each column [letters]: its longest word, or as much of its longest cell as may wrap.

    ``form`` asks for the narrow columns of a form to be filed, whose headings may be broken.

    Examples
    --------
    >>> shares(["Comune", "n"], [["Cassinetta di Lugagnano", "1"]], form=False)
    [23.0, 9.0]
    """
    return [_share([row[k] for row in rows], heading, form=form) for k, heading in enumerate(headings)]


def _share(cells: Sequence[str], heading: str, *, form: bool) -> float:
    texts = cells if form else [*cells, heading]
    longest = max((len(word) for text in texts for word in text.split()), default=0)
    wrapped = max((min(len(cell), _WRAPPED[form]) for cell in cells), default=0)
    return float(min(max(longest, wrapped, _LEAST[form]), _WIDEST[form]))
