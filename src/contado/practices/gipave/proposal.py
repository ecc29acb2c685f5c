"""What could be done: the mix on control sections that are due, once its effect is demonstrated; else what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel import tables
from contado.kernel.appraisal import annuity
from contado.kernel.errors import Finding
from contado.practices.gipave.ids import CRITERIA, MEASURES, NAME, intervention_id, section_asset_id
from contado.practices.gipave.results import effect_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from contado.practices.gipave.evaluation import Mix, Row, Trial

__all__ = ["proposals"]


def proposals(found: Sequence[Trial], years: range) -> tuple[dict[str, pa.Table], list[Finding]]:
    """Return tables ``intervention`` and ``effect``, and what each trial still lacks.

    A demonstrated mix is proposed for the control sections whose ordinary surface ends its life by the last
    of the ``years`` that budgets may pay. Its benefit is what the ordinary mix would cost over the life of the
    new one; nothing else is claimed.
    """
    works: list[Row] = []
    effects: list[Row] = []
    findings: list[Finding] = []
    for t in found:
        if t.result is None or t.result.verdict != "demonstrated":
            findings.append(_lacking(t))
            continue
        own, new = t.mix_of("control"), t.mix_of("treated")
        if own is None or new is None:
            findings.append(_no_mix(t))
            continue
        for section in t.sections:
            due = _due(t, section, own)
            if section["arm"] == "control" and due is not None and due <= years[-1]:
                works.append(_work(t, section, own, new, first=max(due, years[0]), last=years[-1]))
                effects += _effects(t, section, own, new)
    out = {
        "intervention": tables.sort("intervention", tables.from_rows("intervention", works)),
        "effect": tables.sort("effect", tables.from_rows("effect", effects)),
    }
    return out, findings


def _due(t: Trial, section: Row, own: Mix) -> int | None:
    """Return the year in which the ordinary surface of a section ends its life; None where its area is unknown."""
    if not section["length_m"] or not section["width_m"]:
        return None
    laid = section["laid_on"] or t.row["laid_on"]
    return int(laid.year + own.alternative.life_y.value)


def _work(t: Trial, section: Row, own: Mix, new: Mix, *, first: int, last: int) -> Row:
    area = section["length_m"] * section["width_m"]
    cost, life = new.alternative.cost_eur_m2, new.alternative.life_y.value
    worth = area / annuity(t.rate, life)
    base = own.assessed
    return {
        "id": intervention_id(t.id, section["section"]),
        "practice": NAME,
        "type": "trial_mix",
        "asset_id": section_asset_id(t.id, section["section"]),
        "site_id": None,
        "municipality": section["municipality"],
        "geometry": section["geometry"],
        "cost_eur": area * cost.value,
        "cost_low_eur": area * cost.low,
        "cost_high_eur": area * cost.high,
        "price_year": new.row["price_year"],
        "life_y": life,
        "earliest_year": first,
        "latest_year": last,
        "benefit_eur": worth * base.euac_eur,
        "benefit_low_eur": worth * base.low,
        "benefit_high_eur": worth * base.high,
        "choice_group": section_asset_id(t.id, section["section"]),
        "name": f"{new.row['name']}, {section['road_name'] or section['road_code'] or t.row['name_it']} {section['section']}",
        "label": t.label,
        "source_id": CRITERIA,
    }


def _effects(t: Trial, section: Row, own: Mix, new: Mix) -> list[Row]:
    common = {"intervention_id": intervention_id(t.id, section["section"]), "label": t.label}
    growth = {
        **common,
        "indicator": "trial_growth_effect_pct_y",
        "unit": "pct_y",
        "source_id": MEASURES,
        **effect_interval(t),
    }
    base, mix = own.assessed, new.assessed
    if base.gwp_kg_m2_y is None or mix.gwp_kg_m2_y is None:
        return [growth]
    tonnes = section["length_m"] * section["width_m"] / 1000
    assert base.gwp_low_kg_m2_y is not None
    assert base.gwp_high_kg_m2_y is not None
    assert mix.gwp_low_kg_m2_y is not None
    assert mix.gwp_high_kg_m2_y is not None
    gases = {
        **common,
        "indicator": "ghg_tco2e_y",
        "unit": "tco2e_y",
        "value": tonnes * (base.gwp_kg_m2_y - mix.gwp_kg_m2_y),
        "low": tonnes * (base.gwp_low_kg_m2_y - mix.gwp_high_kg_m2_y),
        "high": tonnes * (base.gwp_high_kg_m2_y - mix.gwp_low_kg_m2_y),
        "method": "gases of the ordinary mix less those of the new one, a year of life; ends of both draws",
        "source_id": CRITERIA,
    }
    return [growth, gases]


def _lacking(t: Trial) -> Finding:
    """Say why nothing is proposed and what would help."""
    found = t.result
    if found is None:
        return _finding(
            t, "not_identifiable", "nothing is measured yet", "measure all sections in one campaign"
        )
    if found.verdict == "not_identifiable":
        told = f"{found.treated_sections} treated and {found.control_sections} control sections cannot tell a section from its mix"
        return _finding(
            t, "not_identifiable", told, "at least 2 treated and 5 control sections in common campaigns"
        )
    needed = found.sections_needed.treated if found.sections_needed else None
    enough = next(
        (y for y in found.years_needed if y.years is not None and y.treated > found.treated_sections), None
    )
    hint = "more treated sections, or a mix with a larger effect"
    if needed is not None and needed > found.treated_sections:
        hint = (
            f"{needed} treated sections instead of {found.treated_sections} would find an effect of this size"
        )
    if enough is not None:
        hint += f"; {enough.treated} sections would need {enough.years} years"
    return _finding(t, "not_demonstrated", "the effect is not demonstrated, so the mix is not proposed", hint)


def _no_mix(t: Trial) -> Finding:
    return _finding(
        t,
        "missing_cost",
        "the effect is demonstrated, but costs and lives of both mixes are not known",
        "bring them into table pavement_trial_mix",
    )


def _finding(t: Trial, rule: str, told: str, hint: str) -> Finding:
    return Finding(
        severity="note",
        rule=rule,
        table="pavement_trial",
        row=t.id,
        message=f"{t.row['name_en'] or t.row['name_it']}: {told}.",
        hint=hint,
    )
