"""The layers behind the API: which exist for a reader, and what was made of them already."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from contado.kernel.errors import TableNotFound
from contado.kernel.workspace.layout import LAYER_REGISTRY
from contado.web.ogc.access import sees
from contado.web.ogc.prepared import Kept, Prepared
from contado.web.security import principal

if TYPE_CHECKING:
    from starlette.requests import Request

    from contado.kernel.records import Scope
    from contado.kernel.settings import Api
    from contado.kernel.workspace import LayerInfo, WorkspaceView
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
        self._file = self.view.path / LAYER_REGISTRY
        self._prepared = Kept(_MOST_LAYERS)
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._registry: dict[str, LayerInfo] = {}

    @property
    def view(self) -> WorkspaceView:
        """The whole workspace; what a reader sees of it is decided by `layers` and `named`."""
        return self.site.view.whole

    def refresh(self) -> dict[str, LayerInfo]:
        """Return the registry of layers as it is now; it is read again when its file has changed."""
        stamp = self._stamp_now()
        with self._lock:
            if stamp != self._stamp:
                self.site.refresh()
                self._registry = {info.id: info for info in self.view.layers()}
                self._stamp = stamp
            return self._registry

    def is_current(self) -> bool:
        """Whether `refresh` would have nothing to read."""
        return self._stamp == self._stamp_now()

    def _stamp_now(self) -> tuple[int, int]:
        try:
            stat = os.stat(self._file)  # noqa: PTH116 - asked at every request, twice as fast as pathlib
        except OSError:
            return 0, 0
        return stat.st_ino, stat.st_mtime_ns

    def layers(self, scope: Scope) -> dict[str, LayerInfo]:
        """Return the layers that exist for a scope, by id."""
        return {name: info for name, info in self.refresh().items() if sees(scope, info)}

    def scope(self, request: Request) -> Scope:
        """Return whose request this is."""
        return principal(request).scope

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
        """Return the arrays of a layer, in the version of ``info`` or, where it was replaced, a later one."""
        found: Prepared = self._prepared.made(_key(info), lambda: Prepared(*self.view.layer_version(info.id)))
        if found.info.sha256 != info.sha256:  # the old version may come back, by an undo for one
            self._prepared.drop(_key(info))
            self.keep(found)
        return found

    def keep(self, features: Prepared) -> None:
        """Keep the arrays of a version that was made elsewhere."""
        self._prepared.put(_key(features.info), features)

    def settings(self) -> Api:
        """Return the present settings of the API."""
        return self.view.settings.api


def _key(info: LayerInfo) -> tuple[str, str, str]:
    return info.id, info.sha256, str(info.style)
