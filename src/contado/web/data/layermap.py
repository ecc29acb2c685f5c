"""One public layer as a map and its table see it: classes, filters, the rows that pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from contado.web import i18n, style
from contado.web.data.territory import fold
from contado.web.i18n import Words

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.kernel.workspace import LayerInfo
    from contado.kernel.workspace import WorkspaceView as View

__all__ = ["NONE", "Classing", "LayerClass", "LayerMap", "Wanted", "load", "searched"]

NONE = "none"
"""Class of the rows without a value."""
REST = "rest"
"""Class of the values that are too rare for one of their own."""
_MOST_CLASSES = 6
_MOST_VALUES = 60
_MOST_DAYS = 200
_CODES = ("municipality", "istat")
_KINDS: tuple[tuple[str, Literal["point", "line", "polygon"]], ...] = (
    ("Point", "point"),
    ("Line", "line"),
    ("Polygon", "polygon"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerClass:
    """A class of the legend: how it is called and how many rows are in it."""

    id: str
    name: Words
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Classing:
    """How the rows fall into classes.

    ``kind``: ``one`` class; the four ordered ``road`` classes; ``values`` of a column, the most frequent
    first; ``steps`` of a number at round ``breaks``. ``of_row`` is the place in ``classes``, row by row.
    """

    kind: Literal["one", "road", "values", "steps"]
    column: str | None
    classes: Sequence[LayerClass]
    of_row: NDArray[np.int8] = field(repr=False)
    breaks: Sequence[float] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a reader asked to see; None everywhere is everything."""

    classes: frozenset[str] | None = None
    code: str | None = None
    words: str = ""
    day: str | None = None
    bbox: tuple[float, float, float, float] | None = None
    sort: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerMap:
    """A layer without its shapes, and the boxes around them (west, south, east, north), row by row."""

    info: LayerInfo
    table: pa.Table = field(repr=False)
    boxes: NDArray[np.float64] = field(repr=False)
    folded: NDArray[np.str_] = field(repr=False)
    choices: Sequence[str]
    day_column: str | None
    days: Sequence[dt.date]

    @property
    def geometry(self) -> Literal["point", "line", "polygon"]:
        """What its shapes are."""
        return next((kind for word, kind in _KINDS if word in self.info.geometry_type), "polygon")

    @property
    def code_column(self) -> str | None:
        """The column that names the municipality, where there is one."""
        return next((c for c in _CODES if c in self.table.column_names), None)

    @property
    def bounds(self) -> list[float] | None:
        """The box around all shapes."""
        known = self.boxes[~np.isnan(self.boxes).any(axis=1)]
        return None if not len(known) else [*known[:, :2].min(axis=0), *known[:, 2:].max(axis=0)]

    def classing(self, by: str | None) -> Classing:
        """Return the classes by a column, by default those of the layer's style, else one."""
        own = self.info.style or {}
        column = str(by if by in self.choices else own.get("column"))
        if column not in self.table.column_names:
            return _one(self.table.num_rows)
        if own.get("kind") == "classes" and column == own.get("column"):
            return _road(column, self.table.column(column).to_pylist())
        return _by_column(column, self.table.column(column))

    def select(self, wanted: Wanted, classing: Classing) -> NDArray[np.int64]:
        """Return the places of the rows that pass, in the order asked; unknown values come last."""
        keep = np.ones(self.table.num_rows, bool)
        if wanted.classes is not None:
            ids = [c.id in wanted.classes for c in classing.classes]
            keep &= np.array(ids, bool)[classing.of_row]
        if wanted.code and self.code_column:
            keep &= self._equals(self.code_column, wanted.code)
        if wanted.words:
            keep &= np.char.find(self.folded, fold(wanted.words)) >= 0
        if wanted.day and self.day_column:
            keep &= self._until(self.day_column, wanted.day)
        if wanted.bbox:
            keep &= _meets(self.boxes, wanted.bbox)
        found = np.flatnonzero(keep)
        return found if wanted.sort is None else found[self._order(found, wanted.sort)]

    def rows(self, places: Sequence[int]) -> list[dict[str, Any]]:
        """Return rows by their places, with ``_row``, their number in the layer (first = 1)."""
        taken = self.table.take(np.asarray(places, np.int64)).to_pylist()
        return [{"_row": int(place) + 1} | row for place, row in zip(places, taken, strict=True)]

    def _equals(self, column: str, value: str) -> NDArray[np.bool_]:
        import pyarrow.compute as pc

        same: NDArray[np.bool_] = (
            pc.equal(self.table.column(column), value).fill_null(False).to_numpy(zero_copy_only=False)
        )
        return same

    def _until(self, column: str, day: str) -> NDArray[np.bool_]:
        import pyarrow as pa
        import pyarrow.compute as pc

        days = self.table.column(column).cast(pa.date32()).cast(pa.string())
        until: NDArray[np.bool_] = pc.less_equal(days, day).fill_null(False).to_numpy(zero_copy_only=False)
        return until

    def _order(self, found: NDArray[np.int64], sort: str) -> NDArray[np.int64]:
        import pyarrow.compute as pc

        column = self.table.column(sort.removeprefix("-")).take(found)
        way = "descending" if sort.startswith("-") else "ascending"
        order: NDArray[np.int64] = pc.array_sort_indices(
            column.combine_chunks(), order=way, null_placement="at_end"
        ).to_numpy()
        return order


