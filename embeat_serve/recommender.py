"""Public facade: recommend songs, compare two, and encode songs, from the published release."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Self

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
from embeat_serve.pipeline import recommend_tracks
from embeat_serve.ranking.steering import steer_options
from embeat_serve.recommendation_plan import RecommendationRequest
from embeat_serve.release import Release
from embeat_serve.release_watcher import PublishedReleases, ReleaseSource, ReleaseWatcher
from embeat_serve.results import ListTitle, Recommendations, SeedSong, Song
from embeat_serve.seeds.exclusions import ExclusionQuery, ExclusionRequest, Exclusions
from embeat_serve.seeds.models import SeedSet
from embeat_serve.seeds.parsing import check_text
from embeat_serve.seeds.request import (
    Features,
    Playlist,
    SeedRequest,
    build_seed_request,
)
from embeat_serve.seeds.resolver import resolve_seeds, resolve_text
from embeat_serve.settings import Settings
from embeat_serve.stores.batch import QueryBatch
from embeat_serve.trace import Trace


@dataclass(frozen=True)
class UnresolvedRequest:
    """One request, parsed and checked; its seeds and exclusions are not looked up yet."""

    seeds: SeedRequest
    title: str | None
    exclusions: ExclusionRequest
    filters: Filters | None
    options: RecallOptions
    k: int
    explain: bool


class Recommender:
    """Answers requests from the published release. Use ``embeat_serve.open`` to get one.

    Any number of threads may share it. Where another release is published meanwhile, later
    requests are answered from that one.

    Args:
        settings: where releases are published, and the recall options of requests without any.
        follow: True to change to another release once one is published; False where the owner
            reads ``published`` and opens another recommender.
        source: where releases are found; by default the lake, or the server, of the settings.

    Raises:
        NoRelease: nothing is published.
        BrokenRelease: what is published cannot be read.
        StoreUnreachable: the Qdrant server does not answer.
    """

    def __init__(
        self, settings: Settings, *, follow: bool = True, source: ReleaseSource | None = None
    ):
        self.settings = settings
        self._releases = ReleaseWatcher(source or PublishedReleases(settings), follow=follow)

    def recommend(
        self,
        text: str | None = None,
        *,
        track_ids: Sequence[str] | None = None,
        isrc: str | None = None,
        artist: str | None = None,
        playlist: Playlist | None = None,
        features: Features | None = None,
        title: str | None = None,
        k: int = 20,
        dislikes: Sequence[str] = (),
        filters: Filters | None = None,
        options: RecallOptions | None = None,
        explain: bool = False,
    ) -> Recommendations:
        """Recommend songs like a song, several songs or an artist, or for a title.

        Give one of the first six, a title, or both.

        Args:
            text: "title - artist" either way round, a title, an artist, an id, a link or an ISRC.
            track_ids: ids, URIs or URLs of one or more tracks.
            isrc: a recording.
            artist: a name, or a link to the artist.
            playlist: path of a playlist file, or its lines; 100 songs of a longer one count.
            features: a song that is in no catalogue; only its sound can be compared.
            title: what the list shall be called, such as "sunday morning jazz": songs of playlists
                with such names come first. One that no playlist's name is like counts for nothing
                beside a seed.
            k: length of the list, 1..1000.
            dislikes: ids, URIs or URLs of tracks that the list shall not hold, nor be like.
            filters: conditions on the songs; those that leave too few give way, and are named in
                ``relaxed``.
            options: recall settings; those of the environment where None.
            explain: True to say for every song why it is in the list.

        Raises:
            UsageError: the request is wrong in itself.
            SeedNotFound: the catalogue does not have the seeds.
            Unavailable: the release cannot be read.
        """
        trace = Trace()
        request = UnresolvedRequest(
            build_seed_request(
                text=text,
                track_ids=track_ids,
                isrc=isrc,
                artist=artist,
                playlist=playlist,
                features=features,
                title=title,
            ),
            None if title is None else check_text(title),
            ExclusionRequest.of(dislikes, filters.without_artists if filters else ()),
            filters,
            steer_options(options or self.settings.recall),
            check_k(k),
            explain,
        )
        with self._releases.current() as release:
            trace.add_time_so_far("seed")
            return _recommend(release, request, trace)

    def similarity(self, song_a: str | Features, song_b: str | Features) -> float:
        """Compare the sound of two songs, 0..1.

        Args:
            song_a: a track (all that ``recommend`` takes as text), or its features.
            song_b: the other song.

        Raises:
            UsageError: a song is an artist, or has no audio features.
            SeedNotFound: the catalogue does not have a track.
        """
        with self._releases.current() as release:
            one, other = (_acoustic_vector(release, song) for song in (song_a, song_b))
        return float(Encoder.similarity(one, other))

    def encode(self, songs: Sequence[Features]) -> NDArray[np.float32]:
        """Encode songs by their features into acoustic vectors.

        Returns:
            (n, 64) float32, L2-normalised.

        Raises:
            InvalidFeatures: a value is no number or out of range, or nothing usable is there.
        """
        with self._releases.current() as release:
            return release.encoder.encode(from_mappings(list(songs)))

    @property
    def release(self) -> str:
        """Name of the release that the next request is answered from."""
        with self._releases.current() as release:
            return release.name

    @property
    def published(self) -> str:
        """Name of the release that is published now."""
        return self._releases.published()

    def opened(self) -> AbstractContextManager[Release]:
        """The release that answers, which stays open until the block ends.

        No part of the public interface: for the package's own servers, and for benchmarks.
        """
        return self._releases.current()

    def close(self) -> None:
        """Close the release."""
        self._releases.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def check_k(k: object) -> int:
    """Check the length of a list.

    Raises:
        UsageError: not a whole number in 1..1000.
    """
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MAX_K:
        raise UsageError(f"k must be a whole number in 1..{MAX_K}, found {k!r}")
    return k


def _recommend(release: Release, request: UnresolvedRequest, trace: Trace) -> Recommendations:
    with trace.section("seed"):
        batch = QueryBatch(release.store)
        exclusion_query = ExclusionQuery(batch, request.exclusions)
        seeds = resolve_seeds(
            release, batch, request.seeds, artist_tracks=request.options.artist_seed_tracks
        )
        batch.execute()  # where the seeds took no store call
        exclusions = exclusion_query.result()
        compiled = _compile_filters(release, request.filters, exclusions, seeds)
    title = None if request.title is None else release.title_model.profile(request.title)
    recommendation = RecommendationRequest(
        seeds,
        request.options,
        request.k,
        filters=compiled,
        disliked=exclusions.disliked,
        title=title if title is not None and title.is_known else None,
        store_calls=batch.store_calls,
    )
    ranked = recommend_tracks(release, recommendation, trace)
    with trace.section("ranking"):
        results = tuple(
            Song.of(
                candidate,
                rank,
                explanation(candidate, seeds.songs, compiled) if request.explain else None,
            )
            for rank, candidate in enumerate(ranked.songs, start=1)
        )
    return Recommendations(
        release=release.name,
        seeds=() if seeds.title else tuple(map(SeedSong.of, seeds.songs)),
        results=results,
        relaxed=tuple(ranked.relaxed),
        timings_ms=trace.milliseconds(),
        artist=seeds.artist,
        missing=(*seeds.missing, *exclusions.missing),
        guessed=seeds.guessed,
        alternatives=seeds.alternatives,
        title=None if title is None else ListTitle(title.title, round(title.knowledge, 4)),
    )


def _compile_filters(
    release: Release, filters: Filters | None, exclusions: Exclusions, seeds: SeedSet
) -> CompiledFilter:
    names_genres = bool(filters and (filters.genres or filters.without_genres))
    genre_codes = release.genre_codes if names_genres else {}
    languages = [song.payload.get(TrackField.LANGUAGE) for song in seeds.songs]
    of_seeds = [language for language in languages if language is not None]
    return compile_filters(
        filters,
        genre_codes=genre_codes,
        artist_codes=exclusions.blocked,
        languages=of_seeds,
    )


def _acoustic_vector(release: Release, song: str | Features) -> NDArray[np.float32]:
    """(64,) float32, L2-normalised, of a track or of features."""
    if not isinstance(song, str):
        return release.encoder.encode(from_mappings([song]))[0]
    seeds = resolve_text(release, song, artist_tracks=1)
    if seeds.artist is not None:
        raise UsageError(f"expected a song, found the artist {seeds.artist!r}")
    codes = [seed.code for seed in seeds.songs if seed.code is not None]
    hits = release.store.retrieve(Collection.TRACKS, codes, payload=False, with_vector=True)
    if not hits or hits[0].vector is None:
        raise InvalidFeatures(f"the catalogue has no audio features of {song!r}")
    vector = hits[0].vector
    return vector / np.float32(np.linalg.norm(vector))  # stored in half precision
