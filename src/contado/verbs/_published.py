"""What the verbs that write documents share: files with their hash, the typeface of the pages."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - msgspec reads annotations at run time

import msgspec

__all__ = ["WrittenFile", "page_fonts"]

_WEIGHTS = (400, 600, 700)


class WrittenFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file and its hash."""

    path: str
    sha256: str

    @classmethod
    def of(cls, path: Path) -> WrittenFile:
        """Return a file that was written, with its hash."""
        from contado.kernel.provenance import sha256_of_file

        return cls(path=str(path), sha256=sha256_of_file(path))


def page_fonts() -> dict[int, bytes]:
    """Return Titillium Web by weight where the front end was built; nothing where it was not."""
    from contado.verbs.frontend.vendor import VENDOR

    files = {weight: VENDOR / "fonts" / f"titillium-web-{weight}.woff2" for weight in _WEIGHTS}
    return {weight: file.read_bytes() for weight, file in files.items() if file.is_file()}
