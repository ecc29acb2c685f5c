"""ZIP-based documents packed anew: one fixed moment, one order, so that the same content gives the same bytes."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MOMENT", "repacked"]

MOMENT: Final = (2000, 1, 1, 0, 0, 0)
_MIMETYPE: Final = "mimetype"


def repacked(data: bytes, edit: Callable[[str, bytes], bytes] | None = None) -> bytes:
    """Return the archive with sorted entries of one fixed moment.

    ``mimetype`` comes first and uncompressed, as OpenDocument 1.3 part 2, section 3.3 asks. ``edit(name,
    content)`` may replace what a library wrote from the clock.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in sorted(set(old.namelist()), key=lambda n: (n != _MIMETYPE, n)):
            content = old.read(name)
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.compress_type = zipfile.ZIP_STORED if name == _MIMETYPE else zipfile.ZIP_DEFLATED
            new.writestr(entry, edit(name, content) if edit else content)
    return out.getvalue()
