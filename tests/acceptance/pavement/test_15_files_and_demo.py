"""pavement.md 19, item 15: the demonstration, the replay in a browser, the open drives end to end."""

from __future__ import annotations

import base64
import json
from time import perf_counter, process_time

import pytest

from contado.kernel.publish import style

pytest.importorskip("osmium")
CLASSES = ("A", "B", "C", "D")
LEAST_PIXELS = 60


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demonstration, made once for this file, and its answer."""
    from contado import verbs

    folder = tmp_path_factory.mktemp("demo") / "roads"
    verb = verbs.load("pavement demo")
    began = process_time()
    answer = verb(verb.request(folder=folder))
    return folder, answer, process_time() - began


@pytest.fixture(scope="module")
def replay(demo):
    from contado import verbs

    folder = demo[0]
    verb = verbs.load("pavement replay")
    out = folder.parent / "replay.html"
    verb(
        verb.request(
            drives=folder / "drives",
            network=folder / "drives/network.geojson",
            route=folder / "demo.csv",
            out=out,
        )
    )
    return out


def opened(browser, file, **options):
    """A tab with the file, what it logged and every request that left it."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}, **options).new_page()
    page.faults, page.requests = [], []
    page.on("console", lambda m: page.faults.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda e: page.faults.append(str(e)))
    page.on("request", lambda r: page.requests.append(r.url))
    page.goto(file.as_uri())
    page.wait_for_timeout(300)
    return page


def pixels(browser, png: bytes) -> dict[str, int]:
    """How many pixels of a picture have exactly the colour of each class."""
    colours = {name: style.load().by_id(name).light for name in CLASSES}
    page = browser.new_page()
    found = page.evaluate(
        """async ([data, colours]) => {
          const image = new Image();
          image.src = `data:image/png;base64,${data}`;
          await image.decode();
          const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
          const g = canvas.getContext("2d");
          g.drawImage(image, 0, 0);
          const { data: d } = g.getImageData(0, 0, image.width, image.height);
          const seen = {};
          for (let i = 0; i < d.length; i += 4) {
            const key = (d[i] << 16) | (d[i + 1] << 8) | d[i + 2];
            seen[key] = (seen[key] ?? 0) + 1;
          }
          return Object.fromEntries(Object.entries(colours).map(([n, c]) => [n, seen[parseInt(c.slice(1), 16)] ?? 0]));
        }""",
        [base64.b64encode(png).decode(), colours],
    )
    page.close()
    return found


