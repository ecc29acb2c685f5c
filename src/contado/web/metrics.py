"""Figures of one server process, in the text format that Prometheus reads.

A process counts its own requests; jobs and messages are counted in the store, so that every process says the
same of them.

References
----------
Prometheus, Exposition formats (text format 0.0.4), https://prometheus.io/docs/instrumenting/exposition_formats/ .
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from contado.kernel.records.status import Status
    from contado.web.live import State

__all__ = ["CONTENT_TYPE", "Metrics", "kind_of"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper limits of the classes of time [s]."""
_KINDS: Final = (("/static/", "static"), ("/tiles/", "tile"), ("/api/", "api"))


def kind_of(path: str) -> str:
    """Return what a path asks for: static, tile, api or page; few kinds, whatever addresses people try.

    Examples
    --------
    >>> [kind_of(p) for p in ("/tiles/roads/14/8600/5860.mvt", "/api/collections/roads/tiles/a/1/0/0", "/en/")]
    ['tile', 'tile', 'page']
    """
    kind = next((kind for prefix, kind in _KINDS if path.startswith(prefix)), "page")
    return "tile" if kind == "api" and "/tiles/" in path else kind


class Metrics:
    """Counters of the requests of this process; threads may count at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started = time.time()
        self._running = 0
        self._requests: Counter[tuple[str, int]] = Counter()
        self._times: dict[str, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS_S) + 1))
        self._seconds: Counter[str] = Counter()

    def begin(self) -> None:
        """Count a request that runs."""
        with self._lock:
            self._running += 1

    def end(self, kind: str, status: int, seconds: float) -> None:
        """Count a request that has been answered."""
        place = next((i for i, limit in enumerate(BUCKETS_S) if seconds <= limit), len(BUCKETS_S))
        with self._lock:
            self._running -= 1
            self._requests[kind, status] += 1
            self._times[kind][place] += 1
            self._seconds[kind] += seconds  # type: ignore[assignment]  # a counter of seconds

    def text(self, store: Status | None, live: State) -> str:
        """Return all figures; without a ``store`` those of jobs and messages are left out.

        ``live`` is how ready the live engine of this process is.
        """
        with self._lock:
            lines = [*self._own()]
        lines += _family(
            "contado_store_up", "gauge", "Whether the records can be reached.", [({}, int(store is not None))]
        )
        lines += _family(
            "contado_live_warm",
            "gauge",
            "Whether messages of devices are worked off at once.",
            [({}, int(live == "warm"))],
        )
        if store is not None:
            lines += _states("contado_jobs", "Jobs by state.", "state", store.jobs)
            lines += _states(
                "contado_outbox_messages", "Messages of the outbox by state.", "state", store.outbox
            )
            lines += _family(
                "contado_records_schema", "gauge", "Version of the records' schema.", [({}, store.schema)]
            )
        return "\n".join(lines) + "\n"

    def _own(self) -> Iterator[str]:
        requests = [
            ({"kind": kind, "status": str(status)}, n) for (kind, status), n in sorted(self._requests.items())
        ]
        yield from _family("contado_requests_total", "counter", "Requests answered.", requests)
        yield from _family(
            "contado_requests_running", "gauge", "Requests that run now.", [({}, self._running)]
        )
        yield from self._histogram()
        yield from _family(
            "process_cpu_seconds_total", "counter", "CPU time [s].", [({}, time.process_time())]
        )
        yield from _family(
            "process_start_time_seconds", "gauge", "Start [s since 1970].", [({}, self._started)]
        )

    def _histogram(self) -> Iterator[str]:
        name = "contado_request_seconds"
        yield from _family(name, "histogram", "Time to answer [s]; kind tile = vector tiles.", [])
        for kind, classes in sorted(self._times.items()):
            total = 0
            for limit, n in zip((*BUCKETS_S, "+Inf"), classes, strict=True):
                total += n
                yield _sample(f"{name}_bucket", {"kind": kind, "le": str(limit)}, total)
            yield _sample(f"{name}_sum", {"kind": kind}, self._seconds[kind])
            yield _sample(f"{name}_count", {"kind": kind}, total)


def _states(name: str, text: str, label: str, counts: Mapping[str, int]) -> Iterator[str]:
    return _family(name, "gauge", text, [({label: state}, n) for state, n in counts.items()])


def _family(
    name: str, kind: str, text: str, samples: Iterable[tuple[Mapping[str, str], float]]
) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        yield _sample(name, labels, value)


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    # the values of our labels are words of our own: nothing to escape
    inside = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{inside}}} {value:.15g}" if inside else f"{name} {value:.15g}"
