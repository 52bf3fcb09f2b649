"""Tracks of the synthetic dump, one chunk of artists at a time."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from embeat_pipeline.synthetic.artists import ArtistWorld
from embeat_pipeline.synthetic.genres import GenreWorld
from embeat_pipeline.synthetic.songs import KNOWN_ARTISTS, KNOWN_SONGS
from embeat_pipeline.synthetic.streams import Stream, generator, make_ids, to_arrow, to_characters
from embeat_pipeline.synthetic.text import draw_titles, join_columns
from embeat_serve.contract.audio_features import CONTINUOUS

TRACKS_SCHEMA = pa.schema(
    [
        ("track_id", pa.string()),
        ("track_name", pa.string()),
        ("artist_ids", pa.list_(pa.string())),
        ("artist_names", pa.list_(pa.string())),
        ("album_id", pa.string()),
        ("album_name", pa.string()),
        ("release_year", pa.int16()),
        ("popularity", pa.int16()),
        ("isrc", pa.string()),
        ("explicit", pa.bool_()),
        ("duration_ms", pa.int32()),
        ("key", pa.int8()),
        ("mode", pa.int8()),
        ("tempo", pa.float32()),
        ("time_signature", pa.int8()),
        ("loudness", pa.float32()),
        *((name, pa.float32()) for name in CONTINUOUS),
    ]
)

_KEY_CHANCE = np.array([12, 10, 11, 4, 8, 8, 7, 11, 7, 9, 6, 7]) / 100
_FIRST_YEAR, _LAST_YEAR = 1960, 2024


class Draft(NamedTuple):
    """Facts of ``n`` consecutive tracks from which their columns are derived."""

    track: NDArray[np.int64]
    """(n,) index in the dump."""
    artist: NDArray[np.int64]
    """(n,)."""
    recording: NDArray[np.int64]
    """(n,) track index of the first release of the recording; mostly the track itself."""
    album: NDArray[np.int64]
    """(n,) number of the album, unique in the dump."""
    year: NDArray[np.int64]
    """(n,)."""


def track_ids(index: NDArray[np.integer], seed: int) -> NDArray[np.uint8]:
    """(n, 22) characters of the ids of tracks; songs with a real id keep it."""
    table = make_ids(index, seed, Stream.TRACKS)
    for place, song in enumerate(KNOWN_SONGS):
        if song.track_id:
            table[index == place] = to_characters([song.track_id])
    return table


def track_chunk(
    genres: GenreWorld,
    artists: ArtistWorld,
    names: pa.Array,
    first_artist: int,
    last_artist: int,
    seed: int,
) -> pa.RecordBatch:
    """Invent the tracks of the artists ``first_artist`` to ``last_artist - 1``."""
    # The stream depends on the artist, so a chunk's content does not depend on other chunks.
    rng = generator(seed, Stream.TRACKS, first_artist)
    draft = _draft(rng, artists, first_artist, last_artist)
    size = len(draft.track)
    credited, offsets = _credits(rng, artists, draft)
    credited_names = names.take(pa.array(credited))
    credited_ids = to_arrow(make_ids(credited, seed, Stream.ARTISTS))
    has_no_id = np.maximum.reduceat(artists.name_only[credited], offsets[:-1])
    columns: dict[str, pa.Array | NDArray] = {
        "track_id": to_arrow(track_ids(draft.track, seed)),
        "track_name": _titles(rng, genres, artists, draft),
        "artist_ids": pa.ListArray.from_arrays(offsets, credited_ids, mask=pa.array(has_no_id)),
        "artist_names": pa.ListArray.from_arrays(offsets, credited_names),
        **_album_columns(rng, genres, artists, draft, seed),
        "popularity": _popularity(rng, artists, draft),
        "isrc": _isrcs(rng, draft),
        "explicit": rng.random(size) < 0.1,
        **_sound_columns(rng, genres, artists, draft),
    }
    columns = _with_known_songs(columns, draft, artists)
    return pa.record_batch(
        [pa.array(columns[name]).cast(kind) for name, kind in _FIELDS], TRACKS_SCHEMA
    )


_FIELDS = [(field.name, field.type) for field in TRACKS_SCHEMA]


def _draft(rng: np.random.Generator, artists: ArtistWorld, first: int, last: int) -> Draft:
    bounds = artists.first_track[first : last + 1]
    index = np.arange(bounds[0], bounds[-1])
    size, per_artist = len(index), np.diff(bounds)
    artist = np.repeat(np.arange(first, last), per_artist)
    position = index - artists.first_track[artist]
    # A re-release repeats the recording of the track before, which is no re-release or known song.
    is_rerelease = (rng.random(size) < 0.033) & (position > 0) & (artist >= len(KNOWN_ARTISTS))
    is_rerelease[1:] &= ~is_rerelease[:-1]
    albums = 1 + np.repeat(per_artist, per_artist) // 11
    number = np.where(is_rerelease, albums, np.floor(rng.random(size) ** 1.2 * albums).astype(int))
    debut = np.repeat(rng.integers(_FIRST_YEAR, _LAST_YEAR - 4, last - first), per_artist)
    year = np.minimum(debut + 2 * number, _LAST_YEAR)
    return Draft(
        index, artist, index - is_rerelease, artists.first_track[artist] * 2 + number, year
    )


def _credits(
    rng: np.random.Generator, artists: ArtistWorld, draft: Draft
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Credited artists of all tracks, and (n + 1,) offsets of each track's artists in them."""
    featured = rng.random(len(draft.track)) < 0.12
    featured[draft.artist < len(KNOWN_ARTISTS)] = False
    guest = artists.related[draft.artist, rng.integers(0, artists.related.shape[1], len(featured))]
    for place, song in enumerate(KNOWN_SONGS):
        if song.featuring:
            known = [artist.name for artist in KNOWN_ARTISTS].index(song.featuring)
            featured[draft.track == place] = True
            guest[draft.track == place] = known
    same = draft.recording - draft.track[0]
    featured, guest = featured[same], guest[same]
    offsets = np.concatenate([[0], np.cumsum(1 + featured)]).astype(np.int32)
    credited = np.empty(offsets[-1], np.int64)
    credited[offsets[:-1]] = draft.artist
    credited[offsets[1:][featured] - 1] = guest[featured]
    return credited, offsets


