"""Traffic of sections: what was counted, else what their class of road makes likely, and said so."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from contado.engines.pavement.maintenance import traffic
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pyarrow as pa

__all__ = ["CERTAIN", "with_traffic"]

CERTAIN = (1.0, 1.0)
"""Factors to the low and high end of a traffic that was counted."""

Row = dict[str, Any]


def with_traffic(
    sections: Mapping[str, Row], links: pa.Table, on: date
) -> tuple[dict[str, Row], dict[str, tuple[float, float]], list[Finding]]:
    """Return sections with traffic, the factors to its low and high end, and what was assumed.

    Parameters
    ----------
    sections
        Rows of ``pavement_lrs_section`` by section_id; ``aadt`` None = not counted.
    links
        Table ``road_link``: the class of a section is that of most of its length.
    on
        Day whose table of assumed traffic counts.
    """
    uncounted = [key for key, section in sections.items() if section["aadt"] is None]
    if not uncounted:
        return dict(sections), dict.fromkeys(sections, CERTAIN), []
    classes = {r["link_id"]: (r["highway"], r["length_m"]) for r in links.select(_COLUMNS).to_pylist()}
    out, factors, helped = dict(sections), dict.fromkeys(sections, CERTAIN), 0
    for key in uncounted:
        found = traffic.assumed(_class_of(sections[key], classes), on)
        if found is None:
            continue
        out[key] = {**sections[key], "aadt": found.likely}
        factors[key] = (found.low / found.likely, found.high / found.likely)
        helped += 1
    return out, factors, [_assumed(helped)] if helped else []


_COLUMNS = ["link_id", "highway", "length_m"]


def _class_of(section: Row, classes: Mapping[str, tuple[str, float]]) -> str | None:
    lengths: dict[str, float] = defaultdict(float)
    for link in section["links"] or ():
        if link in classes:
            highway, length_m = classes[link]
            lengths[highway] += length_m
    return max(sorted(lengths), key=lengths.__getitem__, default=None)


def _assumed(count: int) -> Finding:
    return Finding(
        severity="warning",
        rule="assumed_value",
        table="pavement_lrs_section",
        message=f"{count} sections have no traffic count; the illustrative traffic of their class of road was assumed, "
        "and benefit_eur has its interval.",
        hint="give aadt of the sections (pavement load --sections)",
    )
