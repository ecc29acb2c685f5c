"""Codes of the controlled vocabularies that the catalogue uses, each with its address and its names.

The rows stand in ``data/vocabulary.csv``: EU themes, frequencies and file types, categories of high-value
datasets (Reg. (EU) 2023/138), mobilityDCAT-AP themes, licences.

>>> entry("theme", "TRAN").iri
'http://publications.europa.eu/resource/authority/data-theme/TRAN'
>>> entry("licence", "cc-by 4.0").code
'CC BY 4.0'
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import NamedTuple

__all__ = ["Entry", "entry", "rows"]


class Entry(NamedTuple):
    """One term of a vocabulary."""

    kind: str
    code: str
    iri: str
    name_it: str
    name_en: str


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a data file of this package."""
    text = (resources.files(__package__) / "data" / f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def entry(kind: str, code: str | None) -> Entry | None:
    """Return the term of a kind with a code (case and hyphens do not matter), or None."""
    return _entries().get((kind, _plain(code or "")))


@cache
def _entries() -> dict[tuple[str, str], Entry]:
    return {(row["kind"], _plain(row["code"])): Entry(**row) for row in rows("vocabulary")}


def _plain(code: str) -> str:
    return code.casefold().replace("-", " ").strip()
