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

WORDS_AT_ONCE = 500_000
"""Words whose vectors are filled in at a time: 128 MB."""


def train_track2vec(
    lake: LakePaths, config: Track2VecConfig = Track2VecConfig(), device: str = "auto"
) -> dict[str, Any]:
    """Write the table ``playlist_vectors``; it is empty where there are no playlists.

    An interrupted training resumes after its last whole epoch.

    Returns:
        Vocabulary, playlists and entries; tracks ``trained`` and playlists ``held_out`` for
        validation; ``history``, the loss and nDCG@20 of the start and of each epoch; parameters.

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
        "trained": fitted.trained,
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
    trained: int
    """Tracks that were trained."""
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
        return FittedVectors(np.zeros((0, VECTOR_SIZE), np.float32), 0, 0, [])
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
    return FittedVectors(vectors, len(split.training_words), split.held_out, history)


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
        by_word = corpus.matrix(np.ones(len(corpus.words), np.float32)).T.tocsr()
        unit = vectors[trained]
        unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), TINY)
        of_playlists = by_word[trained].T @ unit
        random = np.random.default_rng(seed)
        for start in range(0, len(missing), WORDS_AT_ONCE):
            words = missing[start : start + WORDS_AT_ONCE]
            found = by_word[words] @ of_playlists
            isolated = ~found.any(axis=1)
            found[isolated] = random.standard_normal((isolated.sum(), vectors.shape[1]))
            vectors[words] = found
    return vectors


def candidate_weight(counts: NDArray[np.int64], config: Track2VecConfig) -> NDArray[np.float32]:
    """Return (v, 1) weights in 0..1 of tracks in ``counts`` playlists, as candidates."""
    share = counts / (counts + config.weight_shift)
    return (share**config.weight_exponent).astype(np.float32)[:, None]
