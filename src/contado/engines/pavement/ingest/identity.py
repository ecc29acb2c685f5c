"""What a drive is, whatever was dropped of it: a keyed hash of all that its sensors wrote.

Each row has a keyed hash, and the sum of these modulo 2**256 is that of any number of rows. So it depends neither
on their order nor on how messages cut them, the sums of messages add up to that of the file, and the live
door can take it before it drops what lies in a privacy zone; the rows cannot be told from it.

References
----------
D. Clarke, S. Devadas, M. van Dijk, B. Gassend, G. E. Suh, Incremental multiset hash functions and their application
to memory integrity checking, ASIACRYPT 2003, LNCS 2894, section 5 (MSet-Add-Hash).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.telemetry.drive import G_M_S2
from contado.kernel.identifiers import keyed_hash

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.drive import Drive

    Floats = NDArray[np.float64]

__all__ = ["drive_id", "drive_of_piece", "joined", "of_drive", "of_rows"]

_BYTES: Final = 32
_PART_S: Final = 0.05
"""Of the samples those of the first twentieth of each second are looked at: enough to tell two sensors apart."""


def of_rows(key: str, t_s: Floats, acc: Floats, fix_t_s: Floats, lon: Floats, lat: Floats) -> str:
    """Return the identity of some rows of a drive, hexadecimal.

    Parameters
    ----------
    key
        The workspace's secret.
    t_s, acc
        Times [s] and readings in the device's unit, f8[n] and f8[n, 3].
    fix_t_s, lon, lat
        Times [s] and positions [deg], f8[m].
    """
    chosen = np.mod(np.round(t_s, 7), 1.0) < _PART_S
    readings = np.column_stack([np.round(t_s[chosen], 7), acc[chosen].astype(np.float32)])
    fixes: Floats = np.column_stack([np.round(x, 7) for x in (fix_t_s, lon, lat)])
    secret = hashlib.sha256(key.encode()).digest()
    return _hex(_sum(secret, b"samples", readings) + _sum(secret, b"fixes", fixes))


def of_drive(key: str, drive: Drive) -> str:
    """Return the identity of a drive as it was read."""
    acc = drive.acc_m_s2 / G_M_S2 if drive.unit == "g" else drive.acc_m_s2
    return of_rows(key, drive.t_s, acc, drive.fix_t_s, drive.lon, drive.lat)


def joined(parts: Iterable[str]) -> str:
    """Return the identity of all rows from those of some."""
    return _hex(sum(int(part, 16) for part in parts))


def drive_id(key: str, identity: str) -> str:
    """Return the pseudonym of a drive."""
    return keyed_hash(key, identity)


def drive_of_piece(name: str) -> str:
    """Return the pseudonym of the drive that a piece belongs to, or of the drive itself.

    >>> drive_of_piece("3f9a.2"), drive_of_piece("3f9a")
    ('3f9a', '3f9a')
    """
    return name.partition(".")[0]


def _sum(secret: bytes, kind: bytes, rows: Floats) -> int:
    content, width = np.ascontiguousarray(rows, "<f8").tobytes(), 8 * rows.shape[1]
    found = 0
    for start in range(0, len(content), width):
        row = hashlib.blake2b(content[start : start + width], digest_size=_BYTES, key=secret, person=kind)
        found += int.from_bytes(row.digest())
    return found


def _hex(number: int) -> str:
    return f"{number % (1 << (8 * _BYTES)):0{2 * _BYTES}x}"
