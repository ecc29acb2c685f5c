"""The registry of layers: what each layer is, and the hash of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from contado.kernel.errors import Damaged
from contado.kernel.workspace.layout import LAYER_REGISTRY

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Access", "LayerInfo", "encode", "load"]

Access = Literal["public", "org", "private"]


class LayerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One layer; ``geometry_type`` is the widest type of its features, ``bbox`` in the layer's CRS."""

    id: str
    title_it: str
    title_en: str
    geometry_type: str
    crs: str
    n: int
    bbox: list[float] | None
    parquet_path: str
    sha256: str
    licence: str | None = None
    source_id: str | None = None
    label: Literal["measured", "estimated", "simulated"] | None = None
    updated_at: str | None = None
    access: Access = "public"
    style: dict[str, Any] | None = None
    editable: bool = False

    def facts(self) -> dict[str, Any]:
        """Return what holds whatever the rows are: keywords of `Commit.layer` for writing the layer anew."""
        names = ("title_it", "title_en", "licence", "source_id", "label", "access", "style", "editable")
        return {name: getattr(self, name) for name in names}


class _Registry(msgspec.Struct, frozen=True, kw_only=True):
    layers: list[LayerInfo]


def load(root: Path) -> dict[str, LayerInfo]:
    """Return the layers of the workspace at ``root``, by id, in order of id.

    Raises
    ------
    Damaged
        The registry cannot be read.
    """
    try:
        data = (root / LAYER_REGISTRY).read_bytes()
    except FileNotFoundError:
        return {}
    try:
        return {info.id: info for info in msgspec.json.decode(data, type=_Registry).layers}
    except msgspec.MsgspecError as error:
        raise Damaged(
            f"{LAYER_REGISTRY} cannot be read: {error}.",
            hint="restore it from a backup",
            field=LAYER_REGISTRY,
        ) from None


def encode(layers: dict[str, LayerInfo]) -> bytes:
    """Return the file of the registry: the same layers give the same bytes."""
    ordered = _Registry(layers=[layers[k] for k in sorted(layers)])
    return msgspec.json.format(msgspec.json.encode(ordered, order="sorted"), indent=1)
