"""The sheets of the three-year programme: A resources, D works, E first year, and an annex below the threshold.

D lists each work whose payments of all years reach the threshold, once. A sums the payments of the works
of D by type of resource and year. Hence: total of A = total of D; A by year = sum over D; E is part of D.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.errors import CertificateFailed, DataError, Finding
from contado.kernel.programme.codes import check_codes, propose_cui
from contado.kernel.programme.priority import passed_over
from contado.kernel.programme.schede import a, annex, d, e
from contado.kernel.programme.schede.columns import as_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

    from contado.kernel.programme.registry import Work

__all__ = ["EU_THRESHOLD", "LISTED_THRESHOLD", "Filing", "prepare"]

LISTED_THRESHOLD: Final = "works_programme_threshold"
"""Parameter: works estimated at this much or more stand in the programme (D.Lgs. 36/2023 art. 37 c. 2)."""
EU_THRESHOLD: Final = "works_eu_threshold"
"""Parameter: European threshold for works; from it on, the three years need a *documento di fattibilità*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """A programme ready to file: its sheets as tables, and what is doubtful about it."""

    first_year: int
    years: tuple[int, ...]
    listed: tuple[Work, ...]
    """Works of D."""
    below: tuple[Work, ...]
    """Works of the annex."""
    cuis: Mapping[str, str]
    resources_cents: Mapping[str, Mapping[int, int]]
    """Type of resource -> year -> cents."""
    sheets: Mapping[str, pa.Table]
    """scheda_a, scheda_d, scheda_e, annex."""
    findings: tuple[Finding, ...]

    @property
    def first(self) -> tuple[str, ...]:
        """Ids of E."""
        return tuple(work.id for work in self.listed if work.start_year == self.first_year)


def prepare(
    works: Sequence[Work],
    *,
    years: Sequence[int],
    candidates: Iterable[Mapping[str, Any]] = (),
    sources: Iterable[Mapping[str, Any]] = (),
    threshold_eur: float,
    eu_threshold_eur: float,
    fiscal_code: str | None,
) -> Filing:
    """Prepare the sheets of the works of a plan.

    Parameters
    ----------
    works
        As `contado.kernel.programme.registry.works` returns them.
    years
        Budget years; the first is the first year of the programme.
    candidates
        Rows of all interventions, for priorities passed over and CUI in use.
    sources
        Rows ``source, resource_type``.
    threshold_eur, eu_threshold_eur
        Dated thresholds, see `contado.kernel.dates.legal`.
    fiscal_code
        Of the body; None leaves works without CUI as they are and says so.

    Raises
    ------
    DataError
        There is no budget year, or something is paid before the first.
    UsageError
        The fiscal code is wrong.
    """
    first_year = _first_year(works, years)
    everyone = list(candidates)
    limit = round(threshold_eur * 100)
    listed = tuple(w for w in works if w.total_cents >= limit)
    below = tuple(w for w in works if w.total_cents < limit)
    types, untyped = a.resource_types(works, sources)
    cuis, uncoded = _cuis(listed, everyone, fiscal_code, first_year)
    resources = a.cents_by_type(listed, types)
    rows = {
        "scheda_a": a.rows(resources, first_year),
        "scheda_d": d.rows(listed, cuis, types, first_year),
        "scheda_e": e.rows(listed, cuis, first_year),
        "annex": annex.rows(below, first_year),
    }
    if sum(sum(money.values()) for money in resources.values()) != sum(w.total_cents for w in listed):
        raise CertificateFailed("The total of scheda A is not that of scheda D.", hint="report this defect")
    return Filing(
        first_year=first_year,
        years=tuple(sorted({*years, *(y for w in works for _, y in w.cents)})),
        listed=listed,
        below=below,
        cuis=cuis,
        resources_cents=resources,
        sheets={name: as_table(name, found, first_year) for name, found in rows.items()},
        findings=(
            *uncoded,
            *check_codes(works),
            *e.filing_findings(listed, first_year=first_year, eu_threshold_eur=eu_threshold_eur),
            *passed_over(listed, everyone),
            *untyped,
        ),
    )


def _first_year(works: Sequence[Work], years: Sequence[int]) -> int:
    if not years:
        raise DataError("There is no budget.", rule="no_budget", hint="bring source, year, budget_eur")
    first = min(years)
    early = [work.id for work in works if min((work.start_year, *(y for _, y in work.cents))) < first]
    if early:
        raise DataError(
            f"{early[0]} is paid before {first}, the first budget year.",
            rule="year_outside_horizon",
            hint="give the budgets the plan was made under",
            field="start_year",
        )
    return first


def _cuis(
    listed: Sequence[Work], candidates: Sequence[Mapping[str, Any]], fiscal_code: str | None, first_year: int
) -> tuple[dict[str, str], list[Finding]]:
    if fiscal_code:
        taken = [str(row["cui"]) for row in candidates if row.get("cui")]
        return propose_cui(listed, fiscal_code=fiscal_code, year=first_year, taken=taken), []
    finding = Finding(
        severity="warning",
        rule="missing_fiscal_code",
        message="The fiscal code of the body is not known: no CUI was proposed.",
        hint="give --fiscal-code, or fiscal_code under [body] in contado.toml",
    )
    return {work.id: work.cui for work in listed if work.cui}, [finding]
