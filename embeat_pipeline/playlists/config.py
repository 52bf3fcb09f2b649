"""Settings of the playlist vectors and of the neighbour lists."""

from dataclasses import dataclass
from typing import Literal, Self

NEIGHBOUR_INPUTS = (
    "tracks",
    "artists",
    "playlists",
    "playlist_vectors",
    "artist_genres",
    "genre_vectors",
    "related_artists",
    "track_vectors",
)
"""Tables that neighbour lists are computed from."""


@dataclass(frozen=True)
class Track2VecConfig:
    """Settings of Track2Vec: skip-gram over playlists, started from a factorisation.

    The defaults were chosen on playlists held out of the real dump. From random weights, skip-gram
    needs many epochs and wide windows to reach the quality of the factorisation. After it, a short
    skip-gram with a low learning rate improves the plain cosine by a fifth.
    """

    trainer: Literal["gensim", "torch"] = "gensim"
    """Implementation; ``torch`` trains on many playlists at once, on the CPU or a GPU."""
    initialise: bool = True
    """Whether to start from the factorisation instead of random weights."""
    length_exponent: float = 0.5
    """Factorisation: an entry of a playlist of n tracks has the weight n^-length_exponent. Tracks
    of long playlists have less in common, so they must not outweigh the others."""
    count_exponent: float = 0.5
    """Factorisation: an entry of a track in c playlists has the weight
    (c + count_shift)^-count_exponent."""
    count_shift: float = 20.0
    """See ``count_exponent``."""
    initial_scale: float = 3.0
    """Length of the vectors that skip-gram starts from; their dot products become logits."""

    window: int = 10
    """Neighbours on each side. Playlists are shuffled every epoch, so a window is a sample."""
    negative: int = 5
    """Negative samples per positive pair."""
    ns_exponent: float = 0.75
    """Exponent of the counts by which negatives are drawn (Mikolov et al. 2013)."""
    sample: float = 1e-3
    """Relative count above which tracks are dropped, the more often the more frequent they are."""
    min_count: int = 1
    """Fewest playlists that a track must be in to get a vector."""
    max_tracks: int = 1_000_000
    """Most tracks that are trained, those in most playlists; any other gets the mean direction of
    its playlists, or a random one where they have no trained track. Bounds memory and time."""
    epochs: int = 2
    """Passes over all playlists."""
    learning_rate: float = 0.01
    """Learning rate at the start; it falls evenly to a hundredth of that."""
    shuffle: bool = True
    """Whether to shuffle each playlist every epoch; the order of most has no meaning."""

    validation_share: float = 0.02
    """Share of playlists that are held out to validate every epoch; 0 validates nothing."""
    max_validation: int = 500
    """Most playlists held out."""
    patience: int = 2
    """Epochs without a better nDCG@20 after which training ends with the best vectors. 0 trains
    all epochs and keeps the last vectors."""

    weight_shift: float = 100.0
    """A track in c playlists gets a vector of length (c / (c + weight_shift))^weight_exponent:
    a vector that rests on few playlists is a weaker candidate."""
    weight_exponent: float = 0.25
    """See ``weight_shift``."""

    seed: int = 7
    """Seed of every random choice."""
    workers: int = 1
    """Threads of gensim. More than one is faster, but results then differ from run to run."""

    @classmethod
    def upstream(cls, epochs: int = 60) -> Self:
        """Return upstream's settings; they give every vector the length 1."""
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
        least = min(self.window, self.negative, self.min_count, self.max_tracks, self.workers)
        if least < 1 or self.epochs < 0:
            raise ValueError(
                "window, negative, min_count, max_tracks and workers start at 1, epochs at 0"
            )
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
    """Weight of each source in the score of a neighbour; 0 leaves the source out."""

    track_weight: float = 0.0
    """Tracks in the same playlists (``item_knn``)."""
    popularity: float = 0.0
    """Exponent of the candidate's playlist count in ``item_knn``."""
    ease_weight: float = 0.0
    """Coefficients of a linear model over the tracks of a playlist (``ease``)."""
    vector_weight: float = 0.0
    """Dot product of the Track2Vec vectors (``vectors``)."""
    artist_weight: float = 0.0
    """Artists in the same playlists (``artists``)."""
    same_artist_weight: float = 0.0
    """The artist itself, in addition to being its own nearest neighbour."""
    acoustic_weight: float = 0.0
    """Artists in the same playlists as acoustically near artists (``acoustic_bridge``), the more
    the fewer playlists hold the artist (``confidence_shift``). Lists of artists only."""
    genre_weight: float = 0.0
    """Genres in common with the artist, the more the fewer playlists hold the artist
    (``confidence_shift``)."""
    album_weight: float = 0.0
    """Tracks of the same album (``albums``)."""
    full_score: float = 0.5
    """Highest score of a list from which on a list counts in full; see ``score_exponent``."""

    def __post_init__(self) -> None:
        negative = [name for name, value in vars(self).items() if value < 0]
        if negative or self.full_score == 0:
            raise ValueError(f"weights must not be negative: {', '.join(negative) or 'full_score'}")


