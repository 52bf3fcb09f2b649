"""``EMBEAT_HTTP_*`` environment variables -> one frozen object."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from embeat_serve.errors import UsageError

DEFAULT_ADDRESS = "127.0.0.1:8765"

MAX_BODY = 1 << 20
"""Largest request body, bytes: a hundred seeds with every setting are 10 kB."""

BODY_SECONDS = 10.0
"""Until a body must have arrived."""

QUEUE_PER_WORKER = 32
"""Questions that may wait for each worker."""

WARM = ("auto", "yes", "no")

_POSITIVE = {"workers": 64, "queue": 10_000, "timeout": 600}


@dataclass(frozen=True)
class HttpSettings:
    """How the server behaves. Environment: ``EMBEAT_HTTP_`` and the name in capitals.

    Raises:
        UsageError: a value is out of its range.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    workers: int = field(default_factory=lambda: min(os.cpu_count() or 1, 8))
    """Processes that ask the release."""
    queue: int = 0
    """Questions that may wait for one; further ones get 429. 0: 32 for each worker."""
    timeout: float = 15.0
    """Seconds a question may wait for a worker, and then may take."""
    warm: str = "auto"
    """Whether a release is read into the page cache before it is asked: ``yes``, ``no``, or
    ``auto``, where half the memory that is free holds it."""
    api_key: str | None = field(default=None, repr=False)
    """Asked of every request to the API where set."""
    cors: tuple[str, ...] = ()
    """Origins whose pages may call; none where empty, ``*`` is any."""
    hosts: tuple[str, ...] = ()
    """Names by which the server may be called besides its own address. A server on loopback
    answers to no other, or any web page could read it by pointing its own name there."""

    def __post_init__(self) -> None:
        if not self.queue:
            object.__setattr__(self, "queue", QUEUE_PER_WORKER * self.workers)
        for name, highest in _POSITIVE.items():
            value = getattr(self, name)
            if not 0 < value <= highest:
                raise UsageError(f"EMBEAT_HTTP_{name.upper()} must be in 1..{highest}")
        if self.warm not in WARM:
            raise UsageError(f"EMBEAT_HTTP_WARM must be {', '.join(WARM)}, found {self.warm!r}")
        if not 0 <= self.port <= 65_535:
            raise UsageError(f"expected a port in 0..65535, found {self.port}")

    @property
    def is_local(self) -> bool:
        """Whether nothing but this machine can reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def allowed_hosts(self) -> frozenset[str] | None:
        """Names a request may call the server by; None for any."""
        if not self.is_local and not self.hosts:
            return None
        return frozenset({self.host, "localhost", "127.0.0.1", "::1", *self.hosts})

    @classmethod
    def from_environment(
        cls, address: str = DEFAULT_ADDRESS, environment: Mapping[str, str] | None = None
    ) -> "HttpSettings":
        """Read the variables; unset or empty means the default.

        Args:
            address: ``HOST:PORT``, ``HOST``, ``:PORT`` (loopback) or ``PORT``.
            environment: instead of ``os.environ``.

        Raises:
            UsageError: the address or a variable cannot be read.
        """
        environment = os.environ if environment is None else environment
        host, port = parse_address(address)
        given: dict[str, object] = {"host": host, "port": port}
        readers = {"workers": int, "queue": int, "timeout": float, "api_key": str, "warm": str}
        for option in fields(cls):
            variable = f"EMBEAT_HTTP_{option.name.upper()}"
            text = environment.get(variable)
            if not text or option.name in given:
                continue
            try:
                given[option.name] = readers.get(option.name, _names)(text)
            except ValueError:
                raise UsageError(f"{variable} must be a number, found {text!r}") from None
        return cls(**given)  # type: ignore[arg-type]


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``, where either may be left out; ``[::1]:80`` for IPv6.

    Raises:
        UsageError: it is none.
    """
    default_host, _, default_port = DEFAULT_ADDRESS.rpartition(":")
    text = text.strip()
    if text.isdigit():
        text = f":{text}"
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, default_port
    host = host.removeprefix("[").removesuffix("]") or default_host
    if not port.isdigit() or not port.isascii() or int(port) > 65_535 or "/" in host:
        raise UsageError(f"expected HOST:PORT such as {DEFAULT_ADDRESS}, found {text!r}")
    return host, int(port)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
