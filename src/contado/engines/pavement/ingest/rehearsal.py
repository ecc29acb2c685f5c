"""A workspace as it would be with tables that nobody has committed, so that what follows from them is known before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.kernel import tables
from contado.kernel.workspace import WorkspaceView

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Rehearsal"]


class _After(WorkspaceView):
    """A workspace in which some tables are others than its files say."""

    def __init__(self, workspace: WorkspaceView, given: dict[str, pa.Table]) -> None:
        super().__init__(workspace.path)
        self._given = given

    def read(self, table: str) -> pa.Table:
        """Return a table as it would be."""
        return self._given[table] if table in self._given else super().read(table)


class Rehearsal:
    """Takes what `contado.kernel.workspace.Commit` takes and writes nothing.

    Shares of a table and layers are forgotten: no drive is read by them.

    Attributes
    ----------
    workspace
        The workspace as it would be after such a commit.
    """

    def __init__(self, workspace: WorkspaceView) -> None:
        self._given: dict[str, pa.Table] = {}
        self.workspace: WorkspaceView = _After(workspace, self._given)

    def table(self, name: str, table: pa.Table, *, practice: str | None = None) -> None:
        """Take a table instead of the workspace's."""
        if practice is None:
            self._given[name] = tables.sort(name, tables.conform(name, table))

    def layer(self, name: str, table: pa.Table, **facts: Any) -> None:
        """Forget a layer."""
