"""The common rules of the command line, kept by every verb of the index."""

import errno
import json
import subprocess
import sys

import pytest

from contado import verbs
from contado.cli.app import run
from contado.kernel.declare import Answer, fields, json_schema
from contado.kernel.units import UNITS, unit_of

NAMES = list(verbs.names())


@pytest.fixture(params=NAMES)
def verb(request):
    return verbs.load(request.param)


def test_the_index_says_what_the_declaration_says(verb):
    entry = verbs.INDEX
    for part in verb.name.split():
        entry = entry[part]
    assert entry == verb.help
    assert verb.__class__.__name__ == "Verb"


def test_every_field_is_explained_and_its_unit_stands_in_its_name(verb):
    for field in fields(verb.request):
        assert field.help, field.name
        if field.unit is not None:
            assert field.unit in UNITS
            assert unit_of(field.name) == field.unit, field.name


def test_request_and_answer_have_a_published_schema(verb):
    assert json_schema(verb.request)
    assert "findings" in json.dumps(json_schema(verb.answer))
    assert issubclass(verb.answer, Answer)


def test_help_is_printed(verb, capsys):
    assert run([*verb.name.split(), "--help"]) == 0
    text = capsys.readouterr().out
    assert "--json" in text
    assert verb.help in text


def test_an_unknown_option_is_one_error_object_and_exit_code_2(verb, capsys):
    assert run([*verb.name.split(), "--no-such-option", "--json"]) == 2
    out = capsys.readouterr().out
    error = json.loads(out)["error"]
    assert sorted(error) == ["field", "hint", "message", "rows", "rule"]
    assert error["hint"]


def test_a_workspace_verb_without_a_workspace_says_so(verb, capsys, monkeypatch, tmp_path):
    if not verb.workspace:
        pytest.skip("works without a workspace")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONTADO_WORKSPACE", raising=False)
    required = [f for f in fields(verb.request) if f.required]
    words = [w for f in required for w in (["x"] if f.positional else ["--" + f.name.replace("_", "-"), "1"])]
    assert run([*verb.name.split(), *words, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["rule"] == "no_workspace"


def test_a_folder_that_is_no_workspace_is_refused(verb, capsys, tmp_path):
    if not verb.workspace or verb.name == "serve":
        pytest.skip("works without a workspace, or runs until it is stopped")
    required = [f for f in fields(verb.request) if f.required]
    words = [w for f in required for w in (["1"] if f.positional else ["--" + f.name.replace("_", "-"), "1"])]
    code = run([*verb.name.split(), *words, "-w", str(tmp_path / "nowhere"), "--json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert code == 2, error
    assert error["rule"] != "internal_error"


# ---------------------------------------------------------------- the program itself
def modules_after(code: str) -> set[str]:
    program = f"import sys\n{code}\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")[-2].split())


HEAVY = {"numpy", "pandas", "geopandas", "pyogrio", "pyarrow", "scipy", "numba", "fastapi", "jinja2"}


def test_help_imports_nothing_heavy():
    code = "from contado.cli.app import run\nassert run(['--help']) == 0\nassert run(['pavement', '--help']) == 0"
    assert not HEAVY & modules_after(code)


def test_importing_contado_is_light():
    assert not (HEAVY | {"click", "rich", "msgspec"}) & modules_after("import contado")


def test_declaring_verbs_imports_nothing_heavy():
    code = "from contado import verbs\nfor name in verbs.names(): verbs.load(name)"
    assert not HEAVY & modules_after(code)


def test_the_version(capsys):
    assert run(["--version"]) == 0
    assert "contado, version" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "hint"), [(["pavment"], "pavement"), (["pavement", "iir"], "iri"), (["plna"], "plan")]
)
def test_a_mistyped_verb_is_answered_with_the_nearest(words, hint, capsys):
    assert run([*words, "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["rule"] == "unknown_verb"
    assert hint in error["hint"]


@pytest.mark.parametrize(
    ("failure", "code", "rule"),
    [
        (RuntimeError("oh"), 1, "internal_error"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(errno.ENOSPC, "No space left on device", "x.parquet"), 2, "disk_full"),
        (PermissionError(errno.EACCES, "Permission denied", "x.parquet"), 2, "no_permission"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x.parquet"), 2, "file_not_found"),
        (MemoryError(), 2, "out_of_memory"),
    ],
)
def test_no_failure_reaches_the_user_as_a_traceback(failure, code, rule, capsys, monkeypatch, tmp_path):
    verb = verbs.load("bench")
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def fail(*_):
        raise failure

    monkeypatch.setattr(type(verb), "__call__", fail)
    assert run(["bench", "all", "--json"]) == code
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"]["rule"] == rule
    assert "Traceback" not in captured.err


def test_negative_numbers_are_arguments(capsys, tmp_path):
    assert run(["locate", "-9.1", "45", "-w", str(tmp_path), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["rule"] != "bad_usage"
