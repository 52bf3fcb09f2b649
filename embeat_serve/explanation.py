"""Say in one sentence why a song is on the list.

To add a reason, write a function that returns phrases and give it a place in ``REASONS``. The
words follow strengths and cosines, whatever the rank, so weak evidence is called weak.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.schema import MOST_SHARED, TITLE_CHANNEL, TrackField
from embeat_serve.filters.compiled import NO_FILTER, CompiledFilter
from embeat_serve.ranking.candidates import Candidate, Evidence
from embeat_serve.seeds.models import Seed

COSINE_WORDS = (
    (0.75, "often in the same playlists"),
    (0.5, "sometimes in the same playlists"),
    (-1.0, "now and then in similar playlists"),
)
"""Lowest cosine of two playlist vectors -> words."""

STRENGTH_WORDS = (
    (0.4, "often in the same playlists"),
    (0.2, "in the same or similar playlists"),
    (-1.0, "now and then in similar playlists"),
)
"""Lowest strength of a neighbour -> words."""

FEW_PLAYLISTS = 0.25
"""Confidence below which the words mention few playlists: about ten of them hold the seed."""

TITLE_WORDS = (
    (0.6, "goes into playlists of such a name"),
    (0.3, "goes into playlists of a similar name"),
    (0.06, "goes now and then into playlists of a similar name"),
    (-1.0, "goes into playlists of many kinds"),
)
"""Lowest strength of the title's evidence -> words."""

SOUND_WORDS = (
    (0.9, "sounds very much alike"),
    (0.75, "sounds alike"),
    (0.5, "sounds somewhat alike"),
    (-1.0, "sounds different"),
)
"""Lowest cosine of two acoustic vectors -> words."""

SAME_TEMPO = 0.03
CLOSE_TEMPO = 0.08
"""Largest difference of two tempi, as a share of the seed's tempo."""

FAILED_FILTER_WORDS = {
    "tempo": "not of the tempo asked for",
    "energy": "not of the energy asked for",
    "popularity": "not as popular, or unpopular, as asked for",
    "year": "not known to be from the years asked for",
    "same_language": "not known to be in the same language",
    "instrumental": "not known to be instrumental",
    "languages": "not known to be in a language asked for",
    "genres": "of none of the genres asked for",
    "without_genres": "of a genre not wanted",
}
"""Filter that gave way -> words, in the order of the sentence."""

PITCHES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
"""Names of the pitch classes 0..11."""


@dataclass(frozen=True)
class Case:
    """One song to explain.

    Attributes:
        candidate: with its payload and evidence.
        seeds: all seeds of the request.
        filters: of the request.
        strongest: the evidence that adds most to the score, ties by the first seed.
        seed: the seed of that evidence.
        evidence: channel -> evidence for that seed.
        phrase: of the title, which names of playlists hold; "" without one.
    """

    candidate: Candidate
    seeds: Sequence[Seed]
    filters: CompiledFilter
    strongest: Evidence
    seed: Seed
    evidence: Mapping[str, Evidence]
    phrase: str = ""

    @property
    def is_for_title(self) -> bool:
        """Whether the title of the list is the main reason."""
        return self.strongest.channel == TITLE_CHANNEL

    @classmethod
    def of(
        cls, candidate: Candidate, seeds: Sequence[Seed], filters: CompiledFilter, phrase: str
    ) -> Self:
        """The case of a candidate that has evidence."""
        strongest = max(candidate.evidence, key=lambda item: (item.contribution, -item.seed))
        # A title stands for no seed, and no seed for a title.
        is_title = strongest.channel == TITLE_CHANNEL
        of_seed = {
            item.channel: item
            for item in candidate.evidence
            if item.channel == TITLE_CHANNEL or (item.seed == strongest.seed and not is_title)
        }
        seed = seeds[strongest.seed]
        return cls(candidate, seeds, filters, strongest, seed, of_seed, phrase)


