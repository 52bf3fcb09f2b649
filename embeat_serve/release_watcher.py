"""Keep the published release open, and change to another one when it is published."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from embeat_serve.errors import Unavailable
from embeat_serve.release import Release
from embeat_serve.settings import Settings
from embeat_serve.stores.factory import published_release

CHECK_SECONDS = 0.5
"""Seconds between two looks for the published release of a lake; one takes microseconds."""

SERVER_CHECK_SECONDS = 30.0
"""Seconds between two looks on a server, where one takes a round trip."""


class ReleaseSource(Protocol):
    """Where a watcher finds the release to keep open."""

    @property
    def check_seconds(self) -> float:
        """Seconds between two looks for another release."""
        ...

    def published(self) -> str:
        """Name of the release that is published now.

        Raises:
            Unavailable: nothing is published, or that cannot be read.
        """
        ...

    def open(self) -> Release:
        """Open the release that is published now.

        Raises:
            Unavailable: nothing is published, or it cannot be read.
        """
        ...


@dataclass(frozen=True)
class PublishedReleases:
    """Releases published in a lake, or on a server where the settings have its URL."""

    settings: Settings
    check_every: float | None = None
    """Seconds between two looks; None for the usual ones."""

    @property
    def check_seconds(self) -> float:
        """See ``ReleaseSource.check_seconds``."""
        if self.check_every is not None:
            return self.check_every
        return SERVER_CHECK_SECONDS if self.settings.qdrant_url else CHECK_SECONDS

    def published(self) -> str:
        """See ``ReleaseSource.published``."""
        return published_release(self.settings)

    def open(self) -> Release:
        """See ``ReleaseSource.open``."""
        return Release.open(self.settings)


@dataclass(frozen=True)
class FixedRelease:
    """One release that is open already and never replaced: for tests, and for other stores."""

    release: Release
    check_seconds: float = float("inf")

    def published(self) -> str:
        """See ``ReleaseSource.published``."""
        return self.release.name

    def open(self) -> Release:
        """See ``ReleaseSource.open``."""
        return self.release


class ReleaseWatcher:
    """Keeps a release open. A request is answered whole from the release it began with.

    A process that answers one request reads only what that needs. One that goes on has the whole
    release loaded from its first check on, so that removing it from disk takes nothing away.

    Args:
        source: where releases are found.
        follow: True to change to another release once one is published; False where the owner of
            the watcher reads ``published`` and replaces the watcher.

    Raises:
        Unavailable: nothing is published, or it cannot be read.
    """

    def __init__(self, source: ReleaseSource, *, follow: bool = True):
        self._source, self._follows = source, follow
        self._lock = threading.Lock()
        self._release = source.open()
        self._published = self._release.name
        self._checked = time.monotonic()
        self._loaded = False

    @contextmanager
    def current(self) -> Generator[Release, None, None]:
        """The release to answer from; it stays open until the block ends."""
        if self._follows and self._is_check_due():
            self._change_release()
        with self._lock:
            release = self._release
            release.users += 1
        try:
            yield release
        finally:
            with self._lock:
                release.users -= 1
                is_last_user = release is not self._release and release.users == 0
            if is_last_user:
                release.store.close()

    def published(self) -> str:
        """Name of the release published now; of the last one seen while that cannot be read."""
        if self._is_check_due():
            with suppress(Unavailable):
                self._published = self._source.published()
        return self._published

    def close(self) -> None:
        """Close the release."""
        self._release.store.close()

    def _is_check_due(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if now - self._checked < self._source.check_seconds:
                return False
            self._checked = now
            return True

    def _change_release(self) -> None:
        try:
            if not self._loaded:
                self._loaded = True
                self._release.load()
            # One that cannot be opened is tried again at the next check, which is late enough.
            if self._source.published() == self._release.name:
                return
            following = self._source.open()
            following.load()
        except Unavailable:
            return  # the one that is open still answers
        with self._lock:
            before, self._release = self._release, following
            is_unused = before.users == 0
        if is_unused:
            before.store.close()
