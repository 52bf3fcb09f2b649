"""What resolving a request gives: seed tracks and where they came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.neighbour_codec import NeighbourList
from embeat_serve.contract.schema import TrackField
from embeat_serve.stores.base import VectorStore
from embeat_serve.text_index.spelling import Vocabulary


class Catalogue(Protocol):
    """Where to look."""

    @property
    def store(self) -> VectorStore:
        """Its collections."""
        ...

    @property
    def vocabulary(self) -> Vocabulary:
        """Words of its titles and names."""
        ...


@dataclass(frozen=True)
class Seed:
    """One song that the list shall be like."""

    payload: Mapping[str, Any]
    code: int | None = None
    """Point id; None for a song that is in no catalogue."""
    vector: NDArray[np.float32] | None = None
    """Acoustic vector where the catalogue holds none."""

    @property
    def artist_codes(self) -> tuple[int, ...]:
        """Main artist first."""
        return tuple(self.payload.get(TrackField.ARTIST_CODES, ()))

    @property
    def genre_codes(self) -> tuple[int, ...]:
        """Best first."""
        return tuple(self.payload.get(TrackField.GENRE_CODES, ()))


@dataclass(frozen=True)
class SeedSet:
    """The songs a question stands for, and how they were found."""

    songs: tuple[Seed, ...]
    artist: str | None = None
    """Name of the artist whose best-known songs they are; None where songs were asked for."""
    neighbours: NeighbourList | None = None
    """Tracks played with that artist's; None where songs were asked for, or nothing is known."""
    missing: tuple[str, ...] = ()
    """What was asked for besides but is not in the catalogue."""
    store_calls: int = 1
    guessed: bool = False
    """Whether what was typed is not in the catalogue, and these come closest."""
    alternatives: tuple[str, ...] = ()
    """What else may have been meant, best first; empty where that is clear."""
