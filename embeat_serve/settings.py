"""``EMBEAT_*`` environment variables -> one frozen settings object.

Every recall setting is a field of ``RecallOptions``; its variable is ``EMBEAT_`` and the
field's name in capitals, so ``EMBEAT_PLAYLIST_MIN_COSINE=0.5`` sets ``playlist_min_cosine``.
``EMBEAT_PRESET`` names the set of values that the others change.
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

ORDERS = ("score", "harmonic")
"""Best first; or so that each song goes over into the next, in key and tempo."""

MAX_COUNT = 1_000
"""Most shards, and most replicas."""

_RANGES: dict[str, tuple[float, float]] = {
    "share": (0, 1),
    "weight_first": (0, 100),
    "weight_last": (0, 100),
    "cosine": (-1, 1),
    "popularity": (0, 100),
    "threshold": (0, 100),
    "ratio": (1, 1_000),
    "factor": (1, 1_000),
    "limit": (1, 10_000),
    "artist_run": (1, 1_000),
    "tracks": (1, 100),
    "genres": (1, 100),
    "distinct_first": (1, 100),
    "dislike_weight": (0, 10),
    "adventure": (-1, 1),
    "hits": (-1, 1),
}
"""How a numeric setting's name ends -> lowest and highest value allowed."""


def range_of(name: str) -> tuple[float, float]:
    """Lowest and highest value of a numeric recall setting."""
    return next(limits for end, limits in _RANGES.items() if name.endswith(end))


def _check_range(name: str, value: Any, default: Any) -> None:
    if isinstance(default, tuple):
        return
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise UsageError(f"{name} must be true or false, found {value!r}")
        return
    if isinstance(default, str):
        if value not in ORDERS:
            raise UsageError(f"{name} must be one of {', '.join(ORDERS)}, found {value!r}")
        return
    low, high = range_of(name)
    number = int if isinstance(default, int) else int | float
    in_range = isinstance(value, number) and not isinstance(value, bool) and low <= value <= high
    if not in_range:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise UsageError(f"{name} must be {kind} in {low:g}..{high:g}, found {value!r}")


@dataclass(frozen=True)
class RecallOptions:
    """How one list is recalled, merged and ordered. The defaults are those that measured best;
    ``PRESETS["upstream"]`` is upstream's merge.

    Shares are fractions of the list length k; weights are linear in rank, first to last.

    Raises:
        UsageError: a channel is unknown, or a number is out of its range.
    """

    channels: tuple[str, ...] = CHANNELS

    # Candidates per channel: factor times k, capped.
    acoustic_factor: int = 10
    acoustic_limit: int = 512
    playlist_factor: int = 10
    playlist_limit: int = 128
    other_factor: int = 3
    other_limit: int = 128

    learned: bool = True
    """Evidence is weighed by the release's fusion model (``fusion.py``); off: by place alone, with
    the weights below."""

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

    playlist_neighbours: bool = True
    """Playlist candidates come from the neighbour lists; off: nearest by playlist vector."""
    playlist_min_cosine: float = 0.75
    """Lowest cosine of a neighbour by playlist vector; neighbour lists have no cut-off."""
    min_popularity: int = 0
    """0..100; candidates below it are dropped, or below the seed's own where that is lower."""
    genre_vote: bool = False
    """Narrow the seed's genre to its playlist neighbours' favourite. It takes their vectors, which
    is most of the time of a question where hundreds of thousands of tracks are in playlists."""
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
    album_max_share: float = 0.15
    max_artist_run: int = 2
    distinct_first: int = 5
    """So many songs at the head of the list have main artists of their own; 1: no matter."""
    drop_remixes: bool = True
    artist_seed_tracks: int = 10
    """How many of an artist's own songs stand for the artist."""
    max_genres: int = 4
    """How many of a seed's genres are searched, best first."""

    adventure: float = 0.0
    """-1 familiar: well-known songs, and more by the same artist; 1 adventurous: the opposite."""
    hits: float = 0.0
    """-1 hidden gems .. 1 hits."""
    order: str = ORDERS[0]
    """``score`` or ``harmonic``."""
    dislike_weight: float = 1.0
    """How much being played with a disliked song counts against a track, as a multiple of what
    being played with a seed counts for it."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.channels if name not in CHANNELS]
        if unknown or not self.channels:
            found = ", ".join(map(str, unknown)) or "none"
            raise UsageError(f"unknown channels: {found}; choose from {', '.join(CHANNELS)}")
        # Order and repetition mean nothing, and equal options should compare equal.
        ordered = tuple(name for name in CHANNELS if name in self.channels)
        object.__setattr__(self, "channels", ordered)
        for option in fields(self):
            _check_range(option.name, getattr(self, option.name), option.default)
        if self.same_artist_min_share > self.same_artist_max_share:
            raise UsageError(
                f"same_artist_min_share ({self.same_artist_min_share:g}) must not exceed "
                f"same_artist_max_share ({self.same_artist_max_share:g})"
            )

    def limits(self, channel: str) -> tuple[int, int]:
        """Candidates of a channel: so many times k, and at most."""
        named = channel if channel in ("acoustic", "playlist") else "other"
        return getattr(self, f"{named}_factor"), getattr(self, f"{named}_limit")

    def weights(self, channel: str) -> tuple[float, float]:
        """Weights of a channel's first and last candidate."""
        first, last = f"{channel}_weight_first", f"{channel}_weight_last"
        return getattr(self, first), getattr(self, last)


