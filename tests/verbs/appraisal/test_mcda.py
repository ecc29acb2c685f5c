"""contado appraisal mcda: keys of each method, batches, and what is refused."""

import json

import msgspec
import pytest

from contado import verbs
from contado.cli.app import run

BASE = {"matrix": [[1, 9, 2], [4, 5, 6], [7, 3, 3]], "sense": ["max", "min", "max"], "weights": [1, 2, 1]}
KEYS = {
    "WSM": ({}, {"score", "rank"}),
    "TOPSIS": ({}, {"similarity", "rank"}),
    "VIKOR": ({"v": 0.6}, {"S", "R", "Q", "rank", "compromise_set"}),
    "PROMETHEE I": ({}, {"phi_plus", "phi_minus", "preferred", "incomparable"}),
    "PROMETHEE II": ({"preference": "linear", "q": 0, "p": 2}, {"phi", "phi_plus", "phi_minus", "rank"}),
    "ELECTRE I": ({"p": 0.6, "q": 0.4}, {"concordance", "discordance", "kernel"}),
    "ELECTRE II": ({"p0": 0.7, "q1": 0.3}, {"score", "rank", "rank_direct", "rank_inverse"}),
    "ELECTRE III": (
        {"q": 0.5, "p": [1, 1, 1], "v": [5, None, 5]},
        {"credibility", "descending", "ascending", "relation", "rank"},
    ),
    "ELECTRE TRI": (
        {"profiles": [[2, 7, 2], [5, 4, 4]], "q": 0.5, "p": 1},
        {"pessimistic", "optimistic", "credibility", "credibility_of_profiles"},
    ),
    "SMAA": ({"draws": 50, "seed": 1}, {"acceptability", "central_weights", "confidence", "draws", "seed"}),
}


@pytest.fixture
def ask(tmp_path, capsys):
    def call(cases, code=0):
        file = tmp_path / "cases.json"
        file.write_text(cases if isinstance(cases, str) else json.dumps(cases))
        assert run(["appraisal", "mcda", str(file), "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return call


@pytest.mark.parametrize("method", KEYS)
def test_keys_of_each_method(ask, method):
    more, keys = KEYS[method]
    answer = ask([{"method": method, **BASE, **more}])
    (result,) = answer["results"]
    assert set(result) == keys | {"method"}
    assert result["method"] == method
    msgspec.convert(answer, verbs.load("appraisal mcda").answer)


def test_ahp_and_its_warning(ask):
    answer = ask([{"method": "AHP", "comparisons": [[1, 2, 9], [0.5, 1, 2], [1 / 9, 0.5, 1]]}])
    (result,) = answer["results"]
    assert set(result) == {"method", "weights", "lambda_max", "consistency_ratio"}
    assert answer["findings"] == []
    answer = ask([{"method": "AHP", "comparisons": [[1, 9, 1 / 9], [1 / 9, 1, 9], [9, 1 / 9, 1]]}])
    (finding,) = answer["findings"]
    assert (finding["rule"], finding["severity"]) == ("inconsistent_comparisons", "warning")
    assert "0, 1, 2" in finding["message"]


def test_method_names_are_read_kindly(ask):
    answer = ask([{"method": name, **BASE} for name in ("topsis", "electre_i", "Promethee", "SMAA-2")])
    assert [r["method"] for r in answer["results"]] == ["TOPSIS", "ELECTRE I", "PROMETHEE II", "SMAA"]


def test_keys_are_read_as_papers_write_them(ask):
    more = {"profiles": [[2, 7, 2]], "q": 0.5, "p": 1}
    ours, theirs = {"cut": 0.9}, {"lambda": 0.9}
    first, second = ask([{"method": "ELECTRE TRI", **BASE, **more, **word} for word in (ours, theirs)])[
        "results"
    ]
    assert first == second
    shapes = ({"preference": "linear"}, {"preference_function": "vshape_2"})
    first, second = ask([{"method": "PROMETHEE II", **BASE, "q": 0, "p": 2, **word} for word in shapes])[
        "results"
    ]
    assert first == second


def test_weights_given_to_smaa_are_not_read_and_a_note_says_so(ask):
    answer = ask([{"method": "SMAA", "draws": 20, **BASE}])
    assert [(f["rule"], f["severity"]) for f in answer["findings"]] == [("unknown_field", "note")]
    assert "weights" in answer["findings"][0]["message"]


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"method": "TOPSI", **BASE}, "TOPSI"),
        ({"method": "TOPSIS", **BASE, "weights": [1, 2]}, "3 weights"),
        ({"method": "TOPSIS", **BASE, "weights": [0, 0, 0]}, "zero"),
        ({"method": "TOPSIS", **BASE, "matrix": [[1, None, 2]]}, "alternative 0"),
        ({"method": "TOPSIS", "sense": ["max"]}, "needs matrix"),
        ({"method": "VIKOR", **BASE, "v": "half"}, "half"),
        ({"method": "ELECTRE II", **BASE, "p0": 0.1}, "p = "),
        ({"method": "ELECTRE II", **BASE, "p0": "x"}, "p0 = "),
        ({"method": "SMAA", **BASE, "draws": "many"}, "draws"),
        ({"method": "SMAA", **BASE, "seed": -1}, "seed"),
        ({"method": "SMAA", **BASE, "spread": "a"}, "spread"),
        ({"method": "ELECTRE III", **BASE, "discrimination": [1]}, "discrimination"),
        ({"method": "AHP"}, "comparisons"),
        ({}, "no method"),
    ],
)
def test_a_bad_case_alone_is_refused(ask, case, said):
    error = ask([case], code=2)["error"]
    assert error["rule"] == "bad_mcda_input"
    assert said in error["message"]
    assert error["hint"]


