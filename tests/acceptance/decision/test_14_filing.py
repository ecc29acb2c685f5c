"""Item 14: filing. A = D = payments; threshold; E; byte-stable files; real public works to the cent."""

import csv
import gzip
import json
import re
import time
import zlib

import pytest

from contado.cli.app import run
from contado.kernel.portfolio import Problem
from contado.kernel.programme.registry import cup_classes, partners
from contado.kernel.tables import exchange

BODY = "08911820960"
SPEC = "decision"


@pytest.fixture(scope="module")
def small40(shared, tmp_path_factory):
    """small40 planned at a gap of 1 % and exported: plan rows, folder of the sheets, answer."""
    folder = shared("planning/programme/small40")
    problem = Problem.from_folder(folder)
    result = problem.solve(gap_share=1e-2)
    plan = [
        {
            "intervention_id": problem.ids[i],
            "start_year": year,
            "payments": [
                {"source": s, "amount_eur": cents / 100} for s, cents in result.choice.payments[i].items()
            ],
        }
        for i, year in sorted(result.choice.starts.items())
    ]
    work = tmp_path_factory.mktemp("small40")
    path = work / "plan.json"
    path.write_text(json.dumps({"programme": plan}), encoding="utf-8")
    return folder, plan, path, work


def export(capsys, small40, name):
    folder, _, path, work = small40
    out = work / name
    words = ["programme", "export", folder, path, "--out", out, "--fiscal-code", BODY, "--json"]
    code = run([str(w) for w in words])
    assert code == 0
    return out, json.loads(capsys.readouterr().out)


def paid(start):
    return round(sum(p["amount_eur"] for p in start["payments"]) * 100)


@pytest.mark.item(SPEC, 14, "A = D = payments by year and type, small40", "0 EUR")
def test_a_equals_d_equals_payments(small40, capsys, figure):
    _, plan, _, _ = small40
    _, answer = export(capsys, small40, "sums")
    listed = [s for s in plan if paid(s) >= 15_000_000]
    by_year = {str(y): sum(paid(s) for s in listed if s["start_year"] == y) for y in (2027, 2028, 2029)}
    for sheet in ("scheda_a", "scheda_d"):
        for year, cents in by_year.items():
            assert sum(round(r["years"][year] * 100) for r in answer[sheet]["rows"]) == cents
        assert round(answer[sheet]["total_eur"] * 100) == sum(by_year.values())
    figure(f"A = D = {answer['scheda_a']['total_eur']:,.2f} EUR, {len(listed)} works")


@pytest.mark.item(SPEC, 14, "works below the threshold only in the annex; E = first year", "all")
def test_threshold_and_first_year(small40, capsys, figure):
    _, plan, _, _ = small40
    out, answer = export(capsys, small40, "lists")
    small = sorted(s["intervention_id"] for s in plan if paid(s) < 15_000_000)
    large = sorted(s["intervention_id"] for s in plan if paid(s) >= 15_000_000)
    first = sorted(s["intervention_id"] for s in plan if paid(s) >= 15_000_000 and s["start_year"] == 2027)

    def ids(name):
        with (out / f"{name}.csv").open(encoding="utf-8") as file:
            return [row["intervention_id"] for row in csv.DictReader(file)]

    assert (ids("annex"), answer["below_threshold"]) == (small, small)
    assert (ids("scheda_d"), [r["intervention_id"] for r in answer["scheda_d"]["rows"]]) == (large, large)
    assert (ids("scheda_e"), answer["scheda_e"]["rows"]) == (first, first)
    figure(f"D {len(large)}, E {len(first)}, annex {len(small)}")


@pytest.mark.item(SPEC, 14, "csv, xlsx and pdf byte-stable", "identical")
def test_files_are_byte_stable(small40, capsys, figure):
    _, first = export(capsys, small40, "one")
    time.sleep(2.1)  # a ZIP counts in steps of two seconds
    _, second = export(capsys, small40, "two")
    hashes = [[f["sha256"] for f in answer["files"]] for answer in (first, second)]
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == 12
    figure(f"{len(hashes[0])} of 12 files identical")


