"""Measure how much of the catalogue can be a seed, and whether attributions are right.

Held-out playlists have the tracks that people put into playlists. Seeds drawn at random from the
catalogue show how many of all tracks get a list, and how many are recommended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.evaluate.inputs.release_client import RecommendBatch
from embeat_pipeline.evaluate.metrics.catalogue_metrics import catalogue_metrics
from embeat_pipeline.evaluate.systems.base import PRODUCT, Scorer, rank
from embeat_pipeline.interactions.playlists import uniform
from embeat_pipeline.interactions.queries import QuerySet
from embeat_pipeline.interactions.ranking_metrics import PADDING
from embeat_serve.errors import SeedNotFound
from embeat_serve.options import RecallOptions
from embeat_serve.recommender import Recommender

SEEDS = 500
"""Number of seeds drawn from the catalogue."""
LENGTH = 20
"""Length of the lists."""


def catalogue_seeds(tracks: int, seed: int, number: int = SEEDS) -> NDArray[np.int64]:
    """(number,) track codes drawn at random from a catalogue of ``tracks``, ascending."""
    lots = uniform(np.arange(tracks, dtype=np.uint64), seed)
    return np.sort(np.argsort(lots)[:number]).astype(np.int64)


def catalogue_coverage(
    recommend: RecommendBatch,
    recall: RecallOptions,
    catalogue: Catalogue,
    *,
    models: Mapping[str, Scorer],
    seed: int,
    number: int = SEEDS,
) -> dict[str, dict[str, float]]:
    """Measure lists of 20 for seeds from the whole catalogue, by the release and by models.

    Args:
        recommend: client of the release.
        recall: options that it is queried with.
        catalogue: of its lake.
        models: name -> a baseline that the release is compared with.
        seed: of the draw of tracks.
        number: how many tracks are drawn.

    Returns:
        For ``product`` and each model the share of seeds that get a full list (``answered``) and
        the ``catalogue_metrics`` of the lists.
    """
    codes = catalogue_seeds(len(catalogue), seed, number)[:, None]
    lists = recommend(catalogue.ids(codes), recall, LENGTH, "songs of the catalogue")
    none = np.zeros(0, np.int64)
    no_targets = sparse.csr_array(
        (none.astype(np.float32), (none, none)), shape=(len(codes), len(catalogue))
    )
    queries = QuerySet(np.arange(len(codes)), codes[:, 0].astype(np.uint64), codes, no_targets)
    by_system = {
        PRODUCT: catalogue.codes(lists, LENGTH),
        **{name: rank(model, queries, LENGTH) for name, model in models.items()},
    }
    return {
        name: {
            "answered": float((ranked != PADDING).all(axis=1).mean()),
            **catalogue_metrics(ranked, len(catalogue)),
        }
        for name, ranked in by_system.items()
    }


def attribution(
    recommender: Recommender,
    seeds: Sequence[Sequence[str]],
    recall: RecallOptions,
    length: int = LENGTH,
) -> dict[str, Any]:
    """Test whether a song falls without the channel that is said to contribute most to it.

    For each song of each list the query is repeated without that channel. The song should then
    have a lower rank, or none.

    Args:
        recommender: of the release.
        seeds: track ids of each query.
        recall: options that it is queried with.
        length: of the lists.

    Returns:
        ``songs`` (their number) and ``lowered`` (the share that fell).
    """
    no_rules = replace(recall, diversify=False)
    lowered = []
    for ids in seeds:
        try:
            songs = recommender.recommend(track_ids=ids, k=length, options=no_rules).results
        except SeedNotFound:
            continue
        strongest = {song.track_id: next(iter(song.channels)) for song in songs}
        ranks = {
            channel: _ranks_without(channel, recommender, ids, no_rules, length)
            for channel in set(strongest.values())
        }
        lowered += [
            ranks[strongest[song.track_id]].get(song.track_id, length + 1) > song.rank
            for song in songs
        ]
    return {"songs": len(lowered), "lowered": float(np.mean(lowered)) if lowered else 0.0}


def _ranks_without(
    channel: str,
    recommender: Recommender,
    ids: Sequence[str],
    recall: RecallOptions,
    length: int,
) -> dict[str, int]:
    """Track id -> rank in the list that all other channels make."""
    others = tuple(name for name in recall.channels if name != channel)
    if not others:
        return {}
    options = replace(recall, channels=others)
    songs = recommender.recommend(track_ids=ids, k=length, options=options).results
    return {song.track_id: song.rank for song in songs}
