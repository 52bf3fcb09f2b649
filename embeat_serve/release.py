"""One release, open for reading: store, manifest, encoder and term dictionary."""

import json
from contextlib import suppress
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.manifest import Manifest, ReleaseFile
from embeat_serve.contract.schema import GENRE_VECTOR_SIZE
from embeat_serve.contract.text_keys import name_key
from embeat_serve.encoder import Encoder
from embeat_serve.errors import BrokenRelease
from embeat_serve.questions.genres import GenreNames
from embeat_serve.ranking.tree_ranker import TreeRanker
from embeat_serve.settings import Settings
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.factory import open_store
from embeat_serve.text_index.spelling import Vocabulary
from embeat_serve.text_index.term_dictionary import TermDictionary
from embeat_serve.titles.title_model import TitleModel


class Release:
    """A release, open. Files other than the store are read when first needed.

    Args:
        store: the release's collections.
        manifest: what the release is made of.
        folder: where its files lie; None where they are read through the store.

    Attributes:
        users: requests that are being answered from it.
    """

    def __init__(self, store: VectorStore, manifest: Manifest, folder: Path | None = None):
        self.store = store
        self.manifest = manifest
        self._folder = folder
        self.users = 0

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the published release.

        Raises:
            NoRelease: nothing is published.
            BrokenRelease: what is published cannot be read.
            StoreUnreachable: the Qdrant server does not answer.
        """
        return cls(*open_store(settings))

    @property
    def name(self) -> str:
        """Name of the release, 12 hexadecimal digits."""
        return self.manifest.release

    @property
    def tree_ranker(self) -> TreeRanker | None:
        """Trees of the second stage; None where the release keeps the scores of the first.

        Raises:
            BrokenRelease: their file is missing or damaged.
        """
        return self._tree_ranker

    @property
    def encoder(self) -> Encoder:
        """Encoder of audio features into acoustic vectors.

        Raises:
            BrokenRelease: it is missing or damaged.
        """
        return self._encoder

    @property
    def title_model(self) -> TitleModel:
        """What titles of playlists say of their songs.

        Raises:
            BrokenRelease: its file is missing or damaged.
        """
        return self._title_model

    @property
    def genre_vectors(self) -> NDArray[np.float32]:
        """(genres, 32) by genre code; without rows where the release has no trees.

        Raises:
            BrokenRelease: the file of the trees is missing or damaged.
        """
        ranker = self.tree_ranker
        return (
            np.zeros((0, GENRE_VECTOR_SIZE), np.float32) if ranker is None else ranker.genre_vectors
        )

    @property
    def term_dictionary(self) -> TermDictionary:
        """Words of the release's names, for autocomplete.

        Raises:
            BrokenRelease: they are missing or damaged.
        """
        return self._term_dictionary

    @property
    def vocabulary(self) -> Vocabulary:
        """Words that a misspelt word may stand for.

        Raises:
            BrokenRelease: they are missing or damaged.
        """
        return self._vocabulary

    @cached_property
    def genre_codes(self) -> dict[str, int]:
        """Codes of the genres by their ``name_key``.

        Raises:
            BrokenRelease: the file of genres is missing or damaged.
        """
        try:
            names = [place[0] for place in json.loads(self.store.read_file(ReleaseFile.GENRES))]
        except (ValueError, LookupError, TypeError) as error:
            raise BrokenRelease(f"release {self.name}: {ReleaseFile.GENRES}: {error}") from None
        # Of names that are spelled alike, the one listed first counts.
        return {name_key(name): code for code, name in reversed(list(enumerate(names)))}

    @cached_property
    def genre_names(self) -> GenreNames:
        """Names of the genres, to find in questions.

        Raises:
            BrokenRelease: the file of genres is missing or damaged.
        """
        return GenreNames(self.genre_codes)

    def load(self) -> None:
        """Load all that requests read, so that removing the release from disk takes nothing away.

        Raises:
            BrokenRelease: it cannot be read.
        """
        self.store.load()
        _ = self.term_dictionary
        _ = self.tree_ranker
        # Few requests need these, and those say what is wrong with them.
        with suppress(BrokenRelease):
            _ = self.title_model
        with suppress(BrokenRelease):
            _ = self.encoder
        with suppress(BrokenRelease):
            _ = self.genre_names

    # Cached under private names: a ``cached_property`` does not match a property of a protocol.

    @cached_property
    def _encoder(self) -> Encoder:
        if self._folder is not None:
            return Encoder.load(self._folder / ReleaseFile.ENCODER)
        return Encoder.load(BytesIO(self.store.read_file(ReleaseFile.ENCODER)))

    @cached_property
    def _tree_ranker(self) -> TreeRanker | None:
        try:
            ranker = TreeRanker.from_bytes(self.store.read_file(ReleaseFile.RANKING_MODEL))
        except ValueError as error:
            raise BrokenRelease(
                f"release {self.name}: {ReleaseFile.RANKING_MODEL}: {error}; "
                "train and publish again with: python -m embeat_pipeline run"
            ) from None
        return ranker if len(ranker.trees.ensemble) else None

    @cached_property
    def _title_model(self) -> TitleModel:
        try:
            return TitleModel.from_bytes(self.store.read_file(ReleaseFile.TITLE_MODEL))
        except ValueError as error:
            raise BrokenRelease(
                f"release {self.name}: {ReleaseFile.TITLE_MODEL}: {error}; "
                "train and publish again with: python -m embeat_pipeline run"
            ) from None

    @cached_property
    def _term_dictionary(self) -> TermDictionary:
        return TermDictionary.of(self.store)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self.term_dictionary)
