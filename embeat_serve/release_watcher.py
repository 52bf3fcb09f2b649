"""Keep the published release open and exchange it when another is published."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from embeat_serve.errors import Unavailable
from embeat_serve.release import Release
from embeat_serve.settings import Settings
from embeat_serve.stores.factory import published_release

CHECK_SECONDS = 0.5
"""How often a lake is asked for its published release; reading a file takes microseconds."""


SERVER_CHECK_SECONDS = 30.0
"""The same of a server, where it takes a round trip."""


class ReleaseWatcher:
    """The published release. A question is answered whole from the release it began with.

    A process that answers one question loads what that asks for. One that goes on has the whole
    release loaded from the first check on, so that removing it from disk takes nothing away.

    Args:
        settings: where it lies.
        follow: whether questions look for another release, and load it; else whoever opened this
            one looks to ``published``.
    """

    def __init__(self, settings: Settings, follow: bool = True):
        self._settings, self._follows = settings, follow
        self._lock = threading.Lock()
        self._open = Release(settings)
        self._published = self._open.name
        self._interval = SERVER_CHECK_SECONDS if settings.qdrant_url else CHECK_SECONDS
        self._checked = time.monotonic()
        self._loaded = False

    @contextmanager
    def in_use(self) -> Iterator[Release]:
        """The release to ask; it stays open until the block ends."""
        if self._follows and self._due():
            self._follow()
        with self._lock:
            release = self._open
            release.users += 1
        try:
            yield release
        finally:
            with self._lock:
                release.users -= 1
                retired = release is not self._open and release.users == 0
            if retired:
                release.store.close()

    def close(self) -> None:
        """Let go of it."""
        self._open.store.close()

    def published(self) -> str:
        """Name of the release published now; of the one last seen where that cannot be told."""
        if self._due():
            with suppress(Unavailable):
                self._published = published_release(self._settings)
        return self._published

    def _due(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if now - self._checked < self._interval:
                return False
            self._checked = now
            return True

    def _follow(self) -> None:
        try:
            if not self._loaded:
                self._loaded = True
                self._open.load()
            if published_release(self._settings) == self._open.name:
                return
            following = Release(self._settings)
            following.load()
        except Unavailable:
            return  # the one that is open still answers
        with self._lock:
            before, self._open = self._open, following
            idle = before.users == 0
        if idle:
            before.store.close()
