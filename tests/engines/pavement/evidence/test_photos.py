"""Photographs keep their picture and lose what a telephone writes beside it."""

from __future__ import annotations

import struct
import zlib

import pytest

from contado.engines.pavement.evidence.photos import bare
from contado.kernel.errors import DataError

SCAN = b"\xff\xda\x00\x02\x12\xff\x00\x34\xff\xd0\x56"
TABLES = b"\xff\xdb\x00\x05\x01\x02\x03"
JFIF = b"\xff\xe0\x00\x07JFIF\x00"
END = b"\xff\xd9"


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def exif(order: str, turned: int) -> bytes:
    """EXIF with a device, an orientation and a position, as a telephone writes it."""
    head = b"II*\x00" if order == "<" else b"MM\x00*"
    entries = [(0x010F, 2, 4, b"Tel\x00"), (0x0112, 3, 1, struct.pack(order + "HH", turned, 0))]
    entries.append((0x8825, 4, 1, struct.pack(order + "I", 60)))
    ifd = struct.pack(order + "H", len(entries))
    ifd += b"".join(struct.pack(order + "HHI", t, kind, n) + value for t, kind, n, value in entries)
    return segment(
        0xE1, b"Exif\x00\x00" + head + struct.pack(order + "I", 8) + ifd + b"\x00" * 4 + b"45.4642N"
    )


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


@pytest.mark.parametrize("order", ["<", ">"])
def test_position_and_device_go_and_the_orientation_stays(order):
    photo = b"\xff\xd8" + JFIF + exif(order, 6) + TABLES + SCAN + END
    found = bare(photo)
    assert b"45.4642N" not in found
    assert b"Tel" not in found
    assert found.replace(bare(b"\xff\xd8" + exif(order, 6) + SCAN + END)[2 : -len(SCAN + END)], b"") == (
        b"\xff\xd8" + JFIF + TABLES + SCAN + END
    )
    assert bare(found) == found


@pytest.mark.parametrize("turned", [0, 1, 9])
def test_an_upright_picture_has_no_exif_at_all(turned):
    assert bare(b"\xff\xd8" + exif(">", turned) + SCAN + END) == b"\xff\xd8" + SCAN + END


def test_of_the_segments_of_applications_colours_stay():
    icc, adobe = segment(0xE2, b"ICC_PROFILE\x00rgb"), segment(0xEE, b"Adobe\x00d")
    gone = (
        segment(0xE2, b"MPF\x00pages") + segment(0xED, b"Photoshop 3.0\x00name") + segment(0xFE, b"at home")
    )
    xmp = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00<x/>")
    photo = b"\xff\xd8" + icc + gone + xmp + adobe + SCAN + TABLES + SCAN + END
    assert bare(photo) == b"\xff\xd8" + icc + adobe + SCAN + TABLES + SCAN + END


def test_what_follows_the_picture_goes_and_one_cut_short_stays():
    whole = b"\xff\xd8" + SCAN + END
    assert bare(whole + b"\xff\xd8" + exif("<", 3) + SCAN + END) == whole
    assert bare(b"\xff\xd8" + b"\xff" * 5000 + SCAN) == b"\xff\xd8" + SCAN


def test_a_png_keeps_its_drawing_only():
    kept = [chunk(b"IHDR", b"\x00" * 13), chunk(b"gAMA", b"\x00\x00\xb1\x8f"), chunk(b"IDAT", b"x")]
    gone = chunk(b"eXIf", b"MM\x00*45.4642N") + chunk(b"tEXt", b"Author\x00me") + chunk(b"tIME", b"\x00" * 7)
    start, end = b"\x89PNG\r\n\x1a\n", chunk(b"IEND", b"")
    assert bare(start + kept[0] + gone + b"".join(kept[1:]) + end + b"after") == start + b"".join(kept) + end


@pytest.mark.parametrize(
    "photo",
    [
        b"",
        b"GIF89a",
        b"%PDF-1.7",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe1\xff\xff",
        b"\xff\xd8\xff\xe1\x00\x01" + SCAN,
        b"\xff\xd8\xff\xe0\x00\x02no marker",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + b"0" * 40,
    ],
)
def test_no_picture_or_a_damaged_one_is_refused(photo):
    with pytest.raises(DataError) as caught:
        bare(photo)
    assert caught.value.rule == "bad_type"
