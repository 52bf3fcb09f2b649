"""Send a request to a Qdrant server again while the server is busy, restarting or out of reach.

Every request of an upload can be repeated without harm, so a lost answer is treated like a lost
request. The number of attempts is bounded; the caller gets the last failure.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential

TEMPORARY_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP statuses of a server that may accept the same request later."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class RetryPolicy:
    """How often, and after which pauses, a request is sent again."""

    attempts: int = 8
    """Times a request is sent. With the pauses below, a server may be away for two minutes."""
    first_pause: float = 1.0
    """Seconds before the second attempt; each further pause is twice the one before."""
    longest_pause: float = 60.0
    """Seconds; the limit also where the server asks for a longer pause."""
    sleep: Callable[[float], None] = time.sleep
    """Called with each pause in seconds."""

    def call(self, send: Callable[..., Result], *arguments: Any, **options: Any) -> Result:
        """Call ``send(*arguments, **options)`` until it succeeds, and return its result.

        Raises:
            UnexpectedResponse: the server refuses for good, or refused every attempt.
            ResponseHandlingException, OSError: no attempt got an answer.
            ResourceExhaustedResponse: every attempt met too many requests.
        """
        retrying = Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=self._pause,
            retry=retry_if_exception(is_temporary),
            sleep=self.sleep,
            reraise=True,
        )
        return retrying(send, *arguments, **options)

    def _pause(self, state: RetryCallState) -> float:
        doubled = wait_exponential(multiplier=self.first_pause)(state)
        error = state.outcome.exception() if state.outcome else None
        requested = error.retry_after_s if isinstance(error, ResourceExhaustedResponse) else 0.0
        return min(max(doubled, requested), self.longest_pause)


DEFAULT_RETRY = RetryPolicy()


def is_temporary(error: BaseException) -> bool:
    """Return whether the same request may succeed later."""
    if isinstance(error, UnexpectedResponse):
        return error.status_code in TEMPORARY_STATUSES
    return isinstance(error, ResourceExhaustedResponse | ResponseHandlingException | OSError)
