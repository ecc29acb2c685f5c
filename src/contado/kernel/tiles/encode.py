"""Mapbox Vector Tiles 2.1, written in bulk.

A block of features is one stream of varints: tags, lengths, attributes and geometry commands of all
features are laid into one array by arithmetic on cumulative counts, a first count of bytes gives the
lengths of the messages, and one pass writes them out. No loop runs over features.

References
----------
Mapbox Vector Tile specification 2.1, https://github.com/mapbox/vector-tile-spec .
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from contado.kernel.tiles import grid, ragged
from contado.kernel.tiles.values import varint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.kernel.tiles.paths import Shapes

    Places = NDArray[np.int64]
    Stream = NDArray[np.uint32]

__all__ = ["Tags", "features", "layer"]

_TYPES: Final = {"point": 1, "line": 2, "polygon": 3}
_COMMANDS: Final = {"point": 1, "line": 2, "polygon": 3}
"""Command words of a path: MoveTo, LineTo, ClosePath; a multi-point has one MoveTo for all."""
_MOVE_TO: Final = 9
_CLOSE_PATH: Final = 15
_BLOCK: Final = 2048
"""Features written at a time: what stays in the processor's cache."""
_FEATURE, _ID, _TAGS, _TYPE, _GEOMETRY = 0x12, 0x08, 0x12, 0x18, 0x22
_LAYER, _NAME, _KEY, _EXTENT, _VERSION = 0x1A, 0x0A, 0x1A, 0x28, 0x78


class Tags(NamedTuple):
    """Attributes: indices of key and value (m, 2), feature after feature, and how many each feature has."""

    pairs: NDArray[np.integer[Any]]
    counts: Places


class _Layout(NamedTuple):
    """Places in the stream, one a feature: its tag, those of its attributes, of its geometry, and its end."""

    start: Places
    tags: Places
    geometry: Places
    end: Places


def features(kind: str, shapes: Shapes, tags: Tags, ids: Places | None = None) -> tuple[bytes, Places]:
    """Return the messages of features, given in whole units of their tile, and where each begins, and the end.

    Every feature has a path.

    Without ``ids`` the features have none.
    """
    pairs = ragged.to_starts(tags.counts)
    blocks, sizes = [], []
    for first in range(0, len(tags.counts), _BLOCK):
        last = min(first + _BLOCK, len(tags.counts))
        some = Tags(tags.pairs[pairs[first] : pairs[last]], tags.counts[first:last])
        block, size = _block(kind, shapes.span(first, last), some, None if ids is None else ids[first:last])
        blocks.append(block)
        sizes.append(size)
    return b"".join(blocks), ragged.to_starts(np.concatenate([*sizes, np.empty(0, int)]))


def _block(kind: str, shapes: Shapes, tags: Tags, ids: Places | None) -> tuple[bytes, Places]:
    words = 2 * tags.counts
    drawn = np.diff(2 * shapes.paths[shapes.features] + _COMMANDS[kind] * shapes.features)
    before = 4 if ids is not None else 2
    starts = ragged.to_starts(before + 2 + words + 4 + drawn)
    attributes = starts[:-1] + before + 2
    layout = _Layout(starts[:-1], attributes, attributes + words + 4, starts[1:])
    stream = np.empty(starts[-1], dtype=np.uint32)
    _lay_fixed(stream, layout, kind, ids)
    if len(tags.pairs):
        at = np.repeat(attributes - ragged.to_starts(words)[:-1], words) + np.arange(2 * len(tags.pairs))
        stream[at] = tags.pairs.ravel()
    _lay_geometry(stream, layout.geometry, kind, shapes)
    return _written(stream, layout, with_id=ids is not None)


def _lay_fixed(stream: Stream, layout: _Layout, kind: str, ids: Places | None) -> None:
    """Lay the words that every feature has; the places of the three lengths hold 0 as yet."""
    stream[layout.start] = _FEATURE
    stream[layout.start + 1] = 0
    if ids is not None:
        stream[layout.start + 2] = _ID
        stream[layout.start + 3] = ids
    stream[layout.tags - 2] = _TAGS
    stream[layout.tags - 1] = 0
    stream[layout.geometry - 4] = _TYPE
    stream[layout.geometry - 3] = _TYPES[kind]
    stream[layout.geometry - 2] = _GEOMETRY
    stream[layout.geometry - 1] = 0


