"""Mapbox Vector Tiles 2.1, written in bulk.

A block of features is one stream of varints: tags, lengths, attributes and geometry commands of all
features are laid into one array by arithmetic on cumulative counts, a first count of bytes gives the
lengths of the messages, and one pass writes them out. No loop runs over features.

A word of the stream has 16 bits and holds 14 of a value, which is one or two bytes of the output. Places in a
tile and steps between them fit one word; ids, lengths, counts and values take two, and bit 14 of the
first says that the second goes on.

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
    Stream = NDArray[np.uint16]

__all__ = ["Tags", "features", "layer"]

_TYPES: Final = {"point": 1, "line": 2, "polygon": 3}
_COMMANDS: Final = {"point": 2, "line": 3, "polygon": 4}
"""Command words of a path: MoveTo, LineTo (two), ClosePath; a multi-point has one MoveTo (two) for all."""
_TAG_WORDS: Final = 3
_NOTHING: Final = 0x8000
"""A word that writes nothing: the second one of a value below 2^14."""
_MOVE_TO: Final = 9
_CLOSE_PATH: Final = 15
_BLOCK: Final = 2048
"""Features written at a time: what stays in the processor's cache."""
_FEATURE, _ID, _TAGS, _TYPE, _GEOMETRY = 0x12, 0x08, 0x12, 0x18, 0x22
_LAYER, _NAME, _KEY, _EXTENT, _VERSION = 0x1A, 0x0A, 0x1A, 0x28, 0x78


class Tags(NamedTuple):
    """Attributes: indices of key and value, feature after feature, and how many each feature has."""

    keys: NDArray[np.integer[Any]]
    values: NDArray[np.integer[Any]]
    counts: Places

    @classmethod
    def of(cls, codes: NDArray[np.integer[Any]], first_key: int = 0) -> Tags:
        """Return the attributes of a row of indices a key (-1 = unknown)."""
        known = codes.T >= 0
        keys = np.broadcast_to(np.arange(first_key, first_key + len(codes)), known.shape)
        return cls(keys[known], codes.T[known], known.sum(axis=1))


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
        span = slice(pairs[first], pairs[last])
        some = Tags(tags.keys[span], tags.values[span], tags.counts[first:last])
        block, size = _block(kind, shapes.span(first, last), some, None if ids is None else ids[first:last])
        blocks.append(block)
        sizes.append(size)
    return b"".join(blocks), ragged.to_starts(np.concatenate([*sizes, np.empty(0, int)]))


def _block(kind: str, shapes: Shapes, tags: Tags, ids: Places | None) -> tuple[bytes, Places]:
    words = _TAG_WORDS * tags.counts
    commands = _COMMANDS[kind]
    drawn = np.diff(2 * shapes.paths[shapes.features] + commands * shapes.features)
    before = 6 if ids is not None else 3
    starts = ragged.to_starts(before + 3 + words + 5 + drawn)
    attributes = starts[:-1] + before + 3
    layout = _Layout(starts[:-1], attributes, attributes + words + 5, starts[1:])
    stream = np.empty(starts[-1], dtype=np.uint16)
    _lay_fixed(stream, layout, kind, ids)
    if len(tags.keys):
        at = np.repeat(attributes - ragged.to_starts(words)[:-1], tags.counts)
        at += _TAG_WORDS * np.arange(len(tags.keys))
        stream[at] = tags.keys
        _lay_wide(stream, at + 1, tags.values)
    _lay_geometry(stream, layout.geometry, kind, shapes)
    return _written(stream, layout, with_id=ids is not None)


def _lay_wide(stream: Stream, at: Places, values: NDArray[np.integer[Any]]) -> None:
    """Lay values below 2^28, two words each."""
    stream[at] = values & 0x3FFF
    stream[at + 1] = _NOTHING
    large = np.flatnonzero(values >> 14)
    if large.size:
        at = at[large]
        stream[at] |= 0x4000
        stream[at + 1] = values[large] >> 14


