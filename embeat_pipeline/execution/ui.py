"""The Dagster UI on this checkout's workspace."""

import os
import signal
import socket
import sys
from contextlib import ExitStack
from typing import NoReturn

from embeat_pipeline.common.file_lock import LockTaken, file_lock
from embeat_pipeline.execution.instance import (
    REPOSITORY,
    close_dead_runs,
    dagster_home,
    open_instance,
    ui_lock,
)
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import PipelineError, UsageError

HOST = "127.0.0.1"


def serve_ui(lake: LakePaths, port: int) -> NoReturn:
    """Become ``dagster dev`` on ``port`` of the loopback interface.

    Raises:
        UsageError: this is no checkout, or the port is taken.
        PipelineError: a UI already runs on this Dagster instance.
    """
    if not (REPOSITORY / "workspace.yaml").is_file():
        raise UsageError("the Dagster UI needs workspace.yaml: run this from a checkout of Embeat")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise UsageError(f"cannot use port {port}: {error}; choose one with --port") from None
    home = dagster_home(lake)
    lock = ui_lock(home)
    with ExitStack() as stack:
        try:
            stack.enter_context(file_lock(lock, inheritable=True))
        except LockTaken:
            raise PipelineError(
                f"a Dagster UI already runs on {home}; stop it or set DAGSTER_HOME"
            ) from None
        with open_instance(home) as instance:
            close_dead_runs(instance, home, own=lock)
        os.environ |= {
            "DAGSTER_HOME": str(home),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            # Dagster's processes work in the checkout, not where this was called.
            "EMBEAT_LAKE": str(lake.root.absolute()),
        }
        os.chdir(REPOSITORY)
        # Shells start background jobs with SIGINT ignored, and Dagster treats SIGTERM alike:
        # such a UI could not be stopped at all.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print(f"Dagster UI starts on http://{HOST}:{port} (Ctrl-C stops it)", flush=True)
        # `dagster dev` advertises another package's command, which this project has no use for.
        python = [sys.executable, "-W", "ignore:Function `dev_command` is superseded"]
        dagster = ["-m", "dagster", "dev", "-w", "workspace.yaml", "--log-level", "warning"]
        os.execv(sys.executable, [*python, *dagster, "-h", HOST, "-p", str(port)])  # noqa: S606
