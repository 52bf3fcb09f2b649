"""Tell whether a track is talk: a commentary, an interview or a skit, sold beside the songs."""

import regex as re

from embeat_serve.contract.schema import TrackField
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.seeds.models import Seed

_SPOKEN = re.compile(
    r"[-–—(\[/:][^-–—()\[\]/:]*\b(?:commentary|interview)\b|\bskits?\b", re.IGNORECASE
)
"""A song may be called *Commentary* or *Interview*, so these two words count only in what follows a
title: after a dash, or in brackets."""


def is_spoken(song: Candidate | Seed) -> bool:
    """Whether the title calls the track a commentary, an interview or a skit."""
    return _SPOKEN.search(song.payload.get(TrackField.TRACK_NAME) or "") is not None
