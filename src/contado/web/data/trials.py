"""Trial pavements: what the last diagnosis found of each, for its page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from contado.web.data.view import day, kept, real, rows, text
from contado.web.i18n import Words

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.view import Row

__all__ = ["VERDICTS", "Details", "Event", "Mix", "Trial", "Warned", "load"]

VERDICTS: Final = {
    "demonstrated": ("ok", Words("effetto dimostrato", "effect demonstrated")),
    "not_demonstrated": ("wait", Words("effetto non dimostrato", "effect not demonstrated")),
    "not_identifiable": ("off", Words("effetto non identificabile", "effect not identifiable")),
    None: ("off", Words("non ancora misurato", "not measured yet")),
}
"""State and words of each verdict."""


class Event(msgspec.Struct, frozen=True):
    """One campaign: mean IRI of both arms, difference in log IRI since the first, band of chance."""

    age_years: float
    treated_iri_m_km: float
    control_iri_m_km: float
    difference: float
    low95: float | None = None
    high95: float | None = None
    counted: bool = True
    """Whether growth is compared over it: every section was already laid."""


class Placebo(msgspec.Struct, frozen=True):
    """Histogram of the placebo effects."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


class Years(msgspec.Struct, frozen=True):
    """Years that so many treated sections would need; None where no time is enough."""

    treated: int
    years: int | None


class Warned(msgspec.Struct, frozen=True):
    """A warning of the diagnosis: its rule and its English sentence."""

    rule: str
    message: str


class CellOls(msgspec.Struct, frozen=True):
    """What a regression on cells would claim."""

    effect_per_year: float
    standard_error: float
    rows: int


class Adjusted(msgspec.Struct, frozen=True):
    """The effect beside covariates."""

    covariates: tuple[str, ...]
    effect_per_year: float
    low95: float
    high95: float
    placebo_p: float | None = None


class Details(msgspec.Struct, frozen=True):
    """What the page draws."""

    events: tuple[Event, ...] = ()
    placebo: Placebo | None = None
    adjusted: Adjusted | None = None
    cell_ols: CellOls | None = None
    sections_needed: int | None = None
    years_needed: tuple[Years, ...] = ()
    warnings: tuple[Warned, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """One mix over its life, a square metre a year, and its check against the minimum criteria."""

    name: str
    treated: bool
    cost: tuple[float | None, float | None, float | None]
    gwp: tuple[float | None, float | None, float | None]
    life_y: float | None
    break_even_life_y: float | None
    p_cheapest: float | None
    recycled: float | None
    minimum: float | None
    met: bool | None
    article: str | None
    rule_version: str | None
    label: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One trial; growth and effects in per cent a year. ``verdict`` is None where nothing is measured."""

    id: str
    name: Words
    mix: str | None
    laid_on: dt.date | None
    verdict: str | None
    effect: tuple[float | None, float | None, float | None]
    p: float | None
    permutations: int
    exact: bool
    control_growth: float | None
    treated_growth: float | None
    detectable: float | None
    treated: int
    control: int
    campaigns: int
    last_on: dt.date | None
    pretrend_p: float | None
    label: str | None
    details: Details
    mixes: tuple[Mix, ...]

    @property
    def cells_claim(self) -> float | None:
        """Standard error that a regression on cells would claim; None where it is no smaller than ours."""
        claimed, (_, low, high) = self.details.cell_ols, self.effect
        if claimed is None or low is None or high is None:
            return None
        error = 100 * claimed.standard_error
        return error if 2 * 1.96 * error < high - low else None

    @property
    def break_even(self) -> Mix | None:
        """The mix on trial, where its break-even life can be told."""
        return next((m for m in self.mixes if m.treated and m.break_even_life_y is not None), None)


def load(view: View) -> tuple[Trial, ...]:
    """Read the trials of the workspace; without any there are none."""
    results = {str(r["trial_id"]): r for r in rows(view, "pavement_trial_result")}
    mixes = rows(view, "pavement_trial_lifecycle")
    sections = rows(view, "pavement_trial_section")
    found = sorted(rows(view, "pavement_trial"), key=lambda r: str(r["trial_id"]))
    return tuple(_trial(row, results.get(str(row["trial_id"]), {}), mixes, sections) for row in found)


def _trial(row: Row, result: Row, mixes: Sequence[Row], sections: Sequence[Row]) -> Trial:
    key = str(row["trial_id"])
    arms = Counter(str(s["arm"]) for s in sections if s["trial_id"] == key)
    labels = {text(s, "label") for s in sections if s["trial_id"] == key}
    name = str(row["name_it"])
    return Trial(
        id=key,
        name=Words(name, text(row, "name_en") or name),
        mix=text(row, "mix"),
        laid_on=day(row, "laid_on"),
        verdict=text(result, "verdict"),
        effect=(_pct(result, "effect"), _pct(result, "effect_low"), _pct(result, "effect_high")),
        p=real(result, "placebo_p"),
        permutations=int(real(result, "permutations") or 0),
        exact=result.get("exact") is not False,
        control_growth=_pct(result, "control_growth"),
        treated_growth=_pct(result, "treated_growth"),
        detectable=_pct(result, "detectable"),
        treated=int(real(result, "treated_sections") or arms["treated"]),
        control=int(real(result, "control_sections") or arms["control"]),
        campaigns=int(real(result, "campaigns") or 0),
        last_on=day(result, "last_on"),
        pretrend_p=real(result, "pretrend_p"),
        label=text(result, "label") or ("simulated" if "simulated" in labels else None),
        details=kept(result, "details", Details),
        mixes=tuple(_mix(m) for m in sorted(mixes, key=_order) if m["trial_id"] == key),
    )


def _pct(row: Row, name: str) -> float | None:
    """Return a growth of log IRI a year in per cent."""
    value = real(row, name)
    return None if value is None else 100 * value


def _order(row: Row) -> tuple[bool, str]:
    return row["arm"] != "control", str(row["name"])


def _mix(row: Row) -> Mix:
    met = row.get("criteria_met")
    return Mix(
        name=str(row["name"]),
        treated=row["arm"] == "treated",
        cost=(real(row, "euac_eur_m2_y"), real(row, "euac_low_eur_m2_y"), real(row, "euac_high_eur_m2_y")),
        gwp=(real(row, "gwp_kg_m2_y"), real(row, "gwp_low_kg_m2_y"), real(row, "gwp_high_kg_m2_y")),
        life_y=real(row, "life_y"),
        break_even_life_y=real(row, "break_even_life_y"),
        p_cheapest=real(row, "p_cheapest"),
        recycled=real(row, "recycled_share"),
        minimum=real(row, "minimum_share"),
        met=None if met is None else bool(met),
        article=text(row, "article"),
        rule_version=text(row, "rule_version"),
        label=text(row, "label"),
    )
