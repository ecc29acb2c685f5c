"""Validation: one small function a check; every fault is collected, none stops the others.

A message names the row's key and quotes the value; ``Finding.row`` is the line of the file where lines
are known, else the 1-based row of the table. Rules and actions come from the schema where it states
them; `contado.kernel.tables.consistency` holds the checks that look at several columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import pyarrow as pa
import pyarrow.compute as pc

from contado.kernel.errors import Finding, did_you_mean, nearest
from contado.kernel.tables.schema import Attribute, Schema, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from contado.kernel.errors import Action, Severity

__all__ = ["Check", "indices", "validate"]

_DUPLICATE_RULES: Final = {
    "budget": "duplicate_budget",
    "folder/budgets": "duplicate_budget",
    "folder/option_budgets": "duplicate_budget",
}


@dataclass(frozen=True, slots=True)
class Check:
    """A table under validation, with what its messages need."""

    schema: Schema
    table: pa.Table
    known: Mapping[str, pa.Table]
    lines: Sequence[int] | None = None
    name: str = ""
    set_aside: Mapping[str, Collection[str]] = field(default_factory=dict)
    _keys: dict[str, list[Any]] = field(default_factory=dict)

    def has(self, *columns: str) -> bool:
        """Whether the table holds all of the ``columns``."""
        return all(c in self.table.column_names for c in columns)

    def line(self, index: int) -> int:
        """Return the line of the file, or the 1-based row, of the row at ``index``."""
        return self.lines[index] if self.lines is not None else index + 1

    def key(self, index: int) -> str:
        """Return the row's key as a person names it."""
        for name in self.schema.key or tuple(self.table.column_names[:1]):
            if name in self.table.column_names and name not in self._keys:
                self._keys[name] = self.table[name].to_pylist()
        values = [self._keys[k][index] for k in self.schema.key or self._keys if k in self._keys]
        if not any(v is not None for v in values):
            return f"row {self.line(index)}"
        return " ".join("(empty)" if v is None else str(v) for v in values)

    def finding(
        self,
        index: int,
        severity: Severity,
        rule: str,
        text: str,
        *,
        hint: str = "",
        action: Action = "kept",
    ) -> Finding:
        """Build a finding about the row at ``index``; ``text`` follows its key."""
        return Finding(
            severity=severity,
            rule=rule,
            message=f"{self.name} {self.key(index)}: {text}.",
            table=self.name,
            row=self.line(index),
            hint=hint,
            action=action,
        )

    def whole(
        self, severity: Severity, rule: str, text: str, *, hint: str = "", action: Action = "kept"
    ) -> Finding:
        """Build a finding about the whole table."""
        return Finding(
            severity=severity,
            rule=rule,
            message=f"{self.name}: {text}.",
            table=self.name,
            hint=hint,
            action=action,
        )


def validate(
    name: str | Schema,
    table: pa.Table,
    *,
    known: Mapping[str, pa.Table] | None = None,
    lines: Sequence[int] | None = None,
    set_aside: Mapping[str, Collection[str]] | None = None,
    label: str | None = None,
) -> list[Finding]:
    """Check ``table`` against the schema ``name`` and return every fault found.

    ``known`` holds the tables that references point to; a reference is checked where its table is there.
    ``lines`` are the lines of the file the rows came from, ``set_aside`` the ids that other tables lost,
    ``label`` the name of the table in the messages (default: that of the schema).

    Raises
    ------
    TableNotFound
        There is no such schema.
    """
    from contado.kernel.tables.consistency import BY_TABLE

    declared = name if isinstance(name, Schema) else schema(name)
    table_name = declared.name.rpartition("/")[2]
    check = Check(declared, table, known or {}, lines, label or table_name, set_aside or {})
    functions = (*_GENERAL, *BY_TABLE.get(table_name, ()))
    return [finding for function in functions for finding in function(check)]


