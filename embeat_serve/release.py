"""The release being asked: opened once, exchanged when another is published."""

import json
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

from embeat_serve.contract.manifest import Manifest, ReleaseFile
from embeat_serve.contract.text_keys import name_key
from embeat_serve.encoder import Encoder
from embeat_serve.errors import BrokenRelease
from embeat_serve.ranking.model import DEFAULT_MODEL, RankingModel
from embeat_serve.settings import Settings
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.factory import open_store
from embeat_serve.text_index.spelling import Vocabulary
from embeat_serve.text_index.term_dictionary import TermDictionary


class Release:
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
    def words(self) -> TermDictionary:
        """Words of its names, to complete one with.

        Raises:
            BrokenRelease: they are missing or damaged.
        """
        return self._words

    @cached_property
    def _words(self) -> TermDictionary:
        return TermDictionary.of(self.store)

    @cached_property
    def fusion(self) -> RankingModel:
        """Weights of what the channels find: those fitted for this release, else the default."""
        return RankingModel.in_manifest(self.manifest.parameters) or DEFAULT_MODEL

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
    release: Release

    @property
    def vocabulary(self) -> Vocabulary:
        """See ``OpenRelease.vocabulary``."""
        return self.release.vocabulary
