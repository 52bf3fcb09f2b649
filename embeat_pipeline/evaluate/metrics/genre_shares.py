"""Compare how often each genre is recommended with how often playlists want it."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.interactions.queries import QuerySet
from embeat_pipeline.interactions.ranking_metrics import PADDING
from embeat_serve.contract.lake import LakePaths


def genre_shares(
    lake: LakePaths, catalogue: Catalogue, queries: QuerySet, ranked: NDArray[np.int64]
) -> list[dict[str, Any]]:
    """Shares of every genre on the map among recommended and among wanted tracks.

    Every list has the same total weight, and so has every playlist. The genre of a track is the
    first one of its main artist.

    Args:
        lake: with tables ``artist_genres`` and ``genre_map``.
        catalogue: of that lake.
        queries: q queries; their targets are what is wanted.
        ranked: (q, k) lists; the first 20 tracks count.

    Returns:
        ``genre``, ``x``, ``y``, ``recommended`` and ``wanted`` (shares of all tracks), the most
        recommended first. Genres with neither are left out.
    """
    best = (
        pl.scan_parquet(lake.table("artist_genres"))
        .filter(pl.col("position") == 0)
        .select("artist_code", "genre_code")
        .collect()
    )
    artists = best["artist_code"].to_numpy()
    # An artist may have genres and be nobody's main artist.
    number = int(max(catalogue.main_artist.max(initial=0), artists.max(initial=0))) + 1
    genre_of = np.full(number, -1)
    genre_of[artists] = best["genre_code"].to_numpy()
    genres = pl.read_parquet(lake.table("genre_map"), columns=["genre", "x", "y"])

    def shares(rows: NDArray[np.integer], codes: NDArray[np.integer]) -> NDArray[np.float64]:
        genre = genre_of[catalogue.main_artist[codes]]
        weight = 1 / np.bincount(rows, minlength=len(queries))[rows]
        has_genre = genre >= 0
        total = np.bincount(genre[has_genre], weight[has_genre], genres.height)
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
