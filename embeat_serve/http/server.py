"""Runs the application in uvicorn until a signal stops it."""

import signal
import sys
from types import FrameType

import uvicorn

from embeat_serve.http.app import create_app
from embeat_serve.http.settings import HttpSettings
from embeat_serve.settings import Settings

STOP_SECONDS = 30
"""Time that running requests get when the server is stopped."""

BACKLOG = 2_048
"""Connections that may wait to be accepted."""


def run(settings: Settings, http: HttpSettings) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit status."""
    config = uvicorn.Config(
        create_app(settings, http),
        host=http.host,
        port=http.port,
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_keep_alive=30,
    )
    server = _Server(config)
    # When all requests are answered, uvicorn raises the signal that stopped it once more.
    signal.signal(signal.SIGTERM, _exit)
    try:
        server.run()
    except KeyboardInterrupt:
        return 0
    return 0 if server.started else 2


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


class _Server(uvicorn.Server):
    """Prints the address that the server listens on, once it does."""

    def _log_started_message(self, listeners: object) -> None:
        host, port = self.config.host, self.config.port
        for server in self.servers:
            for listening in server.sockets:
                port = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        print(f"embeat: listening on http://{shown}:{port}/", file=sys.stderr, flush=True)
