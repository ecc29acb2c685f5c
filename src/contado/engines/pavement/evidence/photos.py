"""A photograph without what the telephone wrote beside it: position, owner, device, previews.

Sources: ISO/IEC 10918-1 (JPEG), JEITA CP-3451 (EXIF), ISO/IEC 15948 (PNG).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["bare"]

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT: Final = frozenset({b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs"})
"""Chunks that a drawing needs although their name says that a reader may leave them out."""
_SOI, _EOI, _SOS, _APP1, _COMMENT = 0xD8, 0xD9, 0xDA, 0xE1, 0xFE
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_EXIF: Final = b"Exif\x00\x00"
_ORIENTATION: Final = 0x0112


def bare(photo: bytes) -> bytes:
    r"""Return a JPEG or PNG with its picture only; of a JPEG's EXIF its orientation stays.

    What follows the end of the picture (previews, films of "live" photographs) goes too.

    Raises
    ------
    DataError
        It is neither, or it is damaged (``bad_type``).

    Examples
    --------
    >>> comment = b"\xff\xfe\x00\x06home"
    >>> bare(b"\xff\xd8" + comment + b"\xff\xda\x00\x02..\xff\xd9after")
    b'\xff\xd8\xff\xda\x00\x02..\xff\xd9'
    """
    if photo.startswith(_PNG):
        return _PNG + b"".join(chunk for name, chunk in _chunks(photo) if _drawn(name))
    if photo.startswith(b"\xff\xd8\xff"):
        return b"\xff\xd8" + b"".join(_jpeg(photo))
    raise _damaged()


def _damaged() -> DataError:
    return DataError(
        "The photograph is no JPEG or PNG, or it is damaged.", rule="bad_type", hint="take it again"
    )


def _drawn(name: bytes) -> bool:
    """Whether a PNG chunk belongs to the drawing: an upper first letter says that no reader does without."""
    return name[:1].isupper() or name in _PNG_KEPT


def _chunks(photo: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, name = len(_PNG), b""
    while name != b"IEND":
        end = at + 12 + int.from_bytes(photo[at : at + 4], "big")
        name = photo[at + 4 : at + 8]
        if end > len(photo) or len(name) < 4:
            raise _damaged()
        yield name, photo[at:end]
        at = end


def _jpeg(photo: bytes) -> Iterator[bytes]:
    """Yield the segments that stay, up to the end of the picture."""
    at = 2
    while True:
        at, marker, segment = _segment(photo, at)
        if marker == _APP1 and (turned := _orientation(segment)):
            yield _only_orientation(turned)
        elif _stays(marker, segment):
            yield segment
        if marker == _EOI:
            return
        if marker == _SOS:
            end = _end_of_scan(photo, at)
            yield photo[at:end]
            at = end
            if at == len(photo):  # cut short on its way: what came is shown
                return


def _segment(photo: bytes, at: int) -> tuple[int, int, bytes]:
    """Return where the next segment begins, the marker of this one, and its bytes."""
    while photo[at : at + 2] == b"\xff\xff":  # filling bytes
        at += 1
    if photo[at : at + 1] != b"\xff" or at + 1 >= len(photo):
        raise _damaged()
    marker = photo[at + 1]
    if marker == _EOI or marker in _WITHOUT_LENGTH:
        return at + 2, marker, photo[at : at + 2]
    end = at + 2 + int.from_bytes(photo[at + 2 : at + 4], "big")
    if end < at + 4 or end > len(photo):
        raise _damaged()
    return end, marker, photo[at:end]


def _stays(marker: int, segment: bytes) -> bool:
    """Whether a segment is part of the picture; of those of applications JFIF, colours and Adobe's are."""
    if marker == _COMMENT:
        return False
    if not 0xE0 <= marker <= 0xEF:
        return True
    return segment[4:].startswith((b"JFIF\x00", b"ICC_PROFILE\x00", b"Adobe"))


def _end_of_scan(photo: bytes, at: int) -> int:
    """Return where the next marker stands that ends the coded picture."""
    while (found := photo.find(b"\xff", at)) >= 0 and found + 1 < len(photo):
        after = photo[found + 1]
        if after != 0 and after not in _WITHOUT_LENGTH:
            return found
        at = found + 2
    return len(photo)


def _orientation(segment: bytes) -> int | None:
    """Return how the picture is turned (2 to 8), None where EXIF does not say or it stands upright."""
    tiff = segment[4 + len(_EXIF) :]
    if not segment[4:].startswith(_EXIF):
        return None
    order: Literal["little", "big"] = "little" if tiff.startswith(b"II") else "big"

    def read(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], order)

    first = read(4, 4)
    for entry in range(first + 2, first + 2 + 12 * min(read(first, 2), 200), 12):
        if read(entry, 2) == _ORIENTATION:
            turned = read(entry + 8, 2)
            return turned if 2 <= turned <= 8 else None
    return None


def _only_orientation(turned: int) -> bytes:
    """Return an EXIF segment that holds the orientation and nothing else."""
    entry = (
        _ORIENTATION.to_bytes(2, "big")
        + b"\x00\x03\x00\x00\x00\x01"
        + turned.to_bytes(2, "big")
        + b"\x00\x00"
    )
    tiff = b"MM\x00*\x00\x00\x00\x08" + b"\x00\x01" + entry + b"\x00\x00\x00\x00"
    body = _EXIF + tiff
    return b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
