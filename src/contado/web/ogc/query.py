"""Query parameters: the known ones, read one by one; an unknown one is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from contado.kernel.errors import did_you_mean
from contado.web.ogc.problems import BadParameter

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from starlette.requests import Request

__all__ = ["FORMATS", "given", "number", "wanted_format"]

FORMATS: Final = {
    "json": "application/json",
    "html": "text/html",
    "csv": "text/csv",
    "geoparquet": "application/vnd.apache.parquet",
    "mvt": "application/vnd.mapbox-vector-tile",
}
"""Values of the parameter ``f`` and what they stand for; features are ``application/geo+json``."""


def given(request: Request, known: Collection[str]) -> dict[str, str]:
    """Return the parameters of a request.

    Raises
    ------
    BadParameter
        One is unknown or given twice.
    """
    out: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            valid = f"valid: {', '.join(sorted(known)) or 'none'}"
            hint = f"{did_you_mean(name, known)} {valid}".strip()
            raise BadParameter(name, f"There is no parameter {name!r} here.", hint)
        if name in out:
            raise BadParameter(name, f"{name} is given twice.", "give it once")
        out[name] = value
    return out


def number(name: str, text: str, *, low: int, high: int) -> int:
    """Return a whole number; one above ``high`` becomes ``high``.

    Raises
    ------
    BadParameter
        It is no whole number, or below ``low``.
    """
    if not text.isascii() or not text.isdigit() or len(text) > 18 or int(text) < low:
        hint = f"a whole number from {low} to {high}"
        raise BadParameter(name, f"{name}={text[:40]!r} is no whole number of at least {low}.", hint)
    return min(int(text), high)


def wanted_format(request: Request, query: Mapping[str, str], offered: Collection[str]) -> str:
    """Return the format of the answer: the parameter ``f``, else the first that ``Accept`` names, else the first offered.

    Raises
    ------
    BadParameter
        ``f`` names none that is offered.
    """
    names = list(offered)
    if "f" in query:
        if query["f"] not in names:
            raise BadParameter("f", f"f={query['f'][:40]!r} is no format here.", f"valid: {', '.join(names)}")
        return query["f"]
    for part in request.headers.get("accept", "").split(","):
        media = part.partition(";")[0].strip().lower()
        for name in names:
            if media == FORMATS[name] or (media == "application/geo+json" and name == "json"):
                return name
    return names[0]
