"""Made-up pairs of a blind test."""

from embeat_pipeline.evaluate.blind.pairs import BlindTest, Pair, SkipReason, arrange
from embeat_pipeline.evaluate.blind.song_names import ShownSong

SECRETS = ("embeat", "rival", "0123456789ab", "stratum", "mandopop")
"""What no judge may read: systems, the release, strata."""


def made_pair(number: int, system: str = "rival", stratum: str | None = "mandopop") -> Pair:
    """A pair of three songs each."""
    ours = tuple(ShownSong(f"mine {number} {place}", ("Adele", "Mayday")) for place in range(3))
    other = tuple(ShownSong(f"thine {number} {place}", ("Kraftwerk",)) for place in range(3))
    seeds = (ShownSong(f"晴天 {number}", ("Jay Chou",)),)
    return Pair(f"{system}{number:04}".encode().hex(), seeds, ours, other, system, stratum)


def made_test(number: int = 4, seed: int = 0) -> BlindTest:
    """A test of some pairs."""
    pairs = arrange([made_pair(place) for place in range(number)], seed)
    return BlindTest("0123456789ab", seed, pairs, {SkipReason.SEED: ["nobody's song"]})
