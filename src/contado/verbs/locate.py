"""contado locate: point -> municipality, one or a file of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from contado.kernel.declare import Answer, Context, Process, Request, Verb, argument, option
from contado.kernel.errors import ColumnNotFound, Finding, UsageError
from contado.kernel.scale import Engine

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.kernel.territory.boundaries import Units
    from contado.kernel.territory.locate import Locator

__all__ = ["VERB", "LocateAnswer", "LocateRequest", "PointAnswer", "PointsAnswer"]

_SWAPPED_SHARE = 0.9
"""Share of a file outside, and inside once swapped, from which longitude and latitude count as swapped."""


class LocateRequest(Request, frozen=True, kw_only=True):
    """A point, or a file of points and where to write the answers."""

    lon: Annotated[float | None, argument("longitude [deg]", finite=False)] = None
    lat: Annotated[float | None, argument("latitude [deg]", finite=False)] = None
    points: Annotated[Path | None, option("file of points (.csv, .parquet) with columns id, lon, lat")] = None
    out: Annotated[Path | None, option("file to write (.csv, .parquet): id, istat")] = None
    engine: Annotated[Engine, option("where the work on --points is done")] = "local"


class LocateAnswer(Answer, kw_only=True):
    """Base of the two answers."""


class PointAnswer(LocateAnswer, kw_only=True):
    """The unit a point lies in (None outside), and the nearest unit with its distance (0 inside)."""

    istat: str | None
    name: str | None
    distance_m: float | None
    nearest: str | None


class PointsAnswer(LocateAnswer, kw_only=True):
    """Counts of a file; ``sha256`` is that of the istat column joined by newlines."""

    points: int
    located: int
    outside: int
    invalid: int
    cpu_s: float
    sha256: str


def _run(request: LocateRequest, context: Context) -> LocateAnswer:
    one = request.lon is not None or request.lat is not None
    if one == (request.points is not None) or (one and None in (request.lon, request.lat)):
        raise UsageError(
            "Give a point (LON LAT) or a file (--points FILE --out FILE).",
            hint="for example `contado locate 9.19 45.46`",
            field="lon",
        )
    if request.points is not None and request.out is None:
        raise UsageError("--points needs --out FILE.", hint="give a .csv or .parquet file", field="out")
    if request.out is not None:
        _known_ending(request.out)
    from contado.kernel.territory import boundaries
    from contado.kernel.workspace import WorkspaceView

    assert context.workspace is not None
    units = boundaries.from_workspace(WorkspaceView(context.workspace))
    if request.points is None:
        assert request.lon is not None
        assert request.lat is not None
        return _one(units, request.lon, request.lat)
    assert request.out is not None
    return _many(units, request.points, request.out, request.engine, context)


def _known_ending(path: Path) -> None:
    if path.suffix not in {".csv", ".parquet"}:
        raise UsageError(
            f"{path.name} ends neither in .csv nor in .parquet.",
            rule="unknown_format",
            hint="give --out points.csv or --out points.parquet",
            field="out",
        )


def _one(units: Units, lon: float, lat: float) -> PointAnswer:
    import math

    from contado.kernel.territory import distance
    from contado.kernel.territory.locate import Locator

    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        return PointAnswer(istat=None, name=None, distance_m=None, nearest=None)
    inside = int(Locator(units).index(lon, lat)[0])
    if inside >= 0:
        code = units.codes[inside]
        return PointAnswer(istat=code, name=str(units.gdf["name"].iloc[inside]), distance_m=0.0, nearest=code)
    position, found = distance.nearest_unit(units, lon, lat)
    return PointAnswer(istat=None, name=None, distance_m=found.geodesic_m, nearest=units.codes[position])


def _many(units: Units, source: Path, out: Path, engine: Engine, context: Context) -> PointsAnswer:
    import os

    import numpy as np
    import pyarrow as pa

    from contado.kernel import scale, tables
    from contado.kernel.territory import locate

    read = tables.read(source)
    ids, lon, lat = _columns(read.table, source.name)
    start = sum(os.times()[:4])  # of the workers too
    locator = locate.Locator(units)
    found = scale.run(locate.batch, pa.table({"lon": lon, "lat": lat}), locator, engine=engine)
    index = found["unit"].to_numpy()
    cpu_s = sum(os.times()[:4]) - start
    istat = locator.codes_of(index)
    valid = np.isfinite(lon) & np.isfinite(lat)
    located = int((index >= 0).sum())
    findings = context.accept([*read.findings, *_swapped(locator, lon[valid], lat[valid], located)])
    _write(ids, istat, out)
    return PointsAnswer(
        points=len(index),
        located=located,
        outside=int(valid.sum()) - located,
        invalid=int((~valid).sum()),
        cpu_s=cpu_s,
        sha256=_sha256(istat),
        findings=findings,
    )


def _columns(table: pa.Table, name: str) -> tuple[pa.ChunkedArray, NDArray[np.float64], NDArray[np.float64]]:
    missing = [column for column in ("id", "lon", "lat") if column not in table.column_names]
    if missing:
        raise ColumnNotFound.from_missing(missing, table.column_names, table=name)
    return table["id"], _numbers(table["lon"]), _numbers(table["lat"])


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return a column as floats; what is no number is NaN, and so invalid."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        numbers: NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
        return numbers
    return np.array([_number(cell) for cell in column.to_pylist()], dtype=np.float64)


def _number(cell: object) -> float:
    try:
        return float(str(cell))
    except ValueError:
        return float("nan")


def _swapped(
    locator: Locator, lon: NDArray[np.float64], lat: NDArray[np.float64], located: int
) -> list[Finding]:
    """Say when nearly all points lie outside and swapping longitude and latitude puts them inside."""
    if located >= (1 - _SWAPPED_SHARE) * len(lon):
        return []
    turned = int((locator.index(lat, lon) >= 0).sum())
    if turned <= _SWAPPED_SHARE * len(lon):
        return []
    return [
        Finding(
            severity="warning",
            rule="lon_lat_swapped",
            message=f"{len(lon) - located} of {len(lon)} points lie outside; {turned} lie inside once "
            "longitude and latitude are swapped.",
            hint="exchange the names of the two columns",
            action="kept",
        )
    ]


def _sha256(istat: pa.Array) -> str:
    import hashlib

    return hashlib.sha256("\n".join(code or "" for code in istat.to_pylist()).encode()).hexdigest()


def _write(ids: pa.ChunkedArray, istat: pa.Array, out: Path) -> None:
    """Write ``id, istat`` under a temporary name, then rename."""
    import pyarrow as pa

    from contado.kernel import tables

    table = pa.table({"id": ids, "istat": istat})
    if out.suffix == ".parquet":
        tables.write_parquet(table, out)
    else:
        tables.write_csv(table, out)


VERB = Verb(
    name="locate",
    help="Say which municipality a point lies in",
    request=LocateRequest,
    answer=LocateAnswer,
    run=_run,
    workspace=True,
    process=Process(
        title_it="Comune di un punto",
        title_en="Municipality of a point",
        right="point.located",
        withheld=("engine",),
        quick=True,
    ),
    examples=(
        "contado locate 9.19 45.464 -w city",
        "contado locate --points points.csv --out found.csv -w city",
    ),
)
