"""Make a seed of the title of a list: a song of the sound and the genres of its playlists."""

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.errors import SeedNotFound
from embeat_serve.seeds.models import CatalogueView, Seed, SeedSet
from embeat_serve.seeds.request import TitleRequest

MAX_GENRES, LEAST_NEARNESS = 4, 0.5
"""Most genres of a title, and the least cosine of one to it."""


def resolve_title(catalogue: CatalogueView, request: TitleRequest) -> SeedSet:
    """Make a seed of a title, or of genres; no store call.

    Raises:
        SeedNotFound: neither genres nor filters are given, and no playlist has a name that is like
            the title.
        BrokenRelease: the release's title model cannot be read.
    """
    profile = catalogue.title_model.profile(request.title)
    if not (profile.is_known or request.genre_codes or request.is_filtered):
        raise SeedNotFound(
            f"no playlist has a name like {request.title!r}; name a song or an artist, too"
        )
    genres = list(request.genre_codes)
    if not genres and profile.is_known:
        genres = nearest_genres(profile.genre, catalogue.genre_vectors)
    payload = TrackPayload(track_name=request.title, genre_codes=genres)
    return SeedSet((Seed(payload, vector=profile.acoustic, is_title=True),), title=profile)


def nearest_genres(profile: NDArray[np.float32], genre_vectors: NDArray[np.float32]) -> list[int]:
    """Codes of the genres nearest to a title, nearest first; those that are near, at most four.

    Args:
        profile: (32,) unit vector, ``TitleProfile.genre``.
        genre_vectors: (genres, 32) by genre code.
    """
    if not len(genre_vectors):
        return []
    lengths = np.maximum(np.linalg.norm(genre_vectors, axis=1), 1e-9)
    cosines = genre_vectors @ profile / lengths
    nearest = np.argsort(-cosines, kind="stable")[:MAX_GENRES]
    return nearest[cosines[nearest] >= LEAST_NEARNESS].tolist()
