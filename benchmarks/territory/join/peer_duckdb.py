"""DuckDB with its spatial extension: tables of geometries in memory, one thread."""

from pathlib import Path

import numpy as np
import peers


def run(given):
    import duckdb
    import duckdb_extension_spatial
    import pandas as pd

    session = duckdb.connect(config={"threads": 1})
    folder = Path(duckdb_extension_spatial.__file__).parent / "extensions"
    session.execute(f"LOAD '{next(folder.rglob('spatial.duckdb_extension'))}'")
    wkb, units = peers.unpacked(given, "buildings"), peers.unpacked(given, "units")
    session.register("q", pd.DataFrame({"i": np.arange(len(wkb)), "wkb": wkb}))
    session.register("b", pd.DataFrame({"k": np.arange(len(units)), "wkb": units}))
    session.execute("CREATE TABLE buildings AS SELECT i, ST_GeomFromWKB(wkb) AS g FROM q")
    session.execute("CREATE TABLE units AS SELECT k, ST_GeomFromWKB(wkb) AS g FROM b")
    query = "SELECT i, k FROM buildings JOIN units ON ST_Intersects(units.g, buildings.g)"
    found, cpu_s = peers.best(lambda: session.execute(query).fetchnumpy(), int(given["repeats"]))
    return {"row": found["i"], "unit": found["k"], "cpu_s": cpu_s}


peers.serve(run)
