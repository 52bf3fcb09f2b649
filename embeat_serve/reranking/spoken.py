"""Tell whether a track is talk: a commentary, an interview or a skit, sold beside the songs."""

from collections.abc import Sequence

import regex as re

from embeat_serve.contract.schema import TrackField
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.seeds.models import Seed

_AFTER_TITLE = re.compile(
    r"(?:[(\[]|\s[-–—‐/:]|[-–—‐]\s)"
    r"(?![^()\[\]]*(?:\+|\b(?:no|without|with|from|for|ohne|sans)\b))"
    r"[^()\[\]]*\b(?:commentar(?:y|ies)|interviews?|skits?)\b",
    re.IGNORECASE,
)
"""A song may be called *Commentary* or *Interview*, or come with a skit, so the words count in what
follows a title, after a dash or in brackets, and not after *with*, *no* or *from*."""

_SKIT = re.compile(
    r"^(?:Skit|SKIT|skit)\b[\s\d#.]*(?:$|[(\[])|^(?!.*(?:\+|\b(?:no|with)\b)).*\bSkit(?:\s+\d+)?$"
)
"""A skit without another title, or as the last word; in Swedish the word means another thing, and
is written small."""


def is_spoken(song: Candidate | Seed) -> bool:
    """Whether the title calls the track a commentary, an interview or a skit."""
    title = song.payload.get(TrackField.TRACK_NAME) or ""
    return bool(_AFTER_TITLE.search(title) or _SKIT.search(title))


def are_mostly_spoken(seeds: Sequence[Seed]) -> bool:
    """Whether at least half of the seeds are talk; one skit of an album does not make it talk."""
    return bool(seeds) and 2 * sum(map(is_spoken, seeds)) >= len(seeds)
