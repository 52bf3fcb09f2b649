"""Settings of the HTTP server, read from the ``EMBEAT_HTTP_*`` environment variables."""

import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from embeat_serve.errors import UsageError

DEFAULT_ADDRESS = "127.0.0.1:8765"

MAX_BODY = 1 << 20
"""Largest request body, bytes: a hundred seeds with every setting are 10 kB."""

BODY_SECONDS = 10.0
"""Time in which a body must have arrived."""

QUEUE_PER_WORKER = 32
"""Requests that may wait for each worker."""

_HIGHEST = {"workers": 64, "queue": 10_000, "timeout": 600}
"""Highest value of each number; all must be above 0."""


class PreloadMode(StrEnum):
    """Whether a release is read into the page cache before it is used."""

    AUTO = "auto"
    """Only where half of the available memory holds it."""
    YES = "yes"
    NO = "no"


@dataclass(frozen=True)
class HttpSettings:
    """Address, limits and access of the server.

    A field's environment variable is ``EMBEAT_HTTP_`` and its name in capitals.

    Raises:
        UsageError: a value is out of its range.
    """

    host: str = "127.0.0.1"
    """Address to listen on; the default reaches this machine only."""
    port: int = 8765
    """Port to listen on; 0 takes a free one."""
    workers: int = field(default_factory=lambda: min(os.cpu_count() or 1, 8))
    """Processes that answer requests."""
    queue: int = 0
    """Requests that may wait for a worker; further ones get status 429. 0: 32 for each worker."""
    timeout: float = 15.0
    """Seconds that a request may wait for a worker, and then may take."""
    warm: PreloadMode = PreloadMode.AUTO
    """Whether a release is read into the page cache first: ``yes``, ``no``, or ``auto``, where half
    of the available memory holds it."""
    api_key: str | None = field(default=None, repr=False)
    """Key that requests to the API must send; None lets everybody in."""
    cors: tuple[str, ...] = ()
    """Origins whose pages may call the API; ``*`` is any."""
    hosts: tuple[str, ...] = ()
    """Further host names of a server on loopback. It answers to no other name: else any web page
    could read it by pointing a name of its own at this machine."""

    def __post_init__(self) -> None:
        if not self.queue:
            object.__setattr__(self, "queue", QUEUE_PER_WORKER * self.workers)
        for name, highest in _HIGHEST.items():
            value = getattr(self, name)
            if not 0 < value <= highest:
                raise UsageError(f"EMBEAT_HTTP_{name.upper()} must be in 1..{highest}")
        if self.warm not in set(PreloadMode):
            choices = ", ".join(PreloadMode)
            raise UsageError(f"EMBEAT_HTTP_WARM must be {choices}, found {self.warm!r}")
        object.__setattr__(self, "warm", PreloadMode(self.warm))
        if not 0 <= self.port <= 65_535:
            raise UsageError(f"expected a port (EMBEAT_HTTP_PORT) in 0..65535, found {self.port}")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def allowed_hosts(self) -> frozenset[str] | None:
        """Host names that a request may use; None allows any."""
        if not self.is_local and not self.hosts:
            return None
        return frozenset({self.host, "localhost", "127.0.0.1", "::1", *self.hosts})

    @classmethod
    def from_environment(
        cls, address: str | None = None, environment: Mapping[str, str] | None = None
    ) -> "HttpSettings":
        """Read the settings from the environment; an unset or empty variable means the default.

        Args:
            address: ``HOST:PORT``, ``HOST``, ``:PORT`` (loopback) or ``PORT``; comes before the
                variables. None or empty: host and port are those of the variables.
            environment: read instead of ``os.environ``.

        Raises:
            UsageError: the address or a variable cannot be read.
        """
        environment = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        if address:
            values["host"], values["port"] = parse_address(address)
        for option in fields(cls):
            text = environment.get(f"EMBEAT_HTTP_{option.name.upper()}")
            if text and option.name not in values:
                values[option.name] = _parse(option.name, text)
        return cls(**values)


def _parse(name: str, text: str) -> Any:
    variable = f"EMBEAT_HTTP_{name.upper()}"
    try:
        return _PARSERS[name](text)
    except ValueError:
        raise UsageError(f"{variable} must be a number, found {text!r}") from None


def _parse_names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


_PARSERS: dict[str, Callable[[str], Any]] = {
    "host": lambda text: text.strip().removeprefix("[").removesuffix("]"),
    "port": int,
    "workers": int,
    "queue": int,
    "timeout": float,
    "warm": str,
    "api_key": str,
    "cors": _parse_names,
    "hosts": _parse_names,
}


def parse_address(text: str) -> tuple[str, int]:
    """Split an address into host and port; either may be left out.

    Args:
        text: such as ``127.0.0.1:8765`` or, for IPv6, ``[::1]:8765``.

    Raises:
        UsageError: the text is not an address.
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
