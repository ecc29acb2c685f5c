"""Tables: schemas declared as data; read, conform, validate and write.

>>> from contado.kernel import tables
>>> tables.empty("relation").column_names[:3]
['kind', 'a', 'b']
"""

from __future__ import annotations

from contado.kernel.tables import geoparquet, vector
from contado.kernel.tables.conform import conform, content_hash, empty, from_rows, sort
from contado.kernel.tables.read import ReadResult, provenance, read
from contado.kernel.tables.schema import (
    Attribute,
    Indicator,
    Schema,
    folder_names,
    indicators,
    names,
    schema,
)
from contado.kernel.tables.validate import validate
from contado.kernel.tables.write import atomic, parquet_bytes, write_csv, write_parquet

__all__ = [
    "Attribute",
    "Indicator",
    "ReadResult",
    "Schema",
    "atomic",
    "conform",
    "content_hash",
    "empty",
    "folder_names",
    "from_rows",
    "geoparquet",
    "indicators",
    "names",
    "parquet_bytes",
    "provenance",
    "read",
    "schema",
    "sort",
    "validate",
    "vector",
    "write_csv",
    "write_parquet",
]
