"""What the drives that go on have told: read from their files by whoever shows it, without their machinery."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

__all__ = ["FOLDER", "Feed", "running"]

FOLDER: Final = "live"
_END: Final = "."
"""Divides drive and place in a mark; a mark is where a reader stands, of all drives."""


def running(workspace: Path) -> bool:
    """Whether a drive goes on, or waits for its batch run."""
    return any(not (events.parent / "done").exists() for events in _files(workspace))


def _files(workspace: Path) -> list[Path]:
    return sorted((workspace / FOLDER).glob("*/events"))


class Feed:
    """Events in the order they were told, from a mark on.

    Parameters
    ----------
    workspace
        Folder of the workspace.
    mark
        Where the reader stands (`mark` of an earlier feed); what it does not know of a drive that goes on
        comes as one event.
    sections
        Sections that the reader may hear of; None for all. Of a drive that was on none of them nothing is told,
        its end neither.
    """

    def __init__(self, workspace: Path, mark: str = "", sections: Container[str] | None = None) -> None:
        self._workspace = workspace
        self._sections = sections
        self._places: dict[str, int] = {}
        self._told: set[str] = set()
        for part in mark.split(","):
            name, found, place = part.partition(_END)
            if found and place.isascii() and place.isdigit():
                self._places[name] = int(place)
                self._told.add(name)

    @property
    def mark(self) -> str:
        """Where the reader stands now; it names no drive that the reader has not heard of."""
        known = self._places if self._sections is None else self._told & self._places.keys()
        return ",".join(f"{name}{_END}{self._places[name]}" for name in sorted(known))

    def read(self) -> list[dict[str, Any]]:
        """Return what is new."""
        events: list[dict[str, Any]] = []
        here = set()
        for file in _files(self._workspace):
            name = file.parent.name
            here.add(name)
            place = self._places.get(name)
            if place is None and (file.parent / "done").exists():
                continue
            with contextlib.suppress(FileNotFoundError):  # swept meanwhile
                news, self._places[name] = _lines(file, place or 0)
                news = self._seen(news, file)
                events += news if name in self._told else _merged(news)
                if news or self._sections is None:
                    self._told.add(name)
        self._places = {name: place for name, place in self._places.items() if name in here}
        return events

    def _seen(self, events: list[dict[str, Any]], file: Path) -> list[dict[str, Any]]:
        """Return what of a drive's events is for the reader."""
        if self._sections is None:
            return events
        seen = []
        for event in events:
            if event["state"] == "running":
                part = _within(event, self._sections)
            else:
                part = event if any(_within(e, self._sections) for e in _lines(file, 0)[0]) else None
            if part is not None:
                seen.append(part)
        return seen


def _within(event: dict[str, Any], sections: Container[str]) -> dict[str, Any] | None:
    """Return what an event tells of some sections; None where that is nothing."""
    found = {
        name: [row for row in event.get(name, ()) if row["section_id"] in sections]
        for name in ("cells", "anomalies")
    }
    gone = [name for name in event.get("gone", ()) if name.rpartition(":")[0] in sections]
    if not (gone or any(found.values())):
        return None
    kept = {name: value for name, value in event.items() if name != "unmatched"}  # of no section
    return {**kept, **found, "gone": gone}


def _lines(file: Path, place: int) -> tuple[list[dict[str, Any]], int]:
    """Return the whole lines from a place on, and the place after them."""
    if file.stat().st_size == place:
        return [], place
    with file.open("rb") as source:
        source.seek(place)
        text = source.read()
    whole = text[: text.rfind(b"\n") + 1]
    events = []
    for line in whole.splitlines():
        with contextlib.suppress(msgspec.DecodeError):  # cut by a crash
            events.append(msgspec.json.decode(line))
    return [e for e in events if isinstance(e, dict)], place + len(whole)


def _merged(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one event that says what all together leave."""
    if not events:
        return []
    cells: dict[tuple[str, int], Any] = {}
    anomalies: dict[str, Any] = {}
    for event in events:
        cells |= {(c["section_id"], c["cell"]): c for c in event.get("cells", ())}
        anomalies |= {a["id"]: a for a in event.get("anomalies", ())}
        for name in event.get("gone", ()):
            anomalies.pop(name, None)
    return [{**events[-1], "cells": list(cells.values()), "anomalies": list(anomalies.values()), "gone": []}]
