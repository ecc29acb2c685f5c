"""Joint worksites of a plan: found anew each time, handed to the optimiser, shown, switched off one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from contado.kernel.errors import Finding, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

__all__ = ["SharedWorksite", "with_worksites"]


class SharedWorksite(msgspec.Struct, frozen=True, kw_only=True):
    """Two interventions that can share a worksite, and what one set-up less saves."""

    site_id: str
    a: str
    b: str
    saving_eur: float
    reason: str


def with_worksites(
    inputs: Mapping[str, pa.Table], links: pa.Table, without: Sequence[str]
) -> tuple[dict[str, pa.Table], list[SharedWorksite], list[Finding]]:
    """Return the tables of a plan with the joint worksites among their relations, the pairs, and notes.

    Nothing is written into a practice's share: the rows live in the plan and in its record.

    Raises
    ------
    UsageError
        ``without`` holds no pairs, or names an intervention that is not there.
    """
    import pyarrow as pa

    from contado.kernel import tables
    from contado.kernel.territory import worksites

    interventions = inputs["intervention"]
    found = worksites.find(
        interventions,
        relations=inputs["relation"],
        links=links,
        years=sorted({int(year) for year in inputs["budget"]["year"].to_pylist()}),
        without=_pairs(without, interventions["id"].to_pylist()),
    )
    joined = tables.conform(
        "relation", pa.concat_tables([inputs["relation"], found.relations], promote_options="default")
    )
    shared = [
        SharedWorksite(site_id=p.site_id, a=p.a, b=p.b, saving_eur=p.saving_eur, reason=p.reason)
        for p in found.pairs
    ]
    sited = _with_sites(interventions, found.sites)
    return {**inputs, "intervention": sited, "relation": joined}, shared, list(found.findings)


def _with_sites(interventions: pa.Table, sites: Mapping[str, str]) -> pa.Table:
    """Return the interventions with the site of each; one that has a site of its own keeps it."""
    import pyarrow as pa

    ids, own = interventions["id"].to_pylist(), interventions["site_id"].to_pylist()
    named = [site or sites.get(key) for key, site in zip(ids, own, strict=True)]
    index = interventions.column_names.index("site_id")
    return interventions.set_column(index, "site_id", pa.array(named, pa.string()))


def _pairs(words: Sequence[str], known: Sequence[str]) -> list[tuple[str, str]]:
    """Return A,B,C,D as the pairs (A, B), (C, D)."""
    ids = [word.strip() for words_of_one in words for word in words_of_one.split(",") if word.strip()]
    if unknown := [word for word in ids if word not in set(known)]:
        raise UsageError(
            f"--without-worksite: there is no intervention {unknown[0]!r}.",
            rule="unknown_reference",
            hint=did_you_mean(unknown[0], known) or "see worksites in the answer of `contado plan`",
            field="without_worksite",
        )
    if len(ids) % 2:
        raise UsageError(
            f"--without-worksite: {ids[-1]!r} stands without a partner.",
            rule="bad_value",
            hint="write pairs A,B",
            field="without_worksite",
        )
    return list(zip(ids[::2], ids[1::2], strict=True))
