"""Tell whether two tracks are the same song."""

from functools import lru_cache
from typing import NamedTuple

from embeat_serve.contract.schema import TrackField
from embeat_serve.contract.text_keys import title_key
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.seeds.models import Seed

_title_key = lru_cache(maxsize=1 << 16)(title_key)
"""Popular songs come up in request after request."""


class TrackIdentity(NamedTuple):
    """What makes two tracks the same song."""

    recording: int | None
    """Recording code; None where unknown."""
    isrc: str | None
    title: str
    """Title key (``contract.text_keys``); empty where unknown."""
    artists: frozenset[int]
    """Artist codes."""

    def is_same_song(self, other: "TrackIdentity") -> bool:
        """Whether both share a recording or an ISRC, or a title and an artist."""
        if self.recording is not None and self.recording == other.recording:
            return True
        if self.isrc and self.isrc == other.isrc:
            return True
        same_title = bool(self.title) and self.title == other.title
        return same_title and not self.artists.isdisjoint(other.artists)

    def lookup_keys(self) -> list[tuple[str, object]]:
        """Keys of an index of songs: two songs that are the same share at least one of them."""
        keys = (("recording", self.recording), ("isrc", self.isrc), ("title", self.title or None))
        return [(kind, value) for kind, value in keys if value is not None]


def identity_of(song: Candidate | Seed) -> TrackIdentity:
    """The identity of a candidate or a seed, read from its payload."""
    fields = song.payload
    return TrackIdentity(
        fields.get(TrackField.RECORDING_CODE),
        fields.get(TrackField.ISRC),
        _title_key(fields.get(TrackField.TRACK_NAME) or ""),
        frozenset(fields.get(TrackField.ARTIST_CODES, ())),
    )
