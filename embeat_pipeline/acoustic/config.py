"""Settings of EmbeatMLP's training; ``UPSTREAM`` reproduces the original system."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from embeat_serve.contract.audio_features import OPTIONAL

Recipe = Literal["upstream", "metadata"]
Inputs = Literal["plain", "signals"]
OtherPositives = Literal["averaged", "together", "left out"]
Fallback = Literal["artist", "none"]
Precision = Literal["auto", "float32", "bfloat16"]

COMPARED = ("energy", "valence", "danceability", "acousticness", "liveness", "speechiness")
"""Features that upstream's test of positives compares; per-feature settings use this order."""

SUPERVISION_SOURCES = ("album", "artist", "playlists", "related_artists", "genre")
"""Metadata that pairs can be drawn from, in the order of ``supervision_weights``."""

RENAMED = {
    "teacher_weights": "supervision_weights",
    "missing_share": "feature_dropout",
    "optional_missing_share": "optional_feature_dropout",
}
"""Setting as encoders of version 0.1 record it -> its name now."""


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training, stored in ``encoder.npz`` next to the weights.

    The device is no setting: it changes how long training takes, not its result.
    """

    recipe: Recipe = "metadata"
    """What makes two tracks a pair. ``metadata``: a common album, artist or playlist, which the
    inputs do not contain. ``upstream``: the acoustic thresholds below."""
    inputs: Inputs = "signals"
    """Form in which the network gets the features; see ``model.EmbeatMLP``."""
    optional: tuple[str, ...] = OPTIONAL[:2]
    """Optional features among the signals: the first few of ``audio_features.OPTIONAL``."""
    optional_feature_dropout: float = 0.3
    """Share of tracks whose optional features training drops all together. So a song described by
    its audio features alone lies near the same songs."""
    direct: bool = True
    """Whether ``signals`` also reach the vector by a linear path past the towers."""

    precision: Precision = "auto"
    """Precision of the network's matrix products in training; the loss is always float32.
    ``auto``: bfloat16 on a GPU that has it, and float32 elsewhere, where two runs agree to the
    bit."""
    compiled: bool = False
    """Whether PyTorch compiles the network first. It takes a minute and pays off in long trainings
    on a GPU. What cannot be compiled runs uncompiled."""

    seed: int = 7
    """Seed of the weights, the draws and the held-out artists."""
    batch_size: int = 1024
    """Pairs per step."""
    max_steps: int = 1000
    """Most steps."""
    learning_rate: float = 3e-3
    """Highest learning rate, reached after ``warmup_steps``."""
    warmup_steps: int = 30
    """Steps over which the learning rate rises linearly from 0."""
    cosine: bool = True
    """Whether the learning rate then falls to 0 at ``max_steps``, along half a cosine."""
    weight_decay: float = 1.0
    """Of AdamW: each step subtracts this times the learning rate from every weight."""
    temperature: float = 0.04
    """Temperature of the loss; cosines are divided by it."""
    gradient_clip: float = 1.0
    """Largest L2 norm of all gradients together."""
    feature_dropout: float = 0.005
    """Share of known features that training drops, each by itself, so that the encoder copes with
    songs that lack features."""
    tempo_rows: int = 12
    """Rows of the tempo embedding. Upstream has 5 rows for 12 buckets, which reads buckets from 5
    on as missing; 5 reproduces that."""
    other_positives: OtherPositives = "left out"
    """Role of positives that were drawn for other rows: each must be as near as the row's own
    (``averaged``), some must be near (``together``, in one sum with its own), or they are ``left
    out`` of the loss."""

    genre_share: float = 0.01
    """Share of anchors whose candidates come from their genre instead of their album."""
    fallback: Fallback = "artist"
    """Where an album is unknown or has no second track: ``artist`` draws from the main artist's
    tracks, or from the genre where the artist has no second track; ``none`` draws no such
    anchors."""
    candidates: int = 32
    """Candidates drawn per anchor, with replacement; the cheapest that passes is the positive."""

    max_speechiness: float = 0.2
    """Speechiness from which on tracks count as speech and are not used."""
    vocal_below: float = 0.5
    """Instrumentalness below which a track is vocal: a vocal anchor needs a vocal positive."""
    max_difference: tuple[float, ...] = (0.2, 0.2, 0.3, 0.3, 0.2, 0.05)
    """Largest difference per feature of ``COMPARED``, exclusive."""
    distance_weight: tuple[float, ...] = (1.0, 1.0, 1.0, 0.5, 0.5, 1.0)
    """w in the distance sqrt(sum of w d^2), per feature of ``COMPARED``."""
    max_distance: float = 0.3
    """Largest distance, inclusive."""
    max_fifths: int = 2
    """Largest distance of two keys of one mode on the circle of fifths, in steps, or ..."""
    max_semitones: int = 1
    """... in semitones; relative keys (C major, A minor) always match."""
    max_tempo_buckets: int = 1
    """Largest difference of the tempo buckets."""

    popularity_floor: float = 0.1
    """A candidate costs distance / (floor + (1 - floor) popularity^exponent) - bonuses, with
    popularity 0..1 and unknown counted as 0."""
    popularity_exponent: float = 0.5
    """See ``popularity_floor``."""
    album_bonus: float = 0.08
    """Subtracted from the cost where the album is the same."""
    artist_bonus: float = 0.04
    """Subtracted from the cost where the main artist is the same."""
    genre_bonus: float = 0.02
    """Subtracted from the cost where the genre is the same."""

    supervision_weights: tuple[float, ...] = (1.0, 1.0, 1.0, 0.0, 0.0)
    """Recipe ``metadata``: relative frequencies with which an anchor's positive comes from each of
    ``SUPERVISION_SOURCES``; missing ones are 0."""
    genre_anchors: float = 0.0
    """Recipe ``metadata``: share of anchors that come from a few genres, as hard negatives of each
    other. Useless where genre is a supervision source, which masks such pairs."""
    hardest_weight: float = 1.0
    """Factor of each row's hardest negatives (``loss.HARDEST_SHARE``) in the loss."""

    validation_artists: float = 0.02
    """Share of artists held out to decide when training stops."""
    test_artists: float = 0.04
    """Share of artists held out to evaluate the encoder."""
    validate_every: int = 50
    """Steps between two validations, and between two checkpoints."""
    patience: int = 6
    """Validations without a better one after which training stops with the best weights; 0 trains
    ``max_steps`` in any case."""

    @classmethod
    def from_recorded(cls, settings: Mapping[str, Any]) -> Self:
        """Return the settings that an encoder records, also one of version 0.1."""
        renamed = {RENAMED.get(name, name): value for name, value in settings.items()}
        if renamed.get("recipe") == "teachers":
            renamed["recipe"] = "metadata"
        return cls(**renamed)

    def __post_init__(self) -> None:
        if not 1 <= self.tempo_rows <= 12:
            raise ValueError(f"tempo_rows must lie in 1..12, found {self.tempo_rows}")
        # JSON, from which an encoder's settings are read back, knows lists only.
        for name in ("optional", "max_difference", "distance_weight"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        weights = tuple(map(float, self.supervision_weights))
        # Encoders of older releases name the first three only.
        weights += (0.0,) * (len(SUPERVISION_SOURCES) - len(weights))
        if len(weights) != len(SUPERVISION_SOURCES) or min(weights) < 0 or not any(weights):
            raise ValueError(
                f"supervision_weights must be at most {len(SUPERVISION_SOURCES)} numbers from 0, "
                f"one of them above it, found {self.supervision_weights}"
            )
        object.__setattr__(self, "supervision_weights", weights)
        if self.hardest_weight <= 0:
            raise ValueError(f"hardest_weight must be above 0, found {self.hardest_weight}")
        if self.optional != OPTIONAL[: len(self.optional)]:
            raise ValueError(f"optional must be a beginning of {OPTIONAL}, found {self.optional}")
        if self.validation_artists + self.test_artists >= 1:
            raise ValueError("validation_artists and test_artists leave no artist to train on")
        for name in ("feature_dropout", "optional_feature_dropout", "genre_anchors"):
            if not 0 <= (share := getattr(self, name)) < 1:
                raise ValueError(f"{name} must lie in 0..1 and below 1, found {share}")
        if min(self.batch_size, self.max_steps, self.candidates, self.validate_every) < 1:
            raise ValueError("batch_size, max_steps, candidates and validate_every start at 1")


UPSTREAM = TrainingConfig(
    recipe="upstream",
    inputs="plain",
    optional=(),
    batch_size=4096,
    max_steps=100,
    learning_rate=1e-4,
    weight_decay=1e-3,
    warmup_steps=0,
    cosine=False,
    temperature=0.05,
    feature_dropout=0.0,
    tempo_rows=5,
    other_positives="averaged",
    fallback="none",
    patience=0,
)
"""Upstream's pairs, network, learning rate and batch size, as a baseline."""
