"""Types of what a request gives as seeds, parsed and checked before anything is looked up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

from embeat_serve.contract.audio_features import check_features
from embeat_serve.contract.payload import TrackPayload
from embeat_serve.errors import UsageError
from embeat_serve.seeds.parsing import (
    PlaylistEntry,
    check_text,
    parse_artist_link,
    parse_isrc,
    parse_link,
    parse_track_id,
    split_songs,
)
from embeat_serve.seeds.playlist_import import parse_playlist, read_playlist

Playlist = str | Path | Sequence[str]
"""Path of a playlist file, or the lines of one."""

Features = Mapping[str, Any]
"""Audio features of one song, by the names in ``audio_features.FEATURES``."""

MAX_SEEDS = 100
"""Seed tracks of one request at most."""


@dataclass(frozen=True)
class TextRequest:
    """A text that may be a title, an artist, both, an id or an ISRC."""

    text: str


@dataclass(frozen=True)
class TrackIdsRequest:
    """Tracks by id."""

    ids: tuple[str, ...]
    """1..``MAX_SEEDS`` ids, each once."""

    @classmethod
    def of(cls, references: Sequence[str]) -> Self:
        """Parse ids, URIs or URLs of tracks.

        Raises:
            UsageError: none or too many are given, or one is no track reference.
        """
        references = [references] if isinstance(references, str) else references
        ids = tuple(dict.fromkeys(parse_track_id(reference) for reference in references))
        if not 1 <= len(ids) <= MAX_SEEDS:
            raise UsageError(f"expected 1..{MAX_SEEDS} seed tracks, found {len(ids)}")
        return cls(ids)


@dataclass(frozen=True)
class IsrcRequest:
    """A recording by its ISRC."""

    isrc: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Parse an ISRC.

        Raises:
            UsageError: ``text`` is none.
        """
        isrc = parse_isrc(text)
        if isrc is None:
            raise UsageError(f"expected an ISRC such as TWK970300503, found {text!r}")
        return cls(isrc)


@dataclass(frozen=True)
class ArtistRequest:
    """An artist by name, or by id where a link was given."""

    name: str
    artist_id: str | None = None

    @classmethod
    def of(cls, text: str) -> Self:
        """Parse a name, or a link to an artist.

        Raises:
            UsageError: ``text`` is empty, too long, or a link to something else.
        """
        text = check_text(text)
        link = parse_artist_link(text)
        return cls(text, link.id if link else None)


@dataclass(frozen=True)
class PlaylistRequest:
    """Several songs, as a playlist names them."""

    entries: tuple[PlaylistEntry, ...]
    title: str | None = None
    """The whole text, where it may be one title with a semicolon in it."""

    @classmethod
    def of(cls, entries: Sequence[PlaylistEntry], title: str | None = None) -> Self:
        """Check the entries of a playlist.

        Raises:
            UsageError: there are none.
        """
        if not entries:
            raise UsageError("expected a playlist with at least one song, found none")
        return cls(tuple(entries), title)


@dataclass(frozen=True)
class FeaturesRequest:
    """A song that is in no catalogue, by its audio features."""

    features: Features

    @classmethod
    def of(cls, features: Features) -> Self:
        """Check the features.

        Raises:
            InvalidFeatures: a value is no number or out of range, or nothing usable is there.
        """
        check_features(features)
        return cls(features)

    @property
    def payload(self) -> TrackPayload:
        """Fields that ordering, explanations and output read of a seed, as far as given."""
        payload = TrackPayload()
        if (tempo := self.features.get("tempo")) is not None:
            payload["tempo"] = tempo
        if (key := self.features.get("key")) is not None:
            payload["key"] = key
        if (mode := self.features.get("mode")) is not None:
            payload["mode"] = mode
        if isinstance(title := self.features.get("track_name"), str):
            payload["track_name"] = title
        names: object = self.features.get("artist_names")
        if isinstance(names, list | tuple):
            values = cast(Sequence[object], names)
            texts = [value for value in values if isinstance(value, str)]
            if len(texts) == len(values):
                payload["artist_names"] = texts
        return payload


@dataclass(frozen=True)
class TitleRequest:
    """The title of the list that is made, or genres, and no song."""

    title: str
    genre_codes: tuple[int, ...] = ()
    """Genres that the list is asked for by; those of the title where there are none."""
    is_filtered: bool = False
    """Whether filters say what the songs must be, so that a title may be unknown, or empty."""


@dataclass(frozen=True)
class NamesRequest:
    """Songs and artists, as a question in words names them."""

    names: tuple[str, ...]
    """At least one."""
    whole: tuple[str, ...] = ()
    """Names that ``names`` may have divided ("Simon and Garfunkel"), longest first."""


SeedRequest = (
    TextRequest
    | TrackIdsRequest
    | IsrcRequest
    | ArtistRequest
    | PlaylistRequest
    | FeaturesRequest
    | TitleRequest
    | NamesRequest
)


def parse_text(text: str) -> SeedRequest:
    """What a person asks for by ``text``, as far as its form says.

    Songs on lines of their own, or with semicolons between, are a playlist; a link is a track or
    an artist; all else has to be looked up.

    Raises:
        UsageError: ``text`` is empty, too long, or a link to something else.
    """
    parts = split_songs(text)
    if len(parts) > 1:
        may_be_title = ";" in text and "\n" not in text
        entries = [PlaylistEntry.of(part) for part in parts]
        return PlaylistRequest.of(entries, text if may_be_title else None)
    text = check_text(text)
    link = parse_link(text)
    if link and link.kind == "artist":
        return ArtistRequest(text, link.id)
    return TrackIdsRequest.of([text]) if link else TextRequest(text)


def build_seed_request(
    *,
    text: str | None = None,
    track_ids: Sequence[str] | None = None,
    isrc: str | None = None,
    artist: str | None = None,
    playlist: Playlist | None = None,
    features: Features | None = None,
    title: str | None = None,
) -> SeedRequest:
    """Parse the one kind of seed that a caller gives; see ``Recommender.recommend``.

    Beside a title there need not be one.

    Raises:
        UsageError: none or several kinds are given, or the one given cannot be read.
    """
    given = {
        "text": text,
        "track_ids": track_ids,
        "isrc": isrc,
        "artist": artist,
        "playlist": playlist,
        "features": features,
    }
    names = [name for name, value in given.items() if value is not None]
    if title is not None and not names:
        return TitleRequest(check_text(title))
    if len(names) != 1:
        raise UsageError(
            "give exactly one of text, track_ids, isrc, artist, playlist or features, or a title, "
            f"found {' and '.join(names) or 'none'}"
        )
    if text is not None:
        return parse_text(text)
    if track_ids is not None:
        return TrackIdsRequest.of(track_ids)
    if isrc is not None:
        return IsrcRequest.of(isrc)
    if artist is not None:
        return ArtistRequest.of(artist)
    if features is not None:
        return FeaturesRequest.of(features)
    return PlaylistRequest.of(_read_entries([] if playlist is None else playlist))


def _read_entries(playlist: Playlist) -> list[PlaylistEntry]:
    if isinstance(playlist, str | Path):
        return read_playlist(playlist)
    return parse_playlist("\n".join(playlist))
