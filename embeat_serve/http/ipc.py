"""Messages between the server and its worker processes, and how they are framed on a pipe.

The first frame that a worker reads holds the settings; each further one is a request, and gets one
answer. A frame is two lengths (32-bit unsigned integers in network order), then a JSON object and
bytes of those lengths.
"""

import asyncio
import json
import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Self

from embeat_serve.http.arguments import HandlerName
from embeat_serve.settings import Settings

_LENGTHS = struct.Struct("!II")


@dataclass(frozen=True)
class Request:
    """A call of one of a worker's handlers."""

    handler: HandlerName
    arguments: Mapping[str, Any]

    def to_frame(self) -> bytes:
        """This request as one frame."""
        return pack_frame({"handler": self.handler, "arguments": dict(self.arguments)})


@dataclass(frozen=True)
class Answer:
    """A worker's answer to one request."""

    status: int
    """HTTP status."""
    seconds: float
    """Time the worker took."""
    body: bytes = b""
    media_type: str = "application/json"
    release: str | None = None
    """Release that answered; None unless the status is 200."""
    detail: str = ""
    """What went wrong; empty for status 200."""
    suggestions: tuple[str, ...] = ()
    """Names close to a seed that was not found."""

    def to_frame(self) -> bytes:
        """This answer as one frame."""
        head = {name: value for name, value in vars(self).items() if name != "body"}
        return pack_frame(head, self.body)

    @classmethod
    def from_frame(cls, head: Mapping[str, Any], body: bytes) -> Self:
        """The answer that ``to_frame`` packed."""
        fields = {name: value for name, value in head.items() if name != "suggestions"}
        return cls(body=body, suggestions=tuple(head["suggestions"]), **fields)


def to_message(settings: Settings) -> bytes:
    """Pack all settings for a worker's first frame."""
    return pickle.dumps(settings)


def from_message(content: bytes) -> Settings:
    """Unpack the settings that ``to_message`` packed."""
    # Only the server that started this process can write to its input.
    return pickle.loads(content)  # noqa: S301


def pack_frame(head: Mapping[str, Any], body: bytes = b"") -> bytes:
    """Pack a JSON object and bytes into one frame."""
    # Escaped to ASCII: a lone surrogate is a valid string, but not valid UTF-8.
    text = json.dumps(head).encode("ascii")
    return _LENGTHS.pack(len(text), len(body)) + text + body


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read the next frame of a blocking stream; None where the stream ends."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head_length, body_length = _LENGTHS.unpack(lengths)
    head, body = stream.read(head_length), stream.read(body_length)
    if len(head) < head_length or len(body) < body_length:
        return None
    return json.loads(head), body


async def receive_frame(stream: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    """Wait for the next frame of a stream.

    Raises:
        asyncio.IncompleteReadError: the writer has ended.
    """
    head_length, body_length = _LENGTHS.unpack(await stream.readexactly(_LENGTHS.size))
    head = await stream.readexactly(head_length)
    return json.loads(head), await stream.readexactly(body_length)
