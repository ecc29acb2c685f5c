"""Files of a simulation, written so that the same seed gives the same bytes, and all at once."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from contado.kernel.errors import UsageError
from contado.kernel.provenance import METADATA_KEY, sha256_of_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from contado.engines.pavement.simulate.record import Recording

__all__ = ["hashes", "staged", "write_csv", "write_json", "write_recording"]


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Give a folder beside ``folder`` to write to; it takes its place when nothing went wrong.

    Raises
    ------
    UsageError
        ``folder`` exists and is not empty (rule ``out_not_empty``).
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"{folder} exists and is not empty.",
            rule="out_not_empty",
            hint="give a new or an empty folder; nothing is overwritten",
            field="out",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield stage
        stage.chmod(0o755)
        stage.rename(folder)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def hashes(folder: Path) -> tuple[tuple[str, str], ...]:
    """Return (path within the folder, sha256) of every file, sorted."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return tuple((p.relative_to(folder).as_posix(), sha256_of_file(p)) for p in files)


def write_json(path: Path, content: Mapping[str, Any], *, indent: int | None = None) -> None:
    """Write a JSON object with its keys in the order given."""
    text = msgspec.json.encode(content)
    path.write_bytes((msgspec.json.format(text, indent=indent) if indent else text) + b"\n")


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows; numbers in their shortest exact form, unknown as an empty cell."""
    lines = [",".join(columns)]
    lines += [",".join(_cell(row.get(c)) for c in columns) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    return f'"{text}"' if "," in text else text


def write_recording(folder: Path, recording: Recording, facts: Mapping[str, Any]) -> None:
    """Write ``NAME_acc.parquet`` and ``NAME_gnss.csv``; the Parquet metadata carry label and seed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    metadata = {METADATA_KEY: msgspec.json.encode(dict(facts), order="deterministic")}
    table = pa.table(recording.accelerometer).replace_schema_metadata(metadata)
    pq.write_table(table, folder / f"{recording.name}_acc.parquet")
    (folder / f"{recording.name}_gnss.csv").write_text(recording.gnss_csv, encoding="utf-8")
