"""The logger of the pipeline: what a person should know of a run, one line each on stderr.

Progress bars are in ``progress``. Dagster shows these lines among a run's events, because
``dagster_home/dagster.yaml`` names the logger.
"""

import logging
import sys
from typing import TextIO

NAME = "embeat"
"""Name of the logger, as ``dagster.yaml`` has it."""


class _CurrentStderr(logging.StreamHandler[TextIO]):
    """Writes to what is ``sys.stderr`` at that moment, which progress bars and tests exchange."""

    def emit(self, record: logging.LogRecord) -> None:
        """See ``logging.Handler``."""
        self.stream = sys.stderr
        super().emit(record)


def pipeline_logger() -> logging.Logger:
    """The logger, with a handler for stderr where it has none of ours yet."""
    logger = logging.getLogger(NAME)
    if not any(isinstance(handler, _CurrentStderr) for handler in logger.handlers):
        handler = _CurrentStderr()
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return logger
