"""Static files: hash in the address, immutable caching, compression, nothing foreign."""

from __future__ import annotations

import gzip
import re

import pytest

from contado.web import statics

MAP_PAGE = ("contado.css", "tool.css", "js/appearance.js", "js/contado.js", "js/map.js", "tokens.css")
PROGRAMME_PAGE = (
    *("contado.css", "sheets.css", "programme.css", "js/appearance.js", "js/contado.js", "tokens.css"),
)
LIVE_MAP = (*MAP_PAGE, "js/listen.js")
LAYER_PAGE = (*MAP_PAGE, "js/areas.js")
BESIDE_MAP = (*MAP_PAGE, "js/beside.js")
LATER = ("js/live.js", "js/layers.js")
"""Fetched when a drive is told of, when the panel of the layers is opened."""
OWN = (
    *LIVE_MAP,
    *LATER,
    "form.css",
    "sheets.css",
    "programme.css",
    "js/areas.js",
    "js/beside.js",
    "js/choices.js",
)


def test_a_hashed_address_is_immutable_and_a_bare_one_is_asked_again(client):
    address = statics.address("contado.css")
    assert client.get(address).headers["cache-control"] == "public, max-age=31536000, immutable"
    bare = client.get("/static/contado.css")
    assert bare.headers["cache-control"] == "no-cache"
    again = client.get("/static/contado.css", headers={"if-none-match": bare.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/static/contado.css?h=0000").headers["cache-control"] == "no-cache"


def test_files_are_compressed_where_the_browser_takes_it(client):
    got = client.get("/static/contado.css", headers={"accept-encoding": "gzip"})
    assert got.headers["content-encoding"] == "gzip"
    assert (
        "content-encoding" not in client.get("/static/contado.css", headers={"accept-encoding": ""}).headers
    )


@pytest.mark.parametrize("path", ["../app.py", "%2e%2e/app.py", "vendor/../../app.py", "nothing.css", ""])
def test_nothing_outside_the_folder_is_served(client, path):
    got = client.get(f"/static/{path}")
    assert got.status_code == 404
    assert b"FastAPI" not in got.content


def test_own_files_name_no_foreign_address():
    for name in (*OWN, "signs.svg", "favicon.svg"):
        text = statics.find(name).plain.decode()
        found = [a for a in re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text) if "www.w3.org" not in a]
        assert found == [], name


@pytest.mark.parametrize(
    "page",
    [MAP_PAGE, BESIDE_MAP, LIVE_MAP, LAYER_PAGE, PROGRAMME_PAGE],
    ids=["map", "beside", "live", "layer", "programme"],
)
def test_own_css_and_modules_of_a_page_weigh_at_most_12_kb(page):
    files = [statics.find(name) for name in page]
    assert all(gzip.decompress(file.packed) == file.plain for file in files)
    assert sum(len(file.packed) for file in files) <= 12 * 1024


def test_the_font_faces_use_the_addresses_that_pages_preload(client):
    sheet = statics.find("tokens.css").plain.decode()
    address = statics.address("vendor/fonts/titillium-web-400.woff2")
    assert address in sheet
    assert address in client.get("/").text


def test_the_worker_is_a_module_script_for_the_browser(client):
    if statics.find("vendor/maplibre/maplibre-gl-worker.mjs") is None:
        pytest.skip("the front end is not built")
    got = client.get("/static/vendor/maplibre/maplibre-gl-worker.mjs")
    assert got.headers["content-type"].startswith("text/javascript")


def test_modules_are_served_without_comments_and_line_ends_that_end_nothing():
    written = """// the head
const a = 1; // why, and not "what"
const says = `kept
  as it is`;
const make = (x) => ({
  a: x,
  b: [1, 2],
});
let last
a.b
  ?.c()
"""
    told = statics._squeezed(written, ".js")
    assert told == "const a=1;const says=`kept\nas it is`;const make=(x)=>({a:x,b:[1,2],});let last\na.b?.c()"


def test_no_text_of_our_modules_looks_like_a_comment():
    for path in (statics.STATIC / "js").glob("*.js"):
        for line in path.read_text(encoding="utf-8").splitlines():
            code, comment, _ = line.partition(" // ")
            assert not comment or all(code.count(quote) % 2 == 0 for quote in "\"'`"), f"{path.name}: {line}"
