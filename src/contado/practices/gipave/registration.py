"""Words and indicators with which the practice registers itself."""

from __future__ import annotations

from dataclasses import replace

from contado.kernel.practice import IndicatorSpec, PageSpec
from contado.practices import catalogue

__all__ = ["INDICATORS", "page"]

INDICATORS = (
    IndicatorSpec(
        id="trial_growth_effect_pct_y",
        name_it="Crescita annua dell’irregolarità, tratti in prova meno controllo",
        name_en="Yearly growth of roughness, trial less control sections",
        unit="pct_y",
        direction="down",
        aggregation="mean",
    ),
    IndicatorSpec(
        id="trial_control_growth_pct_y",
        name_it="Crescita annua dell’irregolarità dei tratti di controllo",
        name_en="Yearly growth of roughness of the control sections",
        unit="pct_y",
        direction="down",
        aggregation="mean",
    ),
    IndicatorSpec(
        id="trial_detectable_effect_pct_y",
        name_it="Minimo effetto che la prova può trovare",
        name_en="Least effect that the trial can find",
        unit="pct_y",
        direction="down",
        aggregation="mean",
    ),
    IndicatorSpec(
        id="trial_mix_cost_eur_m2_y",
        name_it="Costo annuo equivalente della miscela in prova",
        name_en="Equal annual cost of the mix on trial",
        unit="eur_m2_y",
        direction="down",
        aggregation="mean",
    ),
    IndicatorSpec(
        id="trial_mix_gwp_kg_m2_y",
        name_it="Gas serra della miscela in prova",
        name_en="Greenhouse gases of the mix on trial",
        unit="kg_m2_y",
        direction="down",
        aggregation="mean",
    ),
    IndicatorSpec(
        id="trial_break_even_life_y",
        name_it="Durata di pareggio della miscela in prova",
        name_en="Break-even life of the mix on trial",
        unit="y",
        direction="down",
        aggregation="mean",
    ),
)


def page() -> PageSpec:
    """Return the words of the practice's page."""
    return replace(
        catalogue.page("gipave"),
        sentence_it="Un asfalto nuovo si confronta con tratti uguali senza di esso: qui si vede che cosa la prova dimostra, e che cosa no.",
        sentence_en="A new asphalt is compared with equal sections without it: here is what the trial shows, and what it does not.",
        steps_it=(
            "Tratti con l’asfalto nuovo e tratti di controllo si misurano nelle stesse campagne.",
            "Di ogni tratto si stima quanto peggiora in un anno; l’unità è il tratto, non il metro.",
            "L’effetto è dimostrato solo se il caso, provato su tutti i tratti di controllo, non basta a spiegarlo.",
            "Costo, durata e gas serra dicono quanto l’asfalto deve durare in più per convenire.",
        ),
        steps_en=(
            "Sections with the new asphalt and control sections are measured in the same campaigns.",
            "For each section, how much it worsens in a year is estimated; the unit is the section, not the metre.",
            "The effect is demonstrated only if chance, tried on all control sections, is not enough to explain it.",
            "Cost, life and gases say how much longer the asphalt must last to pay.",
        ),
    )
