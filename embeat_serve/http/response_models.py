"""Pydantic models of answers, for the OpenAPI document; the workers write the JSON themselves."""

from pydantic import BaseModel


class SeedOut(BaseModel):
    """A seed of a list; fields are null for a song that is in no catalogue."""

    track_id: str | None
    track_name: str | None
    artist_names: list[str]


class SongOut(BaseModel):
    """One song of a list; its ``channels`` sum to ``score``."""

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
    explanation: str | None = None


class ListTitleOut(BaseModel):
    """Title that a list was asked for by."""

    text: str
    knowledge: float
    """0..1: share of it that names of playlists know."""
    phrase: str | None = None
    """Words of it that names of playlists hold and that say most."""
    playlists: int | None = None
    """Playlists with `phrase` in their names."""


class QuestionPartOut(BaseModel):
    """What a part of a question says."""

    start: int
    end: int
    text: str
    kind: str
    value: str


class UnderstandingOut(BaseModel):
    """How a text was read."""

    reading: str
    """`song`, `artist` or `question`."""
    parts: list[QuestionPartOut]
    ignored: list[str]
    """Wishes that nothing can meet; the list was made without them."""
    is_title_too: bool
    """Whether playlists have such a name, so that `title` may be meant."""


class ListOut(BaseModel):
    """A list of songs."""

    release: str
    seeds: list[SeedOut]
    artist: str | None
    """Artist whose best-known songs are the seeds."""
    results: list[SongOut]
    relaxed: list[str]
    """Rules that were relaxed to fill the list."""
    missing: list[str]
    """Seeds that are not in the catalogue."""
    guessed: bool
    """Whether the text is not in the catalogue, and the seeds are the closest matches."""
    alternatives: list[str]
    """Other readings of the text."""
    title: ListTitleOut | None = None
    understood: UnderstandingOut | None = None
    notes: list[str]
    """What the release lacks of what was asked for, in sentences."""
    timings_ms: dict[str, float]


class SimilarityOut(BaseModel):
    """How alike two songs sound, 0..1."""

    release: str
    similarity: float


class FoundSong(BaseModel):
    """A song in the answer to a search."""

    track_id: str
    track_name: str | None
    artist_names: list[str]
    album_name: str | None
    popularity: int | None
    year: int | None


class SongDetails(FoundSong):
    """A song in full."""

    isrc: str | None
    explicit: bool | None
    tempo: float | None
    key: int | None
    mode: int | None
    energy: float | None
    genres: list[str]


class ArtistOut(BaseModel):
    """An artist."""

    artist_id: str | None
    artist_name: str
    genres: list[str]
    popularity: int
    tracks: int


class SongOfArtists(SongDetails):
    """A song and its artists."""

    artists: list[ArtistOut]


class ArtistDetails(ArtistOut):
    """An artist, related ones, and the best-known songs."""

    related: list[ArtistOut]
    songs: list[SongDetails]


class SearchOut(BaseModel):
    """Songs and artists that match a text, best first."""

    release: str
    songs: list[FoundSong]
    artists: list[ArtistOut]
    did_you_mean: list[str]
    """Names close to the text, if nothing matches."""


class LineOut(BaseModel):
    """One line of a playlist, with the song it names or none."""

    line: str
    songs: list[SeedOut]
    guessed: bool
    """Whether the line is not in the catalogue, and this is the closest match."""
    did_you_mean: list[str]


class ResolveOut(BaseModel):
    """A playlist, line by line."""

    release: str
    lines: list[LineOut]


class ExplainOut(BaseModel):
    """Why a song would be on the list; ``rank`` is null where it would not."""

    release: str
    song: SongOfArtists
    rank: int | None
    score: float | None
    channels: dict[str, float]
    explanation: str | None
    similarity: float | None
    """How alike it sounds to the first seed, 0..1."""
    looked_among: int
    """Length of the list in which the song was searched."""


class GenreOut(BaseModel):
    """A genre and its place on the map, 0..1; x to the right, y downwards."""

    name: str
    x: float | None
    y: float | None


class GenresOut(BaseModel):
    """The genre map."""

    release: str
    genres: list[GenreOut]


class ReleaseOut(BaseModel):
    """A release."""

    release: str
    current: bool
    built_at: str
    format_version: int
    counts: dict[str, int]


class ReleasesOut(BaseModel):
    """The release in use, then those kept for a rollback."""

    releases: list[ReleaseOut]


class HealthOut(BaseModel):
    """State of the server."""

    status: str
    release: str | None = None
    workers: int | None = None
    reason: str | None = None


class Problem(BaseModel):
    """An error, as of RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    suggestions: list[str] | None = None
    """Names close to what was not found."""
    errors: list[str] | None = None
    """Every parameter that is wrong, with what was expected."""
