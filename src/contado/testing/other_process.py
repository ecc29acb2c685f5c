"""The other process of the check ``determinism``: ``python -m contado.testing.other_process JSON``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from contado.kernel import tables
from contado.testing import evidence
from contado.testing.suite import load_class

__all__ = ["main"]


def main(order: dict[str, Any]) -> None:
    """Run a practice on a workspace and write the tables of each function to a folder of its name."""
    practice = load_class(order["module"], order["name"], order["file"])()
    out = Path(order["out"])
    run = evidence.run_practice(practice, Path(order["root"]), out.parent / "run")
    for step in run.steps:
        if step.error is not None:
            text = f"{step.name} fails: {type(step.error).__name__}: {step.error}"
            (out / f"{step.name}.error").write_text(text, encoding="utf-8")
            break
        folder = out / step.name
        folder.mkdir()
        for name, table in evidence.tidy_tables(step.result).items():
            tables.write_parquet(table, folder / f"{name}.parquet")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
