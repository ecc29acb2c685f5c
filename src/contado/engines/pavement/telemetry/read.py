"""Drives from files: pairs, phyphox exports and sensor logs, each cleaned, in SI units, with counts."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from contado.engines.pavement.telemetry import clean, group, sensor_units, speed_unit, times
from contado.engines.pavement.telemetry.columns import formats, in_si, unreadable
from contado.engines.pavement.telemetry.drive import Drive, DriveSet, Rejected
from contado.engines.pavement.telemetry.group import vehicle_of
from contado.engines.pavement.telemetry.textfile import open_raw
from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.clean import Cleaned
    from contado.engines.pavement.telemetry.columns import Format, Kind, Part
    from contado.engines.pavement.telemetry.group import Group
    from contado.engines.pavement.telemetry.textfile import RawFile
    from contado.kernel.labels import Label

    Columns = dict[str, NDArray[np.float64]]

__all__ = [
    "Listing",
    "collect",
    "nothing_readable",
    "read_drive",
    "read_drives",
    "read_fixes",
    "read_group",
    "refusal_of",
    "survey",
]

T = TypeVar("T")

_AXES: Final = ("x", "y", "z")
_MIN_SAMPLES: Final = 10
_MIN_FIXES: Final = 2


_FLAGS: Final = ("converted_from_g", "rows_dropped")


class _Refused(Exception):
    """An error on its way to a row of `rejected`, with its file."""

    def __init__(self, file: str, error: DataError) -> None:
        super().__init__(file)
        self.file = file
        self.error = error


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One file of a drive, by quantity."""

    file: str
    columns: Columns
    headers: tuple[str, ...]
    """Headers of the acceleration as they stand in the file."""
    start_utc: str | None
    simulated: bool
    findings: tuple[Finding, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The drives of a folder or file before any is opened."""

    path: Path
    groups: tuple[Group, ...]
    ignored: tuple[Path, ...]
    known: Mapping[str, Format]
    label: Label
    """What meta.json says."""
    findings: tuple[Finding, ...]


def read_drives(path: Path | str, columns: Path | None = None, *, drop_bad: bool = False) -> DriveSet:
    """Read the drives of a folder or of one file.

    Parameters
    ----------
    path
        Folder, one file of a drive (its partners are found beside it), or the NAME of a pair.
    columns
        Further column maps (TOML as `columns.toml`).
    drop_bad
        Drop and count fixes at impossible positions instead of refusing the drive.

    Raises
    ------
    DataError
        Nothing is readable: the rule, row and hint of the first drive that was refused.
    """
    found = survey(path, columns)
    outcomes = [read_group(one, found.known, label=found.label, drop_bad=drop_bad) for one in found.groups]
    return collect(found, outcomes)


def survey(path: Path | str, columns: Path | None = None) -> Listing:
    """Say which drives a folder or file holds, without opening them; arguments and errors as `read_drives`."""
    path = Path(path)
    known = formats(columns)
    groups, ignored = group.grouped(group.listed(path), known)
    label, findings = _label(path if path.is_dir() else path.parent)
    return Listing(
        path=path,
        groups=tuple(groups),
        ignored=tuple(ignored),
        known=known,
        label=label,
        findings=tuple(findings),
    )


def read_group(one: Group, known: Mapping[str, Format], *, label: Label, drop_bad: bool) -> Drive | Rejected:
    """Read the files of one drive; one that cannot be used is said to be so."""
    try:
        return _read_group(one, known, label=label, drop_bad=drop_bad)
    except _Refused as refused:
        return _rejection(refused)


def read_fixes(one: Group, known: Mapping[str, Format], *, drop_bad: bool) -> Cleaned | Rejected:
    """Read the fixes of a drive alone, in a file of their own; one that cannot be used is said to be so."""
    entry = known[one.format or ""]
    (part,) = (p for p in entry.part if p.kind == "location")
    try:
        place = _open(one.files["location"], part)
        return _checked(place.file, lambda: _fixes(place, phone=entry.phone, held=False, drop_bad=drop_bad))
    except _Refused as refused:
        return _rejection(refused)


def collect(found: Listing, outcomes: Sequence[Drive | Rejected]) -> DriveSet:
    """Join what became of the groups of a listing, in their order.

    Raises
    ------
    DataError
        Nothing is readable: the rule, row and hint of the first drive that was refused.
    """
    rejected, ignored = [], list(found.ignored)
    for one, outcome in zip(found.groups, outcomes, strict=True):
        if isinstance(outcome, Rejected):
            if one.format is None and outcome.rule == "missing_column" and len(found.groups) > 1:
                ignored.extend(one.files.values())
            else:
                rejected.append(outcome)
    drives = [outcome for outcome in outcomes if not isinstance(outcome, Rejected)]
    if not drives:
        raise nothing_readable(found.path, rejected)
    used, copies = _without_copies(drives)
    label = "simulated" if any(drive.label == "simulated" for drive in used) else found.label
    findings = (*found.findings, *copies, *_ignored(ignored))
    return DriveSet(drives=used, rejected=tuple(rejected), label=label, findings=findings)


def read_drive(path: Path | str, columns: Path | None = None, *, drop_bad: bool = False) -> Drive:
    """Read one drive, named by one of its files or by NAME; arguments and errors as `read_drives`."""
    return read_drives(path, columns, drop_bad=drop_bad).drives[0]


def _label(folder: Path) -> tuple[Label, list[Finding]]:
    """Return what meta.json says of the label; nothing else of it is read. Parquet metadata may say it too."""
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return "estimated", []
    except (json.JSONDecodeError, UnicodeDecodeError):
        message = "meta.json is not JSON; the label is estimated."
        return "estimated", [Finding(severity="warning", rule="bad_meta", message=message, table="meta.json")]
    simulated = isinstance(meta, dict) and meta.get("label") == "simulated"
    return ("simulated" if simulated else "estimated"), []


def _read_group(one: Group, known: Mapping[str, Format], *, label: Label, drop_bad: bool) -> Drive:
    if one.format is None:
        return _read_log(one, known, label=label, drop_bad=drop_bad)
    entry = known[one.format]
    absent = [p for p in entry.part if p.kind not in one.files and not p.optional]
    if absent:
        raise _incomplete(one, absent[0])
    read = {p.kind: _open(one.files[p.kind], p) for p in entry.part if p.kind in one.files}
    return _assemble(one, entry, read, label=label, drop_bad=drop_bad)


def _read_log(one: Group, known: Mapping[str, Format], *, label: Label, drop_bad: bool) -> Drive:
    """Read a drive of one file, whose format its header tells."""
    path = one.files["log"]
    headers = _checked(path.name, lambda: open_raw(path).headers)
    for name, entry in known.items():
        if entry.part[0].kind == "log" and entry.part[0].fits(headers):
            found = dataclasses.replace(one, format=name)
            return _read_group(found, known, label=label, drop_bad=drop_bad)
    raise _Refused(path.name, unreadable(path.name, known))


def _open(path: Path, part: Part) -> _Part:
    return _checked(path.name, lambda: _columns(open_raw(path), part))


def _columns(raw: RawFile, part: Part) -> _Part:
    """Return the columns of one part in SI units, by quantity, with the row numbers."""
    table: Columns = {"row": np.arange(raw.table.num_rows, dtype=float) + raw.first_row}
    found = part.find(raw.headers, file=raw.name)
    utc = next((header for header, column in found.items() if column.quantity == "utc"), None)
    for header, column in found.items():
        if column.quantity == "time":
            table["time"] = times.seconds(raw, header, column)
    table |= in_si(raw, found)
    start, undated = (None, ()) if utc is None else _start(raw, utc, table["time"])
    return _Part(
        file=raw.name,
        columns=table,
        headers=tuple(h for h, c in found.items() if c.quantity == "acceleration"),
        start_utc=start,
        simulated=raw.simulated,
        findings=(*raw.findings, *undated),
    )


def _start(raw: RawFile, header: str, t_s: NDArray[np.float64]) -> tuple[str | None, tuple[Finding, ...]]:
    """Return the UTC of t = 0 from the first row that has both, or what stands there instead of an instant."""
    cells = raw.text(header)
    written = (k for k, cell in enumerate(cells) if cell is not None and cell.strip() and np.isfinite(t_s[k]))
    if (k := next(written, None)) is None:
        return None, ()
    if (start := times.start_utc(cells[k], t_s[k])) is not None:
        return start, ()
    row = k + raw.first_row
    message = f"{raw.name}: {header} in row {row} is {cells[k]!r}, no instant: the drive has no date."
    return None, (Finding(severity="warning", rule="no_date", message=message, table=raw.name, row=row),)


def _assemble(
    one: Group, entry: Format, read: Mapping[Kind, _Part], *, label: Label, drop_bad: bool
) -> Drive:
    """Clean the parts and put them together."""
    log = read.get("log")
    motion, place = log or read["acceleration"], log or read["location"]
    samples = _checked(motion.file, lambda: _samples(motion))
    fixes = _checked(
        place.file,
        lambda: _fixes(place, phone=entry.phone, held=log is not None, drop_bad=drop_bad),
    )
    t_s, fs_hz = samples.columns["time"], _rate_hz(samples.columns["time"])
    acc, unit, converted = _checked(
        motion.file,
        lambda: sensor_units.to_si(
            _xyz(samples.columns, "acceleration"), fs_hz, file=motion.file, columns=motion.headers
        ),
    )
    gyro, gyro_findings = _rotation(read.get("rotation") or motion, t_s)
    dropped: dict[str, int] = {}
    for part in (samples, fixes):
        for rule, count in part.dropped.items():
            dropped[rule] = dropped.get(rule, 0) + count
    findings = (*_dialects(read.values()), *samples.findings, *fixes.findings, *converted, *gyro_findings)
    where = {key: fixes.columns[key] for key in ("time", "longitude", "latitude", "speed", "hdop")}
    return Drive(
        name=one.name,
        vehicle=vehicle_of(one.name) or one.name,
        label="simulated" if any(part.simulated for part in read.values()) else label,
        sha256=_hash(t_s, acc, *where.values()),
        t_s=t_s,
        acc_m_s2=acc,
        gyro_rad_s=gyro,
        fix_t_s=where["time"],
        lon=where["longitude"],
        lat=where["latitude"],
        speed_m_s=where["speed"],
        hdop=where["hdop"],
        start_utc=place.start_utc,
        unit=unit,
        fs_hz=fs_hz,
        n_samples_raw=samples.n_raw,
        n_fixes_raw=fixes.n_raw,
        format=one.format or "",
        files=tuple(sorted(path.name for path in one.files.values())),
        fixes_dropped=fixes.n_dropped,
        dropped=dropped,
        flags=tuple(dict.fromkeys(f.rule for f in findings if f.rule in _FLAGS)),
        findings=tuple(dict.fromkeys(findings)),
    )


def _checked(file: str, step: Callable[[], T]) -> T:
    """Run one step and name the file in what it refuses."""
    try:
        return step()
    except DataError as error:
        raise _Refused(file, error) from None


def _samples(part: _Part) -> Cleaned:
    keys = ["row", "time", *(f"acceleration_{axis}" for axis in _AXES)]
    cleaned = clean.clean_samples({key: part.columns[key] for key in keys}, file=part.file)
    _enough(part.file, len(cleaned.columns["time"]), _MIN_SAMPLES, "samples")
    return cleaned


def _fixes(part: _Part, *, phone: bool, held: bool, drop_bad: bool) -> Cleaned:
    keys = ("row", "time", "longitude", "latitude", "speed", "accuracy", "hdop")
    unknown = np.full(len(part.columns["time"]), np.nan)
    table = {key: part.columns.get(key, unknown) for key in keys}
    cleaned = clean.clean_fixes(table, file=part.file, phone=phone, held=held, drop_bad=drop_bad)
    _enough(part.file, len(cleaned.columns["time"]), _MIN_FIXES, "fixes")
    where = (cleaned.columns[key] for key in ("time", "longitude", "latitude", "speed"))
    cleaned.findings += speed_unit.check(*where, file=part.file)
    return cleaned


def _enough(file: str, count: int, least: int, what: str) -> None:
    if count < least:
        raise DataError(
            f"{file}: {count} usable {what} are left; a drive needs {least}.",
            rule="drive_too_short",
            hint="see which rows were dropped; record a longer drive",
            field=file,
        )


def _rate_hz(t_s: NDArray[np.float64]) -> float:
    return float(1 / np.median(np.diff(t_s)))


def _xyz(table: Columns, quantity: str) -> NDArray[np.float64]:
    return np.stack([table[f"{quantity}_{axis}"] for axis in _AXES], axis=1)


def _rotation(part: _Part, t_s: NDArray[np.float64]) -> tuple[NDArray[np.float64] | None, list[Finding]]:
    """Return the gyroscope at the accelerometer's times, NaN outside its own; None without one."""
    keys = [f"rotation_{axis}" for axis in _AXES]
    if not all(key in part.columns for key in keys):
        return None, []
    table = {key: part.columns[key] for key in ("row", "time", *keys)}
    cleaned = clean.clean_samples(table, file=part.file)
    time, axes = cleaned.columns["time"], _xyz(cleaned.columns, "rotation")
    if not len(time):
        return None, cleaned.findings
    gyro = np.stack([np.interp(t_s, time, axis, np.nan, np.nan) for axis in axes.T], axis=1)
    return gyro, cleaned.findings


def _dialects(parts: Iterable[_Part]) -> list[Finding]:
    return [finding for part in parts for finding in part.findings]


def _hash(*arrays: NDArray[np.float64]) -> str:
    """Hash the numbers of a drive; rounded so that a change of encoding does not matter."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.asarray(np.round(array, 7), "<f4" if array.ndim > 1 else "<f8").tobytes())
        digest.update(str(array.shape).encode())
    return digest.hexdigest()


def _incomplete(one: Group, absent: Part) -> _Refused:
    present = sorted(path.name for path in one.files.values())
    error = DataError(
        f"{', '.join(present)}: the drive {one.name} has no {one.name}{absent.suffix} file ({absent.kind}).",
        rule="pair_incomplete",
        hint=f"put {one.name}{absent.suffix}.csv or .parquet beside it",
        field=present[0],
    )
    return _Refused(present[0], error)


def _rejection(refused: _Refused) -> Rejected:
    error = refused.error
    row = error.rows[0] if error.rows else None
    return Rejected(file=refused.file, rule=error.rule, row=row, message=error.message, hint=error.hint)


def nothing_readable(path: Path, rejected: Sequence[Rejected]) -> DataError:
    """Build the error for a folder without a readable drive: the first refusal speaks for all."""
    if not rejected:
        return DataError(
            f"{path.name} holds no drive.",
            rule="no_drive",
            hint="a drive is NAME_acc and NAME_gnss (.csv, .parquet), a phyphox export or a sensor log",
            field="path",
        )
    return refusal_of(rejected)


def refusal_of(rejected: Sequence[Rejected]) -> DataError:
    """Build the error of drives that are no use: the first refusal speaks for all."""
    first, others = rejected[0], rejected[1:]
    more = "".join(f" Also {r.file}: {r.rule}." for r in others[:20])
    return DataError(
        first.message + more,
        rule=first.rule,
        hint=first.hint or "correct the file",
        rows=[] if first.row is None else [first.row],
        field=first.file,
    )


def _without_copies(drives: Sequence[Drive]) -> tuple[tuple[Drive, ...], list[Finding]]:
    """Use each content once; the drive that is kept is flagged."""
    kept: dict[str, Drive] = {}
    findings = []
    for drive in drives:
        if drive.sha256 not in kept:
            kept[drive.sha256] = drive
            continue
        first = kept[drive.sha256]
        finding = Finding(
            severity="warning",
            rule="duplicate_drive",
            message=f"{drive.name} is the same drive as {first.name}; it is used once.",
            table=drive.name,
            action="dropped",
        )
        findings.append(finding)
        flags = tuple(dict.fromkeys((*first.flags, "duplicate_drive")))
        kept[drive.sha256] = dataclasses.replace(first, flags=flags)
    return tuple(kept.values()), findings


def _ignored(files: Sequence[Path]) -> list[Finding]:
    names = sorted(path.name for path in files if path.name != "meta.json")
    if not names:
        return []
    message = f"No drives: {', '.join(names)}."
    return [Finding(severity="note", rule="file_ignored", message=message)]
