"""CQL2 filters (Features 3): text or JSON -> one truth value a feature, computed on arrays.

The package `cql2` parses; nothing of a filter is ever put into a program or query text. Unknown values follow the
three-valued logic of the standard: a comparison with an unknown value is neither true nor false, and only
features for which the whole filter is true are found.

References
----------
OGC 21-065r2, Common Query Language (CQL2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

import numpy as np

from contado.kernel.errors import did_you_mean
from contado.web.ogc.common import conforms_to
from contado.web.ogc.cql2_values import Operand, operand, text_of
from contado.web.ogc.problems import BadParameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from contado.web.ogc.crs import System
    from contado.web.ogc.prepared import Prepared

__all__ = ["mask", "parse"]

_CONF: Final = "http://www.opengis.net/spec/cql2/1.0/conf"
conforms_to(
    "cql2",
    [
        f"{_CONF}/{name}"
        for name in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "accent-insensitive-comparison",
            "basic-spatial-functions",
            "spatial-functions",
            "property-property",
            "arithmetic",
        )
    ],
)

MAX_CHARACTERS: Final = 8000
MAX_DEPTH: Final = 40
"""Brackets that may stand in each other: the parser descends once for each, on a stack that ends."""
_MAX_TREE: Final = 150


class Truth(NamedTuple):
    """Where an expression is true, and where it is false; elsewhere it is unknown."""

    true: NDArray[np.bool_]
    false: NDArray[np.bool_]


def parse(text: str, language: str) -> Any:
    """Return the expression of a filter as CQL2 JSON.

    Raises
    ------
    BadParameter
        It is no CQL2, too long, or nested too deeply.
    """
    import cql2

    if len(text) > MAX_CHARACTERS:
        _refuse(f"the filter has {len(text)} characters", f"at most {MAX_CHARACTERS}")
    _refuse_deep(text)
    reader = cql2.parse_json if language == "cql2-json" else cql2.parse_text
    try:
        return reader(text).to_json()
    except (cql2.ParseError, cql2.ValidationError) as error:
        lines = [line.strip(" |=") for line in str(error).splitlines() if line.strip(" |=-^")]
        _refuse(
            f"it cannot be read: {lines[0]}" if lines else "it cannot be read", lines[-1] if lines else ""
        )
    except RecursionError:
        _refuse("it is nested too deeply", f"at most {MAX_DEPTH} levels")


def _refuse(what: str, hint: str) -> NoReturn:
    raise BadParameter("filter", f"filter: {what[:300]}.", hint[:500])


def _refuse_deep(text: str) -> None:
    """Refuse before parsing what would exhaust the parser's stack; brackets inside text count too."""
    depth = deepest = 0
    for character in text:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    if deepest > MAX_DEPTH:
        _refuse("it is nested too deeply", f"at most {MAX_DEPTH} brackets in each other")


def mask(expression: Any, features: Prepared, system: System) -> NDArray[np.bool_]:
    """Return the features for which an expression is true (n).

    Parameters
    ----------
    expression
        CQL2 JSON, as `parse` returns it.
    features
        The layer.
    system
        In which the coordinates of the expression are given (parameter ``filter-crs``).

    Raises
    ------
    BadParameter
        It names an unknown attribute or function, or compares what cannot be compared.
    """
    return _Reader(features, system).truth(expression, 0).true


