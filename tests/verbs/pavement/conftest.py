"""Files that verbs of the road engine read."""

from __future__ import annotations

import pytest


@pytest.fixture
def write(tmp_path):
    def put(name, text, encoding="utf-8"):
        (tmp_path / name).write_text(text, encoding=encoding)
        return str(tmp_path / name)

    return put
