"""What a server counts, for Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from pitchpipe.service.router import Route
    from pitchpipe.service.storage.store import Store

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of the text format."""

_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0)


@dataclass
class _Series:
    """Answers of one route with one status."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))
    seconds: float = 0.0


class Metrics:
    """Counters of one server. Counting costs a microsecond; the rest is done when someone asks.

    Args:
        store: whose jobs and batches are counted.
        workers: tells how many processes are training.

    Attributes:
        in_flight: requests being answered.
    """

    def __init__(self, store: Store, workers: Callable[[], int]) -> None:
        self._store = store
        self._workers = workers
        self._series: dict[tuple[str, str, int], _Series] = {}
        self._received = 0
        self.in_flight = 0

    def count(
        self, method: str, route: Route | None, status: int, size: int, seconds: float
    ) -> None:
        """Counts an answer.

        Args:
            method: of the request.
            route: which one answered, None for none.
            status: HTTP status.
            size: bytes of the request's body.
            seconds: until the answer's first byte.
        """
        # without a route, the words are the client's, who could make any number of series
        key = ("any", "none", status) if route is None else (method, route.template, status)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series()
        series.counts[bisect_left(_BOUNDS, seconds)] += 1
        series.seconds += seconds
        self._received += size

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """All of them, as Prometheus's own library takes them."""
        from prometheus_client.core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        answers = HistogramMetricFamily(
            "pitchpipe_request_seconds",
            "Seconds until the first byte of an answer",
            labels=("method", "route", "status"),
        )
        for (method, template, status), series in sorted(self._series.items()):
            total = 0
            buckets = []
            for bound, count in zip((*map(str, _BOUNDS), "+Inf"), series.counts, strict=True):
                total += count
                buckets.append((bound, total))
            answers.add_metric((method, template, str(status)), buckets, series.seconds)
        yield answers
        received = CounterMetricFamily("pitchpipe_received_bytes", "Bytes of request bodies")
        received.add_metric((), self._received)
        yield received
        for name, text, value in (
            ("requests_in_flight", "Requests being answered", self.in_flight),
            ("workers", "Processes that train", self._workers()),
        ):
            yield GaugeMetricFamily(f"pitchpipe_{name}", text, value)
        for kind, name in (("job", "jobs"), ("batch", "batches")):
            objects = GaugeMetricFamily(f"pitchpipe_{name}", "By status", labels=("status",))
            for state, number in sorted(self._store.counts(kind).items()):
                objects.add_metric((state,), number)
            yield objects
