"""A catalogue of eight tracks whose style can be seen by eye."""

from pathlib import Path

import numpy as np
import polars as pl

from embeat_serve.contract.audio_features import FEATURES
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import GENRE_VECTOR_SIZE

SEED, ALIKE, STRANGE, UNTAGGED, RELATED, OWN, BLANK, UNPLACED = range(8)
"""Track codes. The seed is thrash metal of 1990; ``ALIKE`` is metal of 1991; ``STRANGE`` a lullaby
of 2020; ``UNTAGGED`` another of an artist without genres; ``RELATED`` a lullaby of 2020 by an
artist that the seed's names as related; ``OWN`` is by the seed's artist; of ``BLANK`` nothing is
known; ``UNPLACED`` has a genre that is not on the map."""

LOUD, SOFT = 0.9, 0.1
TRACKS = {
    SEED: (0, 1990, LOUD),
    ALIKE: (1, 1991, LOUD),
    STRANGE: (2, 2020, SOFT),
    UNTAGGED: (4, 2020, SOFT),
    RELATED: (5, 2020, SOFT),
    OWN: (0, 1990, LOUD),
    BLANK: (None, None, None),
    UNPLACED: (3, 1990, LOUD),
}
"""Track -> main artist, year, energy."""
GENRES = {0: (0, 1), 1: (0,), 2: (2,), 3: (3,), 5: (2,), 6: (2,)}
"""Artist -> genres: metal, thrash, lullaby, noise. Artist 6 has no track."""
VECTORS = ((1.0, 0.0), (0.9, 0.4), (0.0, 1.0), (0.8, 0.2))
"""Of each genre: noise is near metal."""
PLACES = ((0.0, 0.0), (0.1, 0.0), (1.0, 1.0), (None, None))
RELATIONS = ((0, 5), (2, 6), (1, 6))
"""Artist, and one that it names as related."""


def write_style_tables(folder: Path) -> LakePaths:
    """Write the tables that style fit reads."""
    lake = LakePaths(folder)
    lake.tables.mkdir(parents=True)
    artists, years, energies = zip(*TRACKS.values(), strict=True)
    features = {name: [0.5] * len(TRACKS) for name in FEATURES} | {"energy": energies}
    features = {
        name: [
            None if energy is None else value
            for value, energy in zip(values, energies, strict=True)
        ]
        for name, values in features.items()
    }
    pl.DataFrame(
        {
            "artist_codes": [[] if artist is None else [artist] for artist in artists],
            "release_year": pl.Series(years, dtype=pl.Int16),
            **features,
        }
    ).write_parquet(lake.table("tracks"))
    pl.DataFrame({"artist_code": np.arange(7)}).write_parquet(lake.table("artists"))
    pairs = [(artist, genre) for artist, genres in GENRES.items() for genre in genres]
    pl.DataFrame(pairs, schema=["artist_code", "genre_code"], orient="row").write_parquet(
        lake.table("artist_genres")
    )
    vectors = [[*vector, *[0.0] * (GENRE_VECTOR_SIZE - 2)] for vector in VECTORS]
    columns = pl.Array(pl.Float32, GENRE_VECTOR_SIZE)
    pl.DataFrame({"vector": pl.Series(vectors, dtype=columns)}).write_parquet(
        lake.table("genre_vectors")
    )
    pl.DataFrame(PLACES, schema={"x": pl.Float32, "y": pl.Float32}, orient="row").write_parquet(
        lake.table("genre_map")
    )
    pl.DataFrame(
        RELATIONS, schema=["artist_code", "related_artist_code"], orient="row"
    ).write_parquet(lake.table("related_artists"))
    return lake
