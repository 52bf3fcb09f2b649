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

from embeat_pipeline.lake import atomic_path, is_current, made_metadata, mark_current, stage_key
from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.factorisation import factorise
from embeat_pipeline.playlists.skipgram import train_skipgram
from embeat_pipeline.progress import progress
from embeat_pipeline.tables import PLAYLIST_VECTORS
from embeat_serve.contract import VECTOR_SIZE, LakePaths


def train_track2vec(lake: LakePaths, config: Track2VecConfig = Track2VecConfig()) -> dict[str, Any]:
    """Write table ``playlist_vectors``; it is empty where there are no playlists.

    Returns:
        Vocabulary, playlists and entries trained on, parameters.
    """
    source, output = lake.table("playlists"), lake.table("playlist_vectors")
    key = stage_key([source], asdict(config))
    if is_current([output], key):
        return {**made_metadata(output), "unchanged": True}
    corpus = Corpus.read(source, config.min_count)
    vectors = track_vectors(corpus, config)
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
        "parameters": asdict(config),
    }
    mark_current([output], key, metadata)
    return metadata


def track_vectors(corpus: Corpus, config: Track2VecConfig) -> NDArray[np.float32]:
    """Vectors of the vocabulary, (v, 64) float32, of length ``candidate_weight``."""
    if len(corpus.track_codes) == 0:
        return np.zeros((0, VECTOR_SIZE), np.float32)
    weight = candidate_weight(corpus.counts, config)
    vectors = context = None
    if config.initialise:
        with progress("factorise", 1, "matrix") as advance:
            vectors = factorise(corpus, VECTOR_SIZE, config) * np.float32(config.initial_scale)
            advance()
        context = vectors * weight
    if config.epochs:
        with progress("track2vec", len(corpus.words) * config.epochs, "words") as advance:
            vectors = train_skipgram(corpus, vectors, context, config, VECTOR_SIZE, advance)
    if vectors is None:
        raise ValueError("epochs must be above 0 where vectors do not start from a factorisation")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(np.float32).tiny) * weight


def candidate_weight(counts: NDArray[np.int64], config: Track2VecConfig) -> NDArray[np.float32]:
    """(v, 1) in 0..1: how much a vector that rests on so many playlists is believed."""
    share = counts / (counts + config.weight_shift)
    return (share**config.weight_exponent).astype(np.float32)[:, None]
