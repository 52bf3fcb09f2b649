"""Payload of tracks as tests spell it."""

from typing import Any, cast

from embeat_serve.contract.payload import TrackPayload


def track_payload(**fields: Any) -> TrackPayload:
    """Payload with these fields and no others."""
    return cast(TrackPayload, fields)
