"""A place as people and phones write it: latitude and longitude in degrees, or in degrees, minutes and seconds."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["lat_lon"]

_MARKS: Final = str.maketrans({"′": "'", "’": "'", "″": '"', "”": '"', "−": "-", "º": "°"})
_HEMISPHERE: Final = {"N": ("lat", 1), "S": ("lat", -1), "E": ("lon", 1), "W": ("lon", -1), "O": ("lon", -1)}
"""Letter -> what it is said of, and its sign; O is the Italian west."""
_LIMIT: Final = {"lat": 90.0, "lon": 180.0}


def _angle(mark: str, decimals: str) -> str:
    """Return the pattern of an angle whose decimal mark is ``mark``; ``decimals`` tells how often it has any."""
    number = rf"\d{{1,3}}(?:{mark}\d+){decimals}"
    part = rf"\d{{1,2}}(?:{mark}\d+)?"
    sexagesimal = rf"(\d{{1,3}})\s*°\s*({part})\s*'\s*(?:({part})\s*(?:\"|''))?"
    return rf"([NSEWO]?)\s*(?:{sexagesimal}|([-+]?{number})\s*°?)\s*([NSEWO]?)"


_POINTS: Final = (
    re.compile(rf"{_angle('[.]', '?')}(\s*;\s*|,?\s+|\s*,\s*){_angle('[.]', '?')}"),
    re.compile(rf"{_angle(',', '{1}')}(\s*;\s*|,?\s+|\s*,\s*){_angle(',', '{1}')}"),
)
"""With decimal points; with decimal commas, then both numbers have them: 45,4 and 9 could be 45 and 4,9."""
_OF_ONE: Final = 6


def lat_lon(written: str) -> tuple[float, float] | None:
    """Read latitude and longitude [degrees]; None where the text is no place, or could be several.

    Without letters the latitude comes first. A decimal comma is read where both numbers have one.

    Examples
    --------
    >>> lat_lon("45.4195, 8.93"), lat_lon("45,4195, 8,93"), lat_lon("8.93° E, 45.4195° N")
    ((45.4195, 8.93), (45.4195, 8.93), (45.4195, 8.93))
    >>> lat_lon("45,9") is None
    True
    """
    text = written.translate(_MARKS).strip().upper()
    for pattern in _POINTS:
        if (found := pattern.fullmatch(text)) is not None:
            groups = found.groups(default="")
            whole = not re.search(r"[.°NSEWO]", text) and pattern is _POINTS[0]
            if whole and groups[_OF_ONE].strip() == groups[_OF_ONE] == ",":
                return None  # 45,9 is one number as well
            return _place(_read(groups[:_OF_ONE]), _read(groups[_OF_ONE + 1 :]))
    return None


def _read(groups: tuple[str, ...]) -> tuple[str, float] | None:
    """Return what an angle is of ("" untold) and its degrees; None where it contradicts itself."""
    before, degrees, minutes, seconds, decimal, after = groups
    letter, plain = before or after, decimal.replace(",", ".")
    if (before and after) or (letter and plain[:1] in {"-", "+"}):
        return None
    parts = [float((part or "0").replace(",", ".")) for part in (minutes, seconds)]
    if max(parts) >= 60:
        return None
    value = float(plain) if plain else float(degrees) + parts[0] / 60 + parts[1] / 3600
    kind, sign = _HEMISPHERE.get(letter, ("", 1))
    return kind, sign * value


def _place(first: tuple[str, float] | None, second: tuple[str, float] | None) -> tuple[float, float] | None:
    if first is None or second is None or (first[0] == second[0] != "") or bool(first[0]) != bool(second[0]):
        return None
    told = {first[0] or "lat": first[1], second[0] or "lon": second[1]}
    if any(abs(value) > _LIMIT[kind] for kind, value in told.items()):
        return None
    return told["lat"], told["lon"]
