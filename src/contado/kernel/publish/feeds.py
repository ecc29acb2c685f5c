"""Feeds: RSS 2.0, GeoJSON and KML; texts escaped, the same items give the same bytes.

Dates of RSS are written as RFC 822 asks; positions are longitude, latitude (EPSG:4326), as RFC 7946 and
OGC KML 2.3 ask.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from contado.kernel.publish.report import cleaned

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

__all__ = ["Entry", "Feed", "Place", "geojson", "kml", "rss"]

_ATOM: Final = "http://www.w3.org/2005/Atom"
_KML: Final = "http://www.opengis.net/kml/2.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item of a feed; ``id`` never changes, ``published`` is an instant with its zone."""

    id: str
    title: str
    link: str
    summary: str = ""
    published: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed: what it is about, where it stands, its items in order."""

    title: str
    link: str
    description: str
    address: str
    """Address of the feed itself."""
    lang: str = "it"
    updated: dt.datetime | None = None
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Something on the map: id, name, geometry in EPSG:4326 (None where it is not known), properties."""

    id: str
    name: str
    geometry: Any | None
    properties: Mapping[str, Any] = field(default_factory=dict)


def rss(feed: Feed) -> bytes:
    """Return a feed as RSS 2.0.

    Raises
    ------
    ValueError
        An instant has no time zone.
    """
    feed = cleaned(feed)
    ET.register_namespace("atom", _ATOM)
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    for name, text in (("title", feed.title), ("link", feed.link), ("description", feed.description)):
        ET.SubElement(channel, name).text = text
    ET.SubElement(channel, "language").text = feed.lang
    if feed.updated is not None:
        ET.SubElement(channel, "lastBuildDate").text = _rfc822(feed.updated)
    about = {"href": feed.address, "rel": "self", "type": "application/rss+xml"}
    ET.SubElement(channel, f"{{{_ATOM}}}link", about)
    for entry in feed.entries:
        _item(channel, entry)
    return _xml(root)


def _item(channel: ET.Element, entry: Entry) -> None:
    item = ET.SubElement(channel, "item")
    ET.SubElement(item, "title").text = entry.title
    ET.SubElement(item, "link").text = entry.link
    if entry.summary:
        ET.SubElement(item, "description").text = entry.summary
    ET.SubElement(item, "guid", isPermaLink="false").text = entry.id
    if entry.published is not None:
        ET.SubElement(item, "pubDate").text = _rfc822(entry.published)


def geojson(places: Sequence[Place]) -> bytes:
    """Return places as a FeatureCollection (RFC 7946), one feature a line."""
    from shapely.geometry import mapping

    lines: list[str] = []
    for place in map(cleaned, places):
        shape = None if place.geometry is None else mapping(place.geometry)
        properties = {"name": place.name, **place.properties}
        feature = {"type": "Feature", "id": place.id, "properties": properties, "geometry": shape}
        lines.append(json.dumps(feature, ensure_ascii=False, allow_nan=False, default=str))
    body = ",\n".join(lines)
    return f'{{"type": "FeatureCollection", "features": [\n{body}\n]}}\n'.encode()


def kml(title: str, places: Sequence[Place]) -> bytes:
    """Return places as KML; unknown properties are left out, one without geometry keeps its text.

    Raises
    ------
    ValueError
        A geometry is neither point, line nor polygon, nor several of one kind.
    """
    ET.register_namespace("", _KML)
    root = ET.Element(f"{{{_KML}}}kml")
    document = _kml(root, "Document")
    _kml(document, "name").text = cleaned(title)
    for place in map(cleaned, places):
        mark = _kml(document, "Placemark")
        mark.set("id", place.id)
        _kml(mark, "name").text = place.name
        data = _kml(mark, "ExtendedData")
        for name, value in place.properties.items():
            if value is not None:
                one = _kml(data, "Data")
                one.set("name", name)
                _kml(one, "value").text = str(cleaned(value))
        if place.geometry is not None:
            _shape(mark, place.geometry)
    return _xml(root)


def _shape(parent: ET.Element, shape: Any) -> None:
    match shape.geom_type:
        case "Point" | "LineString":
            _coordinates(_kml(parent, shape.geom_type), shape)
        case "Polygon":
            polygon = _kml(parent, "Polygon")
            for kind, rings in (("outer", [shape.exterior]), ("inner", shape.interiors)):
                for ring in rings:
                    boundary = _kml(polygon, f"{kind}BoundaryIs")
                    _coordinates(_kml(boundary, "LinearRing"), ring)
        case "MultiPoint" | "MultiLineString" | "MultiPolygon":
            many = _kml(parent, "MultiGeometry")
            for part in shape.geoms:
                _shape(many, part)
        case other:
            raise ValueError(f"KML has no {other}")


def _coordinates(parent: ET.Element, shape: Any) -> None:
    _kml(parent, "coordinates").text = " ".join(f"{x!r},{y!r}" for x, y, *_ in shape.coords)


def _kml(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, f"{{{_KML}}}{name}")


def _rfc822(instant: dt.datetime) -> str:
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone")
    return format_datetime(instant)


def _xml(root: ET.Element) -> bytes:
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()