def load(view: View, name: str) -> LayerMap:
    """Read a layer for its map and table."""
    import shapely

    from contado.kernel.tables import geoparquet

    info = view.layer_info(name)
    found = view.layer(name)
    shapes = geoparquet.to_gdf(found.select(["geometry"])).to_crs(4326).geometry.to_numpy()
    table = found.drop(["geometry"])
    day_column, days = _days(table, (info.style or {}).get("date"))
    return LayerMap(
        info=info,
        table=table,
        boxes=shapely.bounds(shapes),
        folded=_folded(table),
        choices=_choices(table),
        day_column=day_column,
        days=days,
    )


def searched(values: Iterable[Any]) -> str:
    """Return what a search looks into of a row: its texts, folded; those written as JSON are for programs.

    Examples
    --------
    >>> searched(["SP35-03", 2.4, None, "Via Città", '{"terms": []}'])
    'sp35 03 via citta'
    """
    texts = (v for v in values if isinstance(v, str) and not v.startswith(("{", "[")))
    return fold(" ".join(t for t in texts if t))


def _folded(table: pa.Table) -> NDArray[np.str_]:
    """Return what a search looks into, row by row."""
    import pyarrow as pa

    columns = [table.column(f.name).to_pylist() for f in table.schema if pa.types.is_string(f.type)]
    rows = zip(*columns, strict=True) if columns else ((),) * table.num_rows
    return np.array([searched(row) for row in rows], dtype=np.str_)


def _days(table: pa.Table, named: str | None) -> tuple[str | None, list[dt.date]]:
    """Return the column of days (named by the style, else the first) and its days in order."""
    import pyarrow as pa
    import pyarrow.compute as pc

    own = [f.name for f in table.schema if pa.types.is_date(f.type) or pa.types.is_timestamp(f.type)]
    column = named if named in own else next(iter(own), None)
    if column is None:
        return None, []
    days = sorted(d for d in pc.unique(table.column(column).cast(pa.date32())).to_pylist() if d)
    return (column, days) if 1 < len(days) <= _MOST_DAYS else (None, [])