def indices(mask: pa.ChunkedArray | pa.Array) -> list[int]:
    """Return the positions where ``mask`` is true."""
    found: list[int] = pc.indices_nonzero(mask).to_pylist()
    return found


def _present(check: Check) -> Iterator[Attribute]:
    return (a for a in check.schema.attributes if a.attribute in check.table.column_names)


def missing_columns(check: Check) -> Iterator[Finding]:
    """Required columns that are absent."""
    for a in check.schema.attributes:
        if a.required and not check.has(a.attribute):
            hint = did_you_mean(a.attribute, check.table.column_names)
            text = f"missing column {a.attribute}"
            yield check.whole("error", "missing_column", text, hint=hint, action="refused")


def unknown_columns(check: Check) -> Iterator[Finding]:
    """Columns that the schema does not know: one note, and one for each that resembles an absent one."""
    absent = [a.attribute for a in check.schema.attributes if not check.has(a.attribute)]
    unknown = [c for c in check.table.column_names if c not in check.schema.by_name]
    close = {c: found[0] for c in unknown if (found := nearest(c, absent, 1))}
    for column, meant in close.items():
        text = f"the schema has no column {column!r}"
        yield check.whole("note", "unknown_column", text, hint=f"did you mean {meant}?")
    if others := [c for c in unknown if c not in close]:
        text = f"the schema does not have the columns {', '.join(others)}"
        yield check.whole("note", "unknown_column", text, hint="they are kept as they are")


def wrong_types(check: Check) -> Iterator[Finding]:
    """Columns of another type than the schema declares."""
    for a in _present(check):
        found = check.table[a.attribute].type
        if not _fits(found, a.arrow):
            text = f"{a.attribute} is {found}, not {a.type}"
            yield check.whole("error", "wrong_type", text, hint="use tables.conform", action="refused")


def _fits(found: pa.DataType, wanted: pa.DataType) -> bool:
    plain = str(found).replace("large_", "")
    if pa.types.is_null(found) or plain == str(wanted):
        return True
    if pa.types.is_list(wanted):
        return bool(pa.types.is_list(found) or pa.types.is_large_list(found))
    number = pa.types.is_integer(found) or pa.types.is_floating(found)
    return bool(pa.types.is_floating(wanted) and number)


def unreadable_geometries(check: Check) -> Iterator[Finding]:
    """Geometries that are no well-known binary."""
    for a in _present(check):
        column = check.table[a.attribute]
        if a.type != "geometry" or not pa.types.is_binary(column.type) or column.null_count == len(column):
            continue
        import shapely

        shapes = shapely.from_wkb(column.to_numpy(zero_copy_only=False), on_invalid="ignore")
        for i in indices(pc.and_(pa.array(shapely.is_missing(shapes)), pc.is_valid(column.combine_chunks()))):
            text = f"{a.attribute} = {column[i].as_py()[:8].hex()}... is no WKB"
            hint = "write well-known binary"
            yield check.finding(i, "error", "bad_geometry", text, hint=hint, action="refused")


def missing_values(check: Check) -> Iterator[Finding]:
    """Cells that may not be empty."""
    for a in _present(check):
        if a.nullable:
            continue
        column = check.table[a.attribute]
        unknown = pc.is_null(column, nan_is_null=pa.types.is_floating(column.type))
        action = cast("Action", "refused" if a.key else a.action)
        severity: Severity = "error" if action != "kept" or a.required else "warning"
        for i in indices(unknown):
            yield check.finding(
                i, severity, a.missing_rule, f"{a.attribute} is empty", hint=a.description, action=action
            )


def out_of_range(check: Check) -> Iterator[Finding]:
    """Numbers below the least or above the greatest value that the schema allows."""
    for a in _present(check):
        column = check.table[a.attribute]
        if not a.numeric or not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
            continue
        for limit, outside, word in ((a.min, pc.less, "below"), (a.max, pc.greater, "above")):
            if limit is None:
                continue
            for i in indices(pc.fill_null(outside(column, limit), False)):
                yield _outside(check, i, a, column[i].as_py(), f"{word} {limit:g}")


