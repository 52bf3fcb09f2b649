"""What passes between the server and its workers: a JSON object and, behind it, bytes as they are.

Both lengths come first, as 32-bit unsigned integers in network order.
"""

import asyncio
import json
import struct
from typing import Any, BinaryIO

_LENGTHS = struct.Struct("!II")


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """A frame."""
    # Escaped, since a lone surrogate is a string but no UTF-8.
    text = json.dumps(head).encode("ascii")
    return _LENGTHS.pack(len(text), len(body)) + text + body


def read(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next frame of a blocking stream; None at its end."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    of_head, of_body = _LENGTHS.unpack(lengths)
    head, body = stream.read(of_head), stream.read(of_body)
    if len(head) < of_head or len(body) < of_body:
        return None
    return json.loads(head), body


async def receive(stream: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    """The next frame.

    Raises:
        asyncio.IncompleteReadError: whoever writes is gone.
    """
    of_head, of_body = _LENGTHS.unpack(await stream.readexactly(_LENGTHS.size))
    head = await stream.readexactly(of_head)
    return json.loads(head), await stream.readexactly(of_body)
