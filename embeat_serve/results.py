"""What a question is answered with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from embeat_serve.contract.schema import TrackField
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.seeds.models import Seed

DECIMALS = 6
"""Of scores and contributions."""


@dataclass(frozen=True)
class SeedSong:
    """A song that the list is like. Fields a song from outside the catalogue lacks are None."""

    track_id: str | None
    track_name: str | None
    artist_names: tuple[str, ...]

    @classmethod
    def of(cls, seed: Seed) -> Self:
        """What is shown of a seed."""
        return cls(
            seed.payload.get(TrackField.TRACK_ID),
            seed.payload.get(TrackField.TRACK_NAME),
            tuple(seed.payload.get(TrackField.ARTIST_NAMES, ())),
        )


@dataclass(frozen=True)
class Song:
    """One song of the list. Fields that the dump did not have are None."""

    rank: int
    track_id: str
    track_name: str
    artist_names: tuple[str, ...]
    album_name: str | None
    isrc: str | None
    popularity: int | None
    """0..100."""
    genres: tuple[str, ...]
    score: float
    """0..1: the sum of ``channels``."""
    channels: Mapping[str, float]
    """Contribution of each channel to the score, greatest first."""
    explanation: str | None = None
    """One sentence on why the song is here, where asked for."""

    @classmethod
    def of(cls, candidate: Candidate, rank: int, explanation: str | None = None) -> Self:
        """The song of a candidate with payload."""
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

    def to_dict(self) -> dict[str, Any]:
        """As in the JSON output."""
        content = {
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


@dataclass(frozen=True)
class Recommendations:
    """The answer to one question."""

    release: str
    seeds: tuple[SeedSong, ...]
    results: tuple[Song, ...]
    relaxed: tuple[str, ...] = ()
    """Settings that had to give way to fill the list; all others hold."""
    timings_ms: Mapping[str, float] = field(default_factory=dict, compare=False)
    """Milliseconds of each step, and in all."""
    artist: str | None = None
    """Artist whose best-known songs the seeds are; None where songs were asked for."""
    missing: Sequence[str] = ()
    """Seeds asked for that the catalogue does not have."""
    guessed: bool = False
    """Whether the catalogue lacks what was typed, and the seeds are what comes closest."""
    alternatives: Sequence[str] = ()
    """What else may have been meant, best first; empty where that is clear."""

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of the command line and the HTTP API.

        ``missing``, ``guessed`` and ``alternatives`` are there where they say something.
        """
        doubts = {
            "missing": list(self.missing),
            "guessed": self.guessed,
            "alternatives": list(self.alternatives),
        }
        return {
            "release": self.release,
            "seeds": [
                {
                    "track_id": seed.track_id,
                    "track_name": seed.track_name,
                    "artist_names": list(seed.artist_names),
                }
                for seed in self.seeds
            ],
            "results": [song.to_dict() for song in self.results],
            "relaxed": list(self.relaxed),
            "timings_ms": dict(self.timings_ms),
            **{name: value for name, value in doubts.items() if value},
        }
