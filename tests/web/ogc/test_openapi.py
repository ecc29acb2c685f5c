"""The definition of the API: valid, complete, and what schemathesis makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from invented.processes import server


def test_every_route_of_the_api_stands_in_the_definition(api):
    document = api.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.0")
    paths = document["paths"]
    for layer in ("municipalities", "places"):
        for end in ("", "/items", "/items/{featureId}", "/queryables", "/schema", "/tiles"):
            assert f"/api/collections/{layer}{end}" in paths
    assert set(paths["/api/collections/places/items"]) == {"get", "post"}
    assert set(paths["/api/collections/municipalities/items"]) == {"get"}
    assert {"put", "patch", "delete"} < set(paths["/api/collections/places/items/{featureId}"])
    operations = [
        op["operationId"] for item in paths.values() for key, op in item.items() if key != "parameters"
    ]
    assert len(operations) == len(set(operations))


def test_answers_fit_their_own_definition(api):
    document = api.get("/api/openapi.json").json()
    schemas = document["components"]["schemas"]
    for name, path in (
        ("LandingPage", "/api/"),
        ("Collections", "/api/collections"),
        ("FeatureCollection", "/api/collections/places/items"),
        ("Problem", "/api/none"),
    ):
        wanted = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
        jsonschema.validate(_nullable(api.get(path).json()), wanted, jsonschema.Draft4Validator)


def _nullable(body):
    """Leave out nulls: the dialect of OpenAPI 3.0 says them apart from the type."""
    if isinstance(body, dict):
        return {key: _nullable(value) for key, value in body.items() if value is not None}
    return [_nullable(value) for value in body] if isinstance(body, list) else body


@pytest.mark.slow
def test_schemathesis_finds_no_defect(own_city, tmp_path):
    """Random requests after the definition, with a token, on a real server: never a 5xx, always what it says."""
    serve = server(own_city.path)
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        url = json.loads(process.stdout.readline())["url"]
        report = tmp_path / "report.json"
        command = [
            *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}api/openapi.json"),
            *("-c", "not_a_server_error,status_code_conformance,content_type_conformance"),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", "10", "--max-time", "120"),
            *("--seed", "9", "--continue-on-failure", "--no-color", "--report-json-path", str(report)),
            *("-H", f"Authorization: {own_city.tokens['capo']['authorization']}"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        process.terminate()
    assert done.returncode == 0, done.stdout[-4000:]
    assert report.stat().st_size > 0
