"""Every setting of EmbeatMLP's training; ``UPSTREAM`` holds those of the system re-imagined."""

from dataclasses import dataclass
from typing import Literal

from embeat_serve.contract.audio_features import OPTIONAL

Recipe = Literal["upstream", "teachers"]
Inputs = Literal["plain", "signals"]
OtherPositives = Literal["averaged", "together", "left out"]
Fallback = Literal["artist", "none"]
Precision = Literal["auto", "float32", "bfloat16"]

COMPARED = ("energy", "valence", "danceability", "acousticness", "liveness", "speechiness")
"""Features the positive test compares; its per-feature settings come in this order."""

TEACHERS = 5
"""Album, artist, playlists, related artists, genre."""


@dataclass(frozen=True)
class TrainingConfig:
    """How EmbeatMLP is trained; stored in ``encoder.npz`` next to the weights.

    The device is no setting: it changes how long training takes, not what is trained.
    """

    recipe: Recipe = "teachers"
    """What makes two tracks similar. ``teachers``: what the inputs cannot tell, i.e. one artist,
    one album or one playlist. ``upstream``: the acoustic thresholds below."""
    inputs: Inputs = "signals"
    """What the network sees of the features, see ``model.EmbeatMLP``."""
    optional: tuple[str, ...] = OPTIONAL[:2]
    """Which of ``features.OPTIONAL``, from the first on, are among the signals."""
    optional_missing_share: float = 0.3
    """Share of tracks of which training hides all of those together: songs that people describe
    by their audio features alone should lie near the same songs."""
    direct: bool = True
    """Whether ``signals`` also lead straight to the vector, past the towers."""

    precision: Precision = "auto"
    """Of the network's matrix products in training; the loss is always float32. ``auto``:
    bfloat16 on a GPU that has it, float32 elsewhere, where two runs agree to the bit."""
    compiled: bool = False
    """Whether PyTorch compiles the network first: a minute, for long trainings on a GPU. What
    cannot be compiled runs as it is."""

    seed: int = 7
    """Of weights, draws and the held-out artists."""
    batch_size: int = 1024
    max_steps: int = 1000
    learning_rate: float = 3e-3
    """The highest, after ``warmup_steps``."""
    warmup_steps: int = 30
    """Steps over which the learning rate rises from 0, in proportion."""
    cosine: bool = True
    """Whether the learning rate then falls to 0 at ``max_steps``, along half a cosine."""
    weight_decay: float = 1.0
    """Of AdamW: each step takes the learning rate times this off every weight."""
    temperature: float = 0.04
    gradient_clip: float = 1.0
    """Largest L2 norm of all gradients together."""
    missing_share: float = 0.005
    """Share of known features that training hides, each by itself, so that the encoder copes with
    songs of which little is known."""
    tempo_rows: int = 12
    """Rows of the tempo embedding. Upstream has 5 for 12 buckets, so that buckets from 5 on are
    read as missing; 5 reproduces that."""
    other_positives: OtherPositives = "left out"
    """Positives of a row that were drawn for other rows: each to be as near as its own
    (``averaged``), some of them to be near (``together``, in one sum with its own), or ``left
    out`` of the loss, neither near nor far."""

    genre_share: float = 0.01
    """Share of anchors whose candidates come from their genre instead of their album."""
    fallback: Fallback = "artist"
    """Where an album has no second track (or is unknown): draw from the main artist's tracks,
    and where there is no second one either, from the genre. ``none`` draws no such anchors."""
    candidates: int = 32
    """Drawn per anchor, with replacement; the cheapest that passes becomes its positive."""

    max_speechiness: float = 0.2
    """Tracks from here on are speech, and neither anchor nor positive."""
    vocal_below: float = 0.5
    """Instrumentalness below which a track is vocal: a vocal anchor needs a vocal positive."""
    max_difference: tuple[float, ...] = (0.2, 0.2, 0.3, 0.3, 0.2, 0.05)
    """Per feature of ``COMPARED``, exclusive."""
    distance_weight: tuple[float, ...] = (1.0, 1.0, 1.0, 0.5, 0.5, 1.0)
    """w in the distance sqrt(sum of w d^2), per feature of ``COMPARED``."""
    max_distance: float = 0.3
    """Inclusive."""
    max_fifths: int = 2
    """Steps on the circle of fifths between two keys of one mode ..."""
    max_semitones: int = 1
    """... or semitones; relative keys (C major, A minor) always go together."""
    max_tempo_buckets: int = 1

    popularity_floor: float = 0.1
    """A candidate costs distance / (floor + (1 - floor) popularity^exponent) - bonuses, with
    popularity 0..1 and unknown counted as 0."""
    popularity_exponent: float = 0.5
    album_bonus: float = 0.08
    artist_bonus: float = 0.04
    genre_bonus: float = 0.02

    teacher_weights: tuple[float, ...] = (1.0, 1.0, 1.0, 0.0, 0.0)
    """Recipe ``teachers``: how often an anchor that has them all is taught by its album, its
    artist, its playlists, its artist's related artists and its genre; 0 for what is not given."""
    genre_anchors: float = 0.0
    """Recipe ``teachers``: share of anchors that come from a few genres, to be hard negatives of
    each other. No use where genre teaches, which masks them."""
    hardest_weight: float = 1.0
    """How often each of a row's hardest negatives (``loss.HARDEST_SHARE``) counts in the loss."""

    validation_artists: float = 0.02
    """Share of artists kept out of training, to stop it by."""
    test_artists: float = 0.04
    """Share of artists kept out of training, to evaluate the encoder with."""
    validate_every: int = 50
    """Steps between two validations, and between two checkpoints."""
    patience: int = 6
    """Stop after this many validations without a better one, and keep the best weights;
    0 trains ``max_steps`` whatever happens."""

    def __post_init__(self) -> None:
        if not 1 <= self.tempo_rows <= 12:
            raise ValueError(f"tempo_rows must lie in 1..12, found {self.tempo_rows}")
        # JSON, from which an encoder's settings are read back, knows lists only.
        for name in ("optional", "max_difference", "distance_weight"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        weights = tuple(map(float, self.teacher_weights))
        # Encoders of older releases name three teachers.
        weights += (0.0,) * (TEACHERS - len(weights))
        if len(weights) != TEACHERS or min(weights) < 0 or not any(weights):
            raise ValueError(
                f"teacher_weights must be at most {TEACHERS} numbers from 0 on, one of them above "
                f"it, found {self.teacher_weights}"
            )
        object.__setattr__(self, "teacher_weights", weights)
        if self.hardest_weight <= 0:
            raise ValueError(f"hardest_weight must be above 0, found {self.hardest_weight}")
        if self.optional != OPTIONAL[: len(self.optional)]:
            raise ValueError(f"optional must be a beginning of {OPTIONAL}, found {self.optional}")
        if self.validation_artists + self.test_artists >= 1:
            raise ValueError("validation_artists and test_artists leave no artist to train on")
        for name in ("missing_share", "optional_missing_share", "genre_anchors"):
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
    missing_share=0.0,
    tempo_rows=5,
    other_positives="averaged",
    fallback="none",
    patience=0,
)
"""The baseline to beat: upstream's positives, network, learning rate and batch."""