def _titles(
    rng: np.random.Generator, genres: GenreWorld, artists: ArtistWorld, draft: Draft
) -> pa.Array:
    language = genres.language[artists.genres[draft.artist, 0]]
    words = draw_titles(rng, language, [0.2, 0.5, 0.3])
    titles = words.take(pa.array(draft.recording - draft.track[0]))
    is_rerelease = draft.recording != draft.track
    suffix = rng.choice(
        ["", " - Remastered 2011", " (Deluxe Edition)"], len(is_rerelease), p=[0.6, 0.3, 0.1]
    )
    return join_columns([titles, pa.array(np.where(is_rerelease, suffix, ""))], "")


def _album_columns(
    rng: np.random.Generator, genres: GenreWorld, artists: ArtistWorld, draft: Draft, seed: int
) -> dict[str, pa.Array]:
    size = len(draft.track)
    missing = rng.random(size) < 0.1
    _, place, album = np.unique(draft.album, return_index=True, return_inverse=True)
    language = genres.language[artists.genres[draft.artist[place], 0]]
    album_names = draw_titles(rng, language, [0.3, 0.5, 0.2])
    year = pa.array(draft.year, mask=rng.random(size) < 0.1)
    return {
        "album_id": to_arrow(make_ids(draft.album, seed, Stream.ALBUMS), missing),
        "album_name": album_names.take(pa.array(album, mask=missing)),
        "release_year": year,
    }


def _popularity(rng: np.random.Generator, artists: ArtistWorld, draft: Draft) -> pa.Array:
    size = len(draft.track)
    position = draft.track - artists.first_track[draft.artist]
    value = 95 * np.sqrt(artists.level[draft.artist]) - 6 * np.log1p(position)
    value = np.clip(np.rint(value + rng.normal(0, 5, size)), 0, 100)
    is_absurd = rng.random(size) < 0.001
    value = np.where(is_absurd, rng.choice([-5, 250], size), value)
    return pa.array(value.astype(np.int16), mask=rng.random(size) < 0.1)


