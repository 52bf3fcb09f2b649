"""What channels and rules want to know of the seeds."""

from collections.abc import Sequence

from embeat_serve.contract.schema import TrackField, related_artists
from embeat_serve.options import RecallOptions
from embeat_serve.seeds.models import Seed

MAX_RELATED = 20
"""Related artists asked for, closest first."""


def popularity_floor(seeds: Sequence[Seed], options: RecallOptions) -> int:
    """Popularity a candidate needs: the setting's, or the least popular seed's if lower."""
    known = (seed.payload.get(TrackField.POPULARITY) for seed in seeds)
    return min([options.min_popularity, *(value for value in known if value is not None)])


def related(seed: Seed) -> tuple[int, ...]:
    """Artists related to the seed's main one, closest first, without its own."""
    return tuple(code for code in related_artists(seed.payload) if code not in seed.artist_codes)[
        :MAX_RELATED
    ]


def main_artists(seeds: Sequence[Seed]) -> tuple[int, ...]:
    """Main artist of each, once."""
    return tuple(dict.fromkeys(seed.artist_codes[0] for seed in seeds if seed.artist_codes))


def has_sound(seed: Seed) -> bool:
    """Whether there is a vector to compare others with."""
    # Tracks without audio features have no vector to compare; energy is among the features.
    return seed.vector is not None or seed.payload.get(TrackField.ENERGY) is not None
