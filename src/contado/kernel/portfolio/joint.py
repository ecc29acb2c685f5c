"""Which interventions of a programme are one worksite: they start in one year and share a site or its set-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.kernel.portfolio.details import SitePair

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["joined", "pairs_of"]


def pairs_of(found: Sequence[SitePair], relations: Iterable[Mapping[str, Any]]) -> list[SitePair]:
    """Return the pairs that a plan found, then those of the practices' own ``joint_worksite`` relations."""
    known = {frozenset((p.a, p.b)) for p in found if not p.off}
    own = [
        SitePair(a=str(r["a"]), b=str(r["b"]), saving_eur=r.get("saving_eur"), reason=r.get("reason") or None)
        for r in relations
        if r["kind"] == "joint_worksite" and frozenset((str(r["a"]), str(r["b"]))) not in known
    ]
    return [*found, *own]


def joined(
    starts: Mapping[str, int], sites: Mapping[str, str | None], pairs: Iterable[SitePair]
) -> list[list[str]]:
    """Return the worksites of a programme as lists of ids, each intervention in one.

    Parameters
    ----------
    starts
        Intervention -> year in which it starts.
    sites
        Intervention -> its site, where it has one.
    pairs
        Pairs that can share a worksite; those switched off do not.

    Examples
    --------
    >>> joined({"a": 2027, "b": 2027, "c": 2028}, {}, [SitePair(a="a", b="b"), SitePair(a="b", b="c")])
    [['a', 'b'], ['c']]
    """
    group = {key: {key} for key in starts}
    first: dict[tuple[str, int], str] = {}
    links = [(first.setdefault((site, starts[k]), k), k) for k in starts if (site := sites.get(k))]
    for a, b in [*links, *((p.a, p.b) for p in pairs if not p.off)]:
        if a in group and b in group and starts[a] == starts[b] and group[a] is not group[b]:
            group[a] |= group[b]
            group |= dict.fromkeys(group[b], group[a])
    return [sorted(ids) for ids in {id(ids): ids for ids in group.values()}.values()]