def _lay_fixed(stream: Stream, layout: _Layout, kind: str, ids: Places | None) -> None:
    """Lay the words that every feature has; the places of the three lengths hold nothing as yet."""
    stream[layout.start] = _FEATURE
    if ids is not None:
        stream[layout.start + 3] = _ID
        _lay_wide(stream, layout.start + 4, ids)
    stream[layout.tags - 3] = _TAGS
    stream[layout.geometry - 5] = _TYPE
    stream[layout.geometry - 4] = _TYPES[kind]
    stream[layout.geometry - 3] = _GEOMETRY
    for length in (layout.start + 1, layout.tags - 2, layout.geometry - 2):
        stream[length] = stream[length + 1] = _NOTHING


def _lay_geometry(stream: Stream, begin: Places, kind: str, shapes: Shapes) -> None:
    """Lay the commands of all paths; the cursor goes on over the paths of a feature."""
    first = shapes.paths[:-1]
    count = np.diff(shapes.paths)
    commands = _COMMANDS[kind]
    news = shapes.paths[shapes.features[:-1]]
    shift = begin - 2 * news - commands * shapes.features[:-1]
    base = np.repeat(shift, np.diff(shapes.features)) + 2 * first + commands * np.arange(len(first))
    lines = kind != "point"
    at = np.repeat(base - 2 * first + (3 if lines else 2), count)
    at += 2 * np.arange(len(shapes.x))
    at[first] -= 2 * lines
    stream[at] = _deltas(shapes.x, news)
    at += 1
    stream[at] = _deltas(shapes.y, news)
    if lines:
        stream[base] = _MOVE_TO
        _lay_wide(stream, base + 3, ((count - 1) << 3) | 2)
    else:
        _lay_wide(stream, base, (count << 3) | 1)
    if kind == "polygon":
        stream[base + 2 * count + 3] = _CLOSE_PATH


def _deltas(values: NDArray[np.float64], news: Places) -> NDArray[np.int16]:
    """Return zig-zag differences to the vertex before; ``news`` begin at the tile's corner."""
    whole = values.astype(np.int16)
    step = np.empty_like(whole)
    np.subtract(whole[1:], whole[:-1], out=step[1:])
    step[news] = whole[news]
    zigzag: NDArray[np.int16] = (step << 1) ^ (step >> 15)
    return zigzag


def _written(stream: Stream, layout: _Layout, *, with_id: bool) -> tuple[bytes, Places]:
    """Fill in the lengths; return the bytes of the stream and those of each feature."""
    sizes = (stream < _NOTHING).astype(np.uint8)
    sizes += _is_long(stream)
    total = np.zeros(len(stream) + 1, dtype=np.int32)
    np.cumsum(sizes, out=total[1:])
    attributes = total[layout.geometry - 5] - total[layout.tags]
    geometry = total[layout.end] - total[layout.geometry]
    _lay_wide(stream, layout.tags - 2, attributes)
    _lay_wide(stream, layout.geometry - 2, geometry)
    message = attributes + geometry + _sizes(attributes) + _sizes(geometry) + 4
    if with_id:
        message += 1 + total[layout.start + 6] - total[layout.start + 4]
    _lay_wide(stream, layout.start + 1, message)
    return _varints(stream), (message + _sizes(message) + 1).astype(np.int64)


def _is_long(words: Stream) -> NDArray[np.bool_]:
    """Return which words are two bytes; those that hold nothing are none."""
    long: NDArray[np.bool_] = (words - np.uint16(0x80)) < _NOTHING - 0x80
    return long


def _sizes(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the bytes that each value takes as varint."""
    out = np.ones(len(values), dtype=np.uint8)
    for bits in (7, 14, 21):
        out += values >= (1 << bits)
    return out


def _varints(stream: Stream) -> bytes:
    """Return the words as varints, one after another."""
    kept = np.empty((len(stream), 2), bool)
    np.less(stream, _NOTHING, out=kept[:, 0])
    kept[:, 1] = long = _is_long(stream)
    value: Stream = stream & np.uint16(0x3FFF)
    value += value & 0x3F80  # seven bits to a byte
    value |= long.astype(np.uint16) << 7
    value |= (stream & 0x4000) << 1
    out: NDArray[np.uint8] = np.compress(kept.ravel(), _bytes(value))
    return out.tobytes()


def _bytes(words: Stream) -> NDArray[np.uint8]:
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
