"""Works of one worksite as one work of the programme: what a threshold is held against."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from contado.kernel.programme.schede.e import design_level

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from contado.kernel.programme.registry import Work

__all__ = ["joined_works"]


def joined_works(found: Sequence[Work], worksites: Iterable[Sequence[str]]) -> list[Work]:
    """Return the works with those of one worksite as one, in the order of their ids.

    A threshold is held against a work, not against a part of it (D.Lgs. 36/2023 art. 14 c. 6). What has a CUP
    or a CUI is a work of its own already, and so are the parts of different practices. The dearest part gives
    its id and its facts; the design level is that of the least designed part, unknown where one is.

    Parameters
    ----------
    worksites
        Ids of works that are one worksite and start in one year.
    """
    known = {work.id: work for work in found}
    out = dict(known)
    for ids in worksites:
        groups: dict[str | None, list[Work]] = {}
        for key in ids:
            if key in known and not known[key].cups and not known[key].cui:
                groups.setdefault(known[key].text("practice"), []).append(known[key])
        for parts in groups.values():
            if len(parts) > 1:
                one = _one(sorted(parts, key=lambda w: (-w.total_cents, w.id)))
                for key in one.members:
                    del out[key]
                out[one.id] = one
    return [out[key] for key in sorted(out)]


def _one(parts: Sequence[Work]) -> Work:
    """Return the work of which others are parts, the dearest first."""
    cents: Counter[tuple[str, int]] = Counter()
    for part in parts:
        cents.update(part.cents)
    head = parts[0]
    levels = [part.text("design_level") for part in parts]
    known = [level for level in levels if level is not None]
    lowest = min(known, key=lambda level: design_level(level) or 0) if len(known) == len(parts) else None
    ordered = sorted(parts, key=lambda part: part.id)
    names = "; ".join(part.text("description") or part.text("name") or part.id for part in ordered)
    return replace(
        head,
        cents=dict(cents),
        facts={**head.facts, "design_level": lowest, "description": names},
        members=tuple(part.id for part in ordered),
    )
