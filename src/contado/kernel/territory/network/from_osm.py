"""Street network from an OpenStreetMap extract."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contado.kernel.errors import Finding
from contado.kernel.territory import osm
from contado.kernel.territory.network import clean, profiles

if TYPE_CHECKING:
    from pathlib import Path

    from contado.kernel.territory.network.model import Network
    from contado.kernel.territory.osm import Ways

__all__ = ["build", "read"]

_TAGS = ("highway", "oneway", "junction", "access", "bicycle", "foot", "name", "maxspeed", "lanes")


def read(path: Path, *, profile: str, epsg: int | None) -> Network:
    """Read the streets of an extract that ``profile`` accepts.

    Raises
    ------
    DataError
        Rule ``network_unreadable``.
    UsageError
        Rule ``unknown_choice``: no such profile.
    """
    profiles.load(profile)
    return build(osm.read_ways(path, "highway", tags=_TAGS), path, profile=profile, epsg=epsg)


def build(ways: Ways, path: Path, *, profile: str, epsg: int | None) -> Network:
    """Build the network of ``ways``; ``path`` names the file in errors and findings."""
    rules = profiles.load(profile)
    streets = clean.kept(ways, rules)
    if not len(streets.way_id):
        raise osm.unreadable(path, f"it holds no way of the profile {profile}")
    network = clean.assemble(clean.split(streets, clean.directions(streets, rules)), epsg, profile)
    return replace(network, findings=_findings(ways, path))


def _findings(ways: Ways, path: Path) -> tuple[Finding, ...]:
    if not ways.nodes_missing:
        return ()
    message = f"{path.name}: {ways.nodes_missing} references to nodes that the file does not hold; ways were cut there."
    return (
        Finding(
            severity="warning",
            rule="nodes_missing",
            message=message,
            hint="extract with complete ways",
            action="dropped",
        ),
    )
