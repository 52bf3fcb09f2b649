"""What ``recommend`` returns: a list of songs, and its JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from embeat_serve.contract.schema import TrackField
from embeat_serve.questions.question import QuestionPart
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.result_json import (
    ListTitleJson,
    RecommendationsJson,
    SeedSongJson,
    SongJson,
    UnderstandingJson,
)
from embeat_serve.seeds.models import Seed
from embeat_serve.titles.title_model import LEAST_KNOWLEDGE, TitleProfile

DECIMALS = 6
"""Of scores and contributions."""


@dataclass(frozen=True)
class SeedSong:
    """A song that the list is like. Fields that are unknown are None."""

    track_id: str | None
    """None for a song that is not in the catalogue."""
    track_name: str | None
    artist_names: tuple[str, ...]

    @classmethod
    def of(cls, seed: Seed) -> Self:
        """The public fields of a seed."""
        track = seed.payload
        return cls(
            track.get(TrackField.TRACK_ID),
            track.get(TrackField.TRACK_NAME),
            tuple(track.get(TrackField.ARTIST_NAMES, ())),
        )

    def to_dict(self) -> SeedSongJson:
        """The JSON object of the seed."""
        return {
            "track_id": self.track_id,
            "track_name": self.track_name,
            "artist_names": list(self.artist_names),
        }


@dataclass(frozen=True)
class ListTitle:
    """The title that a list was asked for by."""

    text: str
    knowledge: float
    """0..1: share of it that names of playlists know; a title that is hardly known counts for
    nothing."""

    phrase: str = ""
    """Words of it that names of playlists hold and that say most; "" where none do."""
    playlists: int = 0
    """Playlists with ``phrase`` in their names."""

    @classmethod
    def of(cls, profile: TitleProfile) -> Self:
        """The title of a profile."""
        matches = profile.matches
        return cls(profile.title, round(profile.knowledge, 4), matches.phrase, matches.playlists)

    @property
    def is_known(self) -> bool:
        """Whether it counts."""
        return self.knowledge >= LEAST_KNOWLEDGE

    def to_dict(self) -> ListTitleJson:
        """The JSON object of the title; ``phrase`` and ``playlists`` where there is a phrase."""
        content: ListTitleJson = {"text": self.text, "knowledge": self.knowledge}
        if self.phrase:
            content["phrase"], content["playlists"] = self.phrase, self.playlists
        return content


@dataclass(frozen=True)
class Song:
    """One song of the list. Fields that the dump does not have are None."""

    rank: int
    """1 is the best."""
    track_id: str
    track_name: str
    artist_names: tuple[str, ...]
    """Main artist first."""
    album_name: str | None
    isrc: str | None
    popularity: int | None
    """0..100."""
    genres: tuple[str, ...]
    """Best first."""
    score: float
    """0..1: the sum of ``channels``."""
    channels: Mapping[str, float]
    """Channel -> its contribution to the score, greatest first."""
    explanation: str | None = None
    """One sentence on why the song is on the list, if ``explain`` was set."""

    @classmethod
    def of(cls, candidate: Candidate, rank: int, explanation: str | None = None) -> Self:
        """The song of a candidate with payload and evidence."""
        track = candidate.payload
        channels = {name: round(value, DECIMALS) for name, value in candidate.channels().items()}
        return cls(
            rank=rank,
            track_id=track.get(TrackField.TRACK_ID, ""),
            track_name=track.get(TrackField.TRACK_NAME, ""),
            artist_names=tuple(track.get(TrackField.ARTIST_NAMES, ())),
            album_name=track.get(TrackField.ALBUM_NAME),
            isrc=track.get(TrackField.ISRC),
            popularity=track.get(TrackField.POPULARITY),
            genres=tuple(track.get(TrackField.GENRES, ())),
            score=round(sum(channels.values()), DECIMALS),
            channels=channels,
            explanation=explanation,
        )

    def to_dict(self) -> SongJson:
        """The JSON object of the song."""
        content: SongJson = {
            "rank": self.rank,
            "track_id": self.track_id,
            "track_name": self.track_name,
            "artist_names": list(self.artist_names),
            "album_name": self.album_name,
            "isrc": self.isrc,
            "popularity": self.popularity,
            "genres": list(self.genres),
            "score": self.score,
            "channels": dict(self.channels),
        }
        if self.explanation is not None:
            content["explanation"] = self.explanation
        return content


class Reading(StrEnum):
    """What a text was taken for."""

    SONG = "song"
    ARTIST = "artist"
    QUESTION = "question"


@dataclass(frozen=True)
class Understanding:
    """How a text was read."""

    reading: Reading
    parts: tuple[QuestionPart, ...] = ()
    """What a question says; a name has no parts."""
    ignored: tuple[str, ...] = ()
    """Wishes of a question that nothing can meet; the list was made without them."""
    is_title_too: bool = False
    """Whether playlists have such a name, so that a list of that title may be meant."""

    @classmethod
    def of_name(cls, answer: "Recommendations", *, is_title_too: bool) -> Self:
        """The reading of a text that is the name of a song or an artist."""
        reading = Reading.SONG if answer.artist is None else Reading.ARTIST
        return cls(reading, is_title_too=is_title_too)

    def to_dict(self) -> UnderstandingJson:
        """The JSON object of the reading."""
        return {
            "reading": self.reading.value,
            "parts": [
                {
                    "start": part.start,
                    "end": part.end,
                    "text": part.text,
                    "kind": part.kind.value,
                    "value": part.value,
                }
                for part in self.parts
            ],
            "ignored": list(self.ignored),
            "is_title_too": self.is_title_too,
        }


@dataclass(frozen=True)
class Recommendations:
    """The answer to one request."""

    release: str
    """Name of the release that answered."""
    seeds: tuple[SeedSong, ...]
    """Empty where a title alone was given."""
    results: tuple[Song, ...]
    """Best first, as far as the rules of the list allow."""
    relaxed: tuple[str, ...] = ()
    """Rules and filters that had to give way to fill the list; all others hold."""
    timings_ms: Mapping[str, float] = field(default_factory=dict[str, float], compare=False)
    """Step -> milliseconds, with ``total``."""
    artist: str | None = None
    """The artist whose best-known songs the seeds are; None if the request names songs."""
    missing: Sequence[str] = ()
    """Seeds of the request that are not in the catalogue."""
    guessed: bool = False
    """Whether the text is not in the catalogue, so that the seeds are what comes closest."""
    title: ListTitle | None = None
    """The title that was given; None where there was none."""
    understood: Understanding | None = None
    """How the text was read, where ``ask`` was called."""
    alternatives: Sequence[str] = ()
    """What else the text may mean, best first; empty if that is clear."""
    notes: Sequence[str] = ()
    """What the release lacks of what was asked for, in sentences."""

    def to_dict(self) -> RecommendationsJson:
        """The JSON object of the command line and the HTTP API.

        ``missing``, ``guessed``, ``alternatives``, ``title``, ``understood`` and ``notes`` are left
        out where they are empty.
        """
        content: RecommendationsJson = {
            "release": self.release,
            "seeds": [seed.to_dict() for seed in self.seeds],
            "results": [song.to_dict() for song in self.results],
            "relaxed": list(self.relaxed),
            "timings_ms": dict(self.timings_ms),
        }
        if self.missing:
            content["missing"] = list(self.missing)
        if self.guessed:
            content["guessed"] = True
        if self.alternatives:
            content["alternatives"] = list(self.alternatives)
        if self.title is not None:
            content["title"] = self.title.to_dict()
        if self.understood is not None:
            content["understood"] = self.understood.to_dict()
        if self.notes:
            content["notes"] = list(self.notes)
        return content
