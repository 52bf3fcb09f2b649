"""Every setting of the playlist vectors."""

from dataclasses import dataclass
from typing import Literal, Self

NEIGHBOUR_INPUTS = (
    "tracks",
    "artists",
    "playlists",
    "playlist_vectors",
    "artist_genres",
    "track_vectors",
)
"""Tables that neighbour lists are made from."""


@dataclass(frozen=True)
class Track2VecConfig:
    """Skip-gram with negative sampling over playlists, started from a factorisation.

    The defaults were chosen on playlists held out of the real dump: skip-gram from random
    weights needs many epochs and wide windows to reach what the factorisation starts with, and
    a short, gentle skip-gram on top of it improves the plain cosine by a fifth.
    """

    trainer: Literal["gensim", "torch"] = "gensim"
    """``torch`` works on many playlists at once, on the CPU or a GPU."""
    initialise: bool = True
    """Start from the factorisation; off starts from random weights."""
    length_exponent: float = 0.5
    """Factorisation: an entry of a playlist of n tracks weighs n^-length_exponent, so that long
    playlists, whose tracks have less in common, do not outweigh the others."""
    count_exponent: float = 0.5
    """An entry of a track in c playlists weighs (c + count_shift)^-count_exponent."""
    count_shift: float = 20.0
    initial_scale: float = 3.0
    """Length of the vectors skip-gram starts from; their dot products become logits."""

    window: int = 10
    """Neighbours on each side. Playlists are shuffled every epoch, so a window is a sample."""
    negative: int = 5
    ns_exponent: float = 0.75
    sample: float = 1e-3
    """Frequent tracks are dropped with a probability that grows from this relative count on."""
    min_count: int = 1
    """Playlists a track must be in to get a vector."""
    epochs: int = 2
    learning_rate: float = 0.01
    """Of the first epoch; it falls evenly to a hundredth of that."""
    shuffle: bool = True
    """Shuffle each playlist every epoch: most have no order that matters."""

    validation_share: float = 0.02
    """Playlists that are not trained on but judge every epoch; 0 judges nothing."""
    max_validation: int = 500
    patience: int = 2
    """Epochs without a better nDCG@20 after which training ends, with the best vectors; 0 trains
    all epochs and keeps the last."""

    weight_shift: float = 100.0
    """A track in c playlists gets a vector of length (c / (c + weight_shift))^weight_exponent:
    the fewer playlists a vector rests on, the less it is believed as a candidate."""
    weight_exponent: float = 0.25

    seed: int = 7
    workers: int = 1
    """More than one is faster, and the result then differs from run to run."""

    @classmethod
    def upstream(cls, epochs: int = 60) -> Self:
        """Upstream's parameters, vectors all of length 1."""
        return cls(
            initialise=False,
            window=100,
            negative=20,
            ns_exponent=-0.5,
            sample=1e-3,
            min_count=10,
            epochs=epochs,
            learning_rate=0.025,
            shuffle=False,
            validation_share=0.0,
            patience=0,
            weight_exponent=0.0,
        )

    def __post_init__(self) -> None:
        if min(self.window, self.negative, self.min_count, self.workers) < 1 or self.epochs < 0:
            raise ValueError("window, negative, min_count and workers start at 1, epochs at 0")
        if min(self.weight_shift, self.count_shift, self.weight_exponent) < 0:
            raise ValueError("weight_shift, count_shift and weight_exponent must not be negative")
        if not 0 <= self.validation_share < 1 or min(self.max_validation, self.patience) < 0:
            raise ValueError(
                "validation_share must be in 0..1 and below 1, max_validation and patience not "
                "negative"
            )
        if self.trainer not in ("gensim", "torch"):
            raise ValueError(f"trainer must be gensim or torch, found {self.trainer!r}")


