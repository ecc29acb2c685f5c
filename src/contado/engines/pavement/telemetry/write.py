"""Drives out as the pair that `process` reads: cleaned, SI units, one clock."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.provenance import METADATA_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pyarrow as pa

    from contado.engines.pavement.telemetry.drive import Aligned, Drive

__all__ = ["write_drives"]


def write_drives(drives: Iterable[Aligned], folder: Path) -> list[Path]:
    """Write NAME_acc.parquet and NAME_gnss.csv of each drive, and meta.json where the data is simulated."""
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for aligned in drives:
        name = aligned.drive.name
        acc, gnss = folder / f"{name}_acc.parquet", folder / f"{name}_gnss.csv"
        with _renamed(acc) as path:
            pq.write_table(_samples(aligned), path)
        with _renamed(gnss) as path:
            pa_csv.write_csv(_fixes(aligned.drive), path)
        written += [acc, gnss]
        if aligned.drive.label == "simulated":
            with _renamed(folder / "meta.json") as path:
                path.write_text(json.dumps({"label": "simulated"}), encoding="utf-8")
    return written


class _renamed:  # noqa: N801 - reads as a verb where it is used
    """Hand out a temporary name beside ``path`` and rename when all went well."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.temporary = path.with_name(f".{path.name}.{os.getpid()}")

    def __enter__(self) -> Path:
        return self.temporary

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self.temporary.replace(self.path)
        else:
            self.temporary.unlink(missing_ok=True)


def _samples(aligned: Aligned) -> pa.Table:
    import pyarrow as pa

    drive = aligned.drive
    columns = {"t_s": aligned.t_s}
    columns |= {f"a{axis}": drive.acc_m_s2[:, k] for k, axis in enumerate("xyz")}
    if drive.gyro_rad_s is not None:
        columns |= {f"g{axis}": drive.gyro_rad_s[:, k] for k, axis in enumerate("xyz")}
    table = pa.table({key: pa.array(np.ascontiguousarray(values)) for key, values in columns.items()})
    return table.replace_schema_metadata({METADATA_KEY: json.dumps({"label": drive.label})})


def _fixes(drive: Drive) -> pa.Table:
    import pyarrow as pa

    columns = {"t_s": drive.fix_t_s, "lon": drive.lon, "lat": drive.lat, "speed_m_s": drive.speed_m_s}
    table = {key: pa.array(values, from_pandas=True) for key, values in columns.items()}
    table["hdop"] = pa.array(drive.hdop, from_pandas=True)
    if drive.start_utc is not None:
        start = np.datetime64(drive.start_utc.removesuffix("Z"), "ms")
        instants = start + np.round(drive.fix_t_s * 1000).astype("timedelta64[ms]")
        table["time_utc"] = pa.array([f"{instant}Z" for instant in instants])
    return pa.table(table)
