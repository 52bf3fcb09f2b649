"""Requests are repeated while the server is busy, a bounded number of times."""

from collections.abc import Iterable

import httpx
import pytest
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from embeat_pipeline.index.qdrant_retry import RetryPolicy


def refusal(status: int) -> UnexpectedResponse:
    return UnexpectedResponse(status, "refused", b"", httpx.Headers())


def call(failures: Iterable[Exception], attempts: int = 4) -> tuple[str, list[float]]:
    """Result of a request that fails so, and the pauses that were made."""
    remaining, pauses = iter(failures), []

    def send(answer: str) -> str:
        if (failure := next(remaining, None)) is not None:
            raise failure
        return answer

    return RetryPolicy(attempts, sleep=pauses.append).call(send, "done"), pauses


def test_a_request_that_succeeds_is_sent_once() -> None:
    assert call([]) == ("done", [])


@pytest.mark.parametrize(
    "failure",
    [
        refusal(503),
        refusal(429),
        ConnectionError("reset"),
        ResponseHandlingException(Exception("timeout")),
        ResourceExhaustedResponse("busy", 0),
    ],
)
def test_pauses_double(failure: Exception) -> None:
    assert call([failure] * 3) == ("done", [1, 2, 4])


def test_the_server_may_ask_for_a_longer_pause_up_to_a_limit() -> None:
    failures = [ResourceExhaustedResponse("busy", seconds) for seconds in (3, 900)]
    assert call(failures) == ("done", [3, 60])


def test_a_refusal_for_good_is_raised_at_once() -> None:
    with pytest.raises(UnexpectedResponse):
        call([refusal(404)])


def test_the_last_failure_is_raised() -> None:
    with pytest.raises(ConnectionError, match="second"):
        call([ConnectionError("first"), ConnectionError("second")], attempts=2)
