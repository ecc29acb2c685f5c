"""One message of a device: samples and fixes of some seconds, on one clock, checked as a file of a drive is.

A row holds a sample (``ax, ay, az``, maybe ``gx, gy, gz``), a fix (``lon, lat`` with ``speed_m_s`` or ``speed_kmh``,
maybe ``hdop, accuracy_m, time_utc``) or both, at ``t_s`` from the start of the drive.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from contado.engines.pavement.ingest import privacy
from contado.engines.pavement.telemetry import clean, textfile
from contado.engines.pavement.telemetry.columns import formats, in_si

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.columns import Part
    from contado.engines.pavement.telemetry.textfile import RawFile
    from contado.kernel.errors import Finding

    Floats = NDArray[np.float64]

__all__ = ["Chunk", "Measured", "joined", "parse"]

_MARKS: Final = {"acceleration": ("ax", "ay", "az"), "location": ("lon", "lat")}
"""Columns of which a row of each kind has at least one."""
_KIND: Final = "kind"
"""Column of a stored chunk that tells samples from fixes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What of a chunk can be used: times [s], readings in the device's unit, positions [deg], speeds [m/s]."""

    t_s: Floats
    acc: Floats
    fix_t_s: Floats
    lon: Floats
    lat: Floats
    speed_m_s: Floats
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Samples and fixes as they came, one table each."""

    name: str
    samples: pa.Table
    fixes: pa.Table

    def measured(self) -> Measured:
        """Return what is left when rows that cannot be used are dropped.

        Raises
        ------
        DataError
            ``impossible_position`` or ``impossible_jump``, with rows.
        """
        motion = clean.clean_samples(self._columns(self.samples, "acceleration"), file=self.name)
        place = clean.clean_fixes(self._columns(self.fixes, "location"), file=self.name)
        return Measured(
            t_s=motion.columns["time"],
            acc=np.column_stack([motion.columns[f"acceleration_{axis}"] for axis in "xyz"]),
            fix_t_s=place.columns["time"],
            lon=place.columns["longitude"],
            lat=place.columns["latitude"],
            speed_m_s=place.columns["speed"],
            findings=(*motion.findings, *place.findings),
        )

    def _columns(self, table: pa.Table, kind: str) -> dict[str, Floats]:
        """Return the columns that cleaning asks for, unknown ones as NaN, with the row numbers of the message."""
        columns = {"row": np.asarray(table["row"].to_numpy(), float)}
        for column in _part(kind).columns:
            if column.quantity in {"utc", "rotation"}:
                continue
            known = column.name[0] in table.column_names
            columns[column.key] = _floats(table[column.name[0]]) if known else np.full(table.num_rows, np.nan)
        return columns

    def outside(self, area: Any) -> Chunk:
        """Return the chunk without its fixes in the privacy zones and without the samples beside them.

        Where there are zones, samples of a chunk without a fix may have been taken anywhere: they go too.
        """
        if area is None:
            return self
        import shapely

        lon, lat, fix_t_s = (_floats(self.fixes[name]) for name in ("lon", "lat", "t_s"))
        if not lon.size:
            return Chunk(name=self.name, samples=self.samples.slice(0, 0), fixes=self.fixes)
        inside = np.asarray(shapely.contains_xy(area, lon, lat))
        order = np.argsort(fix_t_s, kind="stable")
        hidden = privacy.hidden(_floats(self.samples["t_s"]), fix_t_s[order], inside[order])
        return Chunk(
            name=self.name,
            samples=self.samples.filter(pa.array(~hidden)),
            fixes=self.fixes.filter(pa.array(~inside)),
        )

    def content(self) -> bytes:
        """Return the chunk as one Parquet file; rows beside their kind."""
        import pyarrow.parquet as pq

        parts = [
            table.append_column(_KIND, pa.array([kind] * table.num_rows, pa.string()))
            for kind, table in (("sample", self.samples), ("fix", self.fixes))
        ]
        sink = io.BytesIO()
        pq.write_table(pa.concat_tables(parts, promote_options="permissive"), sink)
        return sink.getvalue()

    @classmethod
    def load(cls, path: Path) -> Chunk:
        """Read what `content` wrote."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        whole = pq.read_table(path)
        samples, fixes = (whole.filter(pc.equal(whole[_KIND], kind)) for kind in ("sample", "fix"))
        return cls(name=path.stem, samples=_filled(samples, "acceleration"), fixes=_filled(fixes, "location"))


def parse(content: bytes, name: str) -> Chunk:
    """Read a message.

    Parameters
    ----------
    content
        CSV in any dialect that drives are read in, or Parquet.
    name
        How messages call it; ``.parquet`` in it says that it is Parquet.

    Raises
    ------
    DataError
        ``empty_file``, ``file_cut``, ``not_a_number``; rules of the positions.
    ColumnNotFound
        ``missing_column``: it holds neither samples nor fixes, or only a part of their columns.
    """
    raw = textfile.raw_of(content, name)
    present = {header.strip().casefold() for header in raw.headers}
    kinds = [kind for kind, marks in _MARKS.items() if present & set(marks)]
    tables = {kind: _rows(raw, kind) for kind in kinds or _MARKS}
    chunk = Chunk(
        name=name,
        samples=tables.get("acceleration", _none("acceleration")),
        fixes=tables.get("location", _none("location")),
    )
    chunk.measured()
    return chunk


def joined(chunks: Sequence[Chunk]) -> tuple[pa.Table, pa.Table]:
    """Return samples and fixes of chunks in their order, as the two files of a drive hold them."""
    samples, fixes = (
        pa.concat_tables(parts, promote_options="permissive").drop_columns(["row"])
        for parts in ([c.samples for c in chunks], [c.fixes for c in chunks])
    )
    return samples, fixes


def _part(kind: str) -> Part:
    return next(part for part in formats()["pair"].part if part.kind == kind)


def _rows(raw: RawFile, kind: str) -> pa.Table:
    """Return the rows of one kind, under the names and in the units of our own files."""
    part = _part(kind)
    found = part.find(raw.headers, file=raw.name)
    si = in_si(raw, found)
    columns: dict[str, Any] = {"row": np.arange(raw.table.num_rows, dtype=float) + raw.first_row}
    for header, column in found.items():
        if column.quantity == "utc":
            columns[column.name[0]] = pa.array(raw.text(header), pa.string())
        elif column.quantity == "time":
            columns[column.name[0]] = pa.array(raw.numbers(header), from_pandas=True)
    columns |= {c.name[0]: pa.array(si[c.key], from_pandas=True) for c in part.columns if c.key in si}
    table = pa.table(columns)
    told = np.any([np.isfinite(_floats(table[mark])) for mark in _MARKS[kind]], axis=0)
    return table.filter(pa.array(told))


def _none(kind: str) -> pa.Table:
    names = ["row", *(c.name[0] for c in _part(kind).columns if not c.optional)]
    return pa.table({name: pa.array([], pa.float64()) for name in names})


def _filled(table: pa.Table, kind: str) -> pa.Table:
    """Return the columns of a stored kind that hold anything, and those that it must have."""
    needed = _none(kind).column_names
    kept = [
        c for c in table.column_names
        if c != _KIND and (c in needed or (c in _names(kind) and table[c].null_count < table.num_rows))
    ]  # fmt: skip
    return table.select(kept)


def _names(kind: str) -> set[str]:
    return {column.name[0] for column in _part(kind).columns}


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
