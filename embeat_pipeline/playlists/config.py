"""Every setting of the playlist vectors."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Track2VecConfig:
    """Skip-gram with negative sampling over playlists, started from a factorisation.

    The defaults were chosen on playlists held out of the real dump: skip-gram from random
    weights needs many epochs and wide windows to reach what the factorisation starts with, and
    a short, gentle skip-gram on top of it improves the plain cosine by a fifth.
    """

    initialise: bool = True
    """Start from the factorisation; off starts from gensim's random weights."""
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
    shuffle: bool = True
    """Shuffle each playlist every epoch: most have no order that matters."""

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
            weight_exponent=0.0,
        )

    def __post_init__(self) -> None:
        if min(self.window, self.negative, self.min_count, self.workers) < 1 or self.epochs < 0:
            raise ValueError("window, negative, min_count and workers start at 1, epochs at 0")
        if min(self.weight_shift, self.count_shift, self.weight_exponent) < 0:
            raise ValueError("weight_shift, count_shift and weight_exponent must not be negative")
