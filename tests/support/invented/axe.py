"""Sources that tests run in a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

FRONTEND = Path(__file__).resolve().parents[3] / "frontend"


def axe_source(folder: Path) -> str:
    """Return axe-core at the locked version, its tarball checked against the lock, or skip."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm on this machine to fetch axe-core with")
    entry = json.loads((FRONTEND / "package-lock.json").read_text())["packages"]["node_modules/axe-core"]
    command = [npm, "pack", f"axe-core@{entry['version']}", "--silent", "--prefer-offline"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("axe-core cannot be fetched: the npm registry is out of reach")
    tarball = next(folder.glob("*.tgz"))
    digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    assert entry["integrity"] == f"sha512-{digest}"
    with tarfile.open(tarball) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()
