"""OGC APIs of the workspace's layers: Common, Features 1-4, Tiles.

`register` adds their addresses to the application. A module that brings conformance classes of its own lists them
with `contado.web.ogc.common.conforms_to`; ``/api/conformance`` answers their union.
"""

from __future__ import annotations

from contado.web.ogc.problems import http_problem, is_below, refused
from contado.web.ogc.routes import register

__all__ = ["http_problem", "is_below", "refused", "register"]