PRESETS: dict[str, RecallOptions] = {
    "default": RecallOptions(),
    "upstream": RecallOptions(
        playlist_factor=2,
        other_factor=2,
        learned=False,
        genre_vote=True,
        playlist_neighbours=False,
        min_popularity=10,
        album_max_share=1.0,
        distinct_first=1,
    ),
}
"""Named sets of recall settings; the first is the default."""


@dataclass(frozen=True)
class Settings:
    """Everything serving reads from its environment."""

    lake: LakePaths = field(default_factory=lambda: LakePaths(Path("data_lake")))
    qdrant_url: str | None = None
    """Qdrant server; None reads the embedded release of the lake."""
    qdrant_api_key: str | None = field(default=None, repr=False)
    qdrant_ca: Path | None = None
    """PEM file of the authorities to trust for the server's certificate; None: the system's."""
    qdrant_shards: int = 1
    """Shards of the collections that publishing makes on a server."""
    qdrant_replicas: int = 1
    """Copies of each shard."""
    device: Device = "auto"
    recall: RecallOptions = field(default_factory=RecallOptions)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read ``EMBEAT_*`` variables; unset or empty means the default.

        Raises:
            UsageError: a value cannot be read as its setting's type, or is out of range.
        """
        given = {
            name.removeprefix("EMBEAT_").lower(): value
            for name, value in (os.environ if environment is None else environment).items()
            if name.startswith("EMBEAT_") and value
        }
        device = given.get("device", "auto")
        if device not in get_args(Device):
            raise UsageError(f"EMBEAT_DEVICE must be auto, cpu or cuda, found {device!r}")
        preset = given.get("preset", next(iter(PRESETS)))
        if preset not in PRESETS:
            raise UsageError(f"EMBEAT_PRESET must be one of {', '.join(PRESETS)}, found {preset!r}")
        recall = {
            option.name: _parse(option.name, given[option.name], option.default)
            for option in fields(RecallOptions)
            if option.name in given
        }
        return cls(
            lake=LakePaths(Path(given.get("lake", "data_lake"))),
            qdrant_url=given.get("qdrant_url"),
            qdrant_api_key=given.get("qdrant_api_key"),
            qdrant_ca=Path(given["qdrant_ca"]) if "qdrant_ca" in given else None,
            qdrant_shards=_parse_count("qdrant_shards", given),
            qdrant_replicas=_parse_count("qdrant_replicas", given),
            device=device,  # type: ignore[arg-type]
            recall=replace(PRESETS[preset], **recall),
        )

    def having(
        self,
        lake: str | os.PathLike[str] | None = None,
        url: str | None = None,
        api_key: str | None = None,
    ) -> "Settings":
        """These settings with what a caller says in so many words; None says nothing.

        A lake without a URL means the lake, whatever server the environment names.
        """
        asked_for_lake = lake is not None and url is None
        return replace(
            self,
            lake=self.lake if lake is None else LakePaths(Path(lake)),
            qdrant_url=None if asked_for_lake else (url or self.qdrant_url),
            qdrant_api_key=api_key or self.qdrant_api_key,
        )


def _parse_count(name: str, given: Mapping[str, str]) -> int:
    number = _parse(name, given.get(name, "1"), 1)
    if not 1 <= number <= MAX_COUNT:
        raise UsageError(f"EMBEAT_{name.upper()} must be in 1..{MAX_COUNT}, found {number}")
    return number


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
