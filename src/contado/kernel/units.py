"""Units as column suffixes, in one list; factors for import and export only.

A numeric column whose unit is not 1 ends in its unit (``cost_eur``, ``iri_m_km``); a ``unit`` cell holds
the suffix without its first underscore (``t_y``). ``_y`` alone is years, after another unit it is
*per year*.

Examples
--------
>>> unit_of("worksite_cost_eur"), unit_of("iri_m_km"), unit_of("life_y"), unit_of("ghg_tco2e_y")
('eur', 'm_km', 'y', 'tco2e_y')
>>> unit_of("condition_index") is None
True
>>> convert(1.0, "km", "m")
1000.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from contado.kernel.errors import UnitError, did_you_mean

if TYPE_CHECKING:
    import numpy as np

__all__ = ["UNITS", "Unit", "convert", "is_known", "unit_of"]

Number = TypeVar("Number", "float", "np.ndarray")


class Unit(NamedTuple):
    """A unit: its kind, the factor to the kind's base unit, its sign in print, its name."""

    kind: str
    factor: float
    sign: str
    name: str


UNITS: dict[str, Unit] = {
    "1": Unit("pure", 1.0, "", "dimensionless"),
    "share": Unit("pure", 1.0, "", "share of one"),
    "pct": Unit("pure", 0.01, "%", "per cent"),
    "pct_y": Unit("pure_rate", 0.01, "%/y", "per cent a year"),
    "count": Unit("count", 1.0, "", "count"),
    "count_y": Unit("count_rate", 1.0, "/y", "count a year"),
    "count_km": Unit("count_density", 1.0, "/km", "count a kilometre"),
    "eur": Unit("money", 1.0, "€", "euro"),
    "eur_y": Unit("money_rate", 1.0, "€/y", "euro a year"),
    "eur_m": Unit("price_length", 1.0, "€/m", "euro a metre"),
    "eur_m2": Unit("price_area", 1.0, "€/m²", "euro a square metre"),
    "eur_m2_y": Unit("price_area_rate", 1.0, "€/m²·y", "euro a square metre and year"),
    "eur_m3": Unit("price_volume", 1.0, "€/m³", "euro a cubic metre"),
    "eur_kw": Unit("price_power", 1.0, "€/kW", "euro a kilowatt"),
    "eur_kwh": Unit("price_energy", 1.0, "€/kWh", "euro a kilowatt-hour"),
    "eur_t": Unit("price_mass", 1.0, "€/t", "euro a tonne"),
    "eur_per_intervention": Unit("cap_intervention", 1.0, "€", "euro for one intervention"),
    "eur_per_unit": Unit("cap_unit", 1.0, "€", "euro for one unit of the quantity named beside it"),
    "eur_per_beneficiary": Unit("cap_beneficiary", 1.0, "€", "euro for one beneficiary"),
    "eur_h": Unit("price_time", 1.0, "€/h", "euro an hour"),
    "mm": Unit("length", 0.001, "mm", "millimetre"),
    "m": Unit("length", 1.0, "m", "metre"),
    "km": Unit("length", 1000.0, "km", "kilometre"),
    "km_y": Unit("length_rate", 1000.0, "km·y", "kilometre times year"),
    "m_km": Unit("roughness", 1.0, "m/km", "metre a kilometre (IRI)"),
    "mm2": Unit("area", 1e-6, "mm²", "square millimetre"),
    "m2": Unit("area", 1.0, "m²", "square metre"),
    "ha": Unit("area", 1e4, "ha", "hectare"),
    "km2": Unit("area", 1e6, "km²", "square kilometre"),
    "m3": Unit("volume", 1.0, "m³", "cubic metre"),
    "m3_y": Unit("volume_rate", 1.0, "m³/y", "cubic metre a year"),
    "l_s": Unit("flow", 0.001, "l/s", "litre a second"),
    "m3_s": Unit("flow", 1.0, "m³/s", "cubic metre a second"),
    "mm_h": Unit("rain_rate", 1.0, "mm/h", "millimetre an hour"),
    "s": Unit("time", 1.0, "s", "second"),
    "min": Unit("time", 60.0, "min", "minute"),
    "h": Unit("time", 3600.0, "h", "hour"),
    "d": Unit("time", 86400.0, "d", "day"),
    "y": Unit("time", 31557600.0, "y", "year"),
    "h_y": Unit("time_rate", 1.0, "h/y", "hour a year"),
    "hz": Unit("frequency", 1.0, "Hz", "hertz"),
    "kmh": Unit("speed", 1 / 3.6, "km/h", "kilometre an hour"),
    "m_s": Unit("speed", 1.0, "m/s", "metre a second"),
    "m_s2": Unit("acceleration", 1.0, "m/s²", "metre a second squared"),
    "s2": Unit("stiffness", 1.0, "1/s²", "spring rate over body mass"),
    "deg": Unit("angle", 1.0, "°", "degree of arc"),
    "degc": Unit("temperature", 1.0, "°C", "degree Celsius"),
    "w": Unit("power", 1.0, "W", "watt"),
    "kw": Unit("power", 1000.0, "kW", "kilowatt"),
    "w_m2": Unit("power_area", 1.0, "W/m²", "watt a square metre"),
    "w_m2k": Unit("transmittance", 1.0, "W/m²K", "watt a square metre and kelvin"),
    "kwh": Unit("energy", 1.0, "kWh", "kilowatt-hour"),
    "kwh_y": Unit("energy_rate", 1.0, "kWh/y", "kilowatt-hour a year"),
    "kwh_m2": Unit("energy_area", 1.0, "kWh/m²", "kilowatt-hour a square metre"),
    "kg": Unit("mass", 1.0, "kg", "kilogram"),
    "t": Unit("mass", 1000.0, "t", "tonne"),
    "kg_m2": Unit("mass_area", 1.0, "kg/m²", "kilogram a square metre"),
    "kg_m2_y": Unit("mass_area_rate", 1.0, "kg/m²·y", "kilogram a square metre and year"),
    "kg_y": Unit("mass_rate", 1.0, "kg/y", "kilogram a year"),
    "t_y": Unit("mass_rate", 1000.0, "t/y", "tonne a year"),
    "t_ha": Unit("mass_area", 0.1, "t/ha", "tonne a hectare"),
    "tco2e": Unit("carbon", 1.0, "tCO₂e", "tonne of CO2 equivalent"),
    "tco2e_y": Unit("carbon_rate", 1.0, "tCO₂e/y", "tonne of CO2 equivalent a year"),
    "veh_h": Unit("traffic", 1.0, "veh/h", "vehicle an hour"),
    "veh_d": Unit("traffic_day", 1.0, "veh/d", "vehicle a day"),
}


def is_known(unit: str) -> bool:
    """Whether ``unit`` (without leading underscore) is in the list."""
    return unit in UNITS


def unit_of(column: str) -> str | None:
    """Return the unit that a column's name ends in (the longest that fits), or None."""
    parts = column.split("_")
    for start in range(1, len(parts)):
        tail = "_".join(parts[start:])
        if tail in UNITS and tail != "1":
            return tail
    return None


def convert(value: Number, unit: str, to: str) -> Number:
    """Return ``value`` given in ``unit`` as ``to``; for import and export only.

    Raises
    ------
    UnitError
        A unit is unknown, or the two are of different kinds.
    """
    for name in (unit, to):
        if name not in UNITS:
            raise UnitError(f"Unknown unit {name!r}.", hint=did_you_mean(name, UNITS), field=name)
    source, target = UNITS[unit], UNITS[to]
    if source.kind != target.kind:
        raise UnitError(
            f"{unit} ({source.kind}) cannot become {to} ({target.kind}).",
            rule="unit_kind",
            hint="units of one kind: " + ", ".join(u for u, v in UNITS.items() if v.kind == source.kind),
        )
    return value * (source.factor / target.factor)
