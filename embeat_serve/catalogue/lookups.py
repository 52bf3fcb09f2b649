"""What a release knows of one song, one artist, its genres, and of the releases next to it."""

import json
from collections.abc import Sequence
from typing import Any

from embeat_serve.contract.manifest import Manifest, ReleaseFile
from embeat_serve.contract.schema import ArtistField, Collection, TrackField, related_artists
from embeat_serve.contract.text_keys import title_key
from embeat_serve.errors import BrokenRelease, SeedNotFound
from embeat_serve.release import Release
from embeat_serve.settings import Settings
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.query import Filter, Hit, Match, Query

RELATED = 12
"""Related artists named."""

EDITIONS = 5
"""Tracks looked at for each song that is shown: editions of one song are shown once."""

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
"""What is told of a song."""

FOUND_FIELDS = (
    TrackField.TRACK_ID,
    TrackField.TRACK_NAME,
    TrackField.ARTIST_NAMES,
    TrackField.ALBUM_NAME,
    TrackField.POPULARITY,
    TrackField.YEAR,
)
"""What is told of a song among those that a search found."""


def song(store: VectorStore, track_id: str) -> dict[str, Any]:
    """Everything that is known of a track, and its artists.

    Raises:
        SeedNotFound: the catalogue does not have it.
    """
    wanted = (*SONG_FIELDS, TrackField.ARTIST_CODES)
    hit = _one(store, Collection.TRACKS, TrackField.TRACK_ID, track_id, "track", wanted)
    codes = hit.payload.get(TrackField.ARTIST_CODES, ())
    return {**song_dict(hit), "artists": artists_by_code(store, codes)}


def artist(store: VectorStore, artist_id: str, songs: int) -> dict[str, Any]:
    """An artist, related ones, and the best-known ``songs``.

    Raises:
        SeedNotFound: the catalogue does not have the artist.
    """
    fields = (*_ARTIST_FIELDS, ArtistField.RELATED_ARTIST_CODES)
    hit = _one(store, Collection.ARTISTS, ArtistField.ARTIST_ID, artist_id, "artist", fields)
    query = Query(
        Collection.TRACKS,
        EDITIONS * songs,
        order_by=TrackField.POPULARITY_RANK,
        filter=Filter((Match(TrackField.ARTIST_CODES, (hit.id,)),)),
        payload=(*SONG_FIELDS, TrackField.ARTIST_CODES),
    )
    own: dict[str, Hit] = {}
    # Songs where the artist is only a guest come after.
    for track in sorted(
        store.query([query])[0],
        key=lambda track: track.payload.get(TrackField.ARTIST_CODES, (None,))[0] != hit.id,
    ):
        own.setdefault(title_key(track.payload.get(TrackField.TRACK_NAME, "")), track)
    related = related_artists(hit.payload)[:RELATED]
    return {
        **artist_dict(hit),
        "related": artists_by_code(store, related),
        "songs": [song_dict(track) for track in list(own.values())[:songs]],
    }


def genres(store: VectorStore) -> list[dict[str, Any]]:
    """The genre map: names with their places, None for a genre that has none."""
    try:
        places = json.loads(store.read_file(ReleaseFile.GENRES))
    except BrokenRelease:
        return []
    return [{"name": name, "x": x, "y": y} for name, x, y in places]


def releases(settings: Settings, release: Release) -> list[dict[str, Any]]:
    """The release being asked, then those kept for going back, newest first."""
    found = {release.name: _release_dict(release.manifest, True)}
    if settings.qdrant_url is None and settings.lake.index.is_dir():
        for path in settings.lake.index.glob(f"*/{ReleaseFile.MANIFEST}"):
            try:
                manifest = Manifest.read(path.parent)
            except (OSError, ValueError):
                continue
            if path.parent.name == manifest.release:
                found.setdefault(manifest.release, _release_dict(manifest, False))
    return sorted(
        found.values(), key=lambda each: (each["current"], each["built_at"]), reverse=True
    )


def artists_by_code(store: VectorStore, codes: Sequence[int]) -> list[dict[str, Any]]:
    """Artists in the order of their codes."""
    if not codes:
        return []
    hits = store.retrieve(Collection.ARTISTS, list(codes), _ARTIST_FIELDS)
    return [artist_dict(hit) for hit in hits]


def song_dict(hit: Hit, told: Sequence[str] = SONG_FIELDS) -> dict[str, Any]:
    """A track as the API tells of it: the fields ``told``, None where unknown."""
    found = {field: hit.payload.get(field) for field in told}
    for listed in (TrackField.ARTIST_NAMES, TrackField.GENRES):
        if listed in found:
            found[listed] = list(found[listed] or ())
    return found


def artist_dict(hit: Hit) -> dict[str, Any]:
    """An artist as the API tells of it."""
    payload = hit.payload
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


def _one(
    store: VectorStore, collection: str, field: str, id: str, kind: str, wanted: Sequence[str]
) -> Hit:
    query = Query(collection, 1, filter=Filter((Match(field, (id,)),)), payload=wanted)
    hits = store.query([query])[0]
    if not hits:
        raise SeedNotFound(f"no {kind} {id} in the catalogue")
    return hits[0]


def _release_dict(manifest: Manifest, current: bool) -> dict[str, Any]:
    return {
        "release": manifest.release,
        "current": current,
        "built_at": manifest.built_at,
        "format_version": manifest.format_version,
        "counts": dict(manifest.counts),
    }
