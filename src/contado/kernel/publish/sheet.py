"""A sheet to be published: title, headings and rows, as the writers of xlsx and pdf take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

__all__ = ["Sheet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table of a document; ``rows`` hold text, numbers or None (unknown)."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    money: tuple[bool, ...]
    """Which columns are EUR."""
    lang: str = "it"

    @classmethod
    def from_table(
        cls, table: pa.Table, *, title: str, headings: Sequence[str] | None = None, lang: str = "it"
    ) -> Sheet:
        """Return the sheet of an Arrow table; lists are joined by ``;``, columns ``..._eur`` are money."""
        names = table.column_names
        columns = [[_cell(value) for value in table[name].to_pylist()] for name in names]
        rows = tuple(zip(*columns, strict=True)) if table.num_rows else ()
        return cls(
            title=title,
            headings=tuple(headings or names),
            rows=rows,
            money=tuple(name.endswith("_eur") for name in names),
            lang=lang,
        )


def _cell(value: Any) -> Any:
    return "; ".join(map(str, value)) if isinstance(value, list) else value
