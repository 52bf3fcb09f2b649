"""Features of a candidate that say how well it fits the title of the list.

Trees that are asked with a title read them beside ``tree_features.FEATURES``. As there, training
and serving compute them by the same function.
"""

import numpy as np
from numpy.typing import NDArray

from embeat_serve.ranking.genre_similarity import genres_fit
from embeat_serve.ranking.tree_features import UNKNOWN, SongColumns, places
from embeat_serve.titles.title_model import TitleProfile

TITLE_FEATURES = (
    "title_fit",
    "relative_title_fit",
    "title_place",
    "title_cosine",
    "seed_title_fit",
    "title_knowledge",
    "title_sound",
    "title_genre",
    "title_playlists",
    "title_share",
)
"""Names of the columns of ``title_features``; all count for the channel ``title``."""


def title_features(
    title: TitleProfile,
    seeds: NDArray[np.float32],
    candidates: NDArray[np.float32],
    ids: NDArray[np.int64],
    songs: SongColumns,
    genre_vectors: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Features of n candidates.

    Args:
        title: of the list.
        seeds: (s, 64) playlist vectors, 0 where a seed has none.
        candidates: (n, 64) the same of the candidates.
        ids: (n,) track codes.
        songs: n candidates.
        genre_vectors: (genres, 32) by genre code.

    Returns:
        (n, 10) float32, columns as in ``TITLE_FEATURES``; ``UNKNOWN`` where a value is not known.
    """
    of_seeds = title_fits(title, seeds[seeds.any(axis=1)])
    fits = title_fits(title, candidates)
    lengths = np.linalg.norm(candidates, axis=1)
    has_vector, has_sound = lengths > 0, songs.vectors.any(axis=1)
    cosines = candidates @ title.playlist / np.where(has_vector, lengths, 1)
    ranked = np.where(has_vector, fits, fits.min(initial=0))
    columns = [
        np.where(has_vector, fits, np.nan),
        np.where(has_vector, fits / max(float(fits.max(initial=0)), 1e-9), np.nan),
        np.where(has_vector, np.log1p(places(ranked)), np.nan),
        np.where(has_vector, cosines, np.nan),
        np.full(len(fits), of_seeds.mean() if len(of_seeds) else np.nan),
        np.full(len(fits), title.knowledge),
        np.where(has_sound, songs.vectors @ title.acoustic, np.nan),
        genres_fit(songs.genres, title.genre, genre_vectors),
        np.log1p(title.matches.counts_of(ids)),
        title.matches.shares_of(ids),
    ]
    return np.nan_to_num(np.column_stack(columns), nan=UNKNOWN).astype(np.float32)


def title_fits(title: TitleProfile, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) how well tracks fit a title, by their playlist vectors (n, 64).

    The title model is fitted to vectors whose lengths count twice.
    """
    return np.asarray((vectors @ title.playlist) * np.linalg.norm(vectors, axis=1), np.float32)
