"""What the files of the roads are checked with in a browser, and a drive to spoil."""

from __future__ import annotations

from invented.fixtures import axe  # noqa: F401 - a fixture
from invented.spoiled import ask, drives, process, road, whole  # noqa: F401 - fixtures
from invented.stores import each_store, prepared, prepared_database  # noqa: F401 - fixtures
