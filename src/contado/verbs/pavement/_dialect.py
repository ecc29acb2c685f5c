"""How the road verbs name a file that is not plain CSV, what they advise, and what ``--strict`` refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contado.engines.pavement.telemetry.drive import Rejected
    from contado.kernel.declare import Context
    from contado.kernel.errors import Finding

__all__ = ["accepted", "named"]

_ADVICE: Final = {
    "ambiguous_match": "add a fix where the roads part, or give a route that holds one of them only",
    "bad_meta": "write meta.json as one JSON object",
    "clipped": "set the sensor to a wider range; severities are lower bounds",
    "clock_offset": "nothing to do; give both files one clock to be rid of it",
    "converted_from_g": "nothing to do; check that the logger writes g",
    "file_ignored": "nothing to do; leave only drives in the folder",
    "fix_repeated": "nothing to do; one of each is used",
    "gap": "nothing to do; a gap is never bridged",
    "impossible_position": "nothing to do; such fixes are left out and counted",
    "italian_csv": "nothing to do; a plain CSV has commas, decimal points and UTF-8",
    "loose_mount": "fasten the device and drive again",
    "not_measurable": "drive at 4.5 m/s or more, under the open sky",
    "rate_too_low": "record 25 samples a second or more",
    "remounted": "fasten the device; each part of the drive has an axis of its own",
    "unmatched": "check that network and route are those of the drive",
    "unmatched_span": "look whether a road is missing from the map",
}
_NOTHING: Final = "nothing to do; see the rows that are named"
_NOISE: Final = frozenset(
    {"impossible_jump", "impossible_position", "no_speed", "poor_accuracy", "rows_dropped"}
)
"""Rules of single fixes and samples: every receiver gets some wrong, so they are counted and refuse no drive."""


def accepted(
    context: Context, findings: Iterable[Finding], rejected: Iterable[Rejected] = ()
) -> list[Finding]:
    """Return the findings as `named`; under ``--strict`` refuse rejected drives and all that is no note or noise.

    Raises
    ------
    DataError
        As `contado.kernel.declare.Context.accept`.
    """
    told = named(findings)
    lost = named(one.as_finding() for one in rejected)
    context.accept([*lost, *(f for f in told if f.rule not in _NOISE)])
    return told


def named(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings with a hint each; what the readers of tables call `converted` is `italian_csv` here."""
    found = (msgspec.structs.replace(f, rule="italian_csv") if f.rule == "converted" else f for f in findings)
    return [f if f.hint else msgspec.structs.replace(f, hint=_ADVICE.get(f.rule, _NOTHING)) for f in found]
