from types import SimpleNamespace
from typing import Any

from embeat_serve.http.metrics import Metrics


def test_requests_are_counted_and_the_pool_is_read_when_the_text_is_made():
    pool: Any = SimpleNamespace(waiting=0, running=0, ready=2, restarts=0, releases={"one"})
    metrics = Metrics(pool)
    metrics.count("/v1/genres", "GET", 200, 0.003)
    metrics.count("/v1/genres", "GET", 200, 0.3)
    pool.waiting, pool.releases = 3, {"two", "one"}
    lines = metrics.text().decode().splitlines()
    assert 'embeat_http_requests_total{method="GET",route="/v1/genres",status="200"} 2.0' in lines
    assert 'embeat_http_request_seconds_bucket{le="0.005",route="/v1/genres"} 1.0' in lines
    assert "embeat_questions_waiting 3.0" in lines
    assert "embeat_workers_ready 2.0" in lines
    releases = [line for line in lines if line.startswith("embeat_release{")]
    assert releases == ['embeat_release{release="one"} 1.0', 'embeat_release{release="two"} 1.0']