class _Reader:
    """Computes the nodes of one expression."""

    def __init__(self, features: Prepared, system: System) -> None:
        self.features = features
        self.system = system
        self.n = len(features)

    def truth(self, node: Any, depth: int) -> Truth:
        """Return the truth values of a node."""
        if depth > _MAX_TREE:
            _refuse("it is nested too deeply", f"at most {_MAX_TREE} operations in each other")
        if isinstance(node, bool):
            return self._constant(node)
        if isinstance(node, dict) and "op" in node:
            name, args = str(node["op"]).lower(), node.get("args", [])
            if name in _LOGIC:
                return _LOGIC[name](self, args, depth + 1)
            if name in _COMPARISONS:
                return self._compare(name, args, depth + 1)
            if name in _SPATIAL:
                return self._spatial(name, args)
            _refuse_unknown(name)
        if isinstance(node, dict) and "property" in node:
            value = self.value(node, depth + 1)
            if value.kind != "boolean":
                _refuse(f"{node['property']!r} is no yes/no attribute", "compare it with a value")
            data = np.broadcast_to(np.asarray(value.data, dtype=bool), self.n)
            return Truth(data & value.known, ~data & value.known)
        _refuse(f"{str(node)[:60]!r} is neither true nor false", "compare it with something")

    def _constant(self, value: bool) -> Truth:
        return Truth(np.full(self.n, value), np.full(self.n, not value))

    def value(self, node: Any, depth: int) -> Operand:
        """Return the values of a node."""
        if depth > _MAX_TREE:
            _refuse("it is nested too deeply", f"at most {_MAX_TREE} operations in each other")
        return operand(node, self.features, lambda inner: self.value(inner, depth + 1), _refuse)

    # ------------------------------------------------------------ logic
    def _and(self, args: list[Any], depth: int) -> Truth:
        found = [self.truth(arg, depth) for arg in self._some(args, "and")]
        return Truth(
            np.logical_and.reduce([f.true for f in found]), np.logical_or.reduce([f.false for f in found])
        )

    def _or(self, args: list[Any], depth: int) -> Truth:
        found = [self.truth(arg, depth) for arg in self._some(args, "or")]
        return Truth(
            np.logical_or.reduce([f.true for f in found]), np.logical_and.reduce([f.false for f in found])
        )

    def _not(self, args: list[Any], depth: int) -> Truth:
        (arg,) = self._exactly(args, 1, "not")
        found = self.truth(arg, depth)
        return Truth(found.false, found.true)

    def _is_null(self, args: list[Any], depth: int) -> Truth:
        (arg,) = self._exactly(args, 1, "isNull")
        if _is_geometry(arg, self.features):
            import shapely

            missing = shapely.is_missing(self.features.shapes)
            return Truth(missing, ~missing)
        known = np.broadcast_to(self.value(arg, depth).known, self.n)
        return Truth(~known, known.copy())

    def _some(self, args: Any, name: str) -> list[Any]:
        if not isinstance(args, list) or not args:
            _refuse(f"{name} without arguments", "give at least one")
        return args

    def _exactly(self, args: Any, count: int, name: str) -> list[Any]:
        if not isinstance(args, list) or len(args) != count:
            _refuse(f"{name} takes {count} arguments", "see the standard CQL2")
        return args

    # ------------------------------------------------------------ comparison
    def _compare(self, name: str, args: Any, depth: int) -> Truth:
        if name == "between":
            value, low, high = self._exactly(args, 3, name)
            return self._and([{"op": ">=", "args": [value, low]}, {"op": "<=", "args": [value, high]}], depth)
        left, right = self._exactly(args, 2, name)
        if name == "in":
            same = [{"op": "=", "args": [left, item]} for item in self._some(right, name)]
            return self._or(same, depth)
        a, b = self.value(left, depth), self.value(right, depth)
        if name == "like":
            return self._like(a, right)
        kinds = {_family(a.kind), _family(b.kind)} - {"null"}
        if len(kinds) > 1:
            _refuse(f"{a.kind} and {b.kind} cannot be compared", "compare values of one type")
        known = np.broadcast_to(np.logical_and(a.known, b.known), self.n)
        if "null" in {a.kind, b.kind}:
            return Truth(np.zeros(self.n, dtype=bool), np.zeros(self.n, dtype=bool))
        if kinds == {"boolean"} and name not in {"=", "<>"}:
            _refuse(f"yes/no values have no order ({name})", "use = or <>")
        found = np.broadcast_to(_COMPARISONS[name](a.data, b.data), self.n).astype(bool)
        return Truth(found & known, ~found & known)

    def _like(self, value: Operand, pattern_node: Any) -> Truth:
        import pyarrow as pa
        import pyarrow.compute as pc

        pattern = text_of(pattern_node)
        if pattern is None or value.kind != "string":
            _refuse("like compares text with a pattern", "name LIKE 'M%'")
        data = np.broadcast_to(np.asarray(value.data, dtype=object), self.n)
        try:
            found = pc.match_like(pa.array(data, pa.string()), pattern).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            _refuse(f"{pattern[:60]!r} is no pattern", "% stands for any text, _ for one character")
        known = np.broadcast_to(value.known, self.n)
        return Truth(found & known, ~found & known)

    # ------------------------------------------------------------ space
    def _spatial(self, name: str, args: Any) -> Truth:
        import shapely

        left, right = self._exactly(args, 2, name)
        first, second = self._shapes(left), self._shapes(right)
        known = ~(shapely.is_missing(first) | shapely.is_missing(second))
        try:
            found = np.broadcast_to(getattr(shapely, _SPATIAL[name])(first, second), self.n)
        except shapely.errors.GEOSException as error:
            _refuse(f"{name} cannot be computed: {error}", "give valid geometries")
        known = np.broadcast_to(known, self.n)
        return Truth(found & known, ~found & known)

    def _shapes(self, node: Any) -> Any:
        """Return geometries in CRS84: those of the layer, or one that the expression holds."""
        if _is_geometry(node, self.features):
            return self.features.lonlat
        from contado.web.ogc.cql2_values import shape

        return shape(node, self.system, _refuse)


def _is_geometry(node: Any, features: Prepared) -> bool:
    named = isinstance(node, dict) and node.get("property") == "geometry"
    return named and "geometry" not in features.kinds


def _refuse_unknown(name: str) -> NoReturn:
    known = [*_LOGIC, *_COMPARISONS, *_SPATIAL]
    _refuse(
        f"there is no operation {name[:40]!r} here", did_you_mean(name, known) or f"valid: {', '.join(known)}"
    )


def _family(kind: str) -> str:
    return {"integer": "number", "date": "instant", "date-time": "instant"}.get(kind, kind)


_LOGIC: Final[dict[str, Callable[[_Reader, list[Any], int], Truth]]] = {
    "and": _Reader._and,  # noqa: SLF001 - the table of one class
    "or": _Reader._or,  # noqa: SLF001
    "not": _Reader._not,  # noqa: SLF001
    "isnull": _Reader._is_null,  # noqa: SLF001
}
_COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "between": lambda a, b: a >= b,
    "in": lambda a, b: a == b,
    "like": lambda a, b: a == b,
}
_SPATIAL: Final = {
    "s_intersects": "intersects",
    "s_disjoint": "disjoint",
    "s_equals": "equals",
    "s_touches": "touches",
    "s_within": "within",
    "s_contains": "contains",
    "s_overlaps": "overlaps",
    "s_crosses": "crosses",
}
