"""Catalogue of treatments: what each costs, where it applies and what it does to the surface.

The catalogue that ships (`data/treatments.csv`) is illustrative until the body loads its price list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement import columns, data
from contado.kernel.errors import DataError, Finding
from contado.kernel.publish.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["COLUMNS", "Treatment", "catalogue", "coded", "from_table", "names", "of_file", "of_workspace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """One treatment.

    ``min_condition`` and ``max_condition`` bound the condition index at which it applies;
    ``iri_after_m_km`` is the roughness of the new surface (None: it leaves the roughness as it is);
    ``growth_factor`` multiplies the growth of log IRI during its life, ``severity_factor`` the severity
    of the anomalies; ``worksite_share`` is the part of the cost that a shared worksite saves. One that
    ``cuts_surface`` has to wait until the moratorium of a new surface is over. ``also`` are further words for it,
    separated by ``|``, such as the body's own code.
    """

    code: str
    name_it: str
    name_en: str
    unit_cost_eur_m2: float
    cost_low_eur_m2: float
    cost_high_eur_m2: float
    price_year: int | None = None
    min_condition: float = 0.0
    max_condition: float = 100.0
    iri_after_m_km: float | None = None
    growth_factor: float = 1.0
    severity_factor: float = 0.0
    life_y: float = 10.0
    gwp_kg_m2: float | None = None
    recycled_share: float | None = None
    worksite_share: float = 0.0
    cuts_surface: bool = True
    design_level: str | None = None
    status: str = "to_confirm"
    also: str = ""

    @property
    def effective(self) -> bool:
        """Whether it changes anything."""
        return self.iri_after_m_km is not None or self.growth_factor != 1 or self.severity_factor != 1

    def applies(self, condition_index: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return where the condition index allows it; nowhere where the index is unknown."""
        result: NDArray[np.bool_] = (condition_index >= self.min_condition) & (
            condition_index <= self.max_condition
        )
        return result


COLUMNS: Final = tuple(f.name for f in fields(Treatment))
"""Columns of a table of treatments."""


def catalogue() -> tuple[Treatment, ...]:
    """Return the illustrative catalogue that ships with the product."""
    import pyarrow as pa

    rows = data.rows("treatments")
    table = pa.table({name: [row[name] for row in rows] for name in rows[0]})
    return from_table(table)[0]


def from_table(
    table: pa.Table, *, name: str = "treatments", lines: Sequence[int] | None = None
) -> tuple[tuple[Treatment, ...], list[Finding]]:
    """Return the treatments of a table; only code and unit_cost_eur_m2 are required.

    Raises
    ------
    DataError
        A code is missing or stands twice (`missing_value`, `duplicate_id`), a cost is missing or negative, a life
        or a roughness is not above 0, a factor is negative, bounds are crossed, a number cannot be read.
    """
    columns.require(table, ["code", "unit_cost_eur_m2"], name)
    numeric = {n: columns.numbers(table, n, name, lines=lines) for n in _NUMBERS}
    columns.names(table, "code", name, lines=lines)
    for column, bad, rule, hint in _faults(numeric):
        if column in table.column_names:
            columns.refuse(np.flatnonzero(bad), table, column, name, rule, hint, lines)
    rows = table.to_pylist()
    found = tuple(_treatment(rows[i], {n: v[i] for n, v in numeric.items()}) for i in range(len(rows)))
    return found, [*(_no_effect(t) for t in found if not t.effective), *_price_years(found)]


def _price_years(found: Sequence[Treatment]) -> list[Finding]:
    years = sorted({t.price_year for t in found if t.price_year is not None})
    if len(years) <= 1:
        return []
    return [
        Finding(
            severity="warning",
            rule="price_year_differs",
            table="treatments",
            message=f"Prices are of {', '.join(map(str, years))}; they are compared as if they were of one year.",
            hint="bring them to one price year",
        )
    ]


def of_file(path: Path) -> tuple[tuple[Treatment, ...], list[Finding]]:
    """Return the treatments of a file and what was noticed of them; errors as `from_table`."""
    from contado.kernel import tables

    read = tables.read(path)
    found, findings = from_table(read.table, name=path.name, lines=read.lines)
    return found, [*read.findings, *columns.unknown(read.table, COLUMNS, path.name), *findings]


def of_workspace(table: pa.Table) -> tuple[Treatment, ...]:
    """Return the treatments of table ``pavement_treatment`` of a workspace; the illustrative ones where it is empty."""
    return from_table(table)[0] if table.num_rows else catalogue()


def names(table: pa.Table | None = None) -> dict[str, Words]:
    """Return what the treatments are called, by code: those of table ``pavement_treatment``, else the illustrative.

    Works that were recorded before an own price list came keep the names that they had.

    Examples
    --------
    >>> names()["crack_sealing"].en
    'Crack sealing'
    """
    found = [*data.rows("treatments"), *(table.to_pylist() if table is not None else ())]
    return {
        str(row["code"]): Words(str(row["name_it"]), str(row.get("name_en") or row["name_it"]))
        for row in found
        if row.get("name_it")
    }


