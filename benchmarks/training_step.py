"""A training step, batch 4096: CPU-seconds of ours against one written row by row.

    python benchmarks/training_step.py [--lake DIR] [--steps N] [--pairs N]

The plain step does the same work as upstream: its sampler looks at one candidate after the other
in Python, with ids as strings; masks compare object arrays; thresholds and loss are dense n x n
matrices under autograd. Its sampling is measured on ``--pairs`` pairs and extrapolated to a batch.
``ours`` trains the same recipe and network, ``ours, teachers`` what is trained by default, at
the same batch (but without playlists, which take no longer to draw from than albums).
Rows are read twice: from dicts held in memory, and from an Arrow table one at a time, all 23
columns, as a HuggingFace data set gives them. Seconds are CPU-seconds of all threads, since
wall-clock time says little on a machine that others use too.
"""

import argparse
import json
import platform
import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from structured import structured_tracks
from torch import Tensor, nn

from embeat_pipeline.acoustic.config import COMPARED, UPSTREAM, TrainingConfig
from embeat_pipeline.acoustic.dataset import TrainingTracks, load_training_tracks
from embeat_pipeline.acoustic.loss import masked_info_nce
from embeat_pipeline.acoustic.model import EmbeatMLP
from embeat_pipeline.acoustic.pairs.metadata_pairs import MetadataPairSampler
from embeat_pipeline.acoustic.pairs.sampler import Pairs, PairSampler
from embeat_pipeline.acoustic.pairs.upstream_pairs import UpstreamPairSampler
from embeat_serve.contract.audio_features import CONTINUOUS
from embeat_serve.contract.lake import LakePaths

RESULTS = Path(__file__).parent / "results" / "training_step.json"
CONFIG = replace(UPSTREAM, validation_artists=0.0, test_artists=0.0)
TAUGHT = TrainingConfig(batch_size=UPSTREAM.batch_size)
"""What is trained by default, at upstream's batch."""
DICTS = 100_000
Row = dict[str, Any]


def main() -> None:
    """Measure both, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, help="ingested lake; made-up tracks without it")
    parser.add_argument("--tracks", type=int, default=1_000_000, help="made-up tracks")
    parser.add_argument("--steps", type=int, default=10, help="steps of ours to average")
    parser.add_argument("--pairs", type=int, default=200, help="pairs the plain sampler draws")
    arguments = parser.parse_args()
    tracks = read_tracks(arguments.lake) if arguments.lake else structured_tracks(arguments.tracks)
    table = as_strings(tracks)
    seconds = {
        "ours": ours(tracks, UpstreamPairSampler(tracks, CONFIG), CONFIG, arguments.steps),
        "ours, teachers": ours(
            tracks, MetadataPairSampler(tracks, TAUGHT), TAUGHT, arguments.steps
        ),
        "row by row, dicts": plain(tracks, table, in_dicts(table), arguments.pairs),
        "row by row, Arrow": plain(
            tracks, table, lambda row: table.slice(row, 1).to_pylist()[0], arguments.pairs // 2
        ),
    }
    show(seconds)
    content = {
        "tracks": len(tracks),
        "made_up": arguments.lake is None,
        "batch_size": CONFIG.batch_size,
        "cpu_seconds_per_step": seconds,
        "extrapolated": "sampling of the row-by-row steps, from --pairs pairs",
        "pairs": arguments.pairs,
        "threads": torch.get_num_threads(),
        "machine": platform.processor() or platform.machine(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def ours(
    tracks: TrainingTracks, sampler: PairSampler, config: TrainingConfig, steps: int
) -> dict[str, float]:
    """CPU-seconds per step of the pipeline's own parts."""
    model = EmbeatMLP(config.inputs, config.tempo_rows, config.direct, len(config.optional))
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.learning_rate)
    spent: dict[str, float] = defaultdict(float)
    for step in range(steps + 2):
        started = time.process_time()
        pairs = sampler.draw()
        sampled = time.process_time()
        rows = torch.cat([pairs.anchors, pairs.positives])
        anchors, positives = model(tracks.discrete[rows], tracks.continuous[rows]).chunk(2)
        relations = sampler.relations(pairs)
        form = "averaged" if config.other_positives == "averaged" else "together"
        loss = masked_info_nce(anchors, positives, relations, config.temperature, form)
        update(model, optimizer, loss)
        if step >= 2:  # the first ones allocate
            spent["sampling"] += (sampled - started) / steps
            spent["masks, loss, model"] += (time.process_time() - sampled) / steps
    return dict(spent)


