"""Write answers to files and the terminal, and complaints to stderr."""

import os
import sys
from pathlib import Path

from embeat_serve.errors import UsageError

PROGRAM = "embeat"
"""How a line on stderr begins."""


def write_file(path: str, text: str) -> None:
    """Write a file that a flag names.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        Path(path).write_text(text, encoding="utf-8", newline="")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot write {path}: {reason}") from None


def print_answer(text: str) -> int:
    """Print to stdout; returns the exit status."""
    try:
        # A terminal that cannot show a title still shows the rest.
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has stopped. Without this, Python would complain again when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        complain(f"cannot write the answer: {error.strerror}")
        return UsageError.exit_status
    return 0


def complain(message: str) -> None:
    """Print a message to stderr, in one line."""
    print(f"{PROGRAM}: {' '.join(message.split())}", file=sys.stderr)
