"""Tell whether a song is a remix."""

from embeat_serve.contract.schema import TrackField
from embeat_serve.contract.text_keys import name_key
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.seeds.models import Seed

REMIX_WORDS = frozenset({"remix", "remixed", "remixes", "rmx"})
REMASTER_WORDS = frozenset({"remaster", "remastered"})
"""With one of these words in the title, "remixed" means the sound of an old recording."""


def is_remix(song: Candidate | Seed) -> bool:
    """Whether the title calls the song a remix, in a word of its own."""
    key = song.payload.get(TrackField.NAME_KEY)
    if key is None:
        key = name_key(song.payload.get(TrackField.TRACK_NAME) or "")
    words = set(key.split())
    return not REMIX_WORDS.isdisjoint(words) and REMASTER_WORDS.isdisjoint(words)
