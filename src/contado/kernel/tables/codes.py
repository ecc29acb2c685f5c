"""Project codes as offices type them -> lists of upper-case codes, each change told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from contado.kernel.errors import Finding
from contado.kernel.identifiers import CUP

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["normalise_cup", "split_cup"]

_BETWEEN: Final = re.compile(r"[;,/|\s]+")


def split_cup(cell: str) -> list[str]:
    """Return the codes of one cell, upper-cased; dashes and dots inside a well-formed code are dropped.

    Examples
    --------
    >>> split_cup("g17h03000130011 / J11-B21-003450001")
    ['G17H03000130011', 'J11B21003450001']
    >>> split_cup("????")
    ['????']
    """
    parts = [part.upper() for part in _BETWEEN.split(cell) if part]
    parts = [part for part in parts if part.strip("-–")] or parts  # dashes between codes
    plain = [re.sub(r"[-._]", "", part) for part in parts]
    return [p if CUP.fullmatch(p) else part for p, part in zip(plain, parts, strict=True)]


def normalise_cup(
    table: pa.Table, name: str, *, keys: Sequence[str], lines: Sequence[int]
) -> tuple[pa.Table, list[Finding]]:
    """Return the table with its column ``cup`` as lists of codes, and what had to be changed.

    ``keys`` and ``lines`` name the rows in the findings.
    """
    if "cup" not in table.column_names:
        return table, []
    cells, findings = [], []
    for i, cell in enumerate(table["cup"].to_pylist()):
        parts = [cell] if isinstance(cell, str) else cell or []
        codes = [code for part in parts for code in split_cup(part)]
        cells.append(codes or None)
        findings += _told(name, keys[i], lines[i], [str(p) for p in parts], codes)
    index = table.column_names.index("cup")
    return table.set_column(index, "cup", pa.array(cells, pa.list_(pa.string()))), findings


def _told(name: str, key: str, line: int, before: list[str], after: list[str]) -> list[Finding]:
    out = []
    if len(after) > 1:
        text = f"{name} {key}: cup = {';'.join(before)!r} holds {len(after)} codes."
        out.append(
            Finding(
                severity="warning",
                rule="several_cups",
                message=text,
                table=name,
                row=line,
                hint="they are kept as a list",
            )
        )
    if "".join(before) != "".join(after) and after:
        out.append(
            Finding(
                severity="note",
                rule="converted",
                message=f"{name} {key}: cup = {';'.join(before)!r} was read as {';'.join(after)}.",
                table=name,
                row=line,
                action="converted",
            )
        )
    return out
