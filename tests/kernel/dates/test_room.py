"""The page's examples run; the room opens without heavy libraries; its names are sorted and real."""

import doctest
import subprocess
import sys
from pathlib import Path

from contado.kernel import dates

PAGE = Path(__file__).resolve().parents[3] / "docs" / "dates.md"


def test_the_examples_of_the_page():
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted > 15
    assert result.failed == 0


def test_the_public_names_exist_and_are_sorted():
    assert dates.__all__ == sorted(dates.__all__)
    assert all(hasattr(dates, name) for name in dates.__all__)


def test_the_room_imports_neither_numpy_nor_the_calendar_library():
    code = "import sys, contado.kernel.dates; print({'numpy', 'pandas', 'pyarrow', 'icalendar', 'dateutil'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
