"""Read off seed tracks what channels and rules compare candidates with."""

from collections.abc import Sequence

from embeat_serve.contract.schema import related_artists
from embeat_serve.options import RecallOptions
from embeat_serve.seeds.models import Seed

MAX_RELATED = 20
"""Related artists of a seed that channels search, closest first."""


def popularity_floor(seeds: Sequence[Seed], options: RecallOptions) -> int:
    """Popularity, 0..100, a candidate needs: the setting's, or the least popular seed's."""
    popularities = (seed.payload.get("popularity") for seed in seeds)
    return min([options.min_popularity, *(value for value in popularities if value is not None)])


def related_artist_codes(seed: Seed) -> tuple[int, ...]:
    """Artists related to the seed's main one, closest first, without its own."""
    return tuple(code for code in related_artists(seed.payload) if code not in seed.artist_codes)[
        :MAX_RELATED
    ]


def main_artists(seeds: Sequence[Seed]) -> tuple[int, ...]:
    """Codes of the seeds' main artists, each once, in the order of the seeds."""
    return tuple(dict.fromkeys(seed.artist_codes[0] for seed in seeds if seed.artist_codes))


def artists_of_seeds(seeds: Sequence[Seed]) -> frozenset[int]:
    """Codes of all artists of the seeds."""
    return frozenset(code for seed in seeds for code in seed.artist_codes)


def has_sound(seed: Seed) -> bool:
    """Whether there is an acoustic vector of the seed."""
    # Tracks without audio features have no vector; energy is one of the features.
    return seed.vector is not None or seed.payload.get("energy") is not None
