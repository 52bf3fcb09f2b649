"""Look up one song, one artist, the genres, or the releases of a lake."""

import json
from collections.abc import Sequence
from typing import TypedDict

from embeat_serve.contract.manifest import Manifest, ReleaseFile
from embeat_serve.contract.schema import ArtistField, Collection, TrackField, related_artists
from embeat_serve.contract.text_keys import title_key
from embeat_serve.errors import BrokenRelease, SeedNotFound
from embeat_serve.release import Release
from embeat_serve.settings import Settings
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.query import Filter, Hit, Match, Query

RELATED = 12
"""Most related artists of an artist."""

EDITIONS = 5
"""Tracks read for each song shown, as editions of one song are shown once."""

SONG_FIELDS = (
    TrackField.TRACK_ID,
    TrackField.TRACK_NAME,
    TrackField.ARTIST_NAMES,
    TrackField.ALBUM_NAME,
    TrackField.ISRC,
    TrackField.POPULARITY,
    TrackField.YEAR,
    TrackField.EXPLICIT,
    TrackField.TEMPO,
    TrackField.KEY,
    TrackField.MODE,
    TrackField.ENERGY,
    TrackField.GENRES,
)
"""Fields of a song."""


class SongSummary(TypedDict):
    """A song in the results of a search; None where unknown."""

    track_id: str | None
    track_name: str | None
    artist_names: list[str]
    album_name: str | None
    popularity: int | None
    year: int | None


class SongDetails(SongSummary):
    """All fields of a song; units as in ``TrackField``."""

    isrc: str | None
    explicit: int | None
    tempo: float | None
    key: int | None
    mode: int | None
    energy: float | None
    genres: list[str]


class ArtistDetails(TypedDict):
    """The fields of an artist."""

    artist_id: str | None
    artist_name: str
    genres: list[str]
    popularity: int
    tracks: int


class SongWithArtists(SongDetails):
    """A song and its artists."""

    artists: list[ArtistDetails]


class ArtistWithSongs(ArtistDetails):
    """An artist, related artists, and the best-known songs."""

    related: list[ArtistDetails]
    songs: list[SongDetails]


class GenrePlace(TypedDict):
    """A genre and its place on the map, 0..1; None without a place."""

    name: str
    x: float | None
    y: float | None


class ReleaseSummary(TypedDict):
    """A release of the lake or the server."""

    release: str
    current: bool
    built_at: str
    format_version: int
    counts: dict[str, int]


def song(store: VectorStore, track_id: str) -> SongWithArtists:
    """The fields of a track, and its ``artists``. It takes two store calls.

    Raises:
        SeedNotFound: the track is not in the catalogue.
    """
    fields = (*SONG_FIELDS, TrackField.ARTIST_CODES)
    match = Match(TrackField.TRACK_ID, (track_id,))
    hit = _first(store, Query(Collection.TRACKS, 1, filter=Filter((match,)), payload=fields))
    if hit is None:
        raise SeedNotFound(f"no track {track_id} in the catalogue")
    codes = hit.track.get(TrackField.ARTIST_CODES, ())
    return {**song_details(hit), "artists": artists_by_code(store, codes)}


def artist(store: VectorStore, artist_id: str, songs: int) -> ArtistWithSongs:
    """The fields of an artist, with ``related`` artists and the best-known ``songs``.

    Args:
        store: of the release.
        artist_id: of the artist.
        songs: most songs.

    Raises:
        SeedNotFound: the artist is not in the catalogue.
    """
    fields = (*_ARTIST_FIELDS, ArtistField.RELATED_ARTIST_CODES)
    match = Match(ArtistField.ARTIST_ID, (artist_id,))
    hit = _first(store, Query(Collection.ARTISTS, 1, filter=Filter((match,)), payload=fields))
    if hit is None:
        raise SeedNotFound(f"no artist {artist_id} in the catalogue")
    query = Query(
        Collection.TRACKS,
        EDITIONS * songs,
        order_by=TrackField.POPULARITY_RANK,
        filter=Filter((Match(TrackField.ARTIST_CODES, (hit.id,)),)),
        payload=(*SONG_FIELDS, TrackField.ARTIST_CODES),
    )
    editions: dict[str, Hit] = {}
    # Songs on which the artist is only a guest come last.
    for track in sorted(
        store.query([query])[0],
        key=lambda track: track.payload.get(TrackField.ARTIST_CODES, (None,))[0] != hit.id,
    ):
        editions.setdefault(title_key(track.track.get(TrackField.TRACK_NAME, "")), track)
    related = related_artists(hit.payload)[:RELATED]
    return {
        **artist_details(hit),
        "related": artists_by_code(store, related),
        "songs": [song_details(track) for track in list(editions.values())[:songs]],
    }


