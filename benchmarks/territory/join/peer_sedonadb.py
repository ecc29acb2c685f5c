"""SedonaDB: the join in SQL over Arrow tables in memory."""

import peers
import pyarrow as pa


def run(given):
    import sedonadb

    session = sedonadb.connect()
    session.sql("SET datafusion.execution.target_partitions = 1").execute()
    wkb, units = peers.unpacked(given, "buildings"), peers.unpacked(given, "units")
    session.create_data_frame(pa.table({"i": range(len(wkb)), "wkb": pa.array(wkb, pa.binary())})).to_view(
        "q"
    )
    session.create_data_frame(
        pa.table({"k": range(len(units)), "wkb": pa.array(units, pa.binary())})
    ).to_view("b")
    query = "SELECT q.i, b.k FROM q JOIN b ON ST_Intersects(ST_GeomFromWKB(b.wkb), ST_GeomFromWKB(q.wkb))"
    found, cpu_s = peers.best(lambda: session.sql(query).to_arrow_table(), int(given["repeats"]))
    return {"row": found["i"].to_numpy(), "unit": found["k"].to_numpy(), "cpu_s": cpu_s}


peers.serve(run)
