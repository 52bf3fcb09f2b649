"""Names of the handlers, and the arguments that routes send to each."""

from typing import Any, Literal, Required, TypedDict

HandlerName = Literal[
    "recommend",
    "ask",
    "similarity",
    "explain",
    "search",
    "resolve",
    "song",
    "artist",
    "genres",
    "releases",
    "ready",
]
"""Handlers of ``handlers.HANDLERS``; ``ready`` is called by the pool, the others by routes."""

ListFormat = Literal["json", "m3u", "csv", "jspf"]

SearchKind = Literal["all", "songs", "artists"]

Features = dict[str, Any]
"""Audio features of one song, by the names in ``contract.audio_features``."""


class OptionArguments(TypedDict, total=False):
    """Recall options that a request sets; the server's own serve for the others."""

    preset: str
    options: dict[str, Any]
    """Fields of ``RecallOptions``."""


class RecommendArguments(OptionArguments, total=False):
    """One seed of any kind, and how the list is to be."""

    text: str
    track_ids: list[str]
    isrc: str
    artist: str
    features: Features
    title: str
    k: int
    dislikes: list[str]
    filters: dict[str, Any]
    """Fields of ``Filters``."""
    explain: bool
    format: ListFormat


class AskArguments(OptionArguments, total=False):
    """A question in words, and how the list is to be."""

    text: Required[str]
    k: int
    dislikes: list[str]
    filters: dict[str, Any]
    """Fields of ``Filters``."""
    explain: bool
    format: ListFormat


class ExplainArguments(OptionArguments):
    """A song, and the seeds whose list it is looked for in."""

    seeds: list[str]
    song: str
    k: int


class SimilarityArguments(TypedDict):
    """Two songs, each as a text or by its audio features."""

    a: str | Features
    b: str | Features


class SearchArguments(TypedDict):
    """Text typed so far."""

    q: str
    limit: int
    """Most songs, and most artists."""
    kind: SearchKind


class ResolveArguments(TypedDict):
    """Lines of a playlist."""

    lines: list[str]


class SongArguments(TypedDict):
    """Id of a track."""

    id: str


class ArtistArguments(TypedDict):
    """Id of an artist, and how many of the artist's songs to list."""

    id: str
    songs: int


class NoArguments(TypedDict):
    """Nothing."""