def _choices(table: pa.Table) -> list[str]:
    """Return the columns by which rows can be coloured: numbers, and text of few values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = []
    for f in table.schema:
        number = pa.types.is_integer(f.type) or pa.types.is_floating(f.type)
        if number or pa.types.is_boolean(f.type) or pa.types.is_string(f.type):
            values = len(pc.unique(table.column(f.name).drop_null()))
            if values > 1 and (number or values <= min(_MOST_VALUES, table.num_rows // 2)):
                found.append(f.name)
    return found


def _one(n: int) -> Classing:
    only = LayerClass(id="all", name=Words("tutti", "all"), n=n)
    return Classing(kind="one", column=None, classes=[only], of_row=np.zeros(n, np.int8))


def _road(column: str, values: Sequence[Any]) -> Classing:
    look = style.load()
    letters = {c.value: c.id for c in look.classes if c.value} | {c.id: c.id for c in look.classes}
    ids = [c.id for c in look.classes]
    place = np.array([ids.index(letters.get(v, NONE)) for v in values], np.int8)
    classes = [
        LayerClass(id=c.id, name=Words(c.it, c.en), n=int((place == i).sum()))
        for i, c in enumerate(look.classes)
    ]
    return Classing(kind="road", column=column, classes=classes, of_row=place)


def _by_column(column: str, values: pa.ChunkedArray) -> Classing:
    import pyarrow as pa

    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return _steps(column, values.cast(pa.float64()).to_numpy())
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.string())
    return _values(column, values.to_pylist())


def _values(column: str, values: Sequence[str | None]) -> Classing:
    """Make a class of each frequent value, one of the others, one of the unknown."""
    known, counts = np.unique([v for v in values if v is not None], return_counts=True)
    by_count = [str(known[i]) for i in np.lexsort((known, -counts))]
    own = by_count if len(by_count) <= _MOST_CLASSES else by_count[: _MOST_CLASSES - 1]
    place = {v: i for i, v in enumerate(own)}
    names = [(v, Words(v, v)) for v in own]
    if len(own) < len(by_count):
        names.append((REST, Words("altri", "others")))
    if not len(known) or any(v is None for v in values):
        names.append((NONE, Words("non noto", "not known")))
    ids = [i for i, _ in names]
    of_row = np.array([ids.index(NONE) if v is None else place.get(v, len(own)) for v in values], np.int8)
    return Classing(kind="values", column=column, classes=_counted(names, of_row), of_row=of_row)


def _steps(column: str, values: NDArray[np.float64]) -> Classing:
    """Make up to five classes of a number at round breaks, and one of the unknown."""
    known = values[~np.isnan(values)]
    breaks = round_breaks(known)
    of_row = np.where(
        np.isnan(values), len(breaks) + 1, np.searchsorted(breaks, values, side="right")
    ).astype(np.int8)
    names = [(str(i), _step_name(breaks, i)) for i in range(len(breaks) + 1)]
    if len(known) < len(values):
        names.append((NONE, Words("non noto", "not known")))
    return Classing(
        kind="steps", column=column, classes=_counted(names, of_row), of_row=of_row, breaks=breaks
    )


def _counted(names: Sequence[tuple[str, Words]], of_row: NDArray[np.int8]) -> list[LayerClass]:
    return [LayerClass(id=i, name=w, n=int((of_row == at).sum())) for at, (i, w) in enumerate(names)]


def round_breaks(values: NDArray[np.float64], classes: int = 5) -> list[float]:
    """Return up to ``classes - 1`` breaks near the quantiles of the whole layer, as round as keeps them apart.

    Examples
    --------
    >>> round_breaks(np.arange(0.0, 101.0))
    [20.0, 40.0, 60.0, 80.0]
    """
    if not len(values):
        return []
    wanted = np.quantile(values, np.arange(1, classes) / classes)
    for digits in (1, 2, 3):
        found = sorted({float(f"{q:.{digits}g}") for q in wanted})
        kept = [b for b in found if values.min() < b <= values.max()]
        if len(kept) == classes - 1:
            break
    return kept


def _step_name(breaks: Sequence[float], i: int) -> Words:
    def text(lang: i18n.Lang) -> str:
        number = [i18n.number(b, lang, _digits(breaks)) for b in breaks]
        if not number:
            return {"it": "tutti i valori", "en": "all values"}[lang]
        if i == 0:
            return f"< {number[0]}"
        return f"≥ {number[-1]}" if i == len(number) else f"{number[i - 1]}–{number[i]}"

    return Words(text("it"), text("en"))


def _digits(breaks: Sequence[float]) -> int:
    """Return the decimals that every break needs, at most four."""
    return next((d for d in range(4) if all(abs(round(b, d) - b) < 1e-9 for b in breaks)), 4)


def _meets(boxes: NDArray[np.float64], bbox: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    west, south, east, north = bbox
    with np.errstate(invalid="ignore"):
        inside: NDArray[np.bool_] = (
            (boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
        )
    return inside
