"""One sentence on why a song is on the list, from the evidence that put it there.

What can be counted is: how many playlists share the song with the seed. What cannot is called as
weak as it is: the words follow strengths and cosines, whatever the rank.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from embeat_serve.contract.schema import MOST_SHARED, TrackField
from embeat_serve.filters.compiled import NO_FILTER, CompiledFilter
from embeat_serve.ranking.candidates import Candidate, Evidence
from embeat_serve.seeds.models import Seed

PLAYLISTS = (
    (0.75, "often in the same playlists"),
    (0.5, "sometimes in the same playlists"),
    (-1.0, "now and then in similar playlists"),
)
TOGETHER = (
    (0.4, "often in the same playlists"),
    (0.2, "in the same or similar playlists"),
    (-1.0, "now and then in similar playlists"),
)
"""Lowest strength of a neighbour -> words."""

FEW_PLAYLISTS = 0.25
"""Confidence below which there is little to go by: some ten playlists hold the seed."""

SOUND = (
    (0.9, "sounds very much alike"),
    (0.75, "sounds alike"),
    (0.5, "sounds somewhat alike"),
    (-1.0, "sounds different"),
)
"""Lowest cosine -> words."""

SAME_TEMPO = 0.03
CLOSE_TEMPO = 0.08
"""Difference as a share of the seed's tempo."""

NOT_PASSED = {
    "tempo": "not of the tempo asked for",
    "energy": "not of the energy asked for",
    "popularity": "not as popular, or unpopular, as asked for",
    "year": "not from the years asked for",
    "same_language": "not known to be in the same language",
    "instrumental": "not known to be instrumental",
    "genres": "of none of the genres asked for",
    "without_genres": "of a genre not wanted",
}

PITCHES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


def explain(candidate: Candidate, seeds: Sequence[Seed], gate: CompiledFilter = NO_FILTER) -> str:
    """Why ``candidate`` is like ``seeds``, strongest reason first, and which filters of ``gate``
    had to give way to it."""
    strongest = max(candidate.evidence, key=lambda item: (item.contribution, -item.seed))
    seed = seeds[strongest.seed]
    of_seed = {item.channel: item for item in candidate.evidence if item.seed == strongest.seed}
    reasons = []
    for channel in candidate.channels():
        if channel in of_seed:
            reasons += _reason(of_seed[channel], candidate, seed)
    sound = [item for channel, item in of_seed.items() if channel != "playlist"]
    cosine = next((item.cosine for item in sound if item.cosine is not None), None)
    music = _music(seed, candidate.payload)
    if cosine is not None:
        alike = f"{_words(SOUND, cosine)} ({cosine:.2f})"
        reasons.append(f"{alike} with {music}" if music else alike)
    elif music:
        reasons.append(music)
    if genres := _shared_genres(seed, candidate.payload):
        reasons.append(f"both {genres}")
    elif candidate.held_back_by == "genre":
        reasons.append("of another genre")
    agreeing = len({item.seed for item in candidate.evidence})
    of_artist = strongest.strength is not None and strongest.confidence == 0
    if len(seeds) > 1 and not of_artist:
        name = seed.payload.get(TrackField.TRACK_NAME) or "a seed"
        reasons.append(f"closest to {name}, found for {agreeing} of {len(seeds)} seeds")
    broken = gate.failed(candidate.payload)
    reasons += [NOT_PASSED[rule] for rule in gate.rules if rule in broken]
    sentence = "; ".join(dict.fromkeys(reasons)) or "found for the seed"
    return f"{sentence[0].upper()}{sentence[1:]}."


