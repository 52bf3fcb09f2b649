"""Runs the application until it is told to stop."""

import signal
import sys

import uvicorn

from embeat_serve.http.app import create_app
from embeat_serve.http.settings import HttpSettings
from embeat_serve.settings import Settings

STOP_SECONDS = 30
"""What is being answered when the server is told to stop may take this long."""

BACKLOG = 2_048


def run(settings: Settings, http: HttpSettings) -> int:
    """Serve; returns the exit status once a signal (SIGINT, SIGTERM) has ended it."""
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
    # Once all is answered and closed, the server raises the signal that ended it again.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.run()
    except KeyboardInterrupt:
        return 0
    return 0 if server.started else 2


class _Server(uvicorn.Server):
    """Says where it listens, in a line that can be waited for."""

    def _log_started_message(self, listeners: object) -> None:
        host, port = self.config.host, self.config.port
        for server in self.servers:
            for listening in server.sockets:
                port = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        print(f"embeat: listening on http://{shown}:{port}/", file=sys.stderr, flush=True)
