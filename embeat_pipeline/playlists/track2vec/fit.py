"""Playlist vectors: tracks that are played together lie in one direction.

A vector's direction is what it was trained to be; its length is how much it is believed as a
candidate (``Track2VecConfig.weight_shift``). A seed's vector is brought to length 1 before it is
asked for neighbours by dot product.
"""

from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from embeat_pipeline.common.atomic import atomic_path
from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.progress import progress
from embeat_pipeline.common.schemas import PLAYLIST_VECTORS
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current
from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.track2vec.svd_init import factorise
from embeat_pipeline.playlists.track2vec.train import Checkpoint, train
from embeat_pipeline.playlists.track2vec.validation import HoldOut
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import VECTOR_SIZE

TINY = np.finfo(np.float32).tiny


def train_track2vec(
    lake: LakePaths, config: Track2VecConfig = Track2VecConfig(), device: str = "auto"
) -> dict[str, Any]:
    """Write table ``playlist_vectors``; it is empty where there are no playlists.

    An interrupted training is gone on with, from its last whole epoch.

    Returns:
        Vocabulary, playlists and entries; those ``held_out`` to judge by; ``history``, the loss
        and nDCG@20 of the start and of each epoch; parameters.

    Raises:
        UsageError: the device does not exist.
    """
    source, output = lake.table("playlists"), lake.table("playlist_vectors")
    key = fingerprint(__name__, settings=asdict(config), inputs=[source])
    if is_current([output], key):
        return {**made_metadata(output), "unchanged": True}
    corpus = Corpus.read(source, config.min_count)
    checkpoint = Checkpoint(lake.models, key)
    vectors, told = track_vectors(corpus, config, device, checkpoint)
    with atomic_path(output) as scratch:
        table = pa.table(
            {
                "track_code": corpus.track_codes,
                "playlist": pa.FixedSizeListArray.from_arrays(vectors.ravel(), VECTOR_SIZE),
            },
            schema=PLAYLIST_VECTORS,
        )
        pq.write_table(table, scratch, compression="zstd")
    metadata = {
        "vocabulary": len(corpus.track_codes),
        "playlists": len(corpus.offsets) - 1,
        "entries": len(corpus.words),
        **told,
        "parameters": asdict(config),
    }
    mark_current([output], key, metadata)
    checkpoint.remove()
    return metadata


def track_vectors(
    corpus: Corpus,
    config: Track2VecConfig,
    device: str = "auto",
    checkpoint: Checkpoint | None = None,
) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """Vectors of the vocabulary, (v, 64) float32, of length ``candidate_weight``.

    Returns:
        The vectors; ``held_out`` playlists and ``history`` of the training.
    """
    if len(corpus.track_codes) == 0:
        return np.zeros((0, VECTOR_SIZE), np.float32), {"held_out": 0, "history": []}
    if not config.initialise and not config.epochs:
        raise ValueError("epochs must be above 0 where vectors do not start from a factorisation")
    held = HoldOut(corpus, config)
    believed = candidate_weight(held.train.counts, config)
    trained, history = None, []
    if config.initialise:
        with progress("factorise", 1, "matrix") as advance:
            trained = factorise(held.train, VECTOR_SIZE, config) * np.float32(config.initial_scale)
            advance()
    if config.epochs:
        trained, history = train(held, trained, believed, config, VECTOR_SIZE, device, checkpoint)
    vectors = np.zeros((len(corpus.track_codes), VECTOR_SIZE), np.float32)
    vectors[held.kept] = trained
    vectors = fold_in(corpus, vectors, held.kept, config.seed)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors *= candidate_weight(corpus.counts, config) / np.maximum(lengths, TINY)
    return vectors, {"held_out": held.playlists, "history": history}


def fold_in(
    corpus: Corpus, vectors: NDArray[np.float32], kept: NDArray[np.intp], seed: int
) -> NDArray[np.float32]:
    """Give words that no training playlist has the mean direction of their playlists' others.

    Where there are no others, too, the direction is random: near nothing in particular.
    """
    missing = np.setdiff1d(np.arange(len(vectors)), kept)
    if len(missing):
        matrix = corpus.matrix(np.ones(len(corpus.words), np.float32))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit = vectors / np.maximum(lengths, TINY)
        vectors[missing] = matrix[:, missing].T @ (matrix @ unit)
        nothing = missing[~vectors[missing].any(axis=1)]
        random = np.random.default_rng(seed)
        vectors[nothing] = random.standard_normal((len(nothing), vectors.shape[1]))
    return vectors


def candidate_weight(counts: NDArray[np.int64], config: Track2VecConfig) -> NDArray[np.float32]:
    """(v, 1) in 0..1: how much a vector that rests on so many playlists is believed."""
    share = counts / (counts + config.weight_shift)
    return (share**config.weight_exponent).astype(np.float32)[:, None]
