"""Types of the payload that a point of each collection carries.

Fields that a dump does not know are left out, so every field may be missing. The names are
those of ``schema.TrackField`` and ``schema.ArtistField``.
"""

from typing import TypedDict


class TrackPayload(TypedDict, total=False):
    """Payload of a point in ``tracks`` and ``tracks_playlist``; units as in ``TrackField``."""

    track_id: str
    track_name: str
    artist_names: list[str]
    artist_codes: list[int]
    genre_codes: list[int]
    genres: list[str]
    related_artist_codes: str
    album_code: int
    album_name: str
    isrc: str
    recording_code: int
    popularity: int
    popularity_rank: int
    year: int
    explicit: int
    tempo: float
    key: int
    mode: int
    energy: float
    artist_aliases: list[str]
    instrumental: int
    language: str
    name_key: str
    search_text: str
    playlist_weight: float
    neighbours: str
    neighbour_confidence: float


class ArtistPayload(TypedDict, total=False):
    """Payload of a point in ``artists``; units as in ``ArtistField``."""

    artist_id: str
    artist_name: str
    genre_codes: list[int]
    genres: list[str]
    related_artist_codes: str
    popularity_rank: int
    num_tracks: int
    neighbours: str
    aliases: list[str]
    name_key: str
    search_text: str
