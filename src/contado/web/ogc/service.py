"""The layers behind the API: which exist for a reader, and what was made of them already."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from contado.kernel.errors import TableNotFound
from contado.kernel.workspace.layout import LAYER_REGISTRY
from contado.web.ogc.access import scope_of, sees
from contado.web.ogc.prepared import Kept, Prepared

if TYPE_CHECKING:
    from starlette.requests import Request

    from contado.kernel.records import Scope
    from contado.kernel.workspace import LayerInfo
    from contado.web.site import Site

__all__ = ["Service"]

_MOST_LAYERS = 24
"""Layers whose arrays are kept in memory."""


class Service:
    """What the endpoints of the API share.

    Parameters
    ----------
    site
        The workspace behind the pages.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self._prepared = Kept(_MOST_LAYERS)
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._registry: dict[str, LayerInfo] = {}

    def refresh(self) -> dict[str, LayerInfo]:
        """Return the registry of layers as it is now; it is read again when its file has changed."""
        file = self.site.view.path / LAYER_REGISTRY
        stat = file.stat() if file.is_file() else None
        stamp = (stat.st_ino, stat.st_mtime_ns) if stat else (0, 0)
        with self._lock:
            if stamp != self._stamp:
                self.site.refresh()
                self._registry = {info.id: info for info in self.site.view.layers()}
                self._stamp = stamp
            return self._registry

    def layers(self, scope: Scope) -> dict[str, LayerInfo]:
        """Return the layers that exist for a scope, by id."""
        return {name: info for name, info in self.refresh().items() if sees(scope, info)}

    def scope(self, request: Request) -> Scope:
        """Return whose request this is."""
        return scope_of(request, self.site)

    def info(self, request: Request) -> LayerInfo:
        """Return the layer that the address names.

        Raises
        ------
        TableNotFound
            There is none for this reader.
        """
        return self.named(self.scope(request), request.path_params["collection"])

    def named(self, scope: Scope, name: str) -> LayerInfo:
        """Return a layer (errors of `info`)."""
        info = self.refresh().get(name)
        if info is None or not sees(scope, info):
            raise TableNotFound.from_name(name, self.layers(scope), kind="layer")
        return info

    def prepared(self, info: LayerInfo) -> Prepared:
        """Return the arrays of a layer."""
        found: Prepared = self._prepared.made(
            (info.id, info.sha256, str(info.style)), lambda: Prepared(info, self.site.view.layer(info.id))
        )
        return found

    def settings(self) -> Any:
        """Return the present settings of the API."""
        return self.site.view.settings.api
