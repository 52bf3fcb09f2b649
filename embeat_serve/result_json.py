"""JSON of what ``recommend`` returns: the types of its objects."""

from typing import NotRequired, TypedDict


class SeedSongJson(TypedDict):
    """JSON of a ``SeedSong``."""

    track_id: str | None
    track_name: str | None
    artist_names: list[str]


class SongJson(TypedDict):
    """JSON of a ``Song``."""

    rank: int
    track_id: str
    track_name: str
    artist_names: list[str]
    album_name: str | None
    isrc: str | None
    popularity: int | None
    genres: list[str]
    score: float
    channels: dict[str, float]
    explanation: NotRequired[str]


class ListTitleJson(TypedDict):
    """JSON of a ``ListTitle``."""

    text: str
    knowledge: float
    phrase: NotRequired[str]
    playlists: NotRequired[int]


class QuestionPartJson(TypedDict):
    """JSON of a ``QuestionPart``."""

    start: int
    end: int
    text: str
    kind: str
    value: str


class UnderstandingJson(TypedDict):
    """JSON of an ``Understanding``."""

    reading: str
    parts: list[QuestionPartJson]
    ignored: list[str]
    is_title_too: bool


class RecommendationsJson(TypedDict):
    """JSON of ``Recommendations``."""

    release: str
    seeds: list[SeedSongJson]
    results: list[SongJson]
    relaxed: list[str]
    timings_ms: dict[str, float]
    missing: NotRequired[list[str]]
    guessed: NotRequired[bool]
    alternatives: NotRequired[list[str]]
    title: NotRequired[ListTitleJson]
    understood: NotRequired[UnderstandingJson]
    notes: NotRequired[list[str]]
