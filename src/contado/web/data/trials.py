"""Trial pavements: what the last diagnosis found of each, for its page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from contado.web.data.view import day, kept, real, rows, text
from contado.web.i18n import Words

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.view import Row

__all__ = ["VERDICTS", "Details", "Event", "Metric", "Mix", "Trial", "Warned", "load"]

ROUGHNESS: Final = "iri_m_km"
VERDICTS: Final = {
    "demonstrated": ("ok", Words("effetto dimostrato", "effect demonstrated")),
    "not_demonstrated": ("wait", Words("effetto non dimostrato", "effect not demonstrated")),
    "not_identifiable": ("off", Words("effetto non identificabile", "effect not identifiable")),
    None: ("off", Words("non ancora misurato", "not measured yet")),
}
"""State and words of each verdict."""


class Event(msgspec.Struct, frozen=True):
    """One campaign: mean value of both arms, difference in wear since the first, band of chance."""

    age_years: float
    treated_value: float
    control_value: float
    difference: float
    low95: float | None = None
    high95: float | None = None
    counted: bool = True
    """Whether growth is compared over it: every section was already laid."""


class Metric(msgspec.Struct, frozen=True):
    """What was measured: words, unit, whether wear is a share of the value (else in the unit), which way is better."""

    name_it: str = "irregolarità (IRI)"
    name_en: str = "roughness (IRI)"
    unit: str = "m/km"
    relative: bool = True
    higher_is_better: bool = False
    decimals: int = 2

    @property
    def name(self) -> Words:
        """Its name."""
        return Words(self.name_it, self.name_en)

    @property
    def per_year(self) -> Words:
        """Unit of growth and effects."""
        unit = "%" if self.relative else self.unit
        return Words(f"{unit} l’anno", f"{unit} a year")

    @property
    def scale(self) -> float:
        """Factor from growth to what is shown."""
        return 100.0 if self.relative else 1.0

    @property
    def digits(self) -> int:
        """Digits of growth and effects."""
        return 1 if self.relative else self.decimals + 1


class Obstacle(msgspec.Struct, frozen=True):
    """Why nothing is proposed; the year in which the first control section ends its life."""

    reason: str
    first_year: int | None = None

    @property
    def words(self) -> Words:
        """The reason in a sentence."""
        told = _OBSTACLES.get(self.reason, _OBSTACLES["not_demonstrated"])
        return Words(told.it.format(self.first_year), told.en.format(self.first_year))


_OBSTACLES: Final = {
    "not_measured": Words(
        "Niente: la prova non è ancora misurata.", "Nothing: the trial is not measured yet."
    ),
    "not_identifiable": Words(
        "Niente: una miscela si propone solo quando il suo effetto è dimostrato, e questi tratti non bastano a dirlo.",
        "Nothing: a mix is proposed only once its effect is demonstrated, and these sections cannot tell.",
    ),
    "not_demonstrated": Words(
        "Niente: una miscela si propone solo quando il suo effetto è dimostrato.",
        "Nothing: a mix is proposed only once its effect is demonstrated.",
    ),
    "missing_cost": Words(
        "Niente: l’effetto è dimostrato, ma non sono caricati costi e durate delle due miscele (tabella pavement_trial_mix).",
        "Nothing: the effect is demonstrated, but costs and lives of both mixes are not loaded (table pavement_trial_mix).",
    ),
    "missing_area": Words(
        "Niente: l’effetto è dimostrato, ma di nessun tratto di controllo sono note lunghezza e larghezza (tabella pavement_trial_section).",
        "Nothing: the effect is demonstrated, but no control section has a length and a width (table pavement_trial_section).",
    ),
    "nothing_due": Words(
        "Niente: l’effetto è dimostrato, ma nessun tratto di controllo finisce la sua vita nei prossimi tre anni; il primo nel {}.",
        "Nothing: the effect is demonstrated, but no control section ends its life in the next three years; the first does in {}.",
    ),
}


class Placebo(msgspec.Struct, frozen=True):
    """Histogram of the placebo effects."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


class Years(msgspec.Struct, frozen=True):
    """Years that so many treated sections would need; None where no time is enough."""

    treated: int
    years: int | None


class YearsStep(NamedTuple):
    """Numbers of treated sections, from first to last, that need the same years."""

    first: int
    last: int
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

    @property
    def names(self) -> tuple[Words, ...]:
        """The covariates by name."""
        return tuple(_COVARIATES.get(c, Words(c, c)) for c in dict.fromkeys(self.covariates))

    covariates: tuple[str, ...]
    effect_per_year: float
    low95: float
    high95: float
    placebo_p: float | None = None


