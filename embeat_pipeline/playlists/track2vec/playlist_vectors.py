"""Fit Track2Vec and write ``playlist_vectors``: tracks of the same playlists point the same way.

Training decides the direction of a vector. Its length is the weight of the track as a candidate
(``Track2VecConfig.weight_shift``). As a seed, a vector is scaled to length 1 before its dot
products with the candidates are computed.
"""

from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from embeat_pipeline.common.atomic import atomic_path
from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.progress import progress
from embeat_pipeline.common.schemas import PLAYLIST_VECTORS
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current
from embeat_pipeline.common.training_state import Checkpoint
from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.track2vec.svd_init import factorise
from embeat_pipeline.playlists.track2vec.training_loop import CHECKPOINT, History, train
from embeat_pipeline.playlists.track2vec.validation import ValidationSplit
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import VECTOR_SIZE

TINY = np.finfo(np.float32).tiny


def train_track2vec(
    lake: LakePaths, config: Track2VecConfig = Track2VecConfig(), device: str = "auto"
) -> dict[str, Any]:
    """Write the table ``playlist_vectors``; it is empty where there are no playlists.

    An interrupted training resumes after its last whole epoch.

    Returns:
        Vocabulary, playlists and entries; playlists ``held_out`` for validation; ``history``, the
        loss and nDCG@20 of the start and of each epoch; parameters.

    Raises:
        UsageError: the device does not exist.
    """
    source, output = lake.table("playlists"), lake.table("playlist_vectors")
    key = fingerprint(__name__, settings=asdict(config), inputs=[source])
    if is_current([output], key):
        return {**made_metadata(output), "unchanged": True}
    corpus = Corpus.read(source, config.min_count)
    checkpoint = Checkpoint(lake.models / CHECKPOINT, key)
    fitted = track_vectors(corpus, config, device=device, checkpoint=checkpoint)
    with atomic_path(output) as scratch:
        table = pa.table(
            {
                "track_code": corpus.track_codes,
                "playlist": pa.FixedSizeListArray.from_arrays(fitted.vectors.ravel(), VECTOR_SIZE),
            },
            schema=PLAYLIST_VECTORS,
        )
        pq.write_table(table, scratch, compression="zstd")
    metadata = {
        "vocabulary": len(corpus.track_codes),
        "playlists": len(corpus.offsets) - 1,
        "entries": len(corpus.words),
        "held_out": fitted.held_out,
        "history": fitted.history,
        "parameters": asdict(config),
    }
    mark_current([output], key, metadata)
    checkpoint.remove()
    return metadata


class FittedVectors(NamedTuple):
    """Result of a training."""

    vectors: NDArray[np.float32]
    """(v, 64) of length ``candidate_weight``, for the v words of the vocabulary."""
    held_out: int
    """Playlists that validated the training."""
    history: History


def track_vectors(
    corpus: Corpus,
    config: Track2VecConfig,
    *,
    device: str = "auto",
    checkpoint: Checkpoint | None = None,
) -> FittedVectors:
    """Train the vectors of all words of a corpus.

    Raises:
        ValueError: there is neither a factorisation nor an epoch to train.
    """
    if len(corpus.track_codes) == 0:
        return FittedVectors(np.zeros((0, VECTOR_SIZE), np.float32), 0, [])
    if not config.initialise and not config.epochs:
        raise ValueError("epochs must be above 0 where vectors do not start from a factorisation")
    split = ValidationSplit(corpus, config)
    weight = candidate_weight(split.training.counts, config)
    trained, history = None, []
    if config.initialise:
        with progress("factorise", 1, "matrix") as advance:
            unit = factorise(split.training, VECTOR_SIZE, config)
            trained = unit * np.float32(config.initial_scale)
            advance()
    if config.epochs:
        trained, history = train(
            split,
            trained,
            weight,
            config=config,
            size=VECTOR_SIZE,
            device=device,
            checkpoint=checkpoint,
        )
    vectors = np.zeros((len(corpus.track_codes), VECTOR_SIZE), np.float32)
    vectors[split.training_words] = trained
    vectors = fold_in(corpus, vectors, split.training_words, config.seed)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors *= candidate_weight(corpus.counts, config) / np.maximum(lengths, TINY)
    return FittedVectors(vectors, split.held_out, history)


def fold_in(
    corpus: Corpus, vectors: NDArray[np.float32], trained: NDArray[np.intp], seed: int
) -> NDArray[np.float32]:
    """Fill in vectors of words that were not trained: the mean direction of their playlists.

    Where a word's playlists have no trained words, its direction is random.

    Args:
        corpus: all playlists.
        vectors: (v, d), changed in place.
        trained: words that have a vector.
        seed: seed of random directions.
    """
    missing = np.setdiff1d(np.arange(len(vectors)), trained)
    if len(missing):
        matrix = corpus.matrix(np.ones(len(corpus.words), np.float32))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit = vectors / np.maximum(lengths, TINY)
        vectors[missing] = matrix[:, missing].T @ (matrix @ unit)
        isolated = missing[~vectors[missing].any(axis=1)]
        random = np.random.default_rng(seed)
        vectors[isolated] = random.standard_normal((len(isolated), vectors.shape[1]))
    return vectors


def candidate_weight(counts: NDArray[np.int64], config: Track2VecConfig) -> NDArray[np.float32]:
    """Return (v, 1) weights in 0..1 of tracks in ``counts`` playlists, as candidates."""
    share = counts / (counts + config.weight_shift)
    return (share**config.weight_exponent).astype(np.float32)[:, None]
