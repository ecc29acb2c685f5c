"""contado frontend check: the third-party files of the web pages against their manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, option
from contado.kernel.errors import Finding
from contado.verbs.frontend import vendor

__all__ = ["VERB"]


class CheckRequest(Request, frozen=True, kw_only=True):
    """Which folder to check."""

    root: Annotated[Path | None, option("another copy of the static vendor folder")] = None


class CheckedFile(msgspec.Struct, kw_only=True):
    """A file: where, its hash by the manifest, whether its bytes have that hash."""

    path: str
    sha256: str
    ok: bool


class CheckedPackage(msgspec.Struct, kw_only=True):
    """A package and its files."""

    name: str
    version: str
    licence: str
    files: list[CheckedFile]


class CheckAnswer(Answer, kw_only=True):
    """Whether the files are there and unchanged."""

    present: bool
    ok: bool
    root: str
    lock_sha256: str | None
    packages: list[CheckedPackage]
    changed: list[str]
    missing: list[str]

    def exit_code(self) -> int:
        """3 when something is absent or differs."""
        return 0 if self.ok else 3


def _run(request: CheckRequest, context: Context) -> CheckAnswer:  # noqa: ARG001 - every verb takes both
    root = request.root or vendor.VENDOR
    manifest = vendor.load(root)
    if manifest is None:
        absent = Finding(
            severity="error",
            rule="frontend_absent",
            message=f"There is no manifest.json in {root}.",
            hint="install without CONTADO_FRONTEND=skip",
        )
        return CheckAnswer(
            present=False,
            ok=False,
            root=str(root),
            lock_sha256=None,
            packages=[],
            changed=[],
            missing=[],
            findings=[absent],
        )
    states = vendor.inspect(manifest, root)
    changed, missing = ([p for p, s in states.items() if s == kind] for kind in ("changed", "missing"))
    return CheckAnswer(
        present=True,
        ok=not changed and not missing,
        root=str(root),
        lock_sha256=manifest.lock_sha256,
        packages=[_checked(package, states) for package in manifest.packages],
        changed=changed,
        missing=missing,
        findings=[_finding(path, state) for path, state in states.items() if state != "ok"],
    )


def _checked(package: vendor.Package, states: dict[str, vendor.State]) -> CheckedPackage:
    files = [CheckedFile(path=f.path, sha256=f.sha256, ok=states[f.path] == "ok") for f in package.files]
    return CheckedPackage(name=package.name, version=package.version, licence=package.licence, files=files)


def _finding(path: str, state: str) -> Finding:
    return Finding(
        severity="error",
        rule=f"file_{state}",
        message=f"{path} is {state}.",
        hint="build again: pip install --force-reinstall .",
    )


VERB = Verb(
    name="frontend check",
    help="Check the third-party files of the web pages",
    request=CheckRequest,
    answer=CheckAnswer,
    run=_run,
)
