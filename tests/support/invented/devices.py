"""A device that sends a stored drive message by message, as a car on the road does."""

from __future__ import annotations

import io
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path


def messages(folder: Path, name: str, seconds: float, kind: str = "parquet") -> list[bytes]:
    """Cut a drive of the folder into messages of so many seconds."""
    samples = pq.read_table(folder / f"{name}_acc.parquet").replace_schema_metadata(None)
    fixes = pa_csv.read_csv(folder / f"{name}_gnss.csv")
    fixes = fixes.drop_columns([c for c in fixes.column_names if c.startswith("truth_")])
    if "time_utc" in fixes.column_names:
        place = fixes.column_names.index("time_utc")
        fixes = fixes.set_column(place, "time_utc", utc_texts(folder / f"{name}_gnss.csv"))
    end = max(samples["t_s"].to_numpy()[-1], fixes["t_s"].to_numpy()[-1])
    found = []
    for start in np.arange(0.0, end + 1e-9, seconds):
        parts = [_between(t, start, start + seconds) for t in (samples, fixes)]
        found.append(_content(pa.concat_tables(parts, promote_options="permissive"), kind))
    return found


def utc_texts(file: Path) -> pa.ChunkedArray:
    """Return the instants of a file as they stand in it."""
    as_text = pa_csv.ConvertOptions(column_types={"time_utc": pa.string()})
    return pa_csv.read_csv(file, convert_options=as_text)["time_utc"]


def _between(table: pa.Table, start: float, end: float) -> pa.Table:
    t_s = table["t_s"].to_numpy()
    return table.filter(pa.array((t_s >= start) & (t_s < end)))


def _content(table: pa.Table, kind: str) -> bytes:
    sink = io.BytesIO()
    if kind == "csv":
        pa_csv.write_csv(table, sink)
    else:
        pq.write_table(table, sink)
    return sink.getvalue()


class Sender:
    """Sends messages of one device to a server."""

    def __init__(self, address: str, device: str, token: str) -> None:
        self.address, self.device, self.token = address, device, token

    def send(self, content: bytes, *, drive: str, chunk: int, last: bool = False, key: str | None = None):
        """Return status and answer."""
        query = f"drive={drive}&chunk={chunk}" + ("&last=true" if last else "")
        request = urllib.request.Request(
            f"{self.address}/ingest/pavement/{self.device}?{query}", data=content, method="POST"
        )
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Idempotency-Key", key or f"{drive}:{chunk}")
        try:
            with urllib.request.urlopen(request, timeout=120) as got:
                return got.status, msgspec.json.decode(got.read())
        except urllib.error.HTTPError as error:
            return error.code, msgspec.json.decode(error.read())