@dataclass(frozen=True)
class NeighbourConfig:
    """Settings of the neighbour lists.

    The weights were chosen on playlists held out of the real dump.
    """

    neighbours: int = 300
    """Most neighbours of a track or an artist under each set of weights; 0 makes empty tables."""
    max_tracks: int = 1_000_000
    """Most tracks that playlists are asked about, those in most playlists; any other has the list
    of its artist. Bounds memory and time."""
    max_candidates: int = 300_000
    """Most tracks that can be neighbours, those in most playlists. Bounds the time of one list."""

    single_seed: SourceWeights = SourceWeights(
        track_weight=1.0,
        popularity=0.2,
        vector_weight=0.185,
        artist_weight=0.22,
        same_artist_weight=0.013,
        acoustic_weight=0.22,
        genre_weight=0.03,
        album_weight=0.016,
    )
    """Weights for one seed, whose artist and genres add evidence that a single track lacks."""
    multi_seed: SourceWeights = SourceWeights(
        track_weight=1.0,
        ease_weight=13.0,
        vector_weight=0.13,
        artist_weight=0.308,
        same_artist_weight=0.052,
        genre_weight=0.02,
        album_weight=0.179,
    )
    """Weights for several seeds, whose tracks add evidence while their artists repeat it."""

    length_exponent: float = 0.5
    """A playlist of n tracks has the weight n^-length_exponent."""
    shrinkage: float = 20.0
    """Added to the denominator of a cosine between tracks; lowers cosines of rare tracks."""
    artist_popularity: float = 0.3
    """Exponent of the candidate's playlist count in ``artists`` and ``albums``, where popularity
    decides among the tracks of an artist."""
    ridge: float = 100.0
    """Regularisation of EASE: the higher, the less rare co-occurrences count."""
    max_ease_tracks: int = 20_000
    """Most tracks in EASE, those in most playlists, where there are more playlists than that. EASE
    inverts one dense matrix of that size: 1.6 GB, and as much again while it does."""
    confidence_shift: float = 30.0
    """Confidence in a track of c playlists is c / (c + confidence_shift); its artist decides the
    rest. Likewise for an artist, where genres and acoustically near artists decide the rest."""

    style_shift: float = 3.0
    """What n playlists say of a track and a candidate of another style counts
    n / (n + style_shift): one playlist holds many things, and what is popular in it leads. 0: style
    does not matter."""
    full_style: float = 0.95
    """Nearness of the genres of two artists from which on their tracks are of one style: the cosine
    of mean ``genre_vectors``, or of genres in common where that is higher."""
    unknown_style: float = 0.5
    """How far a candidate of unknown genres is of the style of a track whose genres are known."""

    acoustic_artists: int = 40
    """Acoustically nearest artists that stand in for an artist (``acoustic_bridge``)."""
    acoustic_temperature: float = 0.1
    """Temperature of their softmax; the lower, the more the nearest outweigh the others."""
    max_references: int = 100_000
    """Most artists that can stand in for others, those in most playlists."""
    reference_neighbours: int = 1_000
    """Artists kept per reference artist: 8 kB each, 0.8 GB in all."""

    als_factors: int = 64
    """Factors of ALS, which scores the neighbours on a list once more (``als``), for ranking."""
    als_alpha: float = 20.0
    """Weight in ALS of a track in a playlist; one outside it has the weight 1."""
    als_regularization: float = 0.05
    """Regularisation of ALS."""
    als_iterations: int = 15
    """Iterations of ALS."""
    als_seed: int = 0
    """Seed of the factors that ALS starts from."""

    genre_decay: float = 0.8
    """Weight of an artist's next genre, as a share of the weight of the one before."""
    floor: float = 0.85
    """Assumed score of tracks off the list, as a share of the last score on it. This base is
    subtracted from all scores; otherwise a list that ends early would count as disagreement."""
    score_exponent: float = 0.3
    """Lists below ``full_score`` count (highest score / full_score)^score_exponent."""

    def __post_init__(self) -> None:
        least = min(self.max_tracks, self.max_candidates, self.max_ease_tracks)
        if self.neighbours < 0 or least < 1:
            raise ValueError(
                "neighbours must not be negative, max_tracks, max_candidates and max_ease_tracks "
                "above 0"
            )
        if min(self.acoustic_artists, self.max_references, self.reference_neighbours) < 0:
            raise ValueError(
                "acoustic_artists, max_references and reference_neighbours must not be negative"
            )
        if self.acoustic_temperature <= 0:
            raise ValueError(
                f"acoustic_temperature must be above 0, found {self.acoustic_temperature}"
            )
        if not 0 <= self.floor < 1:
            raise ValueError(f"floor must be in 0..1 and below 1, found {self.floor}")
        if self.style_shift < 0 or self.full_style <= 0 or not 0 <= self.unknown_style <= 1:
            raise ValueError(
                "style_shift must not be negative, full_style above 0, unknown_style in 0..1"
            )
        if min(self.als_factors, self.als_iterations) < 1:
            raise ValueError("als_factors and als_iterations must be above 0")
        if min(self.als_alpha, self.als_regularization) <= 0:
            raise ValueError("als_alpha and als_regularization must be above 0")
        if self.ridge <= 0:
            raise ValueError(f"ridge must be above 0, found {self.ridge}")
