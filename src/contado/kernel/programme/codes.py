"""Codes of the works: CUI proposed, CUP and CUI checked and held to be unique.

CUI = kind (L works) + fiscal code of the body (11) + year of first entry (4) + progressive (5)
(D.Lgs. 36/2023 all. I.5 art. 2; to be confirmed against the text of the norm).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from contado.kernel.errors import Finding, UsageError
from contado.kernel.identifiers import check_cui, check_cup, check_vat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from contado.kernel.programme.registry import Work

__all__ = ["check_codes", "propose_cui"]

_MOST = 99_999


def propose_cui(
    works: Sequence[Work], *, fiscal_code: str, year: int, taken: Iterable[str] = ()
) -> dict[str, str]:
    """Return id -> CUI: existing ones are kept, new ones follow the order of id from the first free progressive.

    Parameters
    ----------
    fiscal_code
        Fiscal code of the body, 11 digits.
    year
        Year in which the works first enter.
    taken
        Further CUI that are in use (those of works that are not in this programme).

    Raises
    ------
    UsageError
        The fiscal code is wrong, or the 99,999 progressives of the year are used up.
    """
    if problem := check_vat(fiscal_code):
        raise UsageError(
            f"Fiscal code {fiscal_code!r}: {problem}.",
            rule="bad_fiscal_code",
            hint="give the 11 digits of the body's fiscal code",
            field="fiscal_code",
        )
    prefix = f"L{fiscal_code}{year}"
    used = {w.cui for w in works if w.cui} | {code.strip().upper() for code in taken}
    free = (code for n in range(1, _MOST + 1) if (code := f"{prefix}{n:05d}") not in used)
    found = {}
    for work in sorted(works, key=lambda w: w.id):
        code = work.cui or next(free, "")
        if not code:
            raise UsageError(
                f"All progressives of {prefix} are used up.",
                rule="bad_cui",
                hint="give existing CUI in the column cui",
            )
        found[work.id] = code
    return found


def check_codes(works: Sequence[Work]) -> list[Finding]:
    """Return what is wrong with the CUP and CUI of works: form, and codes that several works share."""
    found: list[Finding] = []
    for work in works:
        found += [
            _finding(work.id, "bad_cup", f"CUP {cup!r}: {problem}.", "correct the code; it was kept")
            for cup in work.cups
            if (problem := check_cup(cup))
        ]
        if work.cui and (problem := check_cui(work.cui)):
            hint = "correct the code; it was kept"
            found.append(_finding(work.id, "bad_cui", f"CUI {work.cui!r}: {problem}.", hint))
    shared = "keep it only for real lots of one project"
    found += _shared(works, "duplicate_cup", "CUP", {w.id: w.cups for w in works}, shared)
    cuis: dict[str, tuple[str, ...]] = {w.id: (w.cui,) if w.cui else () for w in works}
    found += _shared(works, "duplicate_cui", "CUI", cuis, "a CUI names one work")
    return found


def _shared(
    works: Sequence[Work], rule: str, kind: str, codes: Mapping[str, tuple[str, ...]], hint: str
) -> list[Finding]:
    owners: dict[str, list[str]] = defaultdict(list)
    for work in works:
        for code in dict.fromkeys(codes[work.id]):
            owners[code].append(work.id)
    return [
        _finding(ids[0], rule, f"{kind} {code} stands at {', '.join(ids)}.", hint)
        for code, ids in sorted(owners.items())
        if len(ids) > 1
    ]


def _finding(key: str, rule: str, text: str, hint: str) -> Finding:
    message = f"{key}: {text}"
    return Finding(severity="warning", table="intervention", row=key, rule=rule, message=message, hint=hint)
