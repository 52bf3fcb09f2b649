"""Public facade: recommend songs, compare two, and encode songs, from the published release."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.answer import answer, answer_question
from embeat_serve.contract.audio_features import from_mappings
from embeat_serve.contract.schema import Collection
from embeat_serve.encoder import Encoder
from embeat_serve.errors import InvalidFeatures, UsageError
from embeat_serve.filters.request import Filters
from embeat_serve.options import RecallOptions
from embeat_serve.release import Release
from embeat_serve.release_watcher import PublishedReleases, ReleaseSource, ReleaseWatcher
from embeat_serve.results import Recommendations
from embeat_serve.seeds.exclusions import ExclusionRequest
from embeat_serve.seeds.parsing import check_text
from embeat_serve.seeds.request import (
    Features,
    Playlist,
    build_seed_request,
    parse_text,
)
from embeat_serve.seeds.resolver import resolve_text
from embeat_serve.settings import Settings
from embeat_serve.trace import Trace
from embeat_serve.unresolved_request import DEFAULT_K, UnresolvedRequest, check_k


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
        k: int = DEFAULT_K,
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
            options or self.settings.recall,
            check_k(k),
            explain,
        )
        with self._releases.current() as release:
            trace.add_time_so_far("seed")
            return answer(release, request, trace)

    def ask(
        self,
        text: str,
        *,
        k: int | None = None,
        dislikes: Sequence[str] = (),
        filters: Filters | None = None,
        options: RecallOptions | None = None,
        explain: bool = False,
    ) -> Recommendations:
        """Answer a question in words, such as "90s french hip hop for running, no hits".

        A text that is the name of a song or an artist is taken for that, as ``recommend`` does.
        ``understood`` of the answer says how the text was read.

        Args:
            text: a question in one of twelve languages, or all that ``recommend`` takes as text.
            k: length of the list; that of the question, or 20, where None.
            dislikes: see ``recommend``.
            filters: see ``recommend``; they come before what the question says.
            options: see ``recommend``.
            explain: see ``recommend``.

        Raises:
            UsageError: the request is wrong in itself.
            SeedNotFound: the catalogue does not have what is named, and nothing else is said.
            Unavailable: the release cannot be read.
        """
        trace = Trace()
        request = UnresolvedRequest(
            parse_text(text),
            None,
            ExclusionRequest.of(dislikes, filters.without_artists if filters else ()),
            filters,
            options or self.settings.recall,
            None if k is None else check_k(k),
            explain,
        )
        with self._releases.current() as release:
            trace.add_time_so_far("seed")
            return answer_question(release, request, trace)

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