def explain(
    candidate: Candidate,
    seeds: Sequence[Seed],
    filters: CompiledFilter = NO_FILTER,
    phrase: str = "",
) -> str:
    """One sentence on why ``candidate`` is like ``seeds``, strongest reason first.

    Args:
        candidate: with its payload and at least one piece of evidence.
        seeds: of the request.
        filters: of the request; the sentence ends with those that gave way to the song.
        phrase: of the title, see ``TitleMatches.phrase``.
    """
    case = Case.of(candidate, seeds, filters, phrase)
    reasons = dict.fromkeys(phrase for reason in REASONS for phrase in reason(case))
    sentence = "; ".join(reasons) or "found for the seed"
    return f"{sentence[0].upper()}{sentence[1:]}."


def channel_reasons(case: Case) -> list[str]:
    """What each channel says of the song, greatest contribution first."""
    channels = [channel for channel in case.candidate.channels() if channel in case.evidence]
    return [phrase for channel in channels for phrase in _channel_words(channel, case)]


def sound_reasons(case: Case) -> list[str]:
    """How alike the songs sound, and what tempo and key they share."""
    if case.is_for_title or case.seed.is_title:
        return []
    cosines = (item.cosine for name, item in case.evidence.items() if name != "playlist")
    cosine = next((cosine for cosine in cosines if cosine is not None), None)
    track = case.candidate.payload
    music = " and ".join([*_tempo_words(case.seed, track), *_key_words(case.seed, track)])
    if cosine is None:
        return [music] if music else []
    sound = f"{_words(SOUND_WORDS, cosine)} ({cosine:.2f})"
    return [f"{sound} with {music}" if music else sound]


def genre_reasons(case: Case) -> list[str]:
    """Up to two genres that the songs share, or that there are none."""
    if case.is_for_title or case.seed.is_title:
        return []
    genres: Sequence[str] = case.candidate.payload.get(TrackField.GENRES, ())
    shared = [genre for genre in case.seed.payload.get(TrackField.GENRES, ()) if genre in genres]
    if shared:
        return [f"both {' and '.join(shared[:2])}"]
    return ["of another genre"] if case.candidate.blocked_by == "genre" else []


def agreement_reasons(case: Case) -> list[str]:
    """Which of several seeds the song is closest to, and how many seeds it was found for."""
    if len(case.seeds) == 1 or case.is_for_title or _is_of_artist(case.strongest):
        return []
    name = case.seed.payload.get(TrackField.TRACK_NAME) or "a seed"
    of_seeds = [item for item in case.candidate.evidence if item.channel != TITLE_CHANNEL]
    agreeing = len({item.seed for item in of_seeds})
    return [f"closest to {name}, found for {agreeing} of {len(case.seeds)} seeds"]


def filter_reasons(case: Case) -> list[str]:
    """The filters that gave way to the song."""
    failed = case.filters.failed(case.candidate.payload)
    return [words for name, words in FAILED_FILTER_WORDS.items() if name in failed]


REASONS: tuple[Callable[[Case], list[str]], ...] = (
    channel_reasons,
    sound_reasons,
    genre_reasons,
    agreement_reasons,
    filter_reasons,
)
"""In the order of the sentence."""


def _channel_words(channel: str, case: Case) -> list[str]:
    item = case.evidence[channel]
    match channel:
        case "playlist" if item.cosine is not None:
            return [f"{_words(COSINE_WORDS, item.cosine)} ({item.cosine:.2f})"]
        case "playlist" if item.strength is not None:
            return [_neighbour_words(item, item.strength, case.seed)]
        case "same_artist":
            return [_same_artist_words(case.candidate, case.seed)]
        case "related_artist":
            names = case.seed.payload.get(TrackField.ARTIST_NAMES, ())
            return [f"by an artist related to {names[0]}" if names else "by a related artist"]
        case "genre_popular":
            where = "a genre of such playlists" if case.seed.is_title else "the genre"
            return [f"popular in {where}"]
        case "acoustic" if case.seed.is_title and item.cosine is not None:
            return [f"sounds like songs of such playlists ({item.cosine:.2f})"]
        case "title":
            return [_title_words(item, case.phrase)]
        case _:
            return []