_COVARIATES: Final = {
    "aadt": Words("traffico giornaliero medio (TGM)", "mean daily traffic (AADT)"),
    "heavy_share": Words("quota di mezzi pesanti", "share of heavy vehicles"),
    "thickness_cm": Words("spessore", "thickness"),
    "base": Words("tipo di base", "kind of base"),
}


class Details(msgspec.Struct, frozen=True):
    """What the page draws."""

    metric: Metric = Metric()
    obstacle: Obstacle | None = None
    least_control: int | None = None
    counted_epochs: int | None = None
    """None in a diagnosis that did not tell them yet."""
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
    """What one metric of a trial shows; growth and effects in ``details.metric.per_year``.

    ``verdict`` is None where nothing is measured; ``others`` are the same trial by the other metrics it measures.
    """

    id: str
    metric: str
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
    others: tuple[Trial, ...] = ()

    @property
    def unproposed(self) -> Words | None:
        """Why nothing is proposed; None where something is, once it is calculated."""
        lacking = Obstacle("not_measured") if self.verdict is None else self.details.obstacle
        if lacking is None and self.verdict != "demonstrated":
            lacking = Obstacle(str(self.verdict))
        return None if lacking is None else lacking.words

    @property
    def years_steps(self) -> tuple[YearsStep, ...]:
        """Years needed, numbers of sections that need as many taken together."""
        steps = []
        for years, same in groupby(self.details.years_needed, key=lambda y: y.years):
            counts = [y.treated for y in same]
            steps.append(YearsStep(counts[0], counts[-1], years))
        return tuple(steps)

    @property
    def cells_claim(self) -> float | None:
        """Standard error that a regression on cells would claim; None where it is no smaller than ours."""
        claimed, (_, low, high) = self.details.cell_ols, self.effect
        if claimed is None or low is None or high is None:
            return None
        error = self.details.metric.scale * claimed.standard_error
        return error if 2 * 1.96 * error < high - low else None

    @property
    def break_even(self) -> Mix | None:
        """The mix on trial, where its break-even life can be told."""
        return next((m for m in self.mixes if m.treated and m.break_even_life_y is not None), None)


def load(view: View) -> tuple[Trial, ...]:
    """Read the trials of the workspace; without any there are none."""
    results: dict[str, dict[str, Row]] = {}
    for r in rows(view, "pavement_trial_result"):
        results.setdefault(str(r["trial_id"]), {})[text(r, "metric") or ROUGHNESS] = r
    mixes = rows(view, "pavement_trial_lifecycle")
    sections = rows(view, "pavement_trial_section")
    found = sorted(rows(view, "pavement_trial"), key=lambda r: str(r["trial_id"]))
    return tuple(_by_metric(row, results.get(str(row["trial_id"]), {}), mixes, sections) for row in found)


def _by_metric(row: Row, results: Mapping[str, Row], mixes: Sequence[Row], sections: Sequence[Row]) -> Trial:
    """Return the trial by its own metric, with the same by the others."""
    own = text(row, "metric") or ROUGHNESS
    others = tuple(
        _trial(row, metric, result, mixes, sections)
        for metric, result in sorted(results.items())
        if metric != own
    )
    return replace(_trial(row, own, results.get(own, {}), mixes, sections), others=others)


def _trial(row: Row, metric: str, result: Row, mixes: Sequence[Row], sections: Sequence[Row]) -> Trial:
    key = str(row["trial_id"])
    arms = Counter(str(s["arm"]) for s in sections if s["trial_id"] == key)
    labels = {text(s, "label") for s in sections if s["trial_id"] == key}
    name = str(row["name_it"])
    details = kept(result, "details", Details)
    scale = details.metric.scale

    def scaled(column: str) -> float | None:
        value = real(result, column)
        return None if value is None else scale * value

    return Trial(
        id=key,
        metric=metric,
        name=Words(name, text(row, "name_en") or name),
        mix=text(row, "mix"),
        laid_on=day(row, "laid_on"),
        verdict=text(result, "verdict"),
        effect=(scaled("effect"), scaled("effect_low"), scaled("effect_high")),
        p=real(result, "placebo_p"),
        permutations=int(real(result, "permutations") or 0),
        exact=result.get("exact") is not False,
        control_growth=scaled("control_growth"),
        treated_growth=scaled("treated_growth"),
        detectable=scaled("detectable"),
        treated=int(real(result, "treated_sections") or arms["treated"]),
        control=int(real(result, "control_sections") or arms["control"]),
        campaigns=int(real(result, "campaigns") or 0),
        last_on=day(result, "last_on"),
        pretrend_p=real(result, "pretrend_p"),
        label=text(result, "label") or ("simulated" if "simulated" in labels else None),
        details=details,
        mixes=tuple(_mix(m) for m in sorted(mixes, key=_order) if m["trial_id"] == key),
    )


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
