"""What lists look like from the whole catalogue, and whether their reasons are real.

Held-out playlists ask about what people put into playlists. Seeds drawn by lot from the catalogue
say how much of it can be asked about, and heard, at all.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.evaluate.inputs.release_client import Ask
from embeat_pipeline.evaluate.report.summary import catalogue_metrics
from embeat_pipeline.evaluate.systems.item_knn import ItemKnn, ItemKnnOptions, rank
from embeat_pipeline.interactions.playlists import Playlists, uniform
from embeat_pipeline.interactions.queries import QuerySet
from embeat_pipeline.interactions.ranking_metrics import PADDING
from embeat_serve.errors import SeedNotFound
from embeat_serve.options import RecallOptions
from embeat_serve.recommender import Recommender

SEEDS = 500
LENGTH = 20


def catalogue_seeds(tracks: int, seed: int, number: int = SEEDS) -> NDArray[np.int64]:
    """(number,) track codes drawn by lot from a catalogue of ``tracks``."""
    lots = uniform(np.arange(tracks, dtype=np.uint64), seed)
    return np.sort(np.argsort(lots)[:number]).astype(np.int64)


def reach(
    ask: Ask,
    recall: RecallOptions,
    catalogue: Catalogue,
    train: Playlists,
    item_knn: ItemKnnOptions,
    seed: int,
    number: int = SEEDS,
) -> dict[str, dict[str, float]]:
    """Lists of 20 for seeds from the whole catalogue, by the release and by item-kNN.

    Returns:
        For ``product`` and ``item-kNN`` the share of seeds that get a full list (``answered``)
        and the ``catalogue_metrics`` of the lists.
    """
    codes = catalogue_seeds(len(catalogue), seed, number)[:, None]
    lists = ask(catalogue.ids(codes), recall, LENGTH, "songs of the catalogue")
    none = np.zeros(0, np.int64)
    nothing = sparse.csr_array(
        (none.astype(np.float32), (none, none)), shape=(len(codes), len(catalogue))
    )
    keys = codes[:, 0].astype(np.uint64)
    asked = QuerySet(np.arange(len(codes)), keys, codes, nothing)
    ranked = {
        "product": catalogue.codes(lists, LENGTH),
        "item-kNN": rank(ItemKnn(train.tracks, item_knn), asked, LENGTH),
    }
    return {
        name: {
            "answered": float((found != PADDING).all(axis=1).mean()),
            **catalogue_metrics(found, len(catalogue)),
        }
        for name, found in ranked.items()
    }


def attribution(
    recommender: Recommender,
    seeds: Sequence[Sequence[str]],
    recall: RecallOptions,
    length: int = LENGTH,
) -> dict[str, Any]:
    """Whether songs are where they are because of the channel that is said to speak most for them.

    For every song of each list that channel is left out and the question asked again; the song
    should then stand lower, or nowhere.

    Returns:
        ``songs`` looked at and the share ``lowered``.
    """
    raw = replace(recall, diversify=False)
    lowered = []
    for ids in seeds:
        try:
            songs = recommender.recommend(track_ids=ids, k=length, options=raw).results
        except SeedNotFound:
            continue
        strongest = {song.track_id: next(iter(song.channels)) for song in songs}
        places: dict[str, dict[str, int]] = {}
        for channel in set(strongest.values()):
            others = tuple(name for name in raw.channels if name != channel)
            without: Sequence[Any] = ()
            if others:
                options = replace(raw, channels=others)
                # Long enough to tell a fall by one place from none.
                without = recommender.recommend(track_ids=ids, k=length, options=options).results
            places[channel] = {song.track_id: song.rank for song in without}
        lowered += [
            places[strongest[song.track_id]].get(song.track_id, length + 1) > song.rank
            for song in songs
        ]
    return {"songs": len(lowered), "lowered": float(np.mean(lowered)) if lowered else 0.0}
