"""Feeds: well formed, dated as their norms ask, texts escaped, the same items give the same bytes."""

import datetime as dt
import json
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as ET

import pytest
from shapely import LineString, MultiPolygon, Point, Polygon, box

from contado.kernel.publish import feeds
from contado.kernel.publish.report import cleaned

KML = "{http://www.opengis.net/kml/2.2}"
INSTANT = dt.datetime(2026, 10, 31, 9, 5, tzinfo=dt.UTC)


def feed(text="Novità"):
    entries = (
        feeds.Entry(
            id="a:1", title=text, link="https://x.example/a?b=1&c=2", summary=text, published=INSTANT
        ),
        feeds.Entry(id="a:2", title="senza data", link="https://x.example/b"),
    )
    return feeds.Feed(
        title=text,
        link="https://x.example/",
        description=text,
        address="https://x.example/rss",
        updated=INSTANT,
        entries=entries,
    )


def test_rss_holds_items_dates_and_its_own_address(hostile):
    data = feeds.rss(feed(hostile))
    assert data == feeds.rss(feed(hostile))
    channel = ET.fromstring(data).find("channel")
    items = channel.findall("item")
    assert channel.findtext("title") == items[0].findtext("description") == cleaned(hostile)
    assert items[0].findtext("link") == "https://x.example/a?b=1&c=2"
    assert (items[0].find("guid").get("isPermaLink"), items[0].findtext("guid")) == ("false", "a:1")
    assert parsedate_to_datetime(items[0].findtext("pubDate")) == INSTANT
    assert items[1].find("pubDate") is None
    own = channel.find("{http://www.w3.org/2005/Atom}link")
    assert (own.get("rel"), own.get("href")) == ("self", "https://x.example/rss")


def test_an_instant_without_zone_is_refused():
    entry = feeds.Entry(id="a", title="a", link="b", published=dt.datetime(2026, 1, 1))  # noqa: DTZ001 - the case tested
    with pytest.raises(ValueError, match="no time zone"):
        feeds.rss(feeds.Feed(title="a", link="b", description="c", address="d", entries=(entry,)))


def places(text="Punto"):
    ring = Polygon(box(0, 0, 4, 4).exterior, [box(1, 1, 2, 2).exterior])
    return (
        feeds.Place(
            id="p1", name=text, geometry=Point(9.19, 45.4642), properties={"nota": text, "altro": None}
        ),
        feeds.Place(id="p2", name="linea", geometry=LineString([(9, 45), (9.1, 45.1)])),
        feeds.Place(id="p3", name="aree", geometry=MultiPolygon([ring, box(5, 5, 6, 6)])),
        feeds.Place(id="p4", name="senza luogo", geometry=None),
    )


def test_geojson_keeps_ids_positions_and_what_is_unknown(hostile):
    data = feeds.geojson(places(hostile))
    features = json.loads(data)["features"]
    assert [f["id"] for f in features] == ["p1", "p2", "p3", "p4"]
    assert features[0]["geometry"]["coordinates"] == [9.19, 45.4642]
    assert features[0]["properties"] == {"name": cleaned(hostile), "nota": cleaned(hostile), "altro": None}
    assert features[3]["geometry"] is None
    assert len(data.splitlines()) == 6


def test_kml_draws_points_lines_and_holes(hostile):
    root = ET.fromstring(feeds.kml("Luoghi", places(hostile)))
    marks = root.findall(f"{KML}Document/{KML}Placemark")
    assert marks[0].findtext(f"{KML}name") == cleaned(hostile)
    assert marks[0].findtext(f"{KML}Point/{KML}coordinates") == "9.19,45.4642"
    assert marks[1].findtext(f"{KML}LineString/{KML}coordinates") == "9.0,45.0 9.1,45.1"
    assert len(marks[2].findall(f".//{KML}innerBoundaryIs")) == 1
    assert len(marks[2].findall(f".//{KML}outerBoundaryIs")) == 2
    assert [c.tag for c in marks[3]] == [f"{KML}name", f"{KML}ExtendedData"]
    assert [d.get("name") for d in marks[0].iter(f"{KML}Data")] == ["nota"]


def test_what_kml_cannot_draw_is_refused():
    from shapely import GeometryCollection

    with pytest.raises(ValueError, match="GeometryCollection"):
        feeds.kml("x", (feeds.Place(id="a", name="a", geometry=GeometryCollection([Point(0, 0)])),))
