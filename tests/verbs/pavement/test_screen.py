"""contado pavement screen: an archive of drives on each engine, other formats, bad drives."""

from __future__ import annotations

import hashlib
import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contado.cli.app import run as contado


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive") / "drives"
    words = ["--seed", "5", "--length-m", "700", "--vehicles", "1", "--passes", "2", "--potholes", "1"]
    assert contado(["pavement", "simulate", "--out", str(folder), *words, "--quiet"]) == 0
    return folder


@pytest.fixture
def screen(capsys):
    def run(path, *options):
        capsys.readouterr()
        code = contado(["pavement", "screen", str(path), *map(str, options), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def hashes(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_answer_and_tables(archive, screen, tmp_path):
    code, answer = screen(archive, "--cell-m", 50, "--out", tmp_path / "out")
    assert code == 0
    assert answer["label"] == "simulated"
    assert [(d["drive"], d["vehicle"]) for d in answer["drives"]] == [
        ("car1_pass1", "car1"),
        ("car1_pass2", "car1"),
    ]
    assert answer["samples"] == sum(d["samples"] for d in answer["drives"])
    cells = pq.read_table(tmp_path / "out" / "screen_cells.parquet")
    assert cells.column_names == (
        ["drive", "from_m", "to_m", "t_s", "lon", "lat", "samples", "rms_m_s2", "speed_m_s"]
    )
    assert cells.num_rows == sum(d["cells"] for d in answer["drives"])
    assert np.isfinite(cells["rms_m_s2"].to_numpy()).all()
    events = pq.read_table(tmp_path / "out" / "screen_events.parquet")
    assert events.num_rows == sum(d["events"] for d in answer["drives"])
    for drive in answer["drives"]:
        assert drive["distance_m"] == pytest.approx(700, rel=0.05)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore:.*unclosed.*")
def test_dask_gives_the_same_files(archive, screen, tmp_path):
    pytest.importorskip("distributed")
    for engine in ("local", "dask"):
        assert screen(archive, "--engine", engine, "--out", tmp_path / engine)[0] == 0
    assert hashes(tmp_path / "local") == hashes(tmp_path / "dask")


def test_csv_gives_the_same_numbers_as_parquet(archive, screen, tmp_path):
    import pyarrow.csv

    shutil.copytree(archive, tmp_path / "csv")
    for path in sorted((tmp_path / "csv").glob("*_acc.parquet")):
        pyarrow.csv.write_csv(pq.read_table(path), path.with_suffix(".csv"))
        path.unlink()
    _, parquet = screen(archive)
    _, text = screen(tmp_path / "csv")
    for one, other in zip(parquet["drives"], text["drives"], strict=True):
        assert {k: v for k, v in one.items() if k != "rms_m_s2"} == {
            k: v for k, v in other.items() if k != "rms_m_s2"
        }
        assert one["rms_m_s2"] == pytest.approx(other["rms_m_s2"], rel=1e-6)


def test_unsorted_samples_are_cleaned_first(archive, screen, tmp_path):
    shutil.copytree(archive, tmp_path / "mixed")
    path = tmp_path / "mixed" / "car1_pass1_acc.parquet"
    table = pq.read_table(path)
    order = np.arange(table.num_rows)
    order[[100, 101]] = order[[101, 100]]
    pq.write_table(table.take(pa.array(order)), path)
    assert screen(tmp_path / "mixed")[1]["drives"][0] == screen(archive)[1]["drives"][0]


def test_bad_drives_are_rows_and_the_others_are_answered(archive, screen, tmp_path):
    shutil.copytree(archive, tmp_path / "some")
    (tmp_path / "some" / "car1_pass1_gnss.csv").write_text("")
    code, answer = screen(tmp_path / "some")
    assert code == 0
    assert [d["drive"] for d in answer["drives"]] == ["car1_pass2"]
    assert [(r["file"], r["rule"]) for r in answer["rejected"]] == [("car1_pass1_gnss.csv", "empty_file")]
    (tmp_path / "some" / "car1_pass2_acc.parquet").write_bytes(b"PAR1")
    code, answer = screen(tmp_path / "some")
    assert (code, answer["error"]["rule"]) == (2, "empty_file")
    assert answer["error"]["hint"]