def in_dicts(table: pa.Table) -> Callable[[int], Row]:
    """Rows from memory; those of the first tracks, again and again, since 1M dicts take 3 GB."""
    rows = table.slice(0, DICTS).to_pylist()
    return lambda row: rows[row % DICTS]


def update(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), CONFIG.gradient_clip)
    optimizer.step()


def plain(
    tracks: TrainingTracks, table: pa.Table, read: Callable[[int], Row], count: int
) -> dict[str, float]:
    """CPU-seconds of a step written row by row; sampling extrapolated from ``count`` pairs."""
    groups = {name: members(table[name].to_pylist()) for name in ("album", "artist", "genre")}
    started = time.process_time()
    plain_pairs(read, len(tracks), groups, count)
    sampling = (time.process_time() - started) / count * CONFIG.batch_size

    model = EmbeatMLP(CONFIG.inputs, tempo_rows=CONFIG.tempo_rows)
    optimizer = torch.optim.AdamW(model.parameters(), lr=CONFIG.learning_rate)
    pairs = UpstreamPairSampler(tracks, CONFIG).draw()
    started = time.process_time()
    rows = torch.cat([pairs.anchors, pairs.positives])
    anchors, positives = model(tracks.discrete[rows], tracks.continuous[rows]).chunk(2)
    positive = dense_positives(tracks, pairs)
    masked = string_masks(table, pairs) & ~positive
    logits = anchors @ positives.T / CONFIG.temperature
    among_all = logits.masked_fill(masked, -torch.inf).logsumexp(dim=1)
    averaged = (logits * positive).sum(dim=1) / positive.sum(dim=1)
    update(model, optimizer, (among_all - averaged).mean())
    return {"sampling": sampling, "masks, loss, model": time.process_time() - started}


