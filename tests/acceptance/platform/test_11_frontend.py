"""Item 11 of the platform: the front end comes with `pip install .`, locked, checked, untracked."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from invented.processes import program

ROOT = Path(__file__).resolve().parents[3]
FRONTEND = ROOT / "frontend"
WANTED = {"bootstrap-italia", "maplibre-gl", "pmtiles", "htmx.org", "@popperjs/core"}


def git_files(*options: str) -> list[str]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("no checkout under version control")
    done = subprocess.run([git, "-C", ROOT, "ls-files", *options], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Vendor folder of a package that a fresh environment installed from the files that are not ignored."""
    folder = tmp_path_factory.mktemp("fresh")
    for name in git_files("--cached", "--others", "--exclude-standard"):
        if (ROOT / name).is_file():
            (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / "source" / name)
    base = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([base, "-m", "venv", folder / "venv"], check=True)
    pip = [folder / "venv/bin/python", "-m", "pip", "install", "--quiet", "--no-deps", folder / "source"]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode and "npm ping" in done.stdout + done.stderr:
        pytest.skip("the npm registry is out of reach: the build says so and fails")
    assert done.returncode == 0, done.stdout + done.stderr
    return next((folder / "venv").glob("lib/python3*/site-packages/contado/web/static/vendor"))


def check(*arguments: object) -> tuple[int, dict]:
    command = program("frontend", "check", *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.item(
    "platform", 11, "pip install . in a fresh environment", "manifest and all files, frontend check ok"
)
def test_a_fresh_environment_gets_manifest_and_files(installed, figure):
    code, answer = check("--root", installed)
    files = [f for p in answer["packages"] for f in p["files"]]
    figure(
        f"{len(answer['packages'])} packages, {len(files)} files, changed {len(answer['changed'])}, missing {len(answer['missing'])}"
    )
    assert (code, answer["present"], answer["ok"]) == (0, True, True)
    assert {p["name"] for p in answer["packages"]} == WANTED
    assert all(f["ok"] for f in files)
    assert (installed / "THIRD_PARTY.md").is_file()


@pytest.mark.slow
@pytest.mark.item(
    "platform", 11, "one changed byte in a copy of the vendor folder", "found, path named, exit 3"
)
def test_frontend_check_finds_one_changed_byte(installed, tmp_path, figure):
    copy = shutil.copytree(installed, tmp_path / "copy")
    victim = copy / "css/bootstrap-italia.min.css"
    content = bytearray(victim.read_bytes())
    content[1000] ^= 1
    victim.write_bytes(content)
    (copy / "js/pmtiles.js").unlink()
    code, answer = check("--root", copy)
    figure(f"changed {answer['changed']}, missing {answer['missing']}, exit {code}")
    assert (code, answer["ok"], answer["present"]) == (3, False, True)
    assert answer["changed"] == ["css/bootstrap-italia.min.css"]
    assert answer["missing"] == ["js/pmtiles.js"]


def test_an_absent_folder_is_said_and_exits_3(tmp_path):
    code, answer = check("--root", tmp_path)
    assert (code, answer["present"], answer["ok"], answer["packages"]) == (3, False, False, [])


@pytest.mark.item(
    "platform", 11, "rules of the lock file", "no resolved, sha512 integrity, exact versions, version 3"
)
def test_the_lock_names_no_registry_and_pins_everything(figure):
    lock = json.loads((FRONTEND / "package-lock.json").read_text())
    entries = {k: v for k, v in lock["packages"].items() if k}
    figure(f"{len(entries)} packages, 0 resolved")
    assert lock["lockfileVersion"] == 3
    assert [k for k, v in entries.items() if "resolved" in v] == []
    assert [k for k, v in entries.items() if not v.get("integrity", "").startswith("sha512-")] == []
    assert [k for k, v in entries.items() if not re.fullmatch(r"\d+\.\d+\.\d+[-.\w]*", v["version"])] == []


def test_every_direct_dependency_is_an_exact_version_that_the_lock_agrees_with():
    package = json.loads((FRONTEND / "package.json").read_text())
    lock = json.loads((FRONTEND / "package-lock.json").read_text())["packages"]
    wanted = {**package["dependencies"], **package["devDependencies"]}
    assert {n: lock[f"node_modules/{n}"]["version"] for n in wanted} == wanted
    assert set(package["dependencies"]) == WANTED


def test_npm_is_told_no_registry_and_runs_no_scripts():
    lines = (FRONTEND / ".npmrc").read_text().split()
    assert "ignore-scripts=true" in lines
    assert "omit-lockfile-registry-resolved=true" in lines
    assert not [line for line in lines if "registry=" in line and not line.startswith("omit-")]


@pytest.mark.item("platform", 11, "third-party files tracked by version control", "0")
def test_no_third_party_file_is_tracked(figure):
    pattern = re.compile(r"static/vendor/|node_modules/|\.min\.(js|css)$|\.woff2?$|maplibre-gl|sprites\.svg$")
    found = [name for name in git_files() if pattern.search(name)]
    figure(len(found))
    assert found == []
