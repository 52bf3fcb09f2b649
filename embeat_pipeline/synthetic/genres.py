"""Genres of the synthetic dump: places on the map and typical audio features.

The map is oriented as on Every Noise at Once: organic at the bottom, mechanical and electric at
the top, dense and atmospheric on the left, spiky and bouncy on the right. Values are invented.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from embeat_pipeline.synthetic.streams import Stream, generator
from embeat_pipeline.synthetic.words import GENRE_MODIFIERS
from embeat_serve.contract.audio_features import CONTINUOUS


class Genre(NamedTuple):
    """A genre written by hand; thousands more are variants of these."""

    name: str
    x: float
    y: float
    weight: float
    tempo: float
    instrumentalness: float
    speechiness: float
    language: str


BASE_GENRES = (
    Genre("pop", 0.53, 0.22, 1.6, 116, 0.01, 0.06, "en"),
    Genre("dance pop", 0.58, 0.16, 1.3, 118, 0.01, 0.06, "en"),
    Genre("rap", 0.72, 0.26, 1.4, 130, 0.01, 0.25, "en"),
    Genre("hip hop", 0.73, 0.32, 1.3, 105, 0.01, 0.24, "en"),
    Genre("conscious hip hop", 0.70, 0.44, 1.1, 98, 0.01, 0.27, "en"),
    Genre("west coast rap", 0.77, 0.25, 1.1, 100, 0.01, 0.25, "en"),
    Genre("rock", 0.38, 0.52, 1.4, 124, 0.05, 0.05, "en"),
    Genre("indie rock", 0.27, 0.47, 1.2, 125, 0.10, 0.05, "en"),
    Genre("metal", 0.14, 0.38, 1.1, 128, 0.20, 0.08, "en"),
    Genre("punk", 0.22, 0.40, 1.1, 150, 0.05, 0.08, "en"),
    Genre("country", 0.49, 0.56, 1.2, 122, 0.01, 0.04, "en"),
    Genre("folk", 0.49, 0.70, 1.1, 112, 0.05, 0.04, "en"),
    Genre("indie folk", 0.38, 0.66, 1.1, 115, 0.08, 0.04, "en"),
    Genre("breton folk", 0.37, 0.64, 1.0, 108, 0.12, 0.04, "fr"),
    Genre("singer-songwriter", 0.45, 0.64, 1.1, 114, 0.02, 0.04, "en"),
    Genre("soul", 0.56, 0.72, 1.1, 108, 0.02, 0.05, "en"),
    Genre("r&b", 0.61, 0.28, 1.2, 104, 0.01, 0.09, "en"),
    Genre("blues", 0.62, 0.62, 1.1, 118, 0.08, 0.05, "en"),
    Genre("jazz", 0.60, 0.86, 1.1, 112, 0.50, 0.05, "en"),
    Genre("classical", 0.26, 0.96, 1.1, 100, 0.85, 0.04, "de"),
    Genre("neo-classical", 0.33, 0.92, 1.1, 104, 0.90, 0.04, "de"),
    Genre("compositional ambient", 0.25, 0.89, 1.1, 102, 0.90, 0.04, "de"),
    Genre("ambient", 0.16, 0.68, 1.0, 98, 0.88, 0.04, "en"),
    Genre("soundtrack", 0.20, 0.80, 1.1, 104, 0.85, 0.04, "en"),
    Genre("anime score", 0.30, 0.67, 1.0, 108, 0.75, 0.05, "ja"),
    Genre("japanese vgm", 0.28, 0.58, 1.1, 116, 0.80, 0.05, "ja"),
    Genre("anime", 0.28, 0.25, 1.1, 138, 0.02, 0.07, "ja"),
    Genre("j-pop", 0.34, 0.24, 1.2, 128, 0.01, 0.06, "ja"),
    Genre("k-pop", 0.51, 0.19, 1.2, 120, 0.01, 0.08, "ko"),
    Genre("mandopop", 0.39, 0.44, 1.1, 112, 0.01, 0.04, "zh-hant"),
    Genre("zhongguo feng", 0.40, 0.38, 1.0, 110, 0.01, 0.05, "zh-hant"),
    Genre("taiwan pop", 0.38, 0.40, 1.0, 114, 0.01, 0.04, "zh-hant"),
    Genre("c-pop", 0.37, 0.50, 1.0, 108, 0.02, 0.04, "zh"),
    Genre("mainland chinese pop", 0.39, 0.47, 1.0, 110, 0.01, 0.04, "zh"),
    Genre("chinese indie rock", 0.31, 0.36, 1.0, 118, 0.15, 0.04, "zh"),
    Genre("cantopop", 0.41, 0.46, 1.0, 110, 0.01, 0.04, "zh-hant"),
    Genre("edm", 0.51, 0.11, 1.2, 127, 0.25, 0.08, "en"),
    Genre("house", 0.74, 0.06, 1.1, 124, 0.60, 0.06, "en"),
    Genre("techno", 0.79, 0.05, 1.0, 130, 0.80, 0.06, "de"),
    Genre("trance", 0.30, 0.06, 1.1, 136, 0.55, 0.05, "en"),
    Genre("drum and bass", 0.42, 0.08, 1.0, 173, 0.45, 0.08, "en"),
    Genre("reggaeton", 0.78, 0.14, 1.3, 96, 0.01, 0.11, "es"),
    Genre("latin pop", 0.62, 0.30, 1.2, 112, 0.01, 0.05, "es"),
    Genre("flamenco", 0.58, 0.66, 1.0, 116, 0.03, 0.06, "es"),
    Genre("sertanejo", 0.56, 0.43, 1.1, 120, 0.01, 0.06, "pt"),
    Genre("bossa nova", 0.64, 0.78, 1.0, 114, 0.12, 0.05, "pt"),
    Genre("chanson", 0.52, 0.62, 1.0, 110, 0.02, 0.07, "fr"),
    Genre("french pop", 0.49, 0.36, 1.1, 114, 0.03, 0.06, "fr"),
    Genre("schlager", 0.56, 0.24, 1.0, 126, 0.01, 0.04, "de"),
    Genre("russian pop", 0.52, 0.27, 1.0, 120, 0.02, 0.06, "ru"),
    Genre("reggae", 0.80, 0.50, 1.1, 92, 0.03, 0.10, "en"),
    Genre("afrobeats", 0.80, 0.36, 1.0, 106, 0.03, 0.10, "en"),
)


MAX_GENRES = len(BASE_GENRES) * (len(GENRE_MODIFIERS) + 1)


class GenreWorld(NamedTuple):
    """``n`` genres, those of ``BASE_GENRES`` first."""

    names: list[str]
    language: NDArray[np.int64]
    """(n,) place of the language in ``LANGUAGE_ORDER``."""
    place: NDArray[np.float32]
    """(n, 2) on the map, 0..1."""
    weight: NDArray[np.float32]
    sound: NDArray[np.float32]
    """(n, 7) log-odds, columns as ``CONTINUOUS``."""
    tempo: NDArray[np.float32]
    neighbours: NDArray[np.int64]
    """(n, 12) the nearest other genres, nearest first."""


LANGUAGE_ORDER = tuple(dict.fromkeys(genre.language for genre in BASE_GENRES))


def genre_world(count: int, seed: int) -> GenreWorld:
    """Invent ``count`` genres: the base genres, then variants near them on the map."""
    rng = generator(seed, Stream.GENRES)
    bases = len(BASE_GENRES)
    variants = rng.permutation(bases * len(GENRE_MODIFIERS))[: count - bases]
    base = np.concatenate([np.arange(bases), variants % bases])
    modifier = variants // bases
    names = [genre.name for genre in BASE_GENRES]
    names += [
        f"{GENRE_MODIFIERS[m]} {names[b]}" for m, b in zip(modifier, base[bases:], strict=True)
    ]
    table = np.array([genre[1:7] for genre in BASE_GENRES])[base]
    is_variant = (np.arange(len(base)) >= bases)[:, None]
    place = np.clip(table[:, :2] + is_variant * rng.normal(0, 0.025, (len(base), 2)), 0, 1)
    sound = _sound(place, table[:, 4], table[:, 5])
    sound += is_variant * rng.normal(0, 0.25, sound.shape)
    weight = np.where(is_variant[:, 0], rng.choice([1.0, 1.0, 1.01, 1.02], len(base)), table[:, 2])
    tempo = table[:, 3] * np.exp(is_variant[:, 0] * rng.normal(0, 0.06, len(base)))
    language = [LANGUAGE_ORDER.index(BASE_GENRES[b].language) for b in base]
    return GenreWorld(
        names,
        np.array(language),
        place.astype(np.float32),
        weight.astype(np.float32),
        sound.astype(np.float32),
        tempo.astype(np.float32),
        nearest_others(place, 12),
    )


def _sound(place: NDArray, instrumentalness: NDArray, speechiness: NDArray) -> NDArray[np.float64]:
    """(n, 7) log-odds of the continuous audio features at places on the map."""
    x, y = place.T
    log_odds = {
        "danceability": -0.8 + 2.6 * x - 0.4 * y,
        "energy": 2.6 - 3.8 * y - 0.6 * x,
        "valence": -0.9 + 2.0 * x - 0.3 * y,
        "acousticness": -4.0 + 6.5 * y,
        "liveness": np.full_like(x, -1.8),
        "speechiness": np.log(speechiness / (1 - speechiness)),
        "instrumentalness": np.log(instrumentalness / (1 - instrumentalness)),
    }
    return np.stack([log_odds[name] for name in CONTINUOUS], axis=1)


def nearest_others(place: NDArray[np.floating], count: int) -> NDArray[np.int64]:
    """(n, count) nearest other rows of ``place`` (n, 2), nearest first."""
    nearest = np.asarray(KDTree(place).query(place, k=count + 1)[1])
    itself = nearest == np.arange(len(place))[:, None]
    # If several rows have the same place, a row may be missing among its own nearest.
    itself[~itself.any(axis=1), -1] = True
    return nearest[~itself].reshape(len(place), count)


def map_colours(place: NDArray[np.float32]) -> list[str]:
    """Colour of each place: red for electric, green for organic, blue for dense."""
    channels = np.stack([1 - place[:, 1], place[:, 1], 1 - place[:, 0]], axis=1)
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in (40 + channels * 180).astype(int).tolist()]
