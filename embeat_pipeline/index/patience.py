"""Requests to a server that is busy, restarting or out of reach for a moment: asked again.

Every request of an upload can be repeated without harm, so a lost answer is asked for again like a
lost request. How often is bounded; the last failure is the caller's.
"""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

ATTEMPTS = 8
"""Times a request is sent: with the pauses between, a server may be away for two minutes."""

FIRST_PAUSE = 1.0
"""Seconds; each pause is twice the one before."""

LONGEST_PAUSE = 60.0
"""Seconds, also where the server asks for more."""

BUSY = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses that pass."""

Answer = TypeVar("Answer")


def patiently(send: Callable[..., Answer], *arguments: Any, **named: Any) -> Answer:
    """Answer of ``send``, asked again while the server is busy or away.

    Raises:
        UnexpectedResponse: refused for good, or ``ATTEMPTS`` times.
        ResponseHandlingException: no answer ``ATTEMPTS`` times.
        ResourceExhaustedResponse: too many requests, ``ATTEMPTS`` times.
    """
    pause = FIRST_PAUSE
    for _ in range(ATTEMPTS - 1):
        wanted = 0.0
        try:
            return send(*arguments, **named)
        except UnexpectedResponse as error:
            if error.status_code not in BUSY:
                raise
        except ResourceExhaustedResponse as error:
            wanted = error.retry_after_s
        except (ResponseHandlingException, OSError):
            pass
        time.sleep(min(max(pause, wanted), LONGEST_PAUSE))
        pause *= 2
    return send(*arguments, **named)