def _reason(item: Evidence, candidate: Candidate, seed: Seed) -> list[str]:
    match item.channel:
        case "playlist" if item.cosine is not None:
            return [f"{_words(PLAYLISTS, item.cosine)} ({item.cosine:.2f})"]
        case "playlist" if item.strength is not None:
            return [_together(item.strength, item.confidence, item.shared, seed)]
        case "same_artist":
            names = candidate.payload.get(TrackField.ARTIST_NAMES, ())
            own = seed.payload.get(TrackField.ARTIST_NAMES, ())
            common = next((name for name in names if name in own), None)
            return [f"by {common}, too" if common else "by the same artist"]
        case "related_artist":
            own = seed.payload.get(TrackField.ARTIST_NAMES, ())
            return [f"by an artist related to {own[0]}" if own else "by a related artist"]
        case "genre_popular":
            return ["popular in the genre"]
        case _:
            return []


def _together(strength: float, confidence: float, shared: int | None, seed: Seed) -> str:
    of_artist = confidence == 0
    if shared:
        other = f"songs of {_artist(seed)}" if of_artist else _title(seed)
        return f"{_playlists(shared)} it with {other}"
    # Playlists are only one of the things that a list is made of.
    if of_artist:
        return f"goes with songs of {_artist(seed)}, or of artists like it ({strength:.2f})"
    if shared == 0:
        return f"played with songs like {_title(seed)} ({strength:.2f}), never yet with it"
    words = f"{_words(TOGETHER, strength)} ({strength:.2f})"
    return words if confidence >= FEW_PLAYLISTS else f"{words}, of which there are few"


def _playlists(shared: int) -> str:
    if shared == 1:
        return "1 playlist shares"
    return f"{shared:,}{' or more' if shared == MOST_SHARED else ''} playlists share"


def _title(seed: Seed) -> str:
    return seed.payload.get(TrackField.TRACK_NAME) or "the seed"


def _artist(seed: Seed) -> str:
    return next(iter(seed.payload.get(TrackField.ARTIST_NAMES, ())), "the artist")


def _words(scale: Sequence[tuple[float, str]], cosine: float) -> str:
    return next((words for lowest, words in scale if cosine >= lowest), scale[-1][1])


def _shared_genres(seed: Seed, track: Mapping[str, Any]) -> str:
    own = set(track.get(TrackField.GENRES, ()))
    shared = [genre for genre in seed.payload.get(TrackField.GENRES, ()) if genre in own]
    return " and ".join(shared[:2])


def _music(seed: Seed, track: Mapping[str, Any]) -> str:
    details = [*_tempo(seed.payload, track), *_key(seed.payload, track)]
    return " and ".join(details)


def _tempo(seed: Mapping[str, Any], track: Mapping[str, Any]) -> list[str]:
    ours, theirs = seed.get(TrackField.TEMPO), track.get(TrackField.TEMPO)
    if not ours or not theirs:
        return []
    apart = abs(theirs - ours) / ours
    if apart <= SAME_TEMPO:
        return [f"the same tempo ({theirs:.0f} bpm)"]
    return [f"a close tempo ({theirs:.0f} bpm)"] if apart <= CLOSE_TEMPO else []


def _key(seed: Mapping[str, Any], track: Mapping[str, Any]) -> list[str]:
    ours, theirs = _tonality(seed), _tonality(track)
    if ours is None or theirs is None:
        return []
    key, major = theirs
    name = f"{PITCHES[key]} {'major' if major else 'minor'}"
    if ours == theirs:
        return [f"the same key ({name})"]
    # A minor key shares its notes with the major key three semitones up.
    notes = [(key + (0 if major else 3)) % 12 for key, major in (ours, theirs)]
    if notes[0] == notes[1]:
        return [f"the relative key ({name})"]
    # Seven semitones are a fifth.
    if ours[1] == major and (ours[0] - key) % 12 in (5, 7):
        return [f"a neighbouring key ({name})"]
    return []


def _tonality(song: Mapping[str, Any]) -> tuple[int, bool] | None:
    key, mode = song.get(TrackField.KEY), song.get(TrackField.MODE)
    return None if key is None or mode is None else (int(key) % 12, mode == 1)
