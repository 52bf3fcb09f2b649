"""Tune every baseline on the validation playlists, and rank the test queries with it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from importlib.util import find_spec
from typing import Any

from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.evaluate.inputs.playlist_split import PlaylistSplit
from embeat_pipeline.evaluate.systems.base import ITEM_KNN, Scorer, System, SystemGroup, rank
from embeat_pipeline.evaluate.systems.content import (
    ArtistCooccurrence,
    ArtistOptions,
    NearestVectors,
    raw_features,
)
from embeat_pipeline.evaluate.systems.item_knn import ItemKnn, ItemKnnOptions, Popularity
from embeat_pipeline.evaluate.systems.matrix_factorization import (
    Als,
    AlsOptions,
    SvdOptions,
    TruncatedSvd,
)
from embeat_pipeline.evaluate.systems.tuning import (
    tune_als,
    tune_artists,
    tune_item_knn,
    tune_svd,
    validation_queries,
)
from embeat_pipeline.interactions.queries import QuerySet
from embeat_serve.contract.lake import LakePaths


def tuned_baselines(
    lake: LakePaths,
    catalogue: Catalogue,
    data: PlaylistSplit,
    *,
    queries: Mapping[int, QuerySet],
    k: int,
    seed: int = 0,
) -> Iterator[System]:
    """Fit every baseline to the training playlists and rank every query.

    Parameters are tuned on the validation playlists, for each number of seeds by itself.

    Args:
        lake: for the audio features of its tracks.
        catalogue: of that lake.
        data: its playlists.
        queries: number of seeds -> queries.
        k: length of the lists.
        seed: of what a baseline draws at random.
    """
    train, artists = data.train.tracks, catalogue.main_artist
    tuning = validation_queries(data.validation, queries, seed)

    def plain(name: str, scorer: Scorer) -> System:
        ranked = {count: rank(scorer, query_set, k) for count, query_set in queries.items()}
        return System(name, SystemGroup.BASELINE, ranked)

    def tuned(
        name: str, fit: Callable[[Any], Scorer], best: Mapping[int, Any], default: Any
    ) -> System:
        ranked, parameters = {}, {}
        models: dict[Any, Scorer] = {}
        for count, query_set in queries.items():
            options = best.get(count, default)
            models[options] = models.get(options) or fit(options)
            ranked[count] = rank(models[options], query_set, k)
            parameters[f"{count} seeds"] = asdict(options)
        return System(name, SystemGroup.BASELINE, ranked, parameters)

    yield plain("popularity", Popularity(train))
    yield tuned(
        ITEM_KNN,
        lambda options: ItemKnn(train, options),
        tune_item_knn(train, tuning),
        ItemKnnOptions(),
    )
    yield tuned(
        "truncated SVD",
        lambda options: TruncatedSvd(train, options),
        tune_svd(train, tuning, seed),
        SvdOptions(seed=seed),
    )
    if find_spec("implicit"):
        yield tuned(
            "ALS",
            lambda options: Als(train, options),
            tune_als(train, tuning, seed),
            AlsOptions(seed=seed),
        )
    yield tuned(
        "artist co-occurrence x popularity",
        lambda options: ArtistCooccurrence(train, artists, options),
        tune_artists(train, artists, tuning),
        ArtistOptions(),
    )
    yield plain("raw audio features", NearestVectors(raw_features(lake)))