def _lay_geometry(stream: Stream, begin: Places, kind: str, shapes: Shapes) -> None:
    """Lay the commands of all paths; the cursor goes on over the paths of a feature."""
    first = shapes.paths[:-1]
    count = np.diff(shapes.paths)
    commands = _COMMANDS[kind]
    shift = begin - 2 * shapes.paths[shapes.features[:-1]] - commands * shapes.features[:-1]
    base = np.repeat(shift, np.diff(shapes.features)) + 2 * first + commands * np.arange(len(first))
    lines = kind != "point"
    at = np.repeat(base - 2 * first + 1 + lines, count) + 2 * np.arange(len(shapes.x))
    at[first] -= lines
    news = shapes.paths[shapes.features[:-1]]
    stream[at] = _deltas(shapes.x, news)
    at += 1
    stream[at] = _deltas(shapes.y, news)
    stream[base] = _MOVE_TO if lines else (count << 3) | 1
    if lines:
        stream[base + 3] = ((count - 1) << 3) | 2
    if kind == "polygon":
        stream[base + 2 * count + 2] = _CLOSE_PATH


def _deltas(values: NDArray[np.float64], news: Places) -> NDArray[np.int32]:
    """Return zig-zag differences to the vertex before; ``news`` begin at the tile's corner."""
    whole = values.astype(np.int32)
    step = np.empty_like(whole)
    np.subtract(whole[1:], whole[:-1], out=step[1:])
    step[news] = whole[news]
    zigzag: NDArray[np.int32] = (step << 1) ^ (step >> 31)
    return zigzag


def _written(stream: Stream, layout: _Layout, *, with_id: bool) -> tuple[bytes, Places]:
    """Fill in the lengths; return the bytes of the stream and those of each feature."""
    total = np.zeros(len(stream) + 1, dtype=np.int32)
    np.cumsum(_sizes(stream), out=total[1:])
    attributes = total[layout.geometry - 4] - total[layout.tags]
    geometry = total[layout.end] - total[layout.geometry]
    stream[layout.tags - 1] = attributes
    stream[layout.geometry - 1] = geometry
    message = attributes + geometry + _sizes(attributes) + _sizes(geometry) + 4
    if with_id:
        message += 1 + _sizes(stream[layout.start + 3])
    stream[layout.start + 1] = message
    return _varints(stream), message + _sizes(message) + 1


def _sizes(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the bytes that each value takes as varint."""
    out = np.ones(len(values), dtype=np.uint8)
    most = int(values.max())
    for bits in (7, 14, 21):
        if most >> bits:
            out += values >= (1 << bits)
    return out


def _varints(stream: Stream) -> bytes:
    """Return values below 2^28 as varints, one after another.

    A word of 16 bits holds 14 bits of a value; a larger value takes a second word, and bit 14 of its first
    word says so. Spread over its two bytes, a word is one or two bytes of the output.
    """
    words = stream.astype(np.uint16)
    large = np.flatnonzero(stream >> 14)
    if large.size:
        words = np.insert(words, large + 1, stream[large] >> 14)
        words[large + np.arange(large.size)] = (stream[large] & 0x3FFF) | 0x4000
    two = (words > 0x7F).astype(np.uint16)
    value = words & 0x3FFF
    value += value & 0x3F80
    value |= two << 7
    value |= (words & 0x4000) << 1
    kept = (two << 8) | 1
    out: NDArray[np.uint8] = np.compress(_bytes(kept).view(bool), _bytes(value))
    return out.tobytes()


def _bytes(words: NDArray[Any]) -> NDArray[np.uint8]:
    """Return words as bytes, the lower one first whatever the machine."""
    return words.astype("<u2", copy=False).view(np.uint8)


def layer(name: str, blocks: bytes, keys: Sequence[str], values: bytes) -> bytes:
    """Return a tile of one layer; ``values`` are messages as `contado.kernel.tiles.values` makes them."""
    texts = [key.encode() for key in keys]
    body = b"".join(
        [
            bytes([_VERSION, 2, _NAME]) + varint(len(name.encode())) + name.encode(),
            blocks,
            *(bytes([_KEY]) + varint(len(text)) + text for text in texts),
            values,
            bytes([_EXTENT]) + varint(grid.EXTENT),
        ]
    )
    return bytes([_LAYER]) + varint(len(body)) + body
