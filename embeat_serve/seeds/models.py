"""Types of seed resolution: a seed track, a set of seeds, and what resolving reads of a release."""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.neighbour_codec import NeighbourList
from embeat_serve.contract.payload import TrackPayload
from embeat_serve.encoder import Encoder
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.query import Hit
from embeat_serve.text_index.spelling import Vocabulary
from embeat_serve.titles.title_model import TitleModel, TitleProfile


class CatalogueView(Protocol):
    """The parts of a release that seed resolution reads."""

    @property
    def store(self) -> VectorStore:
        """The release's collections."""
        ...

    @property
    def vocabulary(self) -> Vocabulary:
        """Words of titles and names, to correct misspelt ones with."""
        ...

    @property
    def encoder(self) -> Encoder:
        """Encoder of songs that are in no catalogue."""
        ...

    @property
    def title_model(self) -> TitleModel:
        """What titles of playlists say of their songs."""
        ...

    @property
    def genre_vectors(self) -> NDArray[np.float32]:
        """(genres, 32) by genre code."""
        ...


@dataclass(frozen=True)
class Seed:
    """One song that the list shall be like."""

    payload: TrackPayload
    code: int | None = None
    """Point id; None for a song that is in no catalogue."""
    vector: NDArray[np.float32] | None = None
    """(64,) acoustic vector of a song that is in no catalogue; None for all others."""
    is_title: bool = False
    """Whether it stands for the title of the list, or for filters: no reason may name it."""

    @classmethod
    def of(cls, hit: Hit) -> Self:
        """The seed of a track in the catalogue."""
        return cls(hit.track, hit.id)

    @property
    def artist_codes(self) -> tuple[int, ...]:
        """Artists credited, main artist first."""
        return tuple(self.payload.get("artist_codes", ()))

    @property
    def genre_codes(self) -> tuple[int, ...]:
        """Genres of the main artist, best first."""
        return tuple(self.payload.get("genre_codes", ()))


@dataclass(frozen=True)
class SeedSet:
    """The seed tracks of a request, and how sure it is that they are meant."""

    songs: tuple[Seed, ...]
    artist: str | None = None
    """Name of the artist whom the songs stand for; None where the request is for songs."""
    title: TitleProfile | None = None
    """Title that one song stands for, which is in no catalogue; None where seeds are given."""
    neighbours: NeighbourList | None = None
    """Playlist neighbours of that artist; None where there are none, or for songs."""
    missing: tuple[str, ...] = ()
    """Songs of the request that the catalogue does not have."""
    guessed: bool = False
    """True where the catalogue lacks what was typed, and the songs are the closest to it."""
    alternatives: tuple[str, ...] = ()
    """Labels of what else may be meant, best first; empty where that is clear."""
