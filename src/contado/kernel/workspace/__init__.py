"""The workspace: one folder with settings, tables, layers, sources; commits that are whole or absent."""

from __future__ import annotations

from contado.kernel.workspace.commit import Commit
from contado.kernel.workspace.lock import held
from contado.kernel.workspace.registry import LayerInfo
from contado.kernel.workspace.view import WorkspaceView
from contado.kernel.workspace.workspace import Workspace

__all__ = ["Commit", "LayerInfo", "Workspace", "WorkspaceView", "held"]
