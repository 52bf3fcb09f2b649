"""Encode the whole catalogue: write ``track_vectors`` for the table ``tracks``."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from embeat_pipeline.acoustic.torch_encoder import TorchEncoder
from embeat_pipeline.acoustic.track_reader import TrackBatch, track_batches
from embeat_pipeline.common.atomic import atomic_path
from embeat_pipeline.common.device import resolve_device
from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.progress import progress
from embeat_pipeline.common.schemas import TRACK_VECTORS
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current
from embeat_pipeline.common.thread_map import thread_map
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.contract.schema import VECTOR_SIZE
from embeat_serve.encoder import Encoder


def encode_catalogue(lake: LakePaths, device: str = "auto") -> dict[str, Any]:
    """Encode every track of the lake with ``models/encoder.npz`` into ``track_vectors``.

    A track without any feature of the acoustic tower gets a null vector.

    Returns:
        ``tracks``, ``encoded``, ``without_features``, ``seconds``.

    Raises:
        BrokenRelease: the encoder cannot be read.
        UsageError: the device does not exist.
    """
    tracks, vectors = lake.table("tracks"), lake.table("track_vectors")
    model = lake.models / ReleaseFile.ENCODER
    encoder = TorchEncoder(Encoder.load(model), resolve_device(device))
    key = fingerprint(__name__, settings={}, inputs=[tracks, model])
    if is_current([vectors], key):
        return made_metadata(vectors) | {"unchanged": True}
    started = time.monotonic()
    with atomic_path(vectors) as scratch:
        total, encoded = write_vectors(tracks, scratch, encoder)
    metadata = {
        "tracks": total,
        "encoded": encoded,
        "without_features": total - encoded,
        "seconds": round(time.monotonic() - started, 3),
    }
    mark_current([vectors], key, metadata)
    return metadata


def write_vectors(tracks: Path, vectors: Path, encoder: TorchEncoder) -> tuple[int, int]:
    """Write the table ``track_vectors`` of the table ``tracks``.

    Returns:
        Number of tracks, and number of tracks with a vector.
    """

    def encode(batch: TrackBatch) -> tuple[TrackBatch, NDArray[np.float32]]:
        return batch, encoder.encode(batch.inputs)

    total = pq.read_metadata(tracks).num_rows
    encoded = 0
    with (
        pq.ParquetWriter(
            vectors,
            TRACK_VECTORS,
            compression="zstd",
            compression_level=1,
            use_dictionary=False,
            # Exponents with exponents: a tenth smaller, and no slower.
            use_byte_stream_split=["acoustic.list.element"],  # type: ignore[arg-type]
        ) as writer,
        progress("encode", total, "tracks") as advance,
    ):
        for batch, matrix in thread_map(encode, track_batches(tracks, ["track_code"])):
            columns = [batch.rows.column("track_code"), _column(matrix, batch.usable)]
            writer.write_batch(pa.record_batch(columns, schema=TRACK_VECTORS))
            encoded += int(batch.usable.sum())
            advance(len(batch.usable))
    return total, encoded


def _column(vectors: NDArray[np.float32], usable: NDArray[np.bool_]) -> pa.FixedSizeListArray:
    values = pa.array(vectors.ravel())
    return pa.FixedSizeListArray.from_arrays(values, VECTOR_SIZE, mask=pa.array(~usable))


def count_bad_vectors(vectors: Path) -> int:
    """Count the vectors of a ``track_vectors`` table that are not finite or not of length 1."""
    bad = 0
    with pq.ParquetFile(vectors) as file:
        for rows in file.iter_batches(columns=["acoustic"]):
            values = rows.column("acoustic").drop_null().flatten().to_numpy()
            length = np.linalg.norm(values.reshape(-1, VECTOR_SIZE), axis=1)
            bad += int((~(np.abs(length - 1) < 1e-3)).sum())
    return bad
