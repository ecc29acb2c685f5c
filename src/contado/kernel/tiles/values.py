"""Attributes of a layer as dictionaries of ready-made MVT values.

Each column is a code a feature (-1 = unknown) into one table of messages for all columns, so that a tile
takes its values by index. Types: text, whole numbers (signed and unsigned), decimal numbers, yes/no; dates
and instants travel as ISO 8601 text. Lists, structures and binary columns have no MVT type and stay out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np

from contado.kernel.tiles import ragged

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Column", "column", "double_values", "uint_values", "varint"]

Kind = Literal["String", "Number", "Boolean"]
_MESSAGE: Final = 0x22
_STRING, _DOUBLE, _INT, _UINT, _BOOL = 0x0A, 0x19, 0x20, 0x28, 0x38


class Column(NamedTuple):
    """One attribute: codes of the rows, its values as messages of a layer, and as numbers where it has any."""

    kind: Kind
    codes: NDArray[np.int32]
    messages: list[bytes]
    numbers: NDArray[np.float64] | None


def varint(value: int) -> bytes:
    """Return a whole number as protobuf varint.

    Examples
    --------
    >>> varint(300).hex()
    'ac02'
    """
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _message(content: bytes) -> bytes:
    return bytes([_MESSAGE]) + varint(len(content)) + content


def uint_values(values: NDArray[np.integer[Any]]) -> list[bytes]:
    """Return whole numbers from 0 up as messages of type uint64."""
    return [_message(bytes([_UINT]) + varint(v)) for v in values.tolist()]


def double_values(values: NDArray[np.float64]) -> list[bytes]:
    """Return decimal numbers as messages of type double."""
    flat = np.ascontiguousarray(values, dtype="<f8").tobytes()
    head = bytes([_MESSAGE, 9, _DOUBLE])
    return [head + flat[i : i + 8] for i in range(0, len(flat), 8)]


def _int_values(values: list[int]) -> list[bytes]:
    # negative numbers are varints of their 64-bit two's complement
    return [_message(bytes([_INT]) + varint(v & 0xFFFF_FFFF_FFFF_FFFF)) for v in values]


def _string_values(values: list[str]) -> list[bytes]:
    encoded = [v.encode() for v in values]
    return [_message(bytes([_STRING]) + varint(len(v)) + v) for v in encoded]


def column(data: pa.ChunkedArray) -> Column | None:
    """Return a column as codes and messages, or None where MVT has no type for it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = data.type.value_type if pa.types.is_dictionary(data.type) else data.type
    data = data.cast(kind)
    if pa.types.is_temporal(kind):
        data, kind = data.cast(pa.string()), pa.string()
    if pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        data, kind = data.cast(pa.float64()), pa.float64()
        data = pc.if_else(pc.is_finite(data), data, None)
    writer = _writer(kind)
    if writer is None:
        return None
    encoded = data.combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    name, write = writer
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    numbers = None
    if name == "Number":
        numbers = data.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
    return Column(name, codes, write(encoded.dictionary), numbers)


def _writer(kind: pa.DataType) -> tuple[Kind, Any] | None:
    """Return what the type is called in TileJSON and how its values are written."""
    import pyarrow as pa

    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "String", lambda values: _string_values(values.to_pylist())
    if pa.types.is_boolean(kind):
        return "Boolean", lambda values: [_message(bytes([_BOOL, v])) for v in values.to_pylist()]
    if pa.types.is_unsigned_integer(kind):
        return "Number", lambda values: uint_values(values.to_numpy())
    if pa.types.is_integer(kind):
        return "Number", lambda values: _int_values(values.to_pylist())
    if pa.types.is_floating(kind):
        return "Number", lambda values: double_values(values.to_numpy())
    return None


class Dictionary(NamedTuple):
    """Messages one after another; message i is ``data[starts[i]:starts[i + 1]]``."""

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, messages: list[bytes]) -> Dictionary:
        """Join messages."""
        lengths = np.fromiter(map(len, messages), dtype=np.int64, count=len(messages))
        return cls(np.frombuffer(b"".join(messages), dtype=np.uint8), ragged.to_starts(lengths))

    def pick(self, codes: NDArray[Any]) -> bytes:
        """Return the messages of ``codes``, joined."""
        return self.data[ragged.take(self.starts, codes)[0]].tobytes()
