"""All exceptions that a user can see, with their exit statuses.

Each message says what was found, what was expected, and what to run.

EmbeatError                 exit status
├── UsageError                   2   the request itself is wrong
│   └── InvalidFeatures          2   raw audio features out of range or unusable
├── SeedNotFound                 3   nothing in the catalogue matches; carries suggestions
├── Unavailable                  4
│   ├── NoRelease                4   nothing was published in this lake
│   ├── BrokenRelease            4   a release is there but cannot be read
│   └── StoreUnreachable         4   the Qdrant server does not answer
└── PipelineError                1
    ├── UnusableDump             2   no tracks could be read from the raw folder
    └── UnfitRelease             1   a release failed its checks and was not published
"""

from collections.abc import Sequence


class EmbeatError(Exception):
    """Base of all; ``str(error)`` is one line that can be shown as it is."""

    exit_status = 1


class UsageError(EmbeatError):
    """The request itself is wrong."""

    exit_status = 2


class InvalidFeatures(UsageError):
    """Raw audio features that cannot be encoded."""


class SeedNotFound(EmbeatError):
    """No track or artist matches the request.

    Attributes:
        suggestions: closest matches, best first, each as ``title - artist`` or an artist's name.
    """

    exit_status = 3

    def __init__(self, message: str, suggestions: Sequence[str] = ()):
        super().__init__(message)
        self.suggestions = tuple(suggestions)


class Unavailable(EmbeatError):
    """No release, or no store, can answer."""

    exit_status = 4


class NoRelease(Unavailable):
    """The lake holds no published release."""


class BrokenRelease(Unavailable):
    """A release is named but missing, incomplete or of another format version."""


class StoreUnreachable(Unavailable):
    """The Qdrant server cannot be reached or refuses."""


class PipelineError(EmbeatError):
    """A stage of the pipeline cannot go on."""


class UnusableDump(PipelineError):
    """The raw folder holds no usable track."""

    exit_status = 2


class UnfitRelease(PipelineError):
    """A release failed its checks; the one published before still is."""
