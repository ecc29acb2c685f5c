"""The third-party files of the pages: what the manifest promises and what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from contado.kernel.errors import Damaged
from contado.kernel.provenance import sha256_of_file

__all__ = ["VENDOR", "Manifest", "Package", "State", "inspect", "load"]

VENDOR = Path(__file__).parents[2] / "web" / "static" / "vendor"


class File(msgspec.Struct, frozen=True):
    """A file of the vendor folder."""

    path: str
    sha256: str
    bytes: int


class Package(msgspec.Struct, frozen=True):
    """A package of the lock and the files taken from it."""

    name: str
    version: str
    licence: str
    licence_file: str
    integrity: str
    files: list[File]


class Manifest(msgspec.Struct, frozen=True):
    """What the build wrote into ``manifest.json``."""

    lock_sha256: str
    packages: list[Package]


State = Literal["ok", "changed", "missing"]


def load(root: Path = VENDOR) -> Manifest | None:
    """Read the manifest of a vendor folder; None where there is none.

    Raises
    ------
    Damaged
        The manifest is there and cannot be read.
    """
    path = root / "manifest.json"
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise Damaged(
            f"manifest.json cannot be read: {error}.",
            hint="build again: pip install .",
            field="manifest.json",
        ) from None


def inspect(manifest: Manifest, root: Path = VENDOR) -> dict[str, State]:
    """Return the state of every file that ``manifest`` promises, by path."""
    return {f.path: _state(root / f.path, f.sha256) for package in manifest.packages for f in package.files}


def _state(path: Path, digest: str) -> State:
    if not path.is_file():
        return "missing"
    return "ok" if sha256_of_file(path) == digest else "changed"
