"""What is measured: the release in its several settings, and the baselines next to it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.evaluate.inputs.release_client import Ask
from embeat_pipeline.evaluate.systems.content import (
    ArtistCooccurrence,
    ArtistOptions,
    NearestVectors,
    standardised_features,
)
from embeat_pipeline.evaluate.systems.item_knn import (
    ItemKnn,
    ItemKnnOptions,
    Popularity,
    Scorer,
    rank,
)
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
from embeat_pipeline.interactions.playlists import Playlists
from embeat_pipeline.interactions.queries import QuerySet
from embeat_serve.contract.audio_features import FEATURES
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import CHANNELS
from embeat_serve.options import PRESETS, RecallOptions

PRODUCT = "product"
FUSED = "fused"
ITEM_KNN = "item-kNN"


@dataclass(frozen=True)
class System:
    """One row of the table: its name, and the lists it gave for each number of seeds."""

    name: str
    group: str
    """``release``, ``channel``, ``baseline`` or ``upstream``."""
    ranked: dict[int, NDArray[np.int64]]
    """Number of seeds -> (q, k) lists."""
    parameters: dict[str, Any] = field(default_factory=dict)


def release_settings(recall: RecallOptions) -> dict[str, tuple[str, RecallOptions]]:
    """Settings a release is asked with, by name, each with the group it is shown in.

    Args:
        recall: what users get who set nothing.
    """
    raw = replace(recall, diversify=False)
    settings = {PRODUCT: ("release", recall), FUSED: ("release", raw)}
    for name, preset in PRESETS.items():
        if preset != recall:
            settings[f"preset {name}"] = ("release", preset)
    for channel in CHANNELS:
        # By place, so that what is shown is the channel's own order.
        settings[channel] = ("channel", raw.with_values({"channels": (channel,), "learned": False}))
    if recall.uses_neighbour_lists:
        vectors = {"learned": False, "playlist_neighbours": False, "playlist_min_cosine": -1.0}
        alone = raw.with_values({**vectors, "channels": ("playlist",)})
        settings["playlist vectors"] = ("channel", alone)
    return settings


def ask_settings(
    ask: Ask,
    settings: Mapping[str, tuple[str, RecallOptions]],
    catalogue: Catalogue,
    queries: Mapping[int, QuerySet],
    k: int,
) -> Iterator[System]:
    """Ask a release every query with each of ``settings``, see ``release_settings``."""
    for name, (group, options) in settings.items():
        ranked = {}
        for count, asked in queries.items():
            label = f"{name}, {count} seed{'s' if count > 1 else ''}"
            lists = ask(catalogue.ids(asked.seeds), options, k, label)
            ranked[count] = catalogue.codes(lists, k)
        yield System(name, group, ranked, changed_settings(options))


def changed_settings(options: RecallOptions) -> dict[str, Any]:
    """Settings that differ from the defaults."""
    default = RecallOptions().to_dict()
    return {name: value for name, value in options.to_dict().items() if value != default[name]}


def baselines(
    lake: LakePaths,
    catalogue: Catalogue,
    train: Playlists,
    validation: Playlists,
    queries: Mapping[int, QuerySet],
    k: int,
    seed: int = 0,
) -> Iterator[System]:
    """Fit every baseline to the training playlists and ask it every query.

    What can be tuned is tuned on ``validation``, for each number of seeds.
    """

    asked = validation_queries(validation, queries, seed)

    def system(
        name: str, fit: Callable[[Any], Scorer], tuned: Mapping[int, Any], default: Any
    ) -> System:
        ranked, parameters = {}, {}
        models: dict[Any, Scorer] = {}
        for count, queried in queries.items():
            options = tuned.get(count, default)
            models[options] = models.get(options) or fit(options)
            ranked[count] = rank(models[options], queried, k)
            parameters[f"{count} seeds"] = asdict(options) if options else {}
        return System(name, "baseline", ranked, parameters if default else {})

    matrix, artists = train.tracks, catalogue.main_artist
    yield system("popularity", lambda _: Popularity(matrix), {}, None)
    yield system(
        ITEM_KNN,
        lambda options: ItemKnn(matrix, options),
        tune_item_knn(matrix, asked),
        ItemKnnOptions(),
    )
    yield system(
        "truncated SVD",
        lambda options: TruncatedSvd(matrix, options),
        tune_svd(matrix, asked, seed),
        SvdOptions(seed=seed),
    )
    if find_spec("implicit"):
        yield system(
            "ALS",
            lambda options: Als(matrix, options),
            tune_als(matrix, asked, seed),
            AlsOptions(seed=seed),
        )
    yield system(
        "artist co-occurrence x popularity",
        lambda options: ArtistCooccurrence(matrix, artists, options),
        tune_artists(matrix, artists, asked),
        ArtistOptions(),
    )
    sound = NearestVectors(raw_features(lake))
    yield system("raw audio features", lambda _: sound, {}, None)


def raw_features(lake: LakePaths) -> NDArray[np.float32]:
    """(n, 12) standardised audio features of the ``tracks`` table."""
    table = pq.read_table(lake.table("tracks"), columns=list(FEATURES))
    return standardised_features(
        {name: table[name].to_numpy().astype(np.float32) for name in FEATURES}
    )
