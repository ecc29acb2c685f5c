"""Tables of a diagnosis: assets, indicators, results and life cycle of the trials."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.engines.pavement.trial.design import LEAST_TREATED, least_control
from contado.engines.pavement.trial.metrics import ROUGHNESS
from contado.kernel import tables
from contado.practices.gipave.ids import CRITERIA, MEASURES, NAME, asset_id, section_asset_id
from contado.practices.gipave.obstacles import obstacle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import pyarrow as pa

    from contado.engines.pavement.trial import TrialResult
    from contado.practices.gipave.evaluation import Mix, Row, Trial

__all__ = ["assets", "effect_interval", "indicator_values", "lifecycle_table", "result_table"]

_BINS = 24
_PCT = 100.0


def assets(found: Sequence[Trial]) -> pa.Table:
    """Return every trial and every section of it as an asset."""
    rows = [row for t in found for row in _assets(t)]
    return tables.sort("asset", tables.from_rows("asset", rows))


def _assets(t: Trial) -> Iterator[Row]:
    common = {"practice": NAME, "label": t.label, "source_id": MEASURES}
    first = next((s["municipality"] for s in t.sections if s["arm"] == "treated"), None)
    yield {
        **common,
        "id": asset_id(t.id),
        "kind": "pavement_trial",
        "municipality": first,
        "name": t.row["name_it"],
        "attributes": json.dumps({"laid_on": str(t.row["laid_on"]), "mix": t.row["mix"]}, sort_keys=True),
    }
    for s in t.sections:
        facts = {name: s[name] for name in ("arm", "road_code", "from_km", "to_km", "length_m", "width_m")}
        yield {
            **common,
            "id": section_asset_id(t.id, s["section"]),
            "kind": "trial_section",
            "municipality": s["municipality"],
            "name": " ".join(filter(None, (s["road_name"] or s["road_code"], s["section"]))),
            "geometry": s["geometry"],
            "attributes": json.dumps(facts, sort_keys=True),
        }


def effect_interval(t: Trial) -> Row:
    """Return value, low, high and method of the effect on roughness in percentage points of yearly growth."""
    found = t.result_of(ROUGHNESS)
    if found is None or found.effect_per_year is None or found.low95 is None or found.high95 is None:
        effect = found.effect_per_year if found is not None else None
        return {
            "value": None if effect is None else _PCT * effect,
            "method": "no_interval: too few sections to tell a section from its mix",
        }
    return {
        "value": _PCT * found.effect_per_year,
        "low": _PCT * found.low95,
        "high": _PCT * found.high95,
        "method": "growth of treated less control sections; 95 % by the spread of the controls",
    }


def indicator_values(found: Sequence[Trial], on: date) -> pa.Table:
    """Return the indicators of the trials on the day ``on``."""
    rows = [
        {"subject_id": asset_id(t.id), "period": on.isoformat(), "label": t.label, **row}
        for t in found
        for row in (*_of_measures(t), *_of_mix(t))
    ]
    return tables.sort("indicator_value", tables.from_rows("indicator_value", rows))


def _of_measures(t: Trial) -> Iterator[Row]:
    common = {"unit": "pct_y", "source_id": MEASURES}
    yield {"indicator": "trial_growth_effect_pct_y", **common, **effect_interval(t)}
    found = t.result_of(ROUGHNESS)
    if found is None:
        return
    yield {"indicator": "trial_control_growth_pct_y", **common, **_control_growth(found)}
    least = found.minimum_detectable_effect
    yield {
        "indicator": "trial_detectable_effect_pct_y",
        **common,
        "value": None if least is None else _PCT * least,
        "method": "no_interval: what so many sections can find with a probability of 0.8"
        if least is not None
        else "no_interval: so many sections can demonstrate no effect, however large",
    }


def _control_growth(found: TrialResult) -> Row:
    from contado.engines.pavement.quantiles import student_quantile

    growth, sd, n = found.control_growth_per_year, found.between_section_sd, found.control_sections
    if growth is None or sd is None:
        return {
            "value": None if growth is None else _PCT * growth,
            "method": "no_interval: one control section at most",
        }
    half = student_quantile(0.975, n - 1) * sd / math.sqrt(n)
    return {
        "value": _PCT * growth,
        "low": _PCT * (growth - half),
        "high": _PCT * (growth + half),
        "method": "mean growth of log IRI of the control sections; 95 %",
    }


def _of_mix(t: Trial) -> Iterator[Row]:
    mix = t.mix_of("treated")
    if mix is None:
        return
    a, common = mix.assessed, {"source_id": CRITERIA}
    yield {
        "indicator": "trial_mix_cost_eur_m2_y",
        "unit": "eur_m2_y",
        "value": a.euac_eur,
        "low": a.low,
        "high": a.high,
        "method": "equal annual cost; 90 % of seeded draws of cost and life",
        **common,
    }
    if a.gwp_kg_m2_y is not None:
        yield {
            "indicator": "trial_mix_gwp_kg_m2_y",
            "unit": "kg_m2_y",
            "value": a.gwp_kg_m2_y,
            "low": a.gwp_low_kg_m2_y,
            "high": a.gwp_high_kg_m2_y,
            "method": "modules A to C over the life; 90 % of seeded draws of gases and life",
            **common,
        }
    if mix is not t.mixes[0]:
        yield {
            "indicator": "trial_break_even_life_y",
            "unit": "y",
            "value": a.break_even_life_y,
            "method": "no_interval: life at which the mix costs as much a year as the ordinary one",
            **common,
        }


def result_table(found: Sequence[Trial], on: date, years: range) -> pa.Table:
    """Return table ``pavement_trial_result``: what each metric of each trial shows."""
    rows = [_result(t, measured.result, on, years) for t in found for measured in t.measured.values()]
    return tables.sort("pavement_trial_result", tables.from_rows("pavement_trial_result", rows))


def _result(t: Trial, found: TrialResult, on: date, years: range) -> Row:
    return {
        "trial_id": t.id,
        "metric": found.metric.name,
        "on": on,
        "verdict": found.verdict,
        "effect": found.effect_per_year,
        "effect_low": found.low95,
        "effect_high": found.high95,
        "placebo_p": found.placebo_p,
        "permutations": found.permutations,
        "exact": found.exact,
        "control_growth": found.control_growth_per_year,
        "treated_growth": found.treated_growth_per_year,
        "between_section_sd": found.between_section_sd,
        "residual_sd": found.residual_sd,
        "detectable": found.minimum_detectable_effect,
        "treated_sections": found.treated_sections,
        "control_sections": found.control_sections,
        "campaigns": found.epochs,
        "last_on": t.last_on,
        "pretrend_p": found.pretrend_p,
        "details": json.dumps(_details(t, found, years), sort_keys=True),
        "label": t.label,
        "source_id": MEASURES,
    }


def _details(t: Trial, found: TrialResult, years: range) -> dict[str, Any]:
    """Return what the page of the trial draws, as plain values."""
    lacking = obstacle(t, years)
    return {
        "metric": {
            name: getattr(found.metric, name)
            for name in ("name_it", "name_en", "unit", "relative", "higher_is_better", "decimals")
        },
        "obstacle": None if lacking is None else asdict(lacking),
        "least_control": least_control(max(found.treated_sections, LEAST_TREATED)),
        "counted_epochs": found.counted_epochs,
        "events": [asdict(e) for e in found.events],
        "placebo": _histogram(found),
        "adjusted": None if found.adjusted is None else asdict(found.adjusted),
        "cell_ols": None if found.cell_ols is None else asdict(found.cell_ols),
        "sections_needed": None if found.sections_needed is None else found.sections_needed.treated,
        "years_needed": [asdict(y) for y in found.years_needed],
        "warnings": [
            {"rule": f.rule, "message": f.message}
            for f in (*found.findings, *(t.notes if found is t.result else ()))
            if f.severity == "warning"
        ],
    }


def _histogram(found: TrialResult) -> dict[str, list[float]] | None:
    """Return edges and counts of the placebo effects, the effect itself inside the edges."""
    if not found.permutations or found.effect_per_year is None:
        return None
    reach = 1.05 * max(float(np.abs(found.placebo).max()), abs(found.effect_per_year)) or 1.0
    counts, edges = np.histogram(found.placebo, bins=_BINS, range=(-reach, reach))
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def lifecycle_table(found: Sequence[Trial], on: date) -> pa.Table:
    """Return table ``pavement_trial_lifecycle``: cost, gases and criteria of each mix."""
    rows = [_lifecycle(t, mix, on) for t in found for mix in t.mixes]
    return tables.sort("pavement_trial_lifecycle", tables.from_rows("pavement_trial_lifecycle", rows))


def _lifecycle(t: Trial, mix: Mix, on: date) -> Row:
    a, check = mix.assessed, mix.check
    return {
        "trial_id": t.id,
        "name": a.name,
        "arm": mix.row["arm"],
        "on": on,
        "rate": t.rate,
        "euac_eur_m2_y": a.euac_eur,
        "euac_low_eur_m2_y": a.low,
        "euac_high_eur_m2_y": a.high,
        "gwp_kg_m2_y": a.gwp_kg_m2_y,
        "gwp_low_kg_m2_y": a.gwp_low_kg_m2_y,
        "gwp_high_kg_m2_y": a.gwp_high_kg_m2_y,
        "life_y": mix.alternative.life_y.value,
        "break_even_life_y": a.break_even_life_y,
        "p_cheapest": a.p_cheapest,
        "layer": None if check is None else check.layer,
        "recycled_share": mix.row["recycled_share"],
        "minimum_share": None if check is None else check.minimum,
        "criteria_met": None if check is None else check.ok,
        "article": None if check is None else check.article,
        "rule_version": None if check is None or check.minimum is None else t.rule_version,
        "label": mix.row["label"] or "estimated",
        "source_id": CRITERIA,
    }