@pytest.mark.item(SPEC, 14, "PDF has text and tags", "4 of 4")
def test_pdfs_have_text_and_tags(small40, capsys, figure):
    out, _ = export(capsys, small40, "pdf")
    good = 0
    for path in sorted(out.glob("*.pdf")):
        data = path.read_bytes()
        parts = [data]
        for raw in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
            try:
                parts.append(zlib.decompress(raw))
            except zlib.error:
                continue
        whole = b"\n".join(parts)
        text = re.search(rb"\bT[jJ]\b", whole) and b"/ToUnicode" in whole
        good += bool(text and b"/StructTreeRoot" in whole and b"/Marked true" in whole)
    assert good == 4
    figure(f"{good} of 4")


@pytest.mark.item(SPEC, 14, "CUI proposed in order of id, valid and unique", "all")
def test_cuis(small40, capsys, figure):
    _, answer = export(capsys, small40, "cui")
    cuis = [r["cui"] for r in answer["scheda_d"]["rows"]]
    assert cuis == [f"L{BODY}2027{k:05d}" for k in range(1, len(cuis) + 1)]
    assert run(["programme", "codes", *cuis, "--json"]) == 0
    codes = json.loads(capsys.readouterr().out)["codes"]
    assert all(c["kind"] == "cui" and c["valid"] for c in codes)
    figure(f"{len(cuis)} CUI")


COLUMNS = {
    "eues_id": "id",
    "categoria": "domain",
    "cod_istat_comune": "municipality",
    "importo_programmato_esclusi_oc_126": "cost_eur",
    "cupxall": "cup",
}


def rows_of(path):
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.item(SPEC, 14, "programmed amounts of 3,667 public works", "4,859,514,008.39 EUR")
def test_programmed_amounts(shared, figure):
    path = shared("planning/opere_pubbliche/pubblica.csv.gz")
    found = exchange.check_file(path, "interventions", rename=COLUMNS)
    texts = [r["importo_programmato_esclusi_oc_126"] for r in rows_of(path)]
    cents = sum(round(float(t) * 100) for t in texts if t)
    assert cents == 485_951_400_839
    assert len(texts) == next(iter(found.rows.values())) == 3667
    assert len({r["comune"] for r in rows_of(path)}) == 345
    figure(f"{cents / 100:,.2f} EUR, {len(texts)} rows")


@pytest.mark.item(SPEC, 14, "CUP cells: empty, well formed, upper-cased, several, malformed", "93/3554/3/9/8")
def test_cup_classes(shared, figure):
    path = shared("planning/opere_pubbliche/pubblica.csv.gz")
    cells = [r["cupxall"] for r in rows_of(path)]
    classes = cup_classes(cells)
    assert [len(c) for c in classes] == [93, 3554, 3, 9, 8]
    assert any(cells[i] == "????" for i in classes.malformed)
    found = exchange.check_file(path, "interventions", rename=COLUMNS)
    told = {f.row for f in found.findings if f.rule in {"bad_cup", "several_cups", "converted"}}
    odd = {i + 2 for c in classes[2:] for i in c}
    assert odd <= told
    figure("/".join(str(len(c)) for c in classes))


@pytest.mark.item(SPEC, 14, "CUP joined to OpenCUP and CIG, without partner counted", "nothing dropped")
def test_join_with_registers(shared, figure):
    cells = [r["cupxall"] for r in rows_of(shared("planning/opere_pubbliche/pubblica.csv.gz"))]
    register = [r["cup"] for r in rows_of(shared("planning/opere_pubbliche/opencup.csv.gz"))]
    tenders = [(r["cup"], r["cig"]) for r in rows_of(shared("planning/opere_pubbliche/cup_cig.csv.gz"))]
    joined = partners(cells, register, tenders)
    assert joined.in_register + len(joined.without_register) == joined.codes
    assert joined.with_tender + len(joined.without_tender) == joined.codes
    assert joined.rows_without_code == 93 + 8
    figure(
        f"{joined.codes} CUP, {joined.in_register} in OpenCUP, {joined.with_tender} with CIG ({joined.tenders})"
    )
