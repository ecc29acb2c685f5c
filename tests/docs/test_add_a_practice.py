"""The page "Add a practice", followed to the letter in an environment of its own."""

import json
import os
import re
import shlex
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "add-a-practice.md"
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """An environment that sees contado and its packages, into which the page's package is installed."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    target = next(folder.glob("lib/python*/site-packages"))
    here = sysconfig.get_paths()["purelib"]
    (target / "contado-here.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    return folder / "bin" / "python"


def command(python: Path, line: str) -> list[str]:
    words = shlex.split(line)
    if words[0] == "pip":
        return [
            str(python),
            "-m",
            "pip",
            "--quiet",
            words[1],
            "--no-index",
            "--no-deps",
            "--no-build-isolation",
            *words[2:],
        ]
    assert words[0] == "contado"
    return [str(python), "-m", "contado.cli", *words[1:]]


def test_a_newcomer_adds_a_practice_by_following_the_page(python, tmp_path):
    printed = {}
    for language, name, body in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if name:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(body, encoding="utf-8")
        elif language == "console":
            for line in re.findall(r"^\$ (.*)$", body, flags=re.MULTILINE):
                environment = {**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
                done = subprocess.run(
                    command(python, line),
                    cwd=tmp_path,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
                printed[line] = done.stdout
    assert "orti_urbani" in printed["contado practice list"]
    run = [str(python), "-m", "contado.cli", "plan", "-w", "city", "--json"]
    answer = json.loads(subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True).stdout)
    assert [c["intervention_id"] for c in answer["programme"]] == ["orti_urbani:plot-1"]
    assert answer["candidates"] == 2
