"""Make example lists for fixed seeds, for people to look at."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.interactions.queries import QuerySet
from embeat_serve.recommender import Recommender

EXAMPLES = {"head": 10, "mid": 6, "tail": 4}
"""Popularity stratum -> number of examples."""
LENGTH = 10
"""Songs of a list."""


def example_rows(queries: QuerySet, popularity: NDArray[np.str_]) -> NDArray[np.intp]:
    """Rows of the queries that are shown: of each stratum those with the lowest playlist keys."""
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
    """Lists of a few queries with one seed each.

    Args:
        recommender: of the release.
        catalogue: of its lake.
        queries: q queries with one seed.
        popularity: (q,) popularity strata.

    Returns:
        For each query the ``seed``, its ``stratum`` and ``songs`` with their channels. A song is
        a ``hit`` where it is in the playlist that the seed was drawn from.
    """
    shown = []
    for row in example_rows(queries, popularity).tolist():
        query = queries.select(np.array([row]))
        result = recommender.recommend(track_ids=catalogue.ids(query.seeds)[0], k=LENGTH)
        codes = catalogue.codes([[song.track_id for song in result.results]], LENGTH)[0]
        hits = np.isin(codes, query.targets.indices)
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