def _isrcs(rng: np.random.Generator, draft: Draft) -> pa.Array:
    """ISRC per recording: country, registrant, year, designation."""
    number = draft.recording
    letters = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", np.uint8)
    table = np.empty((len(number), 12), np.uint8)
    same = number - draft.track[0]
    countries = to_characters(["US", "GB", "DE", "FR", "JP", "TW", "CN", "KR", "BR", "ES"])
    table[:, :2] = countries[draft.artist % len(countries)]
    for column in range(3):
        table[:, 2 + column] = letters[(number // 100_000 // 36 ** (2 - column)) % 36]
    digits = (draft.year[same] % 100) * 100_000 + number % 100_000
    for column in range(7):
        table[:, 5 + column] = letters[(digits // 10 ** (6 - column)) % 10]
    return to_arrow(table, (rng.random(len(number)) < 0.1)[same])


def _sound_columns(
    rng: np.random.Generator, genres: GenreWorld, artists: ArtistWorld, draft: Draft
) -> dict[str, pa.Array | NDArray]:
    """Audio features: albums vary around the artist, tracks around the album."""
    size, same = len(draft.track), draft.recording - draft.track[0]
    _, album = np.unique(draft.album, return_inverse=True)
    album_shift = rng.normal(0, 0.2, (album.max() + 1, len(CONTINUOUS)))[album]
    log_odds = artists.sound[draft.artist] + album_shift + rng.normal(0, 0.4, album_shift.shape)
    values = np.round(1 / (1 + np.exp(-log_odds)), 4)[same].astype(np.float32)
    columns: dict[str, pa.Array | NDArray] = dict(zip(CONTINUOUS, values.T, strict=True))
    energy = columns["energy"]
    is_broken = rng.random(size) < 0.0005
    columns["energy"] = np.where(is_broken, np.float32(np.nan), energy)
    tempo = artists.tempo[draft.artist] * np.exp(rng.normal(0, 0.14, size))
    tempo = np.where(rng.random(size) < 0.001, 0, np.round(tempo, 3))
    key = np.where(rng.random(size) < 0.001, -1, rng.choice(12, size, p=_KEY_CHANCE))
    minor = 0.25 + 0.3 * (1 - values[:, CONTINUOUS.index("valence")])
    metre = rng.choice([3, 4, 5], size, p=[0.09, 0.9, 0.01])[same]
    duration = np.clip(220_000 * np.exp(rng.normal(0, 0.25, size)), 30_000, 3_600_000)
    return columns | {
        "loudness": np.round(-3 - 14 * (1 - energy) + rng.normal(0, 1, size)[same], 3),
        "tempo": tempo[same].astype(np.float32),
        "key": key[same],
        "mode": (rng.random(size) >= minor)[same].astype(np.int8),
        "time_signature": pa.array(metre, mask=rng.random(size) < 0.08),
        "duration_ms": duration[same].astype(np.int32),
    }


def _with_known_songs(
    columns: dict[str, pa.Array | NDArray], draft: Draft, artists: ArtistWorld
) -> dict[str, pa.Array | NDArray]:
    """Replace drawn values by the facts of the known songs, if these are in the chunk."""
    if draft.track[0] >= len(KNOWN_SONGS):
        return columns
    facts = {
        "track_name": [song.title for song in KNOWN_SONGS],
        "album_name": [song.album for song in KNOWN_SONGS],
        "release_year": [song.year for song in KNOWN_SONGS],
        "popularity": [song.popularity for song in KNOWN_SONGS],
        "isrc": [song.isrc for song in KNOWN_SONGS],
    }
    rest = slice(len(KNOWN_SONGS), None)
    replaced = {
        name: pa.concat_arrays(
            [pa.array(values, pa.array(columns[name]).type), pa.array(columns[name])[rest]]
        )
        for name, values in facts.items()
    }
    return columns | replaced