def _outside(check: Check, index: int, a: Attribute, value: float, where: str) -> Finding:
    severity: Severity = "warning" if a.action == "kept" else "error"
    text = f"{a.attribute} = {value!r} is {where}"
    return check.finding(
        index, severity, a.range_rule, text, hint=a.description, action=cast("Action", a.action)
    )


def unknown_words(check: Check) -> Iterator[Finding]:
    """Words outside the list that the schema gives."""
    for a in _present(check):
        column = check.table[a.attribute]
        if not a.choices or not pa.types.is_string(column.type):
            continue
        wrong = pc.and_(pc.is_valid(column), pc.invert(pc.is_in(column, value_set=pa.array(a.choices))))
        for i in indices(wrong):
            text = f"{a.attribute} = {column[i].as_py()!r} is not one of {', '.join(a.choices)}"
            yield check.finding(
                i,
                "error" if a.key else "warning",
                "unknown_choice",
                text,
                hint=did_you_mean(column[i].as_py(), a.choices),
                action="row_set_aside" if a.key else "kept",
            )


def duplicate_keys(check: Check) -> Iterator[Finding]:
    """Rows whose key stands in the table already."""
    keys = check.schema.key
    if not keys or not check.has(*keys) or check.table.num_rows < 2:
        return
    counted = check.table.select(keys).group_by(keys).aggregate([([], "count_all")])
    if counted.num_rows == check.table.num_rows:
        return
    rule = _DUPLICATE_RULES.get(check.schema.name, "duplicate_id")
    seen: dict[tuple[Any, ...], int] = {}
    columns = [check.table[k].to_pylist() for k in keys]
    for i, key in enumerate(zip(*columns, strict=True)):
        if None in key and not all(
            check.schema.by_name[k].nullable for k, v in zip(keys, key, strict=True) if v is None
        ):
            continue  # told as missing already
        if key in seen:
            text = f"the key {' '.join(map(str, key))!r} stands in row {check.line(seen[key])} already"
            yield check.finding(i, "error", rule, text, hint="give each row its own key", action="refused")
        else:
            seen[key] = i


def unknown_references(check: Check) -> Iterator[Finding]:
    """Cells that name a row which its table does not hold."""
    for a in _present(check):
        table, _, column = a.reference.partition(".")
        if not a.reference or table not in check.known or column not in check.known[table].column_names:
            continue
        target = pc.drop_null(check.known[table][column].combine_chunks()).cast(pa.string())
        cells = check.table[a.attribute]
        if not pa.types.is_string(cells.type) or not len(target):
            continue
        for i in indices(pc.and_(pc.is_valid(cells), pc.invert(pc.is_in(cells, value_set=target)))):
            yield _unknown_reference(check, i, a, cells[i].as_py(), target.to_pylist())


def _unknown_reference(check: Check, index: int, a: Attribute, value: str, target: list[str]) -> Finding:
    action = cast("Action", a.action)
    severity: Severity = {"refused": "error", "row_set_aside": "warning"}.get(a.action, "note")  # type: ignore[assignment]
    table = a.reference.partition(".")[0]
    if value in check.set_aside.get(table, ()):
        text = f"{a.attribute} = {value!r} was set aside in {table}"
        hint = f"correct {value} in {table}"
        return check.finding(index, severity, "unknown_reference", text, hint=hint, action=action)
    close = nearest(value, target, 1)
    hint = f"did you mean {close[0]}?" if close else f"{table} holds {len(target)} rows"
    text = f"{a.attribute} = {value!r} is not in {table}"
    return check.finding(index, severity, "unknown_reference", text, hint=hint, action=action)


_GENERAL: Final[tuple[Callable[[Check], Iterator[Finding]], ...]] = (
    missing_columns,
    unknown_columns,
    wrong_types,
    unreadable_geometries,
    missing_values,
    out_of_range,
    unknown_words,
    duplicate_keys,
    unknown_references,
)