def members(names: list[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(names):
        if name:
            found[name].append(row)
    return found


def plain_pairs(
    read: Callable[[int], Row], total: int, groups: dict[str, dict[str, list[int]]], count: int
) -> list[tuple[int, int]]:
    """Upstream's sampler: an anchor, its candidates one after the other, the cheapest kept."""
    chance = random.Random(CONFIG.seed)  # noqa: S311
    pairs: list[tuple[int, int]] = []
    while len(pairs) < count:
        left = chance.randrange(total)
        anchor = read(left)
        if anchor["speechiness"] >= CONFIG.max_speechiness:
            continue
        order = ("genre",) if chance.random() < CONFIG.genre_share else ("album", "artist", "genre")
        pools = (groups[name].get(anchor[name], []) for name in order)
        pool = next((pool for pool in pools if len(pool) > 1), None)
        if pool is None:
            continue
        best, lowest = None, float("inf")
        for right in chance.choices(pool, k=CONFIG.candidates):
            candidate = read(right)
            distance = plain_distance(anchor, candidate)
            if distance is not None and plain_cost(anchor, candidate, distance) < lowest:
                best, lowest = right, plain_cost(anchor, candidate, distance)
        if best is not None:
            pairs.append((left, best))
    return pairs


def plain_distance(anchor: Row, candidate: Row) -> float | None:
    """Weighted distance of a candidate that passes; None for one that does not."""
    if candidate["speechiness"] >= CONFIG.max_speechiness:
        return None
    if anchor["recording"] == candidate["recording"]:
        return None
    if anchor["instrumentalness"] < CONFIG.vocal_below <= candidate["instrumentalness"]:
        return None
    squares = 0.0
    limits = zip(COMPARED, CONFIG.max_difference, CONFIG.distance_weight, strict=True)
    for name, most, weight in limits:
        difference = abs(anchor[name] - candidate[name])
        if difference >= most:
            return None
        squares += weight * difference**2
    if squares**0.5 > CONFIG.max_distance:
        return None
    metres = anchor["time_signature"], candidate["time_signature"]
    if metres[0] != metres[1] and 0 not in metres:
        return None
    tempi = anchor["tempo"], candidate["tempo"]
    if abs(tempi[0] - tempi[1]) > CONFIG.max_tempo_buckets and 0 not in tempi:
        return None
    return squares**0.5 if plain_keys_match(anchor, candidate) else None


def plain_keys_match(anchor: Row, candidate: Row) -> bool:
    up = (candidate["key"] - anchor["key"]) % 12
    if anchor["mode"] != candidate["mode"]:
        return up == (9 if anchor["mode"] == 2 else 3)
    return up in (0, 1, 11) or up * 7 % 12 in (1, 2, 10, 11)


def plain_cost(anchor: Row, candidate: Row, distance: float) -> float:
    floor = CONFIG.popularity_floor
    cost = distance / (floor + (1 - floor) * candidate["popularity"] ** CONFIG.popularity_exponent)
    cost -= CONFIG.album_bonus if anchor["album"] and anchor["album"] == candidate["album"] else 0
    cost -= CONFIG.artist_bonus if anchor["artist"] == candidate["artist"] else 0
    return cost - (CONFIG.genre_bonus if anchor["genre"] == candidate["genre"] else 0)


def string_masks(table: pa.Table, pairs: Pairs) -> Tensor:
    """Same artist, album or recording, by comparing names."""
    masked = torch.zeros(len(pairs.anchors), len(pairs.positives), dtype=torch.bool)
    for name in ("artist", "album", "recording"):
        left, right = (
            np.array(table[name].take(rows.numpy()).to_pylist(), dtype=object)
            for rows in (pairs.anchors, pairs.positives)
        )
        masked |= torch.from_numpy((left[:, None] == right[None, :]).astype(bool))
    return masked


def dense_positives(tracks: TrainingTracks, pairs: Pairs) -> Tensor:
    """The thresholds on every pair of the batch, each an n x n matrix."""
    left, right = pairs.anchors, pairs.positives
    positive = tracks.recording[left][:, None] != tracks.recording[right]
    squares = torch.zeros(positive.shape)
    limits = zip(COMPARED, CONFIG.max_difference, CONFIG.distance_weight, strict=True)
    for name, most, weight in limits:
        values = tracks.continuous[:, CONTINUOUS.index(name)].nan_to_num()
        difference = (values[left][:, None] - values[right]).abs()
        positive &= difference < most
        squares += weight * difference**2
    positive &= squares.sqrt() <= CONFIG.max_distance
    key, mode, metre, tempo = (column.int() for column in tracks.discrete.unbind(1))
    up = (key[right] - key[left][:, None]) % 12
    same_mode = mode[left][:, None] == mode[right]
    relative = ~same_mode & (up == torch.where(mode[left] == 2, 9, 3)[:, None])
    fifths = up * 7 % 12
    near = (up <= 1) | (up == 11) | (fifths <= 2) | (fifths >= 10)
    positive &= relative | (same_mode & near)
    positive &= metre[left][:, None] == metre[right]
    positive &= (tempo[left][:, None] - tempo[right]).abs() <= CONFIG.max_tempo_buckets
    vocal = tracks.continuous[:, CONTINUOUS.index("instrumentalness")] < CONFIG.vocal_below - 0.5
    positive &= ~vocal[left][:, None] | vocal[right]
    return positive.fill_diagonal_(True)


def read_tracks(lake: Path) -> TrainingTracks:
    paths = LakePaths(lake)
    genres = paths.table("artist_genres")
    found = genres if genres.exists() else None
    return load_training_tracks(paths.table("tracks"), found, CONFIG, torch.device("cpu"))


def as_strings(tracks: TrainingTracks) -> pa.Table:
    """The tracks as upstream holds them: ids as strings, empty where unknown."""
    columns: dict[str, Any] = {
        name: [
            f"{name} {code:022d}" if code >= 0 else "" for code in getattr(tracks, name).tolist()
        ]
        for name in ("track", "artist", "album", "recording", "genre")
    }
    # Read along with the row, and not needed: the rest of what the catalogue's rows hold.
    for name in ("track_name", "artist_name", "album_name"):
        columns[name] = [f"{name} {code}" for code in tracks.track.tolist()]
    columns["artist_genres"] = [[genre] for genre in columns["genre"]]
    columns["artist_idx"], columns["release_year"] = tracks.artist.numpy(), tracks.album.numpy()
    columns["popularity"] = tracks.popularity.numpy()
    for column, name in enumerate(CONTINUOUS):
        columns[name] = tracks.continuous[:, column].nan_to_num().numpy() + 0.5
    for column, name in enumerate(("key", "mode", "time_signature", "tempo")):
        columns[name] = tracks.discrete[:, column].numpy().astype(np.int64)
    return pa.table(columns)


def show(seconds: dict[str, dict[str, float]]) -> None:
    print(f"CPU-seconds per step, batch {CONFIG.batch_size:,}; torch {torch.__version__}")
    print(f"{'':<20}{'sampling':>12}{'the rest':>12}{'all':>12}{'ours x':>10}")
    total = sum(seconds["ours"].values())
    for name, parts in seconds.items():
        sampling, rest = parts.values()
        whole = sampling + rest
        print(f"{name:<20}{sampling:>12.3f}{rest:>12.3f}{whole:>12.3f}{whole / total:>9.0f}x")


if __name__ == "__main__":
    main()
