"""What a person looks at: example lists for fixed seeds, and where on the genre map they lie."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.interactions.queries import QuerySet
from embeat_pipeline.interactions.ranking_metrics import PADDING
from embeat_serve.contract.lake import LakePaths
from embeat_serve.recommender import Recommender

EXAMPLES = {"head": 10, "mid": 6, "tail": 4}
"""How many seeds are shown of each popularity stratum."""
LENGTH = 10


def example_rows(queries: QuerySet, popularity: NDArray[np.str_]) -> NDArray[np.intp]:
    """Queries shown: of each stratum those whose playlists have the lowest keys."""
    order = np.argsort(queries.keys)
    return np.concatenate(
        [order[popularity[order] == stratum][:number] for stratum, number in EXAMPLES.items()]
    )


def examples(
    recommender: Recommender,
    catalogue: Catalogue,
    queries: QuerySet,
    popularity: NDArray[np.str_],
) -> list[dict[str, Any]]:
    """Lists of one-seed queries: ``seed``, its ``stratum`` and ``songs`` with their channels.

    A song is a ``hit`` where it is in the playlist the seed was drawn from.
    """
    shown = []
    for row in example_rows(queries, popularity).tolist():
        chosen = queries.select(np.array([row]))
        result = recommender.recommend(track_ids=catalogue.ids(chosen.seeds)[0], k=LENGTH)
        codes = catalogue.codes([[song.track_id for song in result.results]], LENGTH)[0]
        hits = np.isin(codes, chosen.targets.indices)
        seed = result.seeds[0]
        shown.append(
            {
                "seed": {
                    "track_id": seed.track_id,
                    "track_name": seed.track_name,
                    "artist_names": list(seed.artist_names),
                },
                "stratum": str(popularity[row]),
                "songs": [
                    {
                        "track_id": song.track_id,
                        "track_name": song.track_name,
                        "artist_names": list(song.artist_names),
                        "score": song.score,
                        "channels": dict(song.channels),
                        "hit": bool(hit),
                    }
                    for song, hit in zip(result.results, hits, strict=False)
                ],
            }
        )
    return shown


def genre_shares(
    lake: LakePaths, catalogue: Catalogue, queries: QuerySet, ranked: NDArray[np.int64]
) -> list[dict[str, Any]]:
    """Genres with a place on the map, with how often they are wanted and how often recommended.

    Every list counts once however long it is, as does every playlist's rest; the genre of a
    track is the best one of its main artist.

    Returns:
        ``genre``, ``x``, ``y``, ``recommended`` and ``wanted`` (shares of all), most recommended
        first; genres with neither are left out.
    """
    best = (
        pl.scan_parquet(lake.table("artist_genres"))
        .filter(pl.col("position") == 0)
        .select("artist_code", "genre_code")
        .collect()
    )
    number = int(max(catalogue.main_artist.max(initial=-1), 0)) + 1
    genre_of = np.full(number, -1)
    genre_of[best["artist_code"].to_numpy()] = best["genre_code"].to_numpy()
    genres = pl.read_parquet(lake.table("genre_map"), columns=["genre", "x", "y"])

    def shares(rows: NDArray[np.integer], codes: NDArray[np.integer]) -> NDArray[np.float64]:
        genre = genre_of[catalogue.main_artist[codes]]
        weight = 1 / np.bincount(rows, minlength=len(queries))[rows]
        known = genre >= 0
        total = np.bincount(genre[known], weight[known], genres.height)
        return total / max(total.sum(), 1e-12)

    top = ranked[:, :20]
    rows, places = np.nonzero(top != PADDING)
    wanted = queries.targets.tocoo()
    return (
        genres.with_columns(
            recommended=pl.Series(shares(rows, top[rows, places])),
            wanted=pl.Series(shares(wanted.row, wanted.col)),
        )
        .filter(pl.col("x").is_not_null() & (pl.col("recommended") + pl.col("wanted") > 0))
        .sort("recommended", "genre", descending=[True, False])
        .to_dicts()
    )
