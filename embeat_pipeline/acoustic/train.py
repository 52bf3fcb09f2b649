"""Training of EmbeatMLP: resident tracks -> sampler -> loss -> step."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.device import resolve_device
from embeat_pipeline.acoustic.export import write_encoder
from embeat_pipeline.acoustic.loss import masked_info_nce
from embeat_pipeline.acoustic.model import EmbeatMLP
from embeat_pipeline.acoustic.sampler import PairSampler
from embeat_pipeline.acoustic.similar import SimilarPairs
from embeat_pipeline.acoustic.taught import TaughtPairs
from embeat_pipeline.acoustic.tracks import TrainingTracks, load_training_tracks
from embeat_pipeline.acoustic.validation import EarlyStopping, Validation
from embeat_pipeline.lake import is_current, made_metadata, mark_current, stage_key
from embeat_pipeline.progress import progress
from embeat_serve.contract import LakePaths, ReleaseFile


def encoder_path(lake: LakePaths) -> Path:
    """Where the trained encoder lies."""
    return lake.models / ReleaseFile.ENCODER


def train_encoder(
    lake: LakePaths, config: TrainingConfig | None = None, device: str = "auto"
) -> dict[str, Any]:
    """Train EmbeatMLP on the lake's tracks and write ``models/encoder.npz``.

    Returns:
        Tracks, steps, final loss, validation, loss of every step (``loss``), seconds.

    Raises:
        PipelineError: no training pairs can be drawn from the tracks.
        UsageError: the device does not exist.
    """
    config = config or TrainingConfig()
    output = encoder_path(lake)
    optional = ["playlists"] if config.recipe == "teachers" else ["artist_genres"]
    there = [lake.table(name) for name in optional if lake.table(name).exists()]
    key = stage_key([lake.table("tracks"), *there], asdict(config))
    if is_current([output], key):
        return made_metadata(output) | {"unchanged": True}
    started = time.monotonic()
    table = there[0] if there else None
    tracks = load_training_tracks(
        lake.table("tracks"),
        table if config.recipe == "upstream" else None,
        config.holdout_artists,
        config.seed,
        resolve_device(device),
    )
    sampler = (
        TaughtPairs(tracks, config, table)
        if config.recipe == "teachers"
        else SimilarPairs(tracks, config)
    )
    model, record = fit(tracks, sampler, config)
    write_encoder(output, model, {"training": asdict(config), **record})
    metadata = record | {
        "tracks": len(tracks),
        "held_out_tracks": int(tracks.held_out.sum()),
        "seconds": round(time.monotonic() - started, 1),
    }
    mark_current([output], key, metadata)
    return metadata


def fit(
    tracks: TrainingTracks, sampler: PairSampler, config: TrainingConfig
) -> tuple[EmbeatMLP, dict[str, Any]]:
    """Train a model on the device of ``tracks``; on the CPU, the same bits every time.

    Returns:
        The model, and ``steps``, ``final_loss``, ``validation`` (of the weights returned),
        ``loss`` of every step and ``history`` of the validations.
    """
    device = tracks.artist.device
    validation = Validation(tracks, config.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = EmbeatMLP(config.tempo_rows).to(device)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    losses: list[float] = []
    history: list[dict[str, float]] = []
    stopping = EarlyStopping(config.patience)
    with progress("train", config.max_steps, "steps") as advance:
        for step in range(1, config.max_steps + 1):
            pairs = sampler.draw()
            rows = torch.cat([pairs.anchors, pairs.positives])
            vectors = model(tracks.discrete[rows], tracks.continuous[rows])
            anchors, positives = vectors.chunk(2)
            relations = sampler.relations(pairs)
            loss = masked_info_nce(anchors, positives, relations, config.temperature)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), config.gradient_clip)
            optimizer.step()
            losses.append(loss.item())
            advance(note=f"loss {losses[-1]:.4f}")
            if step % config.validate_every == 0 or step == config.max_steps:
                history.append({"step": step, **validation(model)})
                if stopping.is_over(model, history[-1]):
                    break
    stopping.restore(model)
    record = {
        "steps": len(losses),
        "final_loss": round(losses[-1], 6),
        "validation": stopping.best,
        "loss": [round(loss, 6) for loss in losses],
        "history": history,
    }
    return model.eval(), record