def coded(
    works: pa.Table,
    known: Sequence[Treatment],
    *,
    name: str = "works",
    lines: Sequence[int] | None = None,
    otherwise: str = "leave the cell empty",
) -> pa.Table:
    """Return a table of works with the code of each treatment, null where a row names none.

    A treatment is named by its code, by its name in either language or by one of its further words; ``otherwise``
    says what to do where none fits. A thickness behind a name, such as "4 cm", is passed over where no treatment is
    called so.

    Raises
    ------
    UsageError
        ``unknown_choice``: a word that is none of them, with its line and all codes and names.

    Examples
    --------
    >>> import pyarrow as pa
    >>> works = pa.table({"treatment": ["wearing_4cm", "Microtappeto a freddo", "tappeto d'usura 4 cm", None]})
    >>> coded(works, catalogue())["treatment"].to_pylist()
    ['wearing_4cm', 'micro_surfacing', 'wearing_4cm', None]
    """
    import pyarrow as pa

    if "treatment" not in works.column_names:
        return works
    codes = [t.code for t in known]
    words = {_plain(word): t.code for t in known for word in (t.name_it, t.name_en, *t.also.split("|"))}
    words |= {_plain(code): code for code in codes}
    found = columns.choices(
        works,
        "treatment",
        name,
        {t.code: t.name_it if t.name_it != t.code else "" for t in known},
        lines=lines,
        meaning=lambda word: words.get(_plain(word)) or words.get(_THICKNESS.sub("", _plain(word))),
        optional=True,
        otherwise=otherwise,
    )
    values = pa.array([code or None for code in found], pa.string())
    return works.set_column(works.column_names.index("treatment"), "treatment", values)


def _plain(word: str) -> str:
    """Return a word without case, underscores and hyphens; "d'usura" is "di usura"."""
    return re.sub(r"[\s_-]+", " ", re.sub(r"\bd['’]\s*", "di ", word.casefold())).strip()


def _faults(number: dict[str, NDArray[np.float64]]) -> tuple[tuple[str, NDArray[np.bool_], str, str], ...]:
    """Return column, rows, rule and hint of what no treatment can have."""
    cost, low, high = number["unit_cost_eur_m2"], number["min_condition"], number["max_condition"]
    share = "a share lies between 0 and 1: 15 % is 0.15"
    return (
        ("unit_cost_eur_m2", cost < 0, "negative_cost", "a cost is 0 or more"),
        ("unit_cost_eur_m2", np.isnan(cost), "missing_cost", "give the cost in EUR/m2"),
        ("min_condition", low > high, "interval_order", "min_condition <= max_condition"),
        ("iri_after_m_km", number["iri_after_m_km"] <= 0, "iri_not_positive", "the IRI of the new surface"),
        (
            "growth_factor",
            number["growth_factor"] < 0,
            "negative_value",
            "1 = grows as before, 0 = not at all",
        ),
        ("severity_factor", number["severity_factor"] < 0, "negative_value", "1 = as before, 0 = none left"),
        ("life_y", number["life_y"] <= 0, "bad_life", "a life is a number of years above 0"),
        *((c, (number[c] < 0) | (number[c] > 1), "share_range", share) for c in _SHARES),
    )


_THICKNESS: Final = re.compile(
    r"[\s,]*\(?\s*(?:s\.?|sp\.?|spessore)?\s*\d+(?:[.,]\d+)?\s*(?:cm|mm)\.?\s*\)?$"
)
"""A thickness at the end of a name, in brackets or not."""
_SHARES = ("recycled_share", "worksite_share")
_NUMBERS = (
    "unit_cost_eur_m2",
    "cost_low_eur_m2",
    "cost_high_eur_m2",
    "price_year",
    "min_condition",
    "max_condition",
    "iri_after_m_km",
    "growth_factor",
    "severity_factor",
    "life_y",
    "gwp_kg_m2",
    "recycled_share",
    "worksite_share",
)


def _treatment(row: dict[str, object], numbers: dict[str, float]) -> Treatment:
    known = {name: float(value) for name, value in numbers.items() if not np.isnan(value)}
    cost = known["unit_cost_eur_m2"]
    known.setdefault("cost_low_eur_m2", cost)
    known.setdefault("cost_high_eur_m2", cost)
    year = known.pop("price_year", None)
    if known["cost_low_eur_m2"] > cost or known["cost_high_eur_m2"] < cost:
        raise DataError(
            f"treatments: {row['code']}: the cost {cost:g} is not between its bounds.",
            rule="interval_order",
            hint="cost_low_eur_m2 <= unit_cost_eur_m2 <= cost_high_eur_m2",
            field="unit_cost_eur_m2",
        )
    code = str(row["code"])
    text = {n: str(row[n]) for n in ("name_it", "name_en", "design_level", "status", "also") if row.get(n)}
    text.setdefault("name_it", code)
    text.setdefault("name_en", text["name_it"])
    # a surface that is laid anew has no anomalies left; a treatment that lays none keeps them
    known.setdefault("severity_factor", 0.0 if "iri_after_m_km" in known else 1.0)
    told = row.get("cuts_surface")
    cuts = "iri_after_m_km" in known if told is None or told == "" else _yes(told)
    price_year = None if year is None else int(year)
    return Treatment(code=code, price_year=price_year, cuts_surface=cuts, **text, **known)  # type: ignore[arg-type]


def _yes(told: object) -> bool:
    return str(told).strip().lower() in {"true", "1", "yes", "y", "sì", "si", "s"}


def _no_effect(treatment: Treatment) -> Finding:
    return Finding(
        severity="warning",
        rule="no_effect",
        table="treatments",
        row=treatment.code,
        message=f"{treatment.code} changes neither roughness nor growth nor anomalies.",
        hint="give iri_after_m_km or growth_factor",
    )
