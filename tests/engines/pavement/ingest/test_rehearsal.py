"""A workspace as it would be after a commit that nobody made."""

from __future__ import annotations

from contado.engines.pavement.ingest import roads
from contado.engines.pavement.ingest.rehearsal import Rehearsal
from contado.kernel.workspace import Workspace

HEAD = "section_id,from_m,to_m,iri_m_km,date\n"


def test_what_is_rehearsed_is_what_a_commit_leaves_and_nothing_is_written(tmp_path):
    workspace = Workspace.create(tmp_path / "w")
    (tmp_path / "a.csv").write_text(f"{HEAD}A,0,100,2.5,2026-04-01\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text(
        f"{HEAD}B,100,200,3.5,2026-04-01\nA,0,100,2.7,2026-05-01\n", encoding="utf-8"
    )
    roads.load_survey(workspace, tmp_path / "a.csv")
    before = workspace.file_hashes()
    survey = roads.read_survey(tmp_path / "b.csv")
    rehearsal = Rehearsal(workspace)
    survey.put(rehearsal)
    after = rehearsal.workspace.read("pavement_survey")
    assert after["iri_m_km"].to_pylist() == [2.5, 2.7, 3.5]
    assert rehearsal.workspace.read("pavement_works").num_rows == 0
    assert workspace.file_hashes() == before
    roads.load_survey(workspace, tmp_path / "b.csv")
    assert workspace.read("pavement_survey").equals(after)
