"""Tell whether two tracks are the same song."""

from functools import lru_cache
from typing import NamedTuple

from embeat_serve.contract.schema import TrackField
from embeat_serve.contract.text_keys import title_key
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.seeds.models import Seed

_title_key = lru_cache(maxsize=1 << 16)(title_key)
"""Popular songs come up again and again."""


class TrackIdentity(NamedTuple):
    """What makes two tracks the same song."""

    recording: int | None
    isrc: str | None
    title: str
    """Title key; empty where unknown."""
    artists: frozenset[int]

    def same_song(self, other: "TrackIdentity") -> bool:
        """Same recording, or same title and a common artist."""
        if self.recording is not None and self.recording == other.recording:
            return True
        if self.isrc and self.isrc == other.isrc:
            return True
        same_title = bool(self.title) and self.title == other.title
        return same_title and not self.artists.isdisjoint(other.artists)


def identity_of(song: Candidate | Seed) -> TrackIdentity:
    """Keys of a candidate or a seed."""
    fields = song.payload
    return TrackIdentity(
        fields.get(TrackField.RECORDING_CODE),
        fields.get(TrackField.ISRC),
        _title_key(fields.get(TrackField.TRACK_NAME) or ""),
        frozenset(fields.get(TrackField.ARTIST_CODES, ())),
    )
