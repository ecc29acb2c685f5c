"""What the files of the roads are checked with in a browser."""

from __future__ import annotations

from invented.fixtures import axe  # noqa: F401 - a fixture
