"""Works that are brought into a workspace: named as its catalogue does, kept, never lost."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from contado.engines.pavement.ingest import roads
from contado.engines.pavement.maintenance import treatments
from contado.engines.pavement.segmentation.cuts import works_of_cells
from contado.engines.pavement.state import works_file
from contado.engines.pavement.state.fusion import fuse
from contado.kernel import tables
from contado.kernel.errors import UsageError
from contado.kernel.workspace import Workspace


def test_works_name_treatments_of_the_catalogue_of_the_workspace(tmp_path):
    workspace = Workspace.create(tmp_path / "w")
    file = tmp_path / "works.csv"

    def bring(*treatments):
        lines = [f"S1,{100 * k},{100 * k + 100},2026-05-01,{word}" for k, word in enumerate(treatments)]
        file.write_text("\n".join(["section_id,from_m,to_m,date,treatment", *lines]) + "\n", encoding="utf-8")
        roads.load_works(workspace, file)
        return workspace.read("pavement_works")["treatment"].to_pylist()

    assert bring("wearing_4cm", "Rifacimento tappeto", "") == ["wearing_4cm", "wearing_4cm", None]
    with pytest.raises(UsageError, match=r"works\.csv, line 3: treatment is 'B12'") as told:
        bring("wearing_4cm", "B12")
    assert (told.value.rule, told.value.rows) == ("unknown_choice", (3,))
    assert "pavement_treatment" in told.value.hint
    own = {"code": "usura", "unit_cost_eur_m2": 14.0, "also": "B12|B13"}
    with workspace.commit() as commit:
        commit.table("pavement_treatment", tables.from_rows("pavement_treatment", [own]))
    assert bring("b13") == ["usura", "wearing_4cm", None]  # the first are the same works, told anew
    with pytest.raises(UsageError):
        bring("wearing_4cm")


def test_works_are_history_and_stay(tmp_path):
    workspace = Workspace.create(tmp_path / "w")
    file = tmp_path / "works.csv"
    for rows in ("S1,0,60,2026-10-01,", "S1,60,120,2026-10-02,", "S1,0,80,01/10/2026,wearing_4cm"):
        file.write_text(f"section_id,from_m,to_m,date,treatment\n{rows}\n", encoding="utf-8")
        assert roads.load_works(workspace, file) == (1, [])
    kept = workspace.read("pavement_works").to_pylist()
    assert [(r["from_m"], r["to_m"], r["date"], r["treatment"]) for r in kept] == [
        (0, 80, date(2026, 10, 1), "wearing_4cm"),
        (60, 120, date(2026, 10, 2), None),
    ]


def test_works_are_simulated_only_where_their_own_folder_says_so(tmp_path):
    workspace = Workspace.create(tmp_path / "w")
    file = tmp_path / "works.csv"
    file.write_text("section_id,from_m,to_m,date\nS1,0,60,2025-12-31\n", encoding="utf-8")
    roads.load_works(workspace, file)
    (tmp_path / "meta.json").write_text('{"label": "simulated"}', encoding="utf-8")
    file.write_text("section_id,from_m,to_m,date\nS1,60,120,2025-12-31\n", encoding="utf-8")
    roads.load_works(workspace, file)
    assert workspace.read("pavement_works")["label"].to_pylist() == [None, "simulated"]


def test_two_treatments_of_one_stretch_and_day_are_two_works(tmp_path):
    workspace = Workspace.create(tmp_path / "w")
    file = tmp_path / "works.csv"

    def bring(*rows):
        file.write_text(
            "\n".join(["section_id,from_m,to_m,date,treatment,cost_eur", *rows]) + "\n", encoding="utf-8"
        )
        count, found = roads.load_works(workspace, file)
        kept = workspace.read("pavement_works").to_pylist()
        return (
            count,
            [(f.rule, f.row) for f in found],
            [(r["to_m"], r["treatment"], r["cost_eur"]) for r in kept],
        )

    pair = ("S1,0,60,2026-10-01,wearing_4cm,9", "S1,0,40,2026-10-01,binder_wearing_10cm,8")
    both = [(40, "binder_wearing_10cm", 8), (60, "wearing_4cm", 9)]
    for rows in (pair, pair[::-1]):
        assert bring(*rows) == (2, [("works_of_one_day", 3)], both)
    again = bring(*pair, "S1,0,60,2026-10-01,wearing_4cm,7")
    assert again == (2, [("works_repeated", 2), ("works_of_one_day", 4)], [both[0], (60, "wearing_4cm", 7)])
    assert not [
        f
        for f in tables.validate("pavement_works", workspace.read("pavement_works"))
        if f.severity == "error"
    ]
    told = bring("S1,0,60,2026-10-01,wearing_4cm,7")
    assert told == (1, [("works_told_anew", "S1")], [(60, "wearing_4cm", 7)])


def test_load_and_fuse_renew_the_same_cells(tmp_path):
    """The longer works stand first in the file."""
    workspace = Workspace.create(tmp_path / "w")
    file = tmp_path / "works.csv"
    file.write_text(
        "section_id,from_m,to_m,date,treatment\n"
        "S1,0,100,2026-10-01,wearing_4cm\nS1,0,40,2026-10-01,binder_wearing_10cm\n",
        encoding="utf-8",
    )
    day = datetime(2026, 9, 1, tzinfo=UTC)
    row = {"section_id": "S1", "drive_id": "a", "t_utc": day, "iri_m_km": 2.0, "sd_log": 0.1, "cell_m": 20.0}
    cells = pa.Table.from_pylist([row | {"cell": k} for k in range(6)])
    roads.load_works(workspace, file)
    works = works_file.read(file, treatments.catalogue(), otherwise="").rows
    states = [
        fuse([cells], on=date(2026, 11, 1), works=table).cells["state"].to_pylist()
        for table in (works, workspace.read("pavement_works"))
    ]
    assert states == [["renewed"] * 5 + ["not_driven"]] * 2


def test_of_works_of_one_day_the_one_that_lasts_longest_stands_for_a_cell():
    day = date(2026, 10, 1)
    rows = [
        {"section_id": "S1", "from_m": 0.0, "to_m": to_m, "date": day, "treatment": treatment}
        for to_m, treatment in ((40.0, "binder_wearing_10cm"), (100.0, "wearing_4cm"), (60.0, None))
    ]
    start = np.arange(0.0, 100.0, 20.0)
    found = works_of_cells(start, start + 20.0, works_file.in_order(rows, treatments.catalogue()))
    assert found == [(day, "binder_wearing_10cm")] * 2 + [(day, "wearing_4cm")] * 3


def test_works_that_are_loaded_meanwhile_are_not_lost(tmp_path, monkeypatch):
    workspace = Workspace.create(tmp_path / "w")
    for name in ("a", "b"):
        rows = f"section_id,from_m,to_m,date\n{name},0,100,2026-04-01\n"
        (tmp_path / f"{name}.csv").write_text(rows, encoding="utf-8")
    put = roads.put_works
    other = threading.Thread(
        target=roads.load_works, args=(Workspace.open(workspace.path), tmp_path / "b.csv")
    )

    def meanwhile(*told):
        monkeypatch.setattr(roads, "put_works", put)
        other.start()
        other.join(0.5)  # long enough to write, were it not kept waiting
        put(*told)

    monkeypatch.setattr(roads, "put_works", meanwhile)
    roads.load_works(workspace, tmp_path / "a.csv")
    other.join()
    assert workspace.read("pavement_works")["section_id"].to_pylist() == ["a", "b"]
