"""What a server counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from prometheus_client.registry import Collector

    from pitchpipe.service.router import Route
    from pitchpipe.service.storage.store import Store

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of the text format."""

_NO_ROUTE = "none"


class Metrics:
    """Counters of one server, in a registry of their own.

    Args:
        store: whose jobs and batches are counted when someone asks.
        workers: tells how many processes are training.
    """

    def __init__(self, store: Store, workers: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._answered = Histogram(
            "pitchpipe_request_seconds",
            "Time until the first byte of an answer, by route",
            ("method", "route"),
            registry=self._registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10),
        )
        self._requests = Counter(
            "pitchpipe_requests_total",
            "Answered requests, by route and status",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._received = Counter(
            "pitchpipe_received_bytes_total", "Bytes of request bodies", registry=self._registry
        )
        self.in_flight = Gauge(
            "pitchpipe_requests_in_flight", "Requests being answered", registry=self._registry
        )
        Gauge("pitchpipe_workers", "Processes that train", registry=self._registry).set_function(
            workers
        )
        collector: Collector = _Objects(store)
        self._registry.register(collector)
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

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
        template = _NO_ROUTE if route is None else route.template
        if route is None:
            method = "any"  # or a client could make any number of series
        key = (method, template, status)
        series = self._series.get(key)
        if series is None:
            series = (
                self._requests.labels(method, template, str(status)),
                self._answered.labels(method, template),
            )
            self._series[key] = series
        series[0].inc()
        series[1].observe(seconds)
        if size:
            self._received.inc(size)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self._registry)


class _Objects:
    """Jobs and batches by status, counted when asked."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        for kind in ("job", "batch"):
            family = GaugeMetricFamily(
                f"pitchpipe_{kind}{'es' if kind == 'batch' else 's'}",
                "Objects, by status",
                labels=["status"],
            )
            for status, count in sorted(self._store.counts(kind).items()):
                family.add_metric([status], count)
            yield family
