"""Words and indicators with which the practice registers itself."""

from __future__ import annotations

from contado.kernel.practice import FeedSpec, IndicatorSpec, PageSpec
from contado.practices.manto_stradale.layers import ANOMALIES

__all__ = ["FEED", "INDICATORS", "PAGE"]

INDICATORS = (
    IndicatorSpec(
        id="iri_m_km",
        name_it="Irregolarità della superficie (IRI)",
        name_en="Surface roughness (IRI)",
        unit="m_km",
        direction="down",
        aggregation="mean",
    ),
    IndicatorSpec(
        id="condition_index",
        name_it="Indice di condizione della strada",
        name_en="Road condition index",
        unit="1",
        direction="up",
        aggregation="mean",
    ),
    IndicatorSpec(
        id="anomalies_per_km",
        name_it="Anomalie al chilometro",
        name_en="Anomalies per kilometre",
        unit="count_km",
        direction="down",
        aggregation="mean",
    ),
    IndicatorSpec(
        id="km_not_driven_30d",
        name_it="Chilometri non percorsi da 30 giorni",
        name_en="Kilometres not driven for 30 days",
        unit="km",
        direction="down",
        aggregation="sum",
    ),
)

PAGE = PageSpec(
    plain_it="Stato delle strade",
    plain_en="State of the roads",
    official="Sensori manto stradale",
    column="residents",
    opens_with_it="chilometri per classe e i primi sei tratti",
    opens_with_en="kilometres by class and the first six sections",
    button_it="Apri la mappa",
    button_en="Open the map",
    sentence_it="Le auto di servizio misurano le strade mentre ci passano; qui si vede dove sono da riparare.",
    sentence_en="Service cars measure the roads as they pass; here is where they need repair.",
    steps_it=(
        "Un sensore in auto registra scosse e posizione.",
        "Da più passaggi nasce la regolarità della superficie, con il suo intervallo.",
        "Le sezioni hanno una classe da A a D e una priorità con il suo perché.",
        "Dopo i lavori si misura di nuovo: il prima e il dopo correggono i costi e gli effetti previsti.",
    ),
    steps_en=(
        "A sensor in the car records shocks and position.",
        "Several passes give the roughness of the surface, with its interval.",
        "Sections get a class from A to D and a priority with its reasons.",
        "After works the road is measured again: before and after correct the expected costs and effects.",
    ),
)

FEED = FeedSpec(
    id="anomalies",
    title_it="Anomalie aperte del manto stradale",
    title_en="Open anomalies of the road surface",
    format="geojson",
    source=ANOMALIES,
)