def _title_words(item: Evidence, phrase: str) -> str:
    if item.shared:
        return f"in {item.shared:,} playlists with “{phrase}” in their names"
    strength = item.strength or 0.0
    return f"{_words(TITLE_WORDS, strength)} ({strength:.2f})"


def _same_artist_words(candidate: Candidate, seed: Seed) -> str:
    seed_names: Sequence[str] = seed.payload.get(TrackField.ARTIST_NAMES, ())
    names: Sequence[str] = candidate.payload.get(TrackField.ARTIST_NAMES, ())
    shared = next((name for name in names if name in seed_names), None)
    return f"by {shared}, too" if shared else "by the same artist"


def _is_of_artist(item: Evidence) -> bool:
    """Whether a neighbour is one of the seed's artist, not of the seed itself."""
    return item.strength is not None and item.confidence == 0


def _neighbour_words(item: Evidence, strength: float, seed: Seed) -> str:
    title = seed.payload.get(TrackField.TRACK_NAME) or "the seed"
    artist = next(iter(seed.payload.get(TrackField.ARTIST_NAMES, ())), "the artist")
    of_artist = _is_of_artist(item)
    if item.shared:
        return f"{_count_words(item.shared)} it with {f'songs of {artist}' if of_artist else title}"
    # Playlists are only one of the sources of a neighbour list.
    if of_artist:
        return f"goes with songs of {artist}, or of artists like it ({strength:.2f})"
    if item.shared == 0:
        return f"played with songs like {title} ({strength:.2f}), never yet with it"
    words = f"{_words(STRENGTH_WORDS, strength)} ({strength:.2f})"
    return words if item.confidence >= FEW_PLAYLISTS else f"{words}, of which there are few"


def _count_words(shared: int) -> str:
    if shared == 1:
        return "1 playlist shares"
    return f"{shared:,}{' or more' if shared == MOST_SHARED else ''} playlists share"


def _words(scale: Sequence[tuple[float, str]], value: float) -> str:
    return next((words for lowest, words in scale if value >= lowest), scale[-1][1])


def _tempo_words(seed: Seed, track: TrackPayload) -> list[str]:
    seed_tempo, tempo = seed.payload.get(TrackField.TEMPO), track.get(TrackField.TEMPO)
    if not seed_tempo or not tempo:
        return []
    difference = abs(tempo - seed_tempo) / seed_tempo
    if difference <= SAME_TEMPO:
        return [f"the same tempo ({tempo:.0f} bpm)"]
    return [f"a close tempo ({tempo:.0f} bpm)"] if difference <= CLOSE_TEMPO else []


def _key_words(seed: Seed, track: TrackPayload) -> list[str]:
    seed_tonality, tonality = _tonality(seed.payload), _tonality(track)
    if seed_tonality is None or tonality is None:
        return []
    key, is_major = tonality
    name = f"{PITCHES[key]} {'major' if is_major else 'minor'}"
    if seed_tonality == tonality:
        return [f"the same key ({name})"]
    # A minor key has the notes of the major key three semitones up.
    notes = [(key + (0 if is_major else 3)) % 12 for key, is_major in (seed_tonality, tonality)]
    if notes[0] == notes[1]:
        return [f"the relative key ({name})"]
    # A fifth is seven semitones up, or five down.
    if seed_tonality[1] == is_major and (seed_tonality[0] - key) % 12 in (5, 7):
        return [f"a neighbouring key ({name})"]
    return []


def _tonality(song: TrackPayload) -> tuple[int, bool] | None:
    """Pitch class 0..11 and whether the key is major; None where unknown."""
    key, mode = song.get(TrackField.KEY), song.get(TrackField.MODE)
    return None if key is None or mode is None else (int(key) % 12, mode == 1)