@pytest.mark.slow
@pytest.mark.item("pavement", 15, "`pavement demo` with no file at hand", "< 60 s")
def test_the_demonstration_needs_nothing_and_less_than_a_minute(demo, figure):
    folder, answer, busy = demo
    times = f"{busy:.0f} s of the processor, {answer.seconds:.0f} s by the clock"
    figure(f"{times}, {len(answer.files)} files, {answer.segments} segments, {answer.chosen} works")
    assert answer.label == "simulated"
    assert min(answer.seconds, busy) < 60  # other work on the machine does not count
    written = {f.path for f in answer.files}
    assert {
        "process.json", "state/cell_state.parquet", "segments.csv", "condition.json", "options/options.csv",
        "programme/programme.parquet", "map.html", "report.html", "matched/routes.parquet",
    } <= written  # fmt: skip
    assert 0 < answer.chosen <= answer.segments
    assert json.loads((folder / "process.json").read_bytes())["label"] == "simulated"


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.item(
    "pavement", 15, "replay and map in a browser: four class colours, requests", "4 of 4, 0 requests"
)
@pytest.mark.parametrize("name", ["replay", "map"])
def test_the_four_classes_are_seen_and_nothing_is_asked_for(demo, replay, chromium, figure, name):
    file = replay if name == "replay" else demo[0] / "map.html"
    page = opened(chromium, file)
    seen = pixels(chromium, page.locator(".rv-frame").screenshot())
    figure(
        f"{name}: "
        + ", ".join(f"{c} {n}" for c, n in seen.items())
        + f" pixels, {len(page.requests) - 1} requests"
    )
    assert min(seen.values()) >= LEAST_PIXELS
    assert page.requests == [file.as_uri()]
    assert page.faults == []
    page.context.close()


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.item(
    "pavement", 15, "replay: cells appear as the car passes, also by the slider", "0 ahead of the car"
)
def test_cells_appear_behind_the_car(replay, chromium, figure):
    page = opened(chromium, replay)
    assert page.locator("tbody:visible tr.rv-later").count() == 0  # it opens at the end of the drive
    page.locator("#rv-time").fill("120")
    page.locator("#rv-time").dispatch_event("input")
    shown = page.evaluate(
        """() => {
          const [drive] = JSON.parse(document.getElementById("rv-data").textContent).replay.drives;
          const at = Math.max(...drive.at.slice(0, 121));
          const rows = [...document.querySelectorAll(".rv-tablebox .rv-d0 tr[data-p]")];
          const late = rows.map((row) => row.classList.contains("rv-later"));
          return { wrong: rows.filter((_, k) => late[k] !== drive.ends[k] > at + 0.5).length, late: late.filter(Boolean).length, n: rows.length };
        }"""
    )
    figure(f"{shown['n'] - shown['late']} of {shown['n']} cells after 120 s, {shown['wrong']} wrong")
    assert shown["wrong"] == 0
    assert 0 < shown["late"] < shown["n"]
    before = page.locator("#rv-now").inner_text()
    page.locator("#rv-go").click()
    page.wait_for_timeout(700)
    page.locator("#rv-go").click()
    assert page.locator("#rv-now").inner_text() != before
    page.context.close()


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.item("pavement", 15, "map and replay without JavaScript: rows and lines of the end state", "all")
@pytest.mark.parametrize("name", ["replay", "map"])
def test_the_files_are_read_without_a_script(demo, replay, chromium, figure, name):
    file = replay if name == "replay" else demo[0] / "map.html"
    page = opened(chromium, file, java_script_enabled=False)
    rows = page.locator("tbody tr[data-p]:visible").count()
    lines = page.locator("svg .rv-line:visible").count()
    figure(f"{name}: {rows} rows, {lines} lines")
    assert rows == lines > 30
    page.locator("#f-D, #d-1").first.click()
    if name == "map":
        assert page.locator("tr.k-D:visible").count() == 0
        assert page.locator("svg .k-D .rv-line:visible").count() == 0
    else:
        assert page.locator(".rv-d1 tr[data-p]:visible").count() > 30
    page.context.close()


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.item(
    "pavement", 15, "map, replay, report at 320, 360, 1280 px: axe, reflow, console", "0 faults"
)
def test_the_files_are_accessible_and_reflow(demo, replay, chromium, axe, figure):
    found = []
    for file in (demo[0] / "map.html", replay, demo[0] / "report.html"):
        for width in (320, 360, 1280):
            context = chromium.new_context(viewport={"width": width, "height": 900}, bypass_csp=True)
            page = context.new_page()
            page.goto(file.as_uri())
            page.wait_for_timeout(200)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{file.name} {width}: scrolls sideways")
            page.evaluate(axe)
            faults = page.evaluate(
                "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})"
            )
            found += [
                f"{file.name} {width}: {v['id']} {v['nodes'][0]['html'][:120]}" for v in faults["violations"]
            ]
            context.close()
    figure(f"3 files, 3 widths, {len(found)} faults")
    assert found == []


@pytest.mark.slow
@pytest.mark.item("pavement", 15, "six open drives: read, match, process, fuse, map, warm", "< 10 s")
def test_the_open_drives_end_to_end(shared, tmp_path, figure):
    from contado import verbs

    folder, network = shared("roads/telemetry_synth"), shared("roads/network/liechtenstein.osm.pbf")
    process, fuse, draw = (verbs.load(f"pavement {name}") for name in ("process", "fuse", "map"))

    def whole(out) -> tuple[float, float]:
        began = (process_time(), perf_counter())
        done = process(
            process.request(drives=folder, network=network, route=folder / "truth_route.csv", out=out / "obs")
        )
        fuse(
            fuse.request(observations=[str(out / "obs/cell_obs.parquet")], out=out / "state", on=done.last_on)
        )
        draw(draw.request(state=out, out=out / "map.html"))
        return process_time() - began[0], perf_counter() - began[1]

    whole(tmp_path / "cold")
    busy, clock = (
        min(found) for found in zip(*(whole(tmp_path / f"warm{k}") for k in range(2)), strict=True)
    )
    figure(f"{busy:.1f} s of the processor, {clock:.1f} s by the clock")
    assert min(busy, clock) < 10  # other work on the machine does not count
