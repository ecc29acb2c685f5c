"""What could be done: the mix on control sections that are due, once its effect is demonstrated; else what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.engines.pavement.trial.design import LEAST_TREATED, least_control
from contado.engines.pavement.trial.metrics import ROUGHNESS
from contado.kernel import tables
from contado.kernel.appraisal import annuity
from contado.kernel.errors import Finding
from contado.practices.gipave.ids import CRITERIA, MEASURES, NAME, intervention_id, section_asset_id
from contado.practices.gipave.obstacles import due_year, obstacle
from contado.practices.gipave.results import effect_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from contado.practices.gipave.evaluation import Mix, Row, Trial
    from contado.practices.gipave.obstacles import Obstacle

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
        lacking = obstacle(t, years)
        if lacking is not None:
            findings.append(_lacking(t, lacking, years[-1]))
            continue
        own, new = t.mix_of("control"), t.mix_of("treated")
        assert own is not None
        assert new is not None
        for section in t.sections:
            due = due_year(t, section, own)
            if section["arm"] == "control" and due is not None and due <= years[-1]:
                works.append(_work(t, section, own, new, first=max(due, years[0]), last=years[-1]))
                effects += _effects(t, section, own, new)
    out = {
        "intervention": tables.sort("intervention", tables.from_rows("intervention", works)),
        "effect": tables.sort("effect", tables.from_rows("effect", effects)),
    }
    return out, findings


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
    shown = [_growth(t, common)] if t.result_of(ROUGHNESS) is not None else []
    base, mix = own.assessed, new.assessed
    if base.gwp_kg_m2_y is None or mix.gwp_kg_m2_y is None:
        return shown
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
    return [*shown, gases]


def _growth(t: Trial, common: Row) -> Row:
    return {
        **common,
        "indicator": "trial_growth_effect_pct_y",
        "unit": "pct_y",
        "source_id": MEASURES,
        **effect_interval(t),
    }


def _lacking(t: Trial, lacking: Obstacle, last: int) -> Finding:
    """Say why nothing is proposed and what would help."""
    shown = "the effect is demonstrated, but"
    match lacking.reason:
        case "not_measured":
            told, hint = f"{t.metric.name} is not measured yet", "measure all sections in one campaign"
            return _finding(t, "not_identifiable", told, hint)
        case "not_identifiable":
            told, hint = _too_few(t)
        case "not_demonstrated":
            told, hint = "the effect is not demonstrated, so the mix is not proposed", _enough(t)
        case "missing_cost":
            told = f"{shown} costs and lives of both mixes are not known"
            hint = "bring them into table pavement_trial_mix"
        case "missing_area":
            told = f"{shown} no control section has a length and a width"
            hint = "bring length_m and width_m into table pavement_trial_section"
        case "nothing_due":
            told = (
                f"{shown} no control section ends its life by {last}; the first does in {lacking.first_year}"
            )
            hint = "nothing to do before; the life of the ordinary mix stands in table pavement_trial_mix"
    return _finding(t, lacking.reason, told, hint)


def _too_few(t: Trial) -> tuple[str, str]:
    assert t.result is not None
    treated, control = t.result.treated_sections, t.result.control_sections
    needed = least_control(max(treated, LEAST_TREATED))
    return (
        f"{treated} treated and {control} control sections cannot tell a section from its mix",
        f"at least {LEAST_TREATED} treated and {needed} control sections in common campaigns",
    )


def _enough(t: Trial) -> str:
    """Say how many sections and years would find an effect as large as the one seen."""
    found = t.result
    assert found is not None
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
    return hint


def _finding(t: Trial, rule: str, told: str, hint: str) -> Finding:
    return Finding(
        severity="note",
        rule=rule,
        table="pavement_trial",
        row=t.id,
        message=f"{t.row['name_en'] or t.row['name_it']}: {told}.",
        hint=hint,
    )
