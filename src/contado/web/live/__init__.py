"""Drives while they go on, over HTTP: devices send them, the road map shows them.

`register` adds ``POST /ingest/pavement/{device}`` and ``GET /events/pavement`` to the application. Nothing
that another server of the workspace would need stays in a process (`contado.engines.pavement.live.room`).
"""

from __future__ import annotations

from contado.web.live.doors import register
from contado.web.live.events import ending, feed_of
from contado.web.live.finishing import Finishing
from contado.web.live.warming import State

__all__ = ["Finishing", "State", "ending", "feed_of", "register"]
