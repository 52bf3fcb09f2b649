"""The public facade: a release, and what can be asked of it."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.audio_features import from_mappings
from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.encoder import Encoder
from embeat_serve.errors import InvalidFeatures, UsageError
from embeat_serve.explanation import explain as explanation
from embeat_serve.filters.compiled import CompiledFilter, compile_filters
from embeat_serve.filters.request import Filters
from embeat_serve.options import MAX_K, RecallOptions
from embeat_serve.pipeline import choose
from embeat_serve.ranking.steering import steer_options
from embeat_serve.release import AskedThrough, Release
from embeat_serve.release_watcher import ReleaseWatcher
from embeat_serve.results import Recommendations, SeedSong, Song
from embeat_serve.retrieval.channel import ChannelResult
from embeat_serve.retrieval.retriever import Recall
from embeat_serve.seeds import resolver as seed_lookup
from embeat_serve.seeds.exclusions import ExclusionQuery, Exclusions
from embeat_serve.seeds.models import Seed, SeedSet
from embeat_serve.seeds.parsing import PlaylistEntry
from embeat_serve.seeds.playlist_import import parse_playlist, read_playlist
from embeat_serve.settings import Settings
from embeat_serve.stores.base import VectorStore

Playlist = str | Path | Sequence[str]
"""Path of a playlist file, or the lines of one."""

Features = Mapping[str, Any]
"""Audio features of one song, by the names in ``features.FEATURES``."""


class Recommender:
    """Answers questions from the published release. Use ``embeat_serve.open`` to get one.

    Any number of threads may ask. Where another release is published meanwhile, questions
    begun later are answered from that one.

    Args:
        settings: where the release lies, and the options used where a question has none.
        follow: whether to go on to another release once one is published; else ``published`` tells.

    Raises:
        NoRelease: nothing is published.
        BrokenRelease: what is published cannot be read.
        StoreUnreachable: the Qdrant server does not answer.
    """

    def __init__(self, settings: Settings, follow: bool = True):
        self.settings = settings
        self._current = ReleaseWatcher(settings, follow)

    def recommend(
        self,
        text: str | None = None,
        *,
        track_ids: Sequence[str] | None = None,
        isrc: str | None = None,
        artist: str | None = None,
        playlist: Playlist | None = None,
        features: Features | None = None,
        k: int = 20,
        dislikes: Sequence[str] = (),
        filters: Filters | None = None,
        options: RecallOptions | None = None,
        explain: bool = False,
    ) -> Recommendations:
        """Songs like one song, several songs or an artist: give exactly one of the first six.

        Args:
            text: "title - artist" either way round, a title, an artist, an id, a link or an ISRC.
            track_ids: ids, URIs or URLs of one or more tracks.
            isrc: a recording.
            artist: a name, or a link to the artist.
            playlist: path of a playlist file, or its lines; 100 songs of a longer one count.
            features: a song that is in no catalogue; only its sound can be compared.
            k: length of the list, 1..1000.
            dislikes: ids, URIs or URLs of tracks that the list shall not be like, and not hold.
            filters: what its songs must be; what leaves too little gives way, and is named in
                ``relaxed``.
            options: recall settings; those of the environment where None.
            explain: say for every song why it is there.

        Raises:
            UsageError: the question is wrong in itself.
            SeedNotFound: the catalogue does not have what was asked for.
            Unavailable: the release cannot be asked.
        """
        started = time.perf_counter()
        given = {"text": text, "track_ids": track_ids, "isrc": isrc, "artist": artist}
        given["playlist"] = playlist
        given = {name: value for name, value in given.items() if value is not None}
        names = [*given, *([] if features is None else ["features"])]
        if len(names) != 1:
            raise UsageError(
                "give exactly one of text, track_ids, isrc, artist, playlist or features, "
                f"found {' and '.join(names) or 'none'}"
            )
        check_k(k)
        options = steer_options(options or self.settings.recall)
        with self._current.in_use() as release:
            lookup = ExclusionQuery(
                release.store, dislikes, filters.without_artists if filters else ()
            )
            seeds = self._seeds(release, lookup.store, given, features, options)
            asides = lookup.found()
            passing = _gate(release, filters, asides, seeds)
            found = time.perf_counter()
            asked = Recall(seeds.songs, options, k, (), seeds.neighbours, passing, asides.disliked)
            # What stands in neighbour lists has to be looked up once they are read.
            all_known = seeds.artist is not None or not options.uses_neighbour_lists
            along = all_known and seeds.store_calls + lookup.calls > 1
            ranked, relaxed, clock = choose(release, asked, along, seeds.artist is not None)
            read = time.perf_counter()
        results = tuple(
            Song.of(
                candidate, place, explanation(candidate, seeds.songs, passing) if explain else None
            )
            for place, candidate in enumerate(ranked, start=1)
        )
        done = time.perf_counter()
        marks = {"seed": found - started, **clock, "total": done - started}
        marks["ranking"] += done - read
        return Recommendations(
            release=release.name,
            seeds=tuple(map(SeedSong.of, seeds.songs)),
            results=results,
            relaxed=tuple(relaxed),
            timings_ms={name: round(1_000 * seconds, 3) for name, seconds in marks.items()},
            artist=seeds.artist,
            missing=(*seeds.missing, *asides.missing),
            guessed=seeds.guessed,
            alternatives=seeds.alternatives,
        )

    def recall(
        self, track_ids: Sequence[str], k: int = 20, options: RecallOptions | None = None
    ) -> list[ChannelResult]:
        """What each channel finds for each of the songs, before any of it is weighed.

        Raises:
            UsageError: the question is wrong in itself.
            SeedNotFound: the catalogue has none of the tracks.
            Unavailable: the release cannot be asked.
        """
        check_k(k)
        options = options or self.settings.recall
        with self._current.in_use() as release:
            seeds = seed_lookup.from_ids(release.store, track_ids)
            return Recall(seeds.songs, options, k).ask(release.store)[0]

    def similarity(self, song_a: str | Features, song_b: str | Features) -> float:
        """How alike two songs sound, 0..1.

        Args:
            song_a: a track (whatever ``recommend`` takes as text), or its features.
            song_b: the other.

        Raises:
            UsageError: a song is not described well enough, or has no audio features.
            SeedNotFound: the catalogue does not have a track.
        """
        with self._current.in_use() as release:
            one, other = (_vector(release, song) for song in (song_a, song_b))
        return float(Encoder.similarity(one, other))

    def encode(self, songs: Sequence[Features]) -> NDArray[np.float32]:
        """Acoustic vectors (n, 64), float32, L2-normalised, of songs given by their features.

        Raises:
            InvalidFeatures: a value is no number or out of range, or nothing usable is there.
        """
        with self._current.in_use() as release:
            return _encode(release, songs)

    @property
    def release(self) -> str:
        """Name of the release that the next question is answered from."""
        with self._current.in_use() as release:
            return release.name

    @property
    def published(self) -> str:
        """Name of the release that is published now."""
        return self._current.published()

    def opened(self) -> AbstractContextManager[Release]:
        """The release itself, to be read; it stays open until the block ends."""
        return self._current.in_use()

    def close(self) -> None:
        """Let go of the release."""
        self._current.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _seeds(
        self,
        release: Release,
        store: VectorStore,
        given: Mapping[str, Any],
        features: Features | None,
        options: RecallOptions,
    ) -> SeedSet:
        if features is not None:
            vector = _encode(release, [features])[0]
            return SeedSet((Seed(_labels(features), vector=vector),), store_calls=0)
        (kind, value), catalogue = next(iter(given.items())), AskedThrough(store, release)
        match kind:
            case "track_ids":
                return seed_lookup.from_ids(store, [value] if isinstance(value, str) else value)
            case "isrc":
                return seed_lookup.from_isrc(store, value)
            case "playlist":
                return seed_lookup.from_entries(catalogue, _entries(value))
            case "artist":
                return seed_lookup.from_artist(catalogue, value, options.artist_seed_tracks)
            case _:
                return seed_lookup.from_text(catalogue, value, options.artist_seed_tracks)


def _gate(
    release: Release, filters: Filters | None, asides: Exclusions, seeds: SeedSet
) -> CompiledFilter:
    named = bool(filters and (filters.genres or filters.without_genres))
    languages = (song.payload.get(TrackField.LANGUAGE) for song in seeds.songs)
    spoken = [language for language in languages if language is not None]
    return compile_filters(
        filters,
        genre_codes=release.genre_codes if named else {},
        artist_codes=asides.blocked,
        languages=spoken,
    )


def _entries(playlist: Playlist) -> list[PlaylistEntry]:
    if isinstance(playlist, str | Path):
        return read_playlist(playlist)
    return parse_playlist("\n".join(playlist))


def _encode(release: Release, songs: Sequence[Features]) -> NDArray[np.float32]:
    return release.encoder.encode(from_mappings(list(songs)))


def _labels(features: Features) -> dict[str, Any]:
    """What a song from outside the catalogue says of itself besides its sound."""
    kept = (TrackField.TEMPO, TrackField.KEY, TrackField.MODE)
    labels = {name: features[name] for name in kept if features.get(name) is not None}
    if isinstance(title := features.get(TrackField.TRACK_NAME), str):
        labels[TrackField.TRACK_NAME] = title
    names = features.get(TrackField.ARTIST_NAMES)
    if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
        labels[TrackField.ARTIST_NAMES] = list(names)
    return labels


def _vector(release: Release, song: str | Features) -> NDArray[np.float32]:
    if not isinstance(song, str):
        return _encode(release, [song])[0]
    seeds = seed_lookup.from_text(release, song, number=1)
    if seeds.artist is not None:
        raise UsageError(f"expected a song, found the artist {seeds.artist!r}")
    codes = [seed.code for seed in seeds.songs if seed.code is not None]
    hits = release.store.retrieve(Collection.TRACKS, codes, payload=False, with_vector=True)
    if not hits or hits[0].vector is None:
        raise InvalidFeatures(f"the catalogue has no audio features of {song!r}")
    vector = hits[0].vector
    return vector / np.float32(np.linalg.norm(vector))  # stored in half precision


def check_k(k: int) -> None:
    """Refuse lengths that no list can have.

    Raises:
        UsageError: not a whole number in 1..1000.
    """
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MAX_K:
        raise UsageError(f"k must be a whole number in 1..{MAX_K}, found {k!r}")
