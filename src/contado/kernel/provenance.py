"""Provenance: which function, version and inputs a number came from.

Each table row carries a ``source_id``; a derived table also names its function, version and the hashes
of its inputs. `contado why ID` walks these links (see `contado.verbs.why`).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["METADATA_KEY", "Provenance", "Step", "sha256_of_bytes", "sha256_of_file"]

METADATA_KEY = b"contado"
"""Key of the Parquet and Arrow schema metadata that holds a `Provenance` as JSON."""


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """How a table was made.

    ``function`` is the dotted name of the maker, ``inputs`` maps each input's name to its sha256.
    """

    function: str
    version: str
    inputs: dict[str, str] = {}
    seed: int | None = None
    on: str | None = None

    def to_json(self) -> bytes:
        """Return canonical JSON: sorted keys, no spaces, so that equal provenance has equal bytes."""
        return msgspec.json.encode(self, order="deterministic")

    @classmethod
    def from_json(cls, text: bytes) -> Provenance:
        """Read what `to_json` wrote."""
        return msgspec.json.decode(text, type=cls)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One link of a number's chain: the cell, its value, the function that made it, by which method, its source."""

    table: str
    id: str
    column: str | None = None
    value: str | float | int | None = None
    function: str | None = None
    method: str | None = None
    """How the value was reckoned, in the practice's own words (English)."""
    source: str | None = None


def sha256_of_bytes(data: bytes) -> str:
    """Return the hexadecimal SHA-256 of ``data``."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