def genres(store: VectorStore) -> list[GenrePlace]:
    """The genres of the map, with their places; None for a genre without a place."""
    try:
        places = json.loads(store.read_file(ReleaseFile.GENRES))
    except BrokenRelease:
        return []
    return [{"name": name, "x": x, "y": y} for name, x, y in places]


def releases(settings: Settings, release: Release) -> list[ReleaseSummary]:
    """The open release, then those kept for a rollback, newest first."""
    by_name = {release.name: _release_dict(release.manifest, True)}
    if settings.qdrant_url is None and settings.lake.index.is_dir():
        for path in settings.lake.index.glob(f"*/{ReleaseFile.MANIFEST}"):
            try:
                manifest = Manifest.read(path.parent)
            except (OSError, ValueError):
                continue
            if path.parent.name == manifest.release:
                by_name.setdefault(manifest.release, _release_dict(manifest, False))
    return sorted(
        by_name.values(), key=lambda each: (each["current"], each["built_at"]), reverse=True
    )


def artists_by_code(store: VectorStore, codes: Sequence[int]) -> list[ArtistDetails]:
    """The fields of artists, in the order of ``codes``."""
    if not codes:
        return []
    hits = store.retrieve(Collection.ARTISTS, list(codes), _ARTIST_FIELDS)
    return [artist_details(hit) for hit in hits]


def song_summary(hit: Hit) -> SongSummary:
    """The JSON of a song in the results of a search."""
    track = hit.track
    return {
        "track_id": track.get(TrackField.TRACK_ID),
        "track_name": track.get(TrackField.TRACK_NAME),
        "artist_names": list(track.get(TrackField.ARTIST_NAMES, ())),
        "album_name": track.get(TrackField.ALBUM_NAME),
        "popularity": track.get(TrackField.POPULARITY),
        "year": track.get(TrackField.YEAR),
    }


def song_details(hit: Hit) -> SongDetails:
    """The JSON of all fields of a song."""
    track = hit.track
    return {
        "track_id": track.get(TrackField.TRACK_ID),
        "track_name": track.get(TrackField.TRACK_NAME),
        "artist_names": list(track.get(TrackField.ARTIST_NAMES, ())),
        "album_name": track.get(TrackField.ALBUM_NAME),
        "isrc": track.get(TrackField.ISRC),
        "popularity": track.get(TrackField.POPULARITY),
        "year": track.get(TrackField.YEAR),
        "explicit": track.get(TrackField.EXPLICIT),
        "tempo": track.get(TrackField.TEMPO),
        "key": track.get(TrackField.KEY),
        "mode": track.get(TrackField.MODE),
        "energy": track.get(TrackField.ENERGY),
        "genres": list(track.get(TrackField.GENRES, ())),
    }


def artist_details(hit: Hit) -> ArtistDetails:
    """The JSON of an artist."""
    payload = hit.artist
    return {
        "artist_id": payload.get(ArtistField.ARTIST_ID),
        "artist_name": payload.get(ArtistField.ARTIST_NAME, ""),
        "genres": list(payload.get(ArtistField.GENRES, ())),
        "popularity": payload.get(ArtistField.POPULARITY_RANK, 0),
        "tracks": payload.get(ArtistField.NUM_TRACKS, 0),
    }


_ARTIST_FIELDS = (
    ArtistField.ARTIST_ID,
    ArtistField.ARTIST_NAME,
    ArtistField.GENRES,
    ArtistField.POPULARITY_RANK,
    ArtistField.NUM_TRACKS,
)


def _first(store: VectorStore, query: Query) -> Hit | None:
    return next(iter(store.query([query])[0]), None)


def _release_dict(manifest: Manifest, current: bool) -> ReleaseSummary:
    return {
        "release": manifest.release,
        "current": current,
        "built_at": manifest.built_at,
        "format_version": manifest.format_version,
        "counts": dict(manifest.counts),
    }
