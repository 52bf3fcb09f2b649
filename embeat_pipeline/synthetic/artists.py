"""Artists of the synthetic dump: genres, place on the map, sound, tracks and related artists."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from embeat_pipeline.synthetic.genres import LANGUAGE_ORDER, GenreWorld, nearest_others
from embeat_pipeline.synthetic.songs import KNOWN_ARTISTS
from embeat_pipeline.synthetic.streams import Stream, generator
from embeat_pipeline.synthetic.text import draw_words, join_columns, word_separators
from embeat_pipeline.synthetic.words import LANGUAGES

MAX_GENRES_PER_ARTIST = 4
RELATED = 10
TRACKS_PER_ARTIST = 12
"""On average; many artists have few tracks, some have hundreds."""


class ArtistWorld(NamedTuple):
    """``n`` artists, those of ``KNOWN_ARTISTS`` first."""

    genres: NDArray[np.int64]
    """(n, 4) genres, the main genre first; -1 where there are fewer."""
    place: NDArray[np.float32]
    """(n, 2) on the map, about 0..1."""
    sound: NDArray[np.float32]
    """(n, 7) log-odds, columns as ``CONTINUOUS``."""
    tempo: NDArray[np.float32]
    """(n,) beats per minute."""
    level: NDArray[np.float32]
    """(n,) popularity, 0..1."""
    first_track: NDArray[np.int64]
    """(n + 1,) artist a has tracks first_track[a] to first_track[a + 1] - 1, popular ones first."""
    related: NDArray[np.uint32]
    """(n, 10) the closest artists on the map, closest first."""
    name_only: NDArray[np.bool_]
    """(n,) whether the dump has no id of the artist."""


def artist_world(genres: GenreWorld, tracks: int, seed: int) -> ArtistWorld:
    """Invent the artists of a dump of ``tracks`` tracks."""
    rng = generator(seed, Stream.ARTISTS)
    known = len(KNOWN_ARTISTS)
    count = known + max(tracks // TRACKS_PER_ARTIST, RELATED * 2)
    artist_genres = _draw_genres(rng, genres, count)
    is_present = artist_genres >= 0
    share = is_present / is_present.sum(axis=1, keepdims=True)
    spread = np.where(np.arange(count) < known, 0.1, 1.0)[:, None]

    def mean(values: NDArray) -> NDArray:
        return np.einsum("ag,agf->af", share, values[artist_genres])

    place = mean(genres.place) + spread * rng.normal(0, 0.008, (count, 2))
    sound = mean(genres.sound) + spread * rng.normal(0, 0.45, (count, genres.sound.shape[1]))
    tempo = mean(genres.tempo[:, None])[:, 0] * np.exp(rng.normal(0, 0.08, count))
    # Popularity follows Zipf's law by rank; published figures look like its logarithm.
    rank = rng.permutation(count)
    rank[:known] = np.arange(known)
    level = 1 - np.log1p(rank) / np.log1p(count)
    return ArtistWorld(
        artist_genres,
        place.astype(np.float32),
        sound.astype(np.float32),
        tempo.astype(np.float32),
        level.astype(np.float32),
        _first_tracks(rng, level, tracks),
        _related(place, artist_genres[:, 0]),
        (rng.random(count) < 0.03) & (np.arange(count) >= known),
    )


def _draw_genres(rng: np.random.Generator, genres: GenreWorld, count: int) -> NDArray[np.int64]:
    size = len(genres.names)
    chance = genres.weight.astype(np.float64) ** 6 / (1 + np.arange(size)) ** 0.3
    drawn = np.full((count, MAX_GENRES_PER_ARTIST), -1, np.int64)
    drawn[:, 0] = rng.choice(size, count, p=chance / chance.sum())
    # Further genres are drawn from those nearest to the main one, without repeats.
    step = rng.integers(1, 4, (count, MAX_GENRES_PER_ARTIST - 1)).cumsum(axis=1) - 1
    more = rng.integers(1, MAX_GENRES_PER_ARTIST + 1, count)
    wanted = np.arange(1, MAX_GENRES_PER_ARTIST) < more[:, None]
    drawn[:, 1:] = np.where(wanted, genres.neighbours[drawn[:, :1], step], -1)
    for artist, known in enumerate(KNOWN_ARTISTS):
        drawn[artist] = -1
        drawn[artist, : len(known.genres)] = [genres.names.index(name) for name in known.genres]
    return drawn


def _first_tracks(
    rng: np.random.Generator, level: NDArray[np.float64], tracks: int
) -> NDArray[np.int64]:
    """Boundaries of the artists' tracks: at least one each, more for popular artists."""
    known_sizes = [len(artist.songs) for artist in KNOWN_ARTISTS]
    known = sum(known_sizes)
    others = len(level) - len(known_sizes)
    wish = np.exp(rng.normal(0, 0.8, others)) * (0.3 + level[len(known_sizes) :])
    share = np.concatenate([[0.0], np.cumsum(wish)]) / wish.sum()
    bounds = np.arange(others + 1) + np.floor(share * (tracks - known - others)).astype(np.int64)
    bounds[-1] = tracks - known
    return np.concatenate([[0], np.cumsum(known_sizes), known + bounds[1:]])


def _related(place: NDArray[np.float64], main_genre: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Nearest artists on the map; known artists of the same genre come first for each other."""
    related = nearest_others(place, RELATED)
    known = main_genre[: len(KNOWN_ARTISTS)]
    for artist in range(len(known)):
        peers = np.flatnonzero((known == known[artist]) & (np.arange(len(known)) != artist))
        others = related[artist][~np.isin(related[artist], peers)]
        related[artist] = np.concatenate([peers, others])[:RELATED]
    return related.astype(np.uint32)


def artist_names(genres: GenreWorld, artists: ArtistWorld, seed: int) -> pa.Array:
    """Invent names in the language of the main genre; 1 % are names of other artists, too."""
    rng = generator(seed, Stream.ARTIST_NAMES)
    count = len(artists.level)
    language = genres.language[artists.genres[:, 0]]
    first = draw_words(rng, language, [LANGUAGES[code].first_names for code in LANGUAGE_ORDER])
    last = draw_words(rng, language, [LANGUAGES[code].last_names for code in LANGUAGE_ORDER])
    names = join_columns([first, last], word_separators(language))
    namesake = np.where(rng.random(count) < 0.01, rng.integers(0, count, count), np.arange(count))
    known = [artist.name for artist in KNOWN_ARTISTS]
    return pa.concat_arrays([pa.array(known), names.take(pa.array(namesake))[len(known) :]])
