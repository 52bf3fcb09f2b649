"""Encoding a catalogue: tracks per second, read and written, against the trained network as it is.

    python benchmarks/encode.py [--tracks N]

``stage`` is the whole stage, Parquet in, Parquet out. ``numpy`` is serving's encoder on inputs in
memory, ``network`` the network both were folded from (BatchNorm apart, both towers in full).
"""

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.encode_catalogue import encode_catalogue
from embeat_pipeline.acoustic.export import write_encoder
from embeat_pipeline.acoustic.model import EmbeatMLP
from embeat_pipeline.common.schemas import TRACKS
from embeat_serve.contract.audio_features import CONTINUOUS, model_inputs
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.encoder import Encoder

RESULTS = Path(__file__).parent / "results" / "encode.json"
TORCH_BATCH = 4_096


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tracks", type=int, default=500_000, metavar="N")
    count = parser.parse_args().tracks
    random = np.random.default_rng(0)
    columns = {name: random.random(count, np.float32) for name in CONTINUOUS}
    columns["key"] = random.integers(0, 12, count)
    columns["mode"] = random.integers(0, 2, count)
    columns["time_signature"] = random.integers(3, 6, count)
    columns["tempo"] = random.uniform(60, 200, count).astype(np.float32)
    columns["loudness"] = random.uniform(-30, 0, count).astype(np.float32)
    columns["duration_ms"] = random.integers(100_000, 400_000, count)
    inputs = model_inputs(columns)
    model = EmbeatMLP(optional=len(TrainingConfig().optional))
    with tempfile.TemporaryDirectory() as folder:
        lake = LakePaths(Path(folder))
        lake.tables.mkdir()
        write_tracks(lake.table("tracks"), columns, count)
        write_encoder(lake.models / ReleaseFile.ENCODER, model, {})
        encoder = Encoder.load(lake.models / ReleaseFile.ENCODER)
        measured = {
            "stage": timed(lambda: encode_catalogue(lake, device="cpu")),
            "numpy": timed(lambda: encoder.encode(inputs)),
            "network": timed(lambda: through_network(model, inputs.discrete, inputs.continuous)),
        }
        one = inputs._replace(discrete=inputs.discrete[:1], continuous=inputs.continuous[:1])
        song = timed(lambda: [encoder.encode(one) for _ in range(1_000)])
    print(f"{count:,} tracks{'tracks/s':>18}{'per CPU-second':>18}")
    for name, (wall, cpu) in measured.items():
        print(f"{name:<14}{count / wall:>18,.0f}{count / cpu:>18,.0f}")
    print(f"one song: {song[0]:.3f} ms")
    content = {
        "tracks": count,
        "tracks_per_second": {name: count / wall for name, (wall, _) in measured.items()},
        "tracks_per_cpu_second": {name: count / cpu for name, (_, cpu) in measured.items()},
        "one_song_ms": song[0],
        "threads": torch.get_num_threads(),
        "machine": platform.processor() or platform.machine(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall-clock and CPU seconds of ``work``."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


@torch.inference_mode()
def through_network(model: EmbeatMLP, discrete: np.ndarray, continuous: np.ndarray) -> None:
    batches = zip(
        torch.from_numpy(discrete).split(TORCH_BATCH),
        torch.from_numpy(continuous).split(TORCH_BATCH),
        strict=True,
    )
    for batch in batches:
        model.eval()(*batch)


def write_tracks(path: Path, columns: dict[str, np.ndarray], count: int) -> None:
    filled = {"track_code": np.arange(count), "recording_code": np.arange(count), **columns}
    arrays = [
        pa.array(filled[field.name]).cast(field.type)
        if field.name in filled
        else pa.nulls(count, field.type)
        for field in TRACKS
    ]
    pq.write_table(pa.table(arrays, schema=TRACKS), path, compression="zstd")


if __name__ == "__main__":
    main()
