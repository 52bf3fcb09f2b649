"""Peak memory of EmbeatMLP's training, by the size of the catalogue.

    python benchmarks/training_memory.py [--tracks N...] [--batch-size N]

Each size is a made-up lake of albums of eight, three to an artist, and playlists of 60 for every
25th track. A process of its own reads it and trains a few steps; the peak is that of the whole
process, Python and PyTorch included, which ``0`` tracks shows alone.
"""

import argparse
import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from subprocess_measure import alone

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.dataset import load_training_tracks
from embeat_pipeline.acoustic.pairs.metadata_pairs import MetadataPairSampler
from embeat_pipeline.acoustic.train import fit
from embeat_pipeline.common.schemas import PLAYLISTS, TRACKS
from embeat_serve.contract.audio_features import CONTINUOUS
from embeat_serve.contract.lake import LakePaths

RESULTS = Path(__file__).parent / "results" / "training_memory.json"
CHUNK = 500_000
TO_A_PLAYLIST, PLAYLIST_SIZE = 25, 60
STEPS = 3


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tracks", type=int, nargs="+", default=[0, 1_000_000, 10_000_000])
    parser.add_argument("--batch-size", type=int, default=4096)
    arguments = parser.parse_args()
    measured = {}
    print(f"{'tracks':>12}{'seconds':>12}{'CPU-seconds':>14}{'peak MiB':>12}")
    for count in arguments.tracks:
        with tempfile.TemporaryDirectory() as folder:
            if count:
                write_lake(LakePaths(Path(folder)), count)
            taken = alone(train, folder, count, arguments.batch_size)
        measured[count] = taken._asdict()
        print(
            f"{count:>12,}{taken.seconds:>12.1f}{taken.processor_seconds:>14.1f}"
            f"{taken.peak_mebibytes:>12,.0f}",
            flush=True,
        )
    content = {
        "batch_size": arguments.batch_size,
        "steps": STEPS,
        "by_tracks": measured,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def train(folder: str, count: int, batch_size: int) -> None:
    """Read the lake and train; nothing where it has no tracks."""
    if not count:
        return
    lake = LakePaths(Path(folder))
    config = replace(TrainingConfig(), batch_size=batch_size, max_steps=STEPS)
    tracks = load_training_tracks(lake.table("tracks"), None, config, torch.device("cpu"))
    fit(tracks, MetadataPairSampler(tracks, config, lake.table("playlists")), config)


def write_lake(lake: LakePaths, count: int) -> None:
    lake.tables.mkdir(parents=True)
    random = np.random.default_rng(0)
    with pq.ParquetWriter(lake.table("tracks"), TRACKS, compression="zstd") as writer:
        for start in range(0, count, CHUNK):
            writer.write_table(some_tracks(np.arange(start, min(start + CHUNK, count)), random))
    number = max(count // TO_A_PLAYLIST // PLAYLIST_SIZE, 1)
    entries = random.integers(0, count, (number, PLAYLIST_SIZE)).astype(np.uint32)
    lists = pa.ListArray.from_arrays(
        pa.array(np.arange(number + 1) * PLAYLIST_SIZE, pa.int32()), pa.array(entries.ravel())
    )
    columns = {"playlist_code": np.arange(number), "track_codes": lists}
    pq.write_table(filled(PLAYLISTS, columns, number), lake.table("playlists"))


def some_tracks(code: np.ndarray, random: np.random.Generator) -> pa.Table:
    artists = pa.ListArray.from_arrays(
        pa.array(np.arange(len(code) + 1), pa.int32()), pa.array((code // 24).astype(np.uint32))
    )
    columns = {
        "track_code": code,
        "artist_codes": artists,
        "album_code": code // 8,
        "recording_code": code,
        "popularity": random.integers(0, 101, len(code)),
        "key": random.integers(0, 12, len(code)),
        "mode": random.integers(0, 2, len(code)),
        "tempo": random.uniform(60, 200, len(code)),
        **{name: random.random(len(code)) for name in CONTINUOUS},
    }
    return filled(TRACKS, columns, len(code))


def filled(schema: pa.Schema, columns: dict[str, object], count: int) -> pa.Table:
    arrays = [
        pa.array(columns[field.name]).cast(field.type)
        if field.name in columns
        else pa.nulls(count, field.type)
        for field in schema
    ]
    return pa.table(arrays, schema=schema)


if __name__ == "__main__":
    main()