def test_in_a_batch_the_bad_case_keeps_its_place_and_the_others_are_answered(ask):
    answer = ask([{"method": "TOPSIS", **BASE}, {"method": "TOPSIS", **BASE, "weights": [1]}], code=2)
    good, bad = answer["results"]
    assert good["rank"]
    assert bad["error"]["rule"] == "bad_mcda_input"
    assert bad["asked"] == "TOPSIS"
    (finding,) = answer["findings"]
    assert (finding["table"], finding["severity"]) == ("results[1]", "error")


def test_a_constant_criterion_is_a_finding(ask):
    case = {"method": "TOPSIS", **BASE, "matrix": [[1, 5, 2], [4, 5, 6]]}
    answer = ask([case])
    assert [f["rule"] for f in answer["findings"]] == ["bad_mcda_input"]
    assert answer["results"][0]["rank"] == [2, 1]


def test_strict_refuses_a_constant_criterion(tmp_path, capsys):
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"method": "TOPSIS", **BASE, "matrix": [[1, 5, 2], [4, 5, 6]]}))
    assert run(["appraisal", "mcda", str(file), "--strict", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["rule"] == "bad_mcda_input"


@pytest.mark.parametrize("text", ["{", "[NaN]", "\udce9"])
def test_a_file_that_is_no_json_is_refused(tmp_path, capsys, text):
    file = tmp_path / "cases.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    assert run(["appraisal", "mcda", str(file), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["rule"] == "bad_json"


@pytest.mark.parametrize("cases", [[1], "3"])
def test_a_json_that_is_no_list_of_cases_is_refused(ask, cases):
    assert ask(cases, code=2)["error"]["rule"] == "bad_mcda_input"


def test_no_cases_no_results(ask):
    assert ask([]) == {"findings": [], "results": []}


def test_for_a_person_every_figure_is_printed(tmp_path, capsys):
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"method": "VIKOR", **BASE}))
    assert run(["appraisal", "mcda", str(file)]) == 0
    out = capsys.readouterr().out
    assert "VIKOR" in out
    assert "compromise_set: [" in out
