"""``EMBEAT_*`` environment variables -> one frozen settings object.

Every recall setting is a field of ``RecallOptions``; its variable is ``EMBEAT_`` and the
field's name in capitals, so ``EMBEAT_PLAYLIST_MIN_COSINE=0.5`` sets ``playlist_min_cosine``.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from embeat_serve.contract import CHANNELS, LakePaths
from embeat_serve.errors import UsageError

Device = Literal["auto", "cpu", "cuda"]

MAX_K = 1_000
"""Longest list that can be asked for."""


@dataclass(frozen=True)
class RecallOptions:
    """How one list is recalled, merged and ordered. Defaults are upstream's merge (DESIGN 5).

    Shares are fractions of the list length k; weights are linear in rank, first to last.
    """

    channels: tuple[str, ...] = CHANNELS

    # Candidates per channel: factor times k, capped.
    acoustic_factor: int = 10
    acoustic_limit: int = 512
    other_factor: int = 2
    other_limit: int = 128

    acoustic_weight_first: float = 1.7
    acoustic_weight_last: float = 1.0
    genre_popular_weight_first: float = 1.0
    genre_popular_weight_last: float = 0.8
    same_artist_weight_first: float = 1.9
    same_artist_weight_last: float = 1.0
    related_artist_weight_first: float = 1.8
    related_artist_weight_last: float = 1.0
    playlist_weight_first: float = 2.0
    playlist_weight_last: float = 1.2

    playlist_min_cosine: float = 0.75
    min_popularity: int = 10
    """0..100; candidates below it are dropped, or below the seed's own where that is lower."""
    genre_vote: bool = True
    """Narrow the seed's genre to its playlist neighbours' favourite."""
    genre_vote_ratio: float = 2.0
    """Votes the winning genre needs, as a multiple of the runner-up's."""

    diversify: bool = True
    """Apply the list rules below; off gives the raw ranking."""
    same_artist_min_share: float = 0.15
    same_artist_max_share: float = 0.20
    other_artist_max_share: float = 0.15
    popular_min_share: float = 0.10
    popular_threshold: int = 60
    """0..100; from here on a track counts as popular."""
    max_artist_run: int = 2
    drop_remixes: bool = True
    artist_seed_tracks: int = 10
    """How many of an artist's own songs stand for the artist."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.channels if name not in CHANNELS]
        if unknown or not self.channels:
            found = ", ".join(unknown) or "none"
            raise UsageError(f"unknown channels: {found}; choose from {', '.join(CHANNELS)}")


@dataclass(frozen=True)
class Settings:
    """Everything serving reads from its environment."""

    lake: LakePaths = field(default_factory=lambda: LakePaths(Path("data_lake")))
    qdrant_url: str | None = None
    """Qdrant server; None reads the embedded release of the lake."""
    qdrant_api_key: str | None = field(default=None, repr=False)
    device: Device = "auto"
    recall: RecallOptions = field(default_factory=RecallOptions)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read ``EMBEAT_*`` variables; unset or empty means the default.

        Raises:
            UsageError: a value cannot be read as its setting's type.
        """
        given = {
            name.removeprefix("EMBEAT_").lower(): value
            for name, value in (os.environ if environment is None else environment).items()
            if name.startswith("EMBEAT_") and value
        }
        device = given.get("device", "auto")
        if device not in get_args(Device):
            raise UsageError(f"EMBEAT_DEVICE must be auto, cpu or cuda, found {device!r}")
        recall = {
            option.name: _parse(option.name, given[option.name], option.default)
            for option in fields(RecallOptions)
            if option.name in given
        }
        return cls(
            lake=LakePaths(Path(given.get("lake", "data_lake"))),
            qdrant_url=given.get("qdrant_url"),
            qdrant_api_key=given.get("qdrant_api_key"),
            device=device,  # type: ignore[arg-type]
            recall=replace(RecallOptions(), **recall),
        )


def _parse(name: str, text: str, default: Any) -> Any:
    variable = f"EMBEAT_{name.upper()}"
    if isinstance(default, bool):
        words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
        if text.lower() not in words:
            raise UsageError(f"{variable} must be true or false, found {text!r}")
        return words[text.lower()]
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        return type(default)(text)
    except ValueError:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise UsageError(f"{variable} must be {kind}, found {text!r}") from None
