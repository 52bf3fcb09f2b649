"""What is counted, for Prometheus."""

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


class Metrics:
    """Counters of one server; the pool's state is read when it is asked for."""

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
        """Count a request."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Everything, in the text format."""
        return generate_latest(self._registry)


class _PoolState(Collector):
    def __init__(self, pool: WorkerPool):
        self._pool = pool

    def collect(self) -> Iterable[Metric]:
        return self._gauges()

    def _gauges(self) -> Iterator[Metric]:
        pool = self._pool
        states = {
            "embeat_questions_waiting": ("Questions that wait for a worker.", pool.waiting),
            "embeat_questions_asked": ("Questions that a worker has.", pool.asking),
            "embeat_workers_ready": ("Workers with a release open.", pool.ready),
            "embeat_workers_replaced": ("Workers that had to be replaced.", pool.restarts),
        }
        for name, (about, value) in states.items():
            yield GaugeMetricFamily(name, about, value)
        release = GaugeMetricFamily(
            "embeat_release", "Release that workers answer from.", labels=["release"]
        )
        for name in sorted(pool.releases):
            release.add_metric([name], 1)
        yield release
