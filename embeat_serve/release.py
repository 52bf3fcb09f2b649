"""The release being asked: opened once, exchanged when another is published."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

from embeat_serve.contract import Manifest, ReleaseFile
from embeat_serve.encoder import Encoder
from embeat_serve.errors import BrokenRelease, Unavailable
from embeat_serve.fusion import DEFAULT_MODEL, FusionModel
from embeat_serve.settings import Settings
from embeat_serve.store import VectorStore, open_store, published_release
from embeat_serve.text import name_key
from embeat_serve.vocabulary import Vocabulary
from embeat_serve.words import WordList

CHECK_SECONDS = 0.5
"""How often a lake is asked for its published release; reading a file takes microseconds."""

SERVER_CHECK_SECONDS = 30.0
"""The same of a server, where it takes a round trip."""


class OpenRelease:
    """A release, open.

    Attributes:
        store: its collections.
        manifest: what it is made of.
        users: questions being answered from it.
        warm: whether somebody has asked each collection something already.
    """

    def __init__(self, settings: Settings):
        self.store: VectorStore
        self.manifest: Manifest
        self.store, self.manifest, self._folder = open_store(settings)
        self.users = 0
        self.warm = False

    @property
    def name(self) -> str:
        """Name of the release."""
        return self.manifest.release

    @property
    def words(self) -> WordList:
        """Words of its names, to complete one with.

        Raises:
            BrokenRelease: they are missing or damaged.
        """
        return self._words

    @cached_property
    def _words(self) -> WordList:
        return WordList.of(self.store)

    @cached_property
    def fusion(self) -> FusionModel:
        """Weights of what the channels find: those fitted for this release, else the default."""
        return FusionModel.in_manifest(self.manifest.parameters) or DEFAULT_MODEL

    @cached_property
    def encoder(self) -> Encoder:
        """Its encoder, read when first needed.

        Raises:
            BrokenRelease: it is missing or damaged.
        """
        if isinstance(self._folder, Path):
            return Encoder.load(self._folder / ReleaseFile.ENCODER)
        return Encoder.load(BytesIO(self.store.read_file(ReleaseFile.ENCODER)))

    def load(self) -> None:
        """Load all that questions read from disk.

        Raises:
            BrokenRelease: it cannot be read.
        """
        self.store.load()
        _ = self.words

    @property
    def vocabulary(self) -> Vocabulary:
        """Words of its names, to correct others with.

        Raises:
            BrokenRelease: they are missing or damaged.
        """
        return self._vocabulary

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self._words)

    @cached_property
    def genre_codes(self) -> dict[str, int]:
        """Codes of its genres by ``name_key``, read when first needed.

        Raises:
            BrokenRelease: they are missing or damaged.
        """
        try:
            names = [place[0] for place in json.loads(self.store.read_file(ReleaseFile.GENRES))]
        except (ValueError, LookupError, TypeError) as error:
            raise BrokenRelease(f"release {self.name}: {ReleaseFile.GENRES}: {error}") from None
        # Of names that are spelled alike, the one listed first counts.
        return {name_key(name): code for code, name in reversed(list(enumerate(names)))}


@dataclass(frozen=True)
class AskedThrough:
    """A release whose collections are asked through another store."""

    store: VectorStore
    release: OpenRelease

    @property
    def vocabulary(self) -> Vocabulary:
        """See ``OpenRelease.vocabulary``."""
        return self.release.vocabulary


class CurrentRelease:
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
        self._open = OpenRelease(settings)
        self._published = self._open.name
        self._interval = SERVER_CHECK_SECONDS if settings.qdrant_url else CHECK_SECONDS
        self._checked = time.monotonic()
        self._loaded = False

    @contextmanager
    def in_use(self) -> Iterator[OpenRelease]:
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
            following = OpenRelease(self._settings)
            following.load()
        except Unavailable:
            return  # the one that is open still answers
        with self._lock:
            before, self._open = self._open, following
            idle = before.users == 0
        if idle:
            before.store.close()
