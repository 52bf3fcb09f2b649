"""Counters and gauges of the server, in Prometheus's text format."""

from collections.abc import Iterable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from embeat_serve.http.worker_pool import WorkerPool

disable_created_metrics()

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Upper bounds of the histogram of request times, in seconds."""


class Metrics:
    """Counts requests, and reports the state of the worker pool."""

    def __init__(self, pool: WorkerPool):
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "embeat_http_requests",
            "Requests answered.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "embeat_http_request_seconds",
            "Time from the request's head to the end of the response.",
            ("route",),
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_PoolState(pool))

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return generate_latest(self._registry)


class _PoolState(Collector):
    def __init__(self, pool: WorkerPool):
        self._pool = pool

    def collect(self) -> Iterable[Metric]:
        return self._gauges()

    def _gauges(self) -> Iterator[Metric]:
        pool = self._pool
        states = {
            "embeat_questions_waiting": ("Requests that wait for a worker.", pool.waiting),
            "embeat_questions_asked": ("Requests that a worker has.", pool.running),
            "embeat_workers_ready": ("Workers with a release open.", pool.ready),
            "embeat_workers_replaced": ("Workers that had to be replaced.", pool.restarts),
        }
        for name, (description, value) in states.items():
            yield GaugeMetricFamily(name, description, value)
        release = GaugeMetricFamily(
            "embeat_release", "Release that workers answer from.", labels=["release"]
        )
        for name in sorted(pool.releases):
            release.add_metric([name], 1)
        yield release
