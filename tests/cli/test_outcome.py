"""What the border of the program says of failures of the file system."""

from __future__ import annotations

import json

import pytest

from contado.cli.outcome import report_failure


@pytest.mark.parametrize(
    ("stands", "rule", "message"),
    [
        ("file", "file_not_found", "A file stands where a folder is needed"),
        ("folder", "file_error", "There is a folder of this name already"),
    ],
)
def test_what_stands_where_a_folder_is_to_be_made_is_named(tmp_path, capsys, stands, rule, message):
    place = tmp_path / "out"
    place.touch() if stands == "file" else place.mkdir()
    with pytest.raises(FileExistsError) as caught:
        place.mkdir()
    assert report_failure(caught.value, ["--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["rule"], error["field"]) == (rule, str(place))
    assert error["message"].startswith(message)
    assert "folder" in error["hint"] or "another name" in error["hint"]