@dataclass(frozen=True)
class SourceWeights:
    """How much each source of ``sources.py`` speaks; 0 leaves it out."""

    track_weight: float = 0.0
    """Tracks in the same playlists (item-kNN)."""
    popularity: float = 0.0
    """Exponent of the candidate's playlists, on what tracks themselves say."""
    regression_weight: float = 0.0
    """What a playlist with the track is foretold to hold by a regression on all its tracks."""
    vector_weight: float = 0.0
    """Dot product of the Track2Vec vectors: playlists that resemble each other."""
    artist_weight: float = 0.0
    """Artists in the same playlists."""
    same_artist_weight: float = 0.0
    """The artist itself, on top of being its own closest neighbour."""
    sound_weight: float = 0.0
    """Artists in the same playlists as those that sound like the artist, in so far as its own
    playlists say little (``confidence_shift``). Lists of artists only."""
    genre_weight: float = 0.0
    """Genres in common."""
    album_weight: float = 0.0
    """The same album."""
    full_score: float = 0.5
    """Score of a list's first from which on all lists count alike."""

    def __post_init__(self) -> None:
        negative = [name for name, value in vars(self).items() if value < 0]
        if negative or self.full_score == 0:
            raise ValueError(f"weights must not be negative: {', '.join(negative) or 'full_score'}")


@dataclass(frozen=True)
class NeighbourConfig:
    """What speaks for a neighbour, and how much.

    The weights were chosen on playlists held out of the real dump.
    """

    neighbours: int = 300
    """Longest list of a track or an artist, of each blend; 0 makes empty tables."""
    max_candidates: int = 300_000
    """Tracks that can be neighbours: those in most playlists. Bounds the time for one list."""

    single: SourceWeights = SourceWeights(
        track_weight=1.0,
        popularity=0.2,
        vector_weight=0.185,
        artist_weight=0.22,
        same_artist_weight=0.013,
        sound_weight=0.22,
        genre_weight=0.0012,
        album_weight=0.016,
    )
    """For one seed: its artist and its genres have to say what a single track cannot."""
    several: SourceWeights = SourceWeights(
        track_weight=1.0,
        regression_weight=13.0,
        vector_weight=0.13,
        artist_weight=0.308,
        same_artist_weight=0.052,
        genre_weight=0.0012,
        album_weight=0.179,
    )
    """For many seeds: what tracks say adds up, what artists say repeats itself."""

    length_exponent: float = 0.5
    """A playlist of n tracks weighs n^-length_exponent as a witness."""
    shrinkage: float = 20.0
    """Added to the denominator of a cosine between tracks: doubts the rarely seen."""
    artist_popularity: float = 0.3
    """Exponent of the candidate's playlists, on what artists and albums say: popularity decides
    among an artist's tracks."""
    ridge: float = 100.0
    """Of the regression: the more, the less is made of what was seen a few times."""
    max_regressed: int = 20_000
    """With more playlists than that the regression is over so many tracks, those in most
    playlists. It inverts one dense matrix of that size: 1.6 GB, and once more while it does."""
    confidence_shift: float = 30.0
    """The confidence in a track of c playlists is c / (c + confidence_shift); the rest is what
    its artist has to say for it. Likewise an artist, for whom those speak that sound like it."""

    sound_artists: int = 40
    """Artists nearest by sound that speak for one; see ``sound.py``."""
    sound_temperature: float = 0.1
    """The lower, the more the nearest of them outweigh the others."""
    max_references: int = 100_000
    """Artists that can speak for others: those in most playlists."""
    reference_neighbours: int = 1_000
    """Artists that each of them is remembered to be played with: 8 kB, of all 0.8 GB."""

    genre_decay: float = 0.8
    """Weight of an artist's next genre, as a share of the one before."""
    floor: float = 0.85
    """What does not make the list is taken to speak this share of what the last one does. So much
    is taken off all strengths, or a list that ends early would count as disagreement."""
    score_exponent: float = 0.3
    """Lists weaker than ``full_score`` count (score of the first / full_score)^score_exponent."""

    def __post_init__(self) -> None:
        if self.neighbours < 0 or min(self.max_candidates, self.max_regressed) < 1:
            raise ValueError(
                "neighbours must not be negative, max_candidates and max_regressed above 0"
            )
        if min(self.sound_artists, self.max_references, self.reference_neighbours) < 0:
            raise ValueError(
                "sound_artists, max_references and reference_neighbours must not be negative"
            )
        if self.sound_temperature <= 0:
            raise ValueError(f"sound_temperature must be above 0, found {self.sound_temperature}")
        if not 0 <= self.floor < 1:
            raise ValueError(f"floor must be in 0..1 and below 1, found {self.floor}")
        if self.ridge <= 0:
            raise ValueError(f"ridge must be above 0, found {self.ridge}")
