"""Which files of a folder belong together, by the column maps' suffixes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from contado.engines.pavement.telemetry.textfile import stem_of
from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from contado.engines.pavement.telemetry.columns import Format, Kind, Part

__all__ = ["Group", "grouped", "listed", "vehicle_of"]

_PASS: Final = re.compile(r"(.+)_pass\d+")


@dataclass(slots=True, kw_only=True)
class Group:
    """The files of one drive; ``format`` is None where only the header can tell it."""

    name: str
    format: str | None
    files: dict[Kind, Path] = field(default_factory=dict)


def vehicle_of(drive: str) -> str | None:
    """Return the vehicle that the name of a drive tells: VEHICLE of VEHICLE_passN; any other name tells none.

    Whoever calibrates takes such a drive for a car of its own, as the scale of another must not be laid on it;
    whoever fuses knows only that the car is unknown, and counts no vehicles by it.

    Examples
    --------
    >>> vehicle_of("car1_pass12"), vehicle_of("monday")
    ('car1', None)
    """
    found = _PASS.fullmatch(drive)
    return found.group(1) if found else None


def listed(path: Path) -> list[Path]:
    """Return the files that ``path`` names: a folder's, a file with its partners, or NAME's parts.

    Raises
    ------
    DataError
        ``file_not_found``.
    """
    if path.is_dir():
        return sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
    if path.is_file():
        return [path]
    files = sorted(path.parent.glob(f"{path.name}_*")) if path.parent.is_dir() and path.name else []
    if not files:
        raise DataError(
            f"There is no file or folder {path.name}.",
            rule="file_not_found",
            hint="give a folder of drives, one of a drive's files, or NAME of NAME_acc and NAME_gnss",
            field="path",
        )
    return files


def grouped(files: Iterable[Path], known: Mapping[str, Format]) -> tuple[list[Group], list[Path]]:
    """Return the drives in order of name, and the files that belong to none.

    A single file brings the partners that lie beside it.
    """
    paths = list(files)
    if len(paths) == 1:
        paths += _partners(paths[0], known)
    groups: dict[tuple[str | None, str], Group] = {}
    ignored = []
    for path in paths:
        if (stem := stem_of(path)) is None or stem.casefold().startswith("truth_"):
            ignored.append(path)
            continue
        format_name, part, name = _place(stem, known)
        group = groups.setdefault((format_name, name), Group(name=name, format=format_name))
        kind: Kind = part.kind if part else "log"
        if kind in group.files:
            ignored.append(path)
        else:
            group.files[kind] = path
    return sorted(groups.values(), key=lambda g: g.name), ignored


def _suffixes(known: Mapping[str, Format]) -> Iterator[tuple[str, Part]]:
    """Yield (format, part) of the parts that a suffix tells apart, the longest suffix first."""
    pairs = [(name, part) for name, entry in known.items() for part in entry.part if part.suffix]
    yield from sorted(pairs, key=lambda pair: -len(pair[1].suffix))


def _place(stem: str, known: Mapping[str, Format]) -> tuple[str | None, Part | None, str]:
    """Return the format, the part and the drive's name that a stem tells."""
    for format_name, part in _suffixes(known):
        if stem.casefold().endswith(part.suffix.casefold()) and len(stem) > len(part.suffix):
            return format_name, part, stem[: -len(part.suffix)]
    return None, None, stem


def _partners(path: Path, known: Mapping[str, Format]) -> list[Path]:
    stem = stem_of(path)
    if stem is None or (place := _place(stem, known))[0] is None:
        return []
    beside = sorted(p for p in path.parent.iterdir() if p.is_file() and p != path)
    stems = ((p, stem_of(p)) for p in beside)
    return [p for p, s in stems if s is not None and _place(s, known)[::2] == place[::2]]
